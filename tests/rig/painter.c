/* Paints known pictures on an X11 screen, for tests of what arrives at the other end. No code of Oriel is in it.
 *
 * One override-redirect window covers the screen and follows its size. Commands are lines on stdin, each answered by
 * one line on stdout when the X server has done it:
 *   picture SEED FILE   the known picture, also written to FILE (PPM)     -> picture WIDTH HEIGHT
 *   moves SEED          30 times a second a box wanders over that picture -> moves
 *   clock KIND [EARLY]  30 times a second a bar code of the time (1/10 ms of CLOCK_REALTIME, 40 bits) in the first
 *                       32 rows; KIND is what moves below it: small (nothing), scroll or video; noise:
 *                       video with so much grain that no link takes all of it; both: video, but only from row 160 on,
 *                       with the bar code once more in its first rows; or once: the bar code alone, once a second.
 *                       EARLY: the time written is that many ms before the true one, as if drawing took so long
 *                                                                         -> clock
 *   flip SEED           a page of dense text, with the bar code once      -> flip TIME (as the bar code has it)
 *   strip               from now on only the first 32 rows are ours       -> strip TIME
 *   stamp               the bar code of now, once                         -> stamp TIME
 *   painted             how many pictures since the last clock            -> painted COUNT
 *   again TIME FILE     the picture of the last clock that had this time in its bar code, as it was, written to FILE
 *                       (not of `both`)                                   -> again WIDTH HEIGHT, or again gone
 *   rest FILE           stop at what is shown, write it to FILE           -> rest WIDTH HEIGHT
 * A new screen size is painted by itself, in what is being shown, and reported as `size WIDTH HEIGHT`.
 * End of stdin ends it. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <xcb/shm.h>
#include <xcb/xcb.h>

#include "picture.h"

enum mode { REST, MOVES, ONCE, SMALL, SCROLL, VIDEO, NOISE, BOTH };
enum { BOTH_ROW = 160, TIMES = 1024 };

struct painter {
    xcb_connection_t *connection;
    xcb_screen_t *screen;
    xcb_window_t window;
    xcb_gcontext_t gc;
    xcb_shm_seg_t segment;
    struct picture picture;
    size_t mapped;
    enum mode mode;
    unsigned seed, frame, early, painted;
    uint64_t times[TIMES]; /* of frame i at i % TIMES */
    enum mode timed;
    int timer;
};

static void die(const char *what) {
    printf("error %s: %s\n", what, strerror(errno));
    exit(1);
}

/* A fresh shared segment of the screen's size: the server reads our pixels, nothing is copied over the socket. */
static void map(struct painter *p, int width, int height) {
    if (p->picture.pixels) {
        xcb_shm_detach(p->connection, p->segment);
        munmap(p->picture.pixels, p->mapped);
    }
    p->mapped = (size_t)width * (size_t)height * sizeof(uint32_t);
    int fd = memfd_create("picture", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)p->mapped) < 0)
        die("shared memory");
    void *pixels = mmap(NULL, p->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (pixels == MAP_FAILED)
        die("mmap");
    p->picture = (struct picture){width, height, pixels};
    p->segment = xcb_generate_id(p->connection);
    xcb_shm_attach_fd(p->connection, p->segment, fd, 1);
}

static void show(struct painter *p, int x, int y, int w, int h) {
    xcb_shm_put_image(p->connection, p->window, p->gc, (uint16_t)p->picture.width, (uint16_t)p->picture.height,
                      (uint16_t)x, (uint16_t)y, (uint16_t)w, (uint16_t)h, (int16_t)x, (int16_t)y, 24,
                      XCB_IMAGE_FORMAT_Z_PIXMAP, 0, p->segment, 0);
    /* A round trip: afterwards the pixels are on the screen, and ours may be changed again. */
    free(xcb_get_input_focus_reply(p->connection, xcb_get_input_focus(p->connection), NULL));
}

static void show_all(struct painter *p) {
    show(p, 0, 0, p->picture.width, p->picture.height);
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 10000 + (uint64_t)t.tv_nsec / 100000;
}

static void tick(struct painter *p) {
    int changed[4] = {0, 0, p->picture.width, PICTURE_BARCODE_ROWS};
    if (p->mode == MOVES) {
        picture_move(&p->picture, p->seed, p->frame++, changed);
    } else {
        if (p->mode == SCROLL)
            picture_scroll(&p->picture, PICTURE_BARCODE_ROWS, 4, p->frame);
        if (p->mode == VIDEO)
            picture_video(&p->picture, PICTURE_BARCODE_ROWS, p->frame);
        if (p->mode == NOISE)
            picture_noise(&p->picture, PICTURE_BARCODE_ROWS, p->frame);
        if (p->mode == BOTH)
            picture_video(&p->picture, BOTH_ROW, p->frame);
        if (p->mode != SMALL && p->mode != ONCE)
            changed[3] = p->picture.height;
        uint64_t time = now() - p->early * 10;
        p->times[p->frame++ % TIMES] = time & 0xffffffffffULL;
        picture_barcode(&p->picture, time);
        if (p->mode == BOTH)
            memcpy(p->picture.pixels + BOTH_ROW * p->picture.width, p->picture.pixels,
                   (size_t)PICTURE_BARCODE_ROWS * (size_t)p->picture.width * sizeof(uint32_t));
    }
    show(p, changed[0], changed[1], changed[2], changed[3]);
    p->painted++;
}

/* How often tick() comes; 0: never. */
static void run_timer(struct painter *p, int hertz) {
    struct timespec every = {hertz == 1, hertz > 1 ? 1000000000 / hertz : 0};
    if (timerfd_settime(p->timer, 0, &(struct itimerspec){every, every}, NULL) < 0)
        die("timer");
}

static void write_picture(struct painter *p, const char *path) {
    if (picture_write(&p->picture, path) < 0)
        die(path);
}

/* Our window over the first rows of the screen, on top of all others. */
static void cover(struct painter *p, int rows) {
    xcb_configure_window(p->connection, p->window, XCB_CONFIG_WINDOW_HEIGHT | XCB_CONFIG_WINDOW_STACK_MODE,
                         (uint32_t[]){(uint32_t)rows, XCB_STACK_MODE_ABOVE});
}

static void stop(struct painter *p) {
    p->mode = REST;
    run_timer(p, 0);
}

static void picture(struct painter *p, const char *path) {
    stop(p);
    cover(p, p->picture.height);
    picture_draw(&p->picture, p->seed);
    show_all(p);
    write_picture(p, path);
    printf("picture %d %d\n", p->picture.width, p->picture.height);
}

static void start(struct painter *p, enum mode mode, const char *word) {
    p->mode = p->timed = mode;
    p->frame = p->painted = 0;
    cover(p, p->picture.height);
    picture_draw(&p->picture, mode == MOVES ? p->seed : 1);
    if (mode == SCROLL)
        picture_text(&p->picture, PICTURE_BARCODE_ROWS, 1);
    show_all(p);
    run_timer(p, mode == ONCE ? 1 : 30);
    puts(word);
}

/* The time as it is when the drawing begins. */
static void stamp(struct painter *p, const char *word, int rows) {
    uint64_t time = now();
    picture_barcode(&p->picture, time);
    show(p, 0, 0, p->picture.width, rows);
    printf("%s %llu\n", word, (unsigned long long)(time & 0xffffffffffULL));
}

static void again(struct painter *p, uint64_t time, const char *path) {
    struct picture copy = {p->picture.width, p->picture.height, NULL};
    unsigned frame = p->frame, oldest = frame > TIMES ? frame - TIMES : 0;
    while (frame > oldest && p->times[(frame - 1) % TIMES] != time)
        frame--;
    if (frame == oldest || p->timed == BOTH || p->timed == MOVES) {
        puts("again gone");
        return;
    }
    copy.pixels = calloc((size_t)copy.width * (size_t)copy.height, sizeof *copy.pixels);
    if (!copy.pixels)
        die("memory");
    picture_draw(&copy, 1);
    if (p->timed == SCROLL) {
        picture_text(&copy, PICTURE_BARCODE_ROWS, 1);
        for (unsigned i = 0; i < frame; i++)
            picture_scroll(&copy, PICTURE_BARCODE_ROWS, 4, i);
    }
    if (p->timed == VIDEO)
        picture_video(&copy, PICTURE_BARCODE_ROWS, frame - 1);
    if (p->timed == NOISE)
        picture_noise(&copy, PICTURE_BARCODE_ROWS, frame - 1);
    picture_barcode(&copy, time);
    if (picture_write(&copy, path) < 0)
        die(path);
    free(copy.pixels);
    printf("again %d %d\n", copy.width, copy.height);
}

static void command(struct painter *p, char *line) {
    static const char *const kinds[] = {
        [ONCE] = "once", [SMALL] = "small", [SCROLL] = "scroll", [VIDEO] = "video", [NOISE] = "noise", [BOTH] = "both"};
    char word[16] = "", path[3072] = "";
    unsigned seed, early = 0;
    unsigned long long time;
    if (sscanf(line, "picture %u %3071[^\n]", &p->seed, path) == 2) {
        picture(p, path);
        return;
    }
    if (sscanf(line, "moves %u", &p->seed) == 1) {
        start(p, MOVES, "moves");
        return;
    }
    if (sscanf(line, "clock %15s %u", word, &early) >= 1)
        for (enum mode mode = ONCE; mode <= BOTH; mode++)
            if (strcmp(word, kinds[mode]) == 0) {
                p->early = early;
                start(p, mode, "clock");
                return;
            }
    if (sscanf(line, "flip %u", &seed) == 1) {
        stop(p);
        cover(p, p->picture.height);
        picture_text(&p->picture, PICTURE_BARCODE_ROWS, seed);
        stamp(p, "flip", p->picture.height);
    } else if (strcmp(line, "strip") == 0) {
        stop(p);
        cover(p, PICTURE_BARCODE_ROWS);
        stamp(p, "strip", PICTURE_BARCODE_ROWS);
    } else if (strcmp(line, "stamp") == 0) {
        stamp(p, "stamp", PICTURE_BARCODE_ROWS);
    } else if (strcmp(line, "painted") == 0) {
        printf("painted %u\n", p->painted);
    } else if (sscanf(line, "again %llu %3071[^\n]", &time, path) == 2) {
        again(p, time, path);
    } else if (sscanf(line, "rest %3071[^\n]", path) == 1) {
        stop(p);
        write_picture(p, path);
        printf("rest %d %d\n", p->picture.width, p->picture.height);
    } else {
        printf("error unknown command: %s\n", line);
        exit(2);
    }
}

static void resized(struct painter *p, int width, int height) {
    if (width == p->picture.width && height == p->picture.height)
        return;
    xcb_configure_window(p->connection, p->window, XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT,
                         (uint32_t[]){(uint32_t)width, (uint32_t)height});
    map(p, width, height);
    p->frame = 0;
    picture_draw(&p->picture, p->seed);
    show_all(p);
    printf("size %d %d\n", width, height);
}

static void events(struct painter *p) {
    for (xcb_generic_event_t *event; (event = xcb_poll_for_event(p->connection)); free(event)) {
        int type = event->response_type & 0x7f;
        xcb_configure_notify_event_t *configured = (xcb_configure_notify_event_t *)event;
        if (type == XCB_CONFIGURE_NOTIFY && configured->window == p->screen->root)
            resized(p, configured->width, configured->height);
        else if (type == XCB_EXPOSE)
            show_all(p);
        else if (type == 0) {
            printf("error X11 error %d\n", ((xcb_generic_error_t *)event)->error_code);
            exit(1);
        }
    }
    if (xcb_connection_has_error(p->connection)) {
        puts("error the X server is gone");
        exit(1);
    }
}

static void open_window(struct painter *p) {
    p->connection = xcb_connect(NULL, NULL);
    if (xcb_connection_has_error(p->connection)) {
        printf("error cannot open display %s\n", getenv("DISPLAY") ? getenv("DISPLAY") : "(DISPLAY is not set)");
        exit(1);
    }
    p->screen = xcb_setup_roots_iterator(xcb_get_setup(p->connection)).data;
    if (p->screen->root_depth != 24) {
        printf("error the screen's depth is %d, not 24\n", p->screen->root_depth);
        exit(1);
    }
    xcb_change_window_attributes(p->connection, p->screen->root, XCB_CW_EVENT_MASK,
                                 (uint32_t[]){XCB_EVENT_MASK_STRUCTURE_NOTIFY});
    xcb_get_geometry_reply_t *root =
        xcb_get_geometry_reply(p->connection, xcb_get_geometry(p->connection, p->screen->root), NULL);
    if (!root)
        die("root window");
    p->window = xcb_generate_id(p->connection);
    xcb_create_window(p->connection, XCB_COPY_FROM_PARENT, p->window, p->screen->root, 0, 0, root->width, root->height,
                      0, XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
                      XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, (uint32_t[]){1, XCB_EVENT_MASK_EXPOSURE});
    p->gc = xcb_generate_id(p->connection);
    xcb_create_gc(p->connection, p->gc, p->window, XCB_GC_GRAPHICS_EXPOSURES, (uint32_t[]){0});
    xcb_map_window(p->connection, p->window);
    map(p, root->width, root->height);
    picture_draw(&p->picture, p->seed);
    show_all(p);
    free(root);
}

int main(void) {
    static char input[4096];
    size_t used = 0;
    struct painter p = {.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)};
    setvbuf(stdout, NULL, _IOLBF, 0);
    open_window(&p);
    printf("ready %d %d\n", p.picture.width, p.picture.height);
    struct pollfd fds[] = {{.fd = xcb_get_file_descriptor(p.connection), .events = POLLIN},
                           {.fd = p.timer, .events = POLLIN},
                           {.fd = STDIN_FILENO, .events = POLLIN}};
    for (;;) {
        events(&p);
        xcb_flush(p.connection);
        if (poll(fds, 3, -1) < 0)
            die("poll");
        uint64_t expired;
        if (fds[1].revents && read(p.timer, &expired, sizeof expired) > 0)
            tick(&p);
        if (!fds[2].revents)
            continue;
        ssize_t length = read(STDIN_FILENO, input + used, sizeof input - 1 - used);
        if (length <= 0)
            return 0;
        used += (size_t)length;
        for (char *end; (end = memchr(input, '\n', used));) {
            *end = 0;
            command(&p, input);
            used -= (size_t)(end + 1 - input);
            memmove(input, end + 1, used);
        }
    }
}
