/* What capture costs: processor time of oriel-capture's work and of media's conversion, by backend and content, on an
 * Xvfb whose framebuffer is a file, so that both backends see the same. Prints one line each.
 *
 *     capture_cost [WIDTHxHEIGHT [SECONDS]]        1280x720, 6 s each after 3 s of getting warm
 *
 * No test: nothing fails on a figure. */
#include "../unit/capture_rig.h"

#include <time.h>

#include "framereader.h"

enum { RATE = 30, WARM = 3 };

static const char *const contents[] = {"rest", "200x40 once a second", "200x40 at 30 Hz", "all of it at 30 Hz"};

static double processor_time(pid_t pid) {
    clockid_t id;
    struct timespec t = {0};
    if (clock_getcpuclockid(pid, &id) == 0)
        clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Paints in a process of its own until it is killed. */
static pid_t paint(const struct screen *screen, unsigned content) {
    pid_t pid = fork();
    if (pid)
        return pid;
    struct screen s = *screen;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    screen_open(&s);
    int64_t at = oriel_monotonic();
    for (uint32_t i = 1; content; i++) {
        if (content == 3)
            draw(&s, 0, 0, (int)s.width, (int)s.height, i * 0x010307);
        else if (content == 2 || i % RATE == 0)
            draw(&s, 300, 300, 200, 40, i * 0x010307);
        at += ORIEL_SECOND / RATE;
        int64_t left = at - oriel_monotonic();
        if (left > 0)
            usleep((useconds_t)(left / 1000));
    }
    for (;;)
        pause();
}

struct figures {
    double capture, media, server; /* processor seconds */
    unsigned long wake_ups;
    unsigned frames;
    int64_t delay; /* sum of ns from "capture sees the change" to "media has converted it" */
};

static struct figures now(const struct capture *c, const struct screen *s, const struct figures *counted) {
    struct figures f = *counted;
    f.capture = processor_time(c->pid);
    f.media = processor_time(getpid());
    f.server = processor_time(s->server);
    f.wake_ups = wake_ups(c);
    return f;
}

static void read_until(const struct capture *c, struct oriel_frame_reader *reader, int64_t end, struct figures *f) {
    for (int64_t left; (left = end - oriel_monotonic()) > 0;) {
        if (!wait_readable(c->frames, (int)(left / ORIEL_MILLISECOND) + 1))
            continue;
        int r = oriel_frame_reader_receive(reader);
        if (r < 0)
            fail_msg("%s", oriel_frame_reader_error(reader));
        if (r > 0) {
            f->frames++;
            f->delay += oriel_monotonic() - oriel_frame_reader_info(reader)->time;
        }
    }
}

static void measure(const char *backend, unsigned content, const char *size, int seconds) {
    char directory[] = "/tmp/capture-cost-XXXXXX", path[64], geometry[32];
    struct screen s;
    struct capture c;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/Xvfb_screen0", directory);
    snprintf(geometry, sizeof geometry, "%sx24", size);
    assert_true(screen_start(&s, geometry, "-fbdir", directory));
    screen_open(&s);
    srand(1);
    for (int i = 0; i < 400; i++)
        draw(&s, rand() % (int)s.width, rand() % (int)s.height, 80, 40, (uint32_t)rand() & 0xffffff);
    if (start_with(&c, &(struct wish){.backend = backend, .display = s.display, .device = path, .rate = RATE}) !=
        ORIEL_CAPTURE_READY)
        fail_msg("%s", c.text);
    struct oriel_frame_reader *reader = oriel_frame_reader_new(c.frames);
    oriel_frame_reader_run(reader, RATE);
    pid_t painter = paint(&s, content);
    struct figures counted = {0};
    read_until(&c, reader, oriel_monotonic() + WARM * ORIEL_SECOND, &counted);
    counted = (struct figures){0};
    struct figures a = now(&c, &s, &counted);
    read_until(&c, reader, oriel_monotonic() + seconds * ORIEL_SECOND, &counted);
    struct figures b = now(&c, &s, &counted);
    printf("%-6s %-22s capture %.4f  media %.4f  X %.4f s/s, %5.1f wake-ups/s, %4.1f frames/s, %.2f ms\n", backend,
           contents[content], (b.capture - a.capture) / seconds, (b.media - a.media) / seconds,
           (b.server - a.server) / seconds, (double)(b.wake_ups - a.wake_ups) / seconds, (double)b.frames / seconds,
           b.frames ? (double)b.delay / b.frames / 1e6 : 0.0);
    fflush(stdout);
    kill(painter, SIGKILL);
    waitpid(painter, NULL, 0);
    oriel_frame_reader_free(reader);
    close(c.control);
    ended(&c);
    screen_stop(&s);
    unlink(path);
    rmdir(directory);
}

int main(int argc, char **argv) {
    const char *size = argc > 1 ? argv[1] : "1280x720";
    int seconds = argc > 2 ? atoi(argv[2]) : 6;
    unsetenv("DISPLAY");
    printf("%s, at most %d frames a second; the last column: change seen to converted\n", size, RATE);
    for (unsigned content = 0; content < 4; content++) {
        measure("x11", content, size, seconds);
        measure("fbdev", content, size, seconds);
    }
    return 0;
}
