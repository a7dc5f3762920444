/* Backend "fbdev": a framebuffer (/dev/fb0), for panels without X. It has no events: changes are found by looking.
 *
 * Policy: while something changes, all rows are looked at with the frame rate. What has rested for REST_AFTER is looked
 * at LOOKS_AT_REST times a second through a comb: one row in COMB, others each time; the first difference brings the
 * full look at once. So a change of COMB rows or more (a line of text, a cursor) is seen within one such look, 67 ms, a
 * single row within COMB of them, a second; and rest costs a thirtieth of the full watch.
 * The rows that a look reads are kept in a copy of ours, and frames are filled from it: what a frame says is what it
 * shows, and nothing is read again. Nothing is read while capture is paused, and the copy goes then. Masked pixels are
 * in our copy, but go no further. Panning (double buffering) is followed with each look; another mode is a new size.
 *
 * Limits: a picture may be caught while it is being drawn; the next look mends it. A cursor is in the pixels, where the
 * program draws one. Blanking leaves the picture as it is. Not the picture of a desktop, which draws by KMS. */
#include "fbdev.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"

enum { COMB = 16, LOOKS_AT_REST = 15 };

#define REST_AFTER (300 * ORIEL_MILLISECOND)
/* A look this old is new enough for a frame. */
#define FRESH (2 * ORIEL_MILLISECOND)

struct fbdev {
    struct oriel_backend base;
    struct oriel_fb_source source;
    struct oriel_fb_shadow shadow; /* empty while stopped */
    struct oriel_region found;     /* by looks, not yet collected */
    bool running, resized;
    unsigned comb;           /* the row in COMB that is next */
    int64_t looked, changed; /* the last full look, the last difference */
    struct oriel_ring *ring;
};

/* One shot: each look sets the next. 0: none. */
static void set_timer(struct fbdev *fb, int64_t ns) {
    struct itimerspec timer = {.it_value = {.tv_sec = ns / ORIEL_SECOND, .tv_nsec = ns % ORIEL_SECOND}};
    timerfd_settime(fb->base.fd, 0, &timer, NULL);
}

static void take_shape(struct fbdev *fb) {
    const struct oriel_fb_geometry *g = &fb->source.geometry;
    fb->base.width = g->width;
    fb->base.height = g->height;
    fb->base.format = oriel_fb_pixel(g->layout) == 2 ? ORIEL_FORMAT_RGB565 : ORIEL_FORMAT_BGRX;
}

static int failed(struct fbdev *fb, const char *why) {
    snprintf(fb->base.error, sizeof fb->base.error, "%s", why);
    return -EIO;
}

static int look_at(struct fbdev *fb, unsigned first, unsigned step) {
    const struct oriel_fb_geometry *g = &fb->source.geometry;
    return oriel_fb_shadow_update(&fb->shadow, fb->source.memory + g->start, g->line, first, step, &fb->found);
}

/* Another shape: what was seen of the old one is void. */
static int new_shape(struct fbdev *fb) {
    take_shape(fb);
    fb->resized = true;
    fb->found.count = 0;
    fb->looked = 0;
    oriel_fb_shadow_free(&fb->shadow);
    return oriel_fb_shadow_new(&fb->shadow, &fb->source.geometry) ? 0 : failed(fb, "no memory for a framebuffer");
}

/* One look at the framebuffer, through the comb or at all of it. Negative: failed. */
static int look(struct fbdev *fb, bool all) {
    int64_t now = oriel_monotonic();
    int r = oriel_fb_look(&fb->source);
    if (r < 0)
        return failed(fb, fb->source.error);
    if (r & ORIEL_FB_CHANGED)
        return new_shape(fb);
    bool differs = false;
    if (!all) {
        fb->comb = (fb->comb + 5) % COMB; /* 5: far from the row before */
        differs = look_at(fb, fb->comb, COMB);
    }
    if (all || differs || r & ORIEL_FB_MOVED) {
        differs |= look_at(fb, 0, 1);
        /* Panned meanwhile: what was read then was about to be drawn into. */
        if (oriel_fb_look(&fb->source) == ORIEL_FB_MOVED)
            differs |= look_at(fb, 0, 1);
        fb->looked = oriel_monotonic();
    }
    if (differs)
        fb->changed = now;
    return 0;
}

static bool resting(const struct fbdev *fb) {
    return oriel_monotonic() > fb->changed + REST_AFTER;
}

static int fbdev_dispatch(struct oriel_backend *backend) {
    struct fbdev *fb = (struct fbdev *)backend;
    uint64_t passed;
    if (read(backend->fd, &passed, sizeof passed) == sizeof passed && fb->running) {
        int r = look(fb, !resting(fb));
        if (r < 0)
            return r;
        set_timer(fb, ORIEL_SECOND / (resting(fb) ? LOOKS_AT_REST : backend->rate));
    }
    int events = (fb->found.count ? ORIEL_EVENT_DAMAGE : 0) | (fb->resized ? ORIEL_EVENT_SIZE : 0);
    fb->resized = false;
    return events;
}

static int fbdev_collect(struct oriel_backend *backend, struct oriel_region *region) {
    struct fbdev *fb = (struct fbdev *)backend;
    int r = oriel_monotonic() > fb->looked + FRESH ? look(fb, true) : 0;
    if (r < 0)
        return r;
    int events = fb->resized ? ORIEL_EVENT_SIZE : 0;
    fb->resized = false;
    oriel_region_join(region, &fb->found);
    fb->found.count = 0;
    return events;
}

static int fbdev_grab(struct oriel_backend *backend, unsigned index, const struct oriel_region *region) {
    struct fbdev *fb = (struct fbdev *)backend;
    for (unsigned i = 0; i < region->count; i++)
        oriel_fb_shadow_copy(&fb->shadow, fb->source.geometry.layout, fb->ring, index, region->rects[i]);
    return 0;
}

static int fbdev_attach(struct oriel_backend *backend, struct oriel_ring *ring) {
    ((struct fbdev *)backend)->ring = ring;
    return 0;
}

static int fbdev_start(struct oriel_backend *backend) {
    struct fbdev *fb = (struct fbdev *)backend;
    int r = oriel_fb_look(&fb->source);
    if (r < 0)
        return failed(fb, fb->source.error);
    if (r & ORIEL_FB_CHANGED) {
        take_shape(fb);
        fb->resized = true;
    }
    if (!oriel_fb_shadow_new(&fb->shadow, &fb->source.geometry))
        return failed(fb, "no memory for a framebuffer");
    fb->running = true;
    fb->looked = 0;
    fb->changed = oriel_monotonic();
    set_timer(fb, 1);
    return 0;
}

static void fbdev_stop(struct oriel_backend *backend) {
    struct fbdev *fb = (struct fbdev *)backend;
    fb->running = false;
    fb->found.count = 0;
    set_timer(fb, 0);
    oriel_fb_shadow_free(&fb->shadow);
}

static void fbdev_close(struct oriel_backend *backend) {
    struct fbdev *fb = (struct fbdev *)backend;
    oriel_fb_shadow_free(&fb->shadow);
    oriel_fb_close(&fb->source);
    if (backend->fd >= 0)
        close(backend->fd);
    free(fb);
}

static struct oriel_backend *fbdev_open(const struct oriel_backend_wish *wish, char error[ORIEL_BACKEND_ERROR_SIZE]) {
    struct fbdev *fb = calloc(1, sizeof *fb);
    if (!fb) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "out of memory");
        return NULL;
    }
    fb->base.ops = &oriel_backend_fbdev;
    fb->base.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fb->base.fd < 0 || !oriel_fb_open(&fb->source, wish->device)) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "%.380s; [capture] device in oriel.conf names it",
                 fb->base.fd < 0 ? strerror(errno) : fb->source.error);
        fb->source.fd = fb->base.fd < 0 ? -1 : fb->source.fd;
        fbdev_close(&fb->base);
        return NULL;
    }
    take_shape(fb);
    snprintf(fb->base.about, sizeof fb->base.about, "fbdev: %s (%s), %ux%u %s, rows of %zu bytes", fb->source.path,
             fb->source.name, fb->base.width, fb->base.height, oriel_fb_layout_name(fb->source.geometry.layout),
             fb->source.geometry.line);
    return &fb->base;
}

const struct oriel_backend_ops oriel_backend_fbdev = {
    .name = "fbdev",
    .open = fbdev_open,
    .attach = fbdev_attach,
    .start = fbdev_start,
    .stop = fbdev_stop,
    .dispatch = fbdev_dispatch,
    .collect = fbdev_collect,
    .grab = fbdev_grab,
    .close = fbdev_close,
};
