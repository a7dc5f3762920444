/* See allocator.h. */
#include "allocator.h"

#include <math.h>

#include "clock.h"
#include "log.h"
#include "record.h"
#include "screen.h"

#define RATE_MAX 32e6     /* bit/s: nobody ever needs more */
#define RATE_FIRST 300e3  /* of the picture by which the way is found out: a rough one */
#define PICTURE_SHARE 0.9 /* of the target: the pictures'; the rest is for voice and what is sent again */
#define CAMERA_SHARE 0.4  /* the camera's, while there is one */
/* A picture is made while what waits for the way still takes this long. */
#define QUEUE_SLACK (30 * ORIEL_MILLISECOND)

/* On the thread that brought the feedback. Voice and tiles need some of it, too. */
static void on_rate(void *user, double target) {
    struct oriel_allocator *a = user;
    double camera = fmin(g_atomic_int_get(&a->camera_kbits) * 1e3, target * CAMERA_SHARE);
    if (camera > 0)
        oriel_camera_stream_rate(a->camera, camera);
    oriel_screen_rate(a->screen, target * PICTURE_SHARE - camera);
}

/* Likewise. A lost picture is made good at once, also on a screen at rest. */
static void on_fate(void *user, const struct oriel_rate_packet *packet) {
    struct oriel_allocator *a = user;
    if (packet)
        oriel_references_fate(a->references, packet, oriel_monotonic());
    else if (oriel_references_judge(a->references, oriel_monotonic()))
        oriel_screen_again(a->screen);
}

/* On the streaming threads. */
static int64_t when_free(void *budget, int64_t now) {
    return oriel_budget_ready(budget, now) - QUEUE_SLACK;
}

static int64_t when_screen_free(void *user, int64_t now) {
    struct oriel_allocator *a = user;
    int64_t free = when_free(a->budget, now);
    return a->exact ? MAX(free, oriel_exact_ready(a->exact, now)) : free;
}

static void write_way(void *user, const char *line) {
    oriel_info(ORIEL_RECORD_WORD "%s", line);
}

struct oriel_allocator *oriel_allocator_new(GstElement *screen, struct oriel_camera_stream *camera, unsigned kbits,
                                            bool exact, unsigned last) {
    struct oriel_allocator *a = g_new0(struct oriel_allocator, 1);
    int64_t now = oriel_monotonic();
    double start = oriel_estimator_start(last * 1e3);
    a->screen = screen;
    a->camera = camera;
    a->budget = oriel_budget_new(start, now);
    a->estimator = oriel_estimator_new(a->budget, start, exact ? RATE_MAX : 2e3 * kbits, now);
    oriel_estimator_listen(a->estimator, on_rate, on_fate, a);
    if (g_strcmp0(g_getenv(ORIEL_RECORD_VARIABLE), "1") == 0)
        oriel_estimator_record(a->estimator, oriel_record_new(write_way, NULL), now);
    a->references = oriel_references_new();
    oriel_screen_refer(screen, a->references);
    oriel_screen_rate(screen, last ? start * PICTURE_SHARE : RATE_FIRST);
    oriel_screen_pace(screen, when_screen_free, a);
    oriel_camera_stream_pace(camera, when_free, a->budget);
    return a;
}

void oriel_allocator_camera(struct oriel_allocator *a, unsigned kbits) {
    g_atomic_int_set(&a->camera_kbits, (gint)kbits);
    on_rate(a, oriel_budget_target(a->budget));
}
