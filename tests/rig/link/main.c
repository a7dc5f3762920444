/* The emulated link: two network interfaces, each in a namespace of its own, and between them a network as bad as it is
 * asked to be. For tests and the bench; no code of Oriel is in it, and it needs no netem.
 *
 *     rig-link NETNS NAME NETNS NAME LOG [SEED]
 *
 * makes the interface NAME in the first namespace (a path as /proc/PID/ns/net) and in the second, without addresses and
 * down. What comes from the first goes up, what comes from the second down. Commands are lines on stdin, each answered
 * by one line on stdout:
 *     up|down|both [KEY=VALUE …]      at once (change.h)              -> ok
 *     at MS up|down|both …            that long from now              -> ok
 *     reset                           a perfect cable again, and nothing waits for its time any more -> ok
 *     counters                        -> counters UP DOWN, each as the ten of struct lane_counters, then the ms by
 * which the latest packet was late log                             what passed until now is in LOG (log.h) -> ok What
 * is wrong is answered by `error` and why. End of stdin ends it, and the interfaces with it.
 *
 * Own limits: it is a program, so what waits for it on a busy machine is late (the log says by how much); it asks for
 * real-time scheduling and does without. A packet is what the interface sends, at most its MTU. */
#include "change.h"
#include "log.h"
#include "tun.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 65536, TOGETHER = 64 };

struct link {
    struct lane *lanes[LANES];
    int ends[2]; /* lane i goes from end i to the other */
    struct script *script;
    struct log log;
    char line[4096];
    size_t length;
};

static int64_t clock_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void counters(struct link *link, int64_t now) {
    fputs("counters", stdout);
    for (int i = 0; i < LANES; i++) {
        lane_waited(link->lanes[i], now);
        const struct lane_counters *c = lane_counters(link->lanes[i]);
        const uint64_t all[] = {c->in_packets, c->in_bytes, c->wire_packets, c->wire_bytes, c->out_packets,
                                c->out_bytes,  c->dropped,  c->lost,         c->cut,        c->reordered};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++)
            printf(" %llu", (unsigned long long)all[k]);
    }
    printf(" %.2f\n", (double)link->log.latest / 1e6);
}

static void command(struct link *link, char *text, int64_t now) {
    struct change change;
    int64_t after = 0;
    if (strcmp(text, "counters") == 0) {
        counters(link, now);
        return;
    }
    if (strcmp(text, "reset") == 0) {
        script_clear(link->script);
        for (int i = 0; i < LANES; i++)
            lane_set(link->lanes[i], &(struct lane_settings){0}, now);
        puts("ok");
        return;
    }
    if (strcmp(text, "log") == 0) {
        log_write(&link->log, link->lanes, now);
        puts("ok");
        return;
    }
    if (strncmp(text, "at ", 3) == 0) {
        char *end;
        double ms = strtod(text + 3, &end);
        if (end == text + 3 || *end != ' ' || !(ms >= 0 && ms <= 1e9)) {
            puts("error at MS …: ms from now");
            return;
        }
        after = (int64_t)(ms * 1e6);
        text = end + 1;
    }
    const char *why = change_parse(&change, text);
    if (why) {
        printf("error %s\n", why);
        return;
    }
    if (after)
        script_add(link->script, now + after, &change);
    else
        change_apply(&change, link->lanes, now);
    puts("ok");
}

/* False at the end of stdin. */
static bool commands(struct link *link, int64_t now) {
    ssize_t got = read(STDIN_FILENO, link->line + link->length, sizeof link->line - link->length);
    if (got <= 0)
        return got < 0 && (errno == EINTR || errno == EAGAIN);
    link->length += (size_t)got;
    for (char *end; (end = memchr(link->line, '\n', link->length));) {
        size_t taken = (size_t)(end + 1 - link->line);
        *end = 0;
        command(link, link->line, now);
        memmove(link->line, link->line + taken, link->length -= taken);
    }
    if (link->length == sizeof link->line) {
        puts("error a line is too long");
        link->length = 0;
    }
    fflush(stdout);
    return true;
}

static void receive(struct link *link, int end) {
    static uint8_t bytes[MOST];
    for (int i = 0; i < TOGETHER; i++) {
        ssize_t got = read(link->ends[end], bytes, sizeof bytes);
        if (got <= 0)
            return;
        lane_push(link->lanes[end], bytes, (size_t)got, clock_now());
    }
}

static void deliver(struct link *link, int lane) {
    int64_t now = clock_now();
    for (struct lane_packet *p; (p = lane_take(link->lanes[lane], now)); free(p), now = clock_now()) {
        log_late(&link->log, lane, now - p->due);
        /* An interface that is down takes nothing, as a real one. */
        if (write(link->ends[!lane], p->bytes, p->size) < 0 && errno != EIO && errno != EAGAIN && errno != EINVAL)
            perror("rig-link: write");
    }
}

static int64_t sooner(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static void run(struct link *link) {
    struct pollfd fds[] = {{link->ends[0], POLLIN}, {link->ends[1], POLLIN}, {STDIN_FILENO, POLLIN}};
    for (;;) {
        int64_t now = clock_now(), next = script_next(link->script);
        for (int i = 0; i < LANES; i++) {
            next = sooner(next, lane_next(link->lanes[i]));
            if (lane_queued(link->lanes[i])) /* the log has each step */
                next = sooner(next, link->log.step + LOG_STEP_MS * INT64_C(1000000));
        }
        int64_t wait = next > now ? next - now : 0;
        struct timespec most = {wait / 1000000000, wait % 1000000000};
        if (ppoll(fds, 3, next == LANE_NEVER ? NULL : &most, NULL) < 0 && errno != EINTR)
            return;
        now = clock_now();
        script_run(link->script, link->lanes, now);
        log_tick(&link->log, link->lanes, now);
        for (int i = 0; i < 2; i++)
            if (fds[i].revents)
                receive(link, i);
        for (int i = 0; i < LANES; i++)
            deliver(link, i);
        if (fds[2].revents && !commands(link, clock_now()))
            return;
    }
}

int main(int argc, char **argv) {
    struct link link = {.script = script_new()};
    if (argc < 6 || argc > 7) {
        fprintf(stderr, "usage: rig-link NETNS NAME NETNS NAME LOG [SEED]\n");
        return 2;
    }
    link.log.file = fopen(argv[5], "we");
    if (!link.log.file) {
        fprintf(stderr, "rig-link: %s: %s\n", argv[5], strerror(errno));
        return 1;
    }
    for (int i = 0; i < 2; i++) {
        link.ends[i] = tun_open(argv[1 + 2 * i], argv[2 + 2 * i]);
        if (link.ends[i] < 0) {
            fprintf(stderr, "rig-link: no interface %s in %s: %s\n", argv[2 + 2 * i], argv[1 + 2 * i], strerror(errno));
            return 1;
        }
        link.lanes[i] = lane_new((argc > 6 ? strtoull(argv[6], NULL, 10) : 1) * 2 + (unsigned)i);
    }
    prctl(PR_SET_TIMERSLACK, 1ul);
    sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 1});
    puts("ready");
    fflush(stdout);
    run(&link);
    return 0;
}
