/* Backend "hmi": the picture that the HMI itself hands over (frames.h, "A pusher"), so that a panel needs neither X nor
 * a framebuffer.
 *
 * The HMI draws into buffers of its own and sends what is damaged; grab() copies that, as other backends do from a
 * screen, so that masks, rate and cursor are handled as everywhere. The newest buffer stays here until the next one
 * comes: a picture is there whenever capture wants one.
 * Policy: the HMI is asked for pictures only while media wants them. Its every field is checked (frame_map.h); the
 * first that is wrong ends the session. An HMI that hands over nothing is waited for OPEN_WITHIN or FIRST_WITHIN, and
 * then named in the reason. When its socket ends the picture stands, until core ends the session or the HMI is back. */
#include "backend.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "frame_map.h"

#define OPEN_WITHIN (5 * ORIEL_SECOND)
#define FIRST_WITHIN (3 * ORIEL_SECOND)
#define WHO "the HMI"

enum { MESSAGES_AT_ONCE = 16 };

struct hmi {
    struct oriel_backend base; /* its fd: the socket, -1 when the HMI is gone */
    struct oriel_frame_map map;
    int current; /* the buffer that is kept, -1: none */
    struct oriel_region pending;
    int events; /* seen, but not told yet */
    bool running;
    struct oriel_ring *ring;
    struct oriel_ipc_message message;
};

static void lose(struct hmi *hmi) {
    close(hmi->base.fd);
    hmi->base.fd = -1;
}

static int wrong(struct hmi *hmi, const char *what) {
    snprintf(hmi->base.error, ORIEL_BACKEND_ERROR_SIZE, "the HMI broke the frame protocol: %s", what);
    return -EPROTO;
}

static void tell(struct hmi *hmi, unsigned type, uint32_t first, uint32_t second) {
    int r = 0;
    if (hmi->base.fd >= 0)
        r = type == ORIEL_FRAMES_RUN ? oriel_ipc_send(hmi->base.fd, &oriel_media_to_capture, type, first)
                                     : oriel_ipc_send(hmi->base.fd, &oriel_media_to_capture, type, first, second);
    if (r < 0)
        lose(hmi); /* gone, or it does not read */
}

static int take_buffers(struct hmi *hmi) {
    char error[ORIEL_FRAME_MAP_ERROR_SIZE];
    if (oriel_frame_map_open(&hmi->map, &hmi->message, WHO, error) < 0)
        return wrong(hmi, error);
    hmi->current = -1;
    hmi->pending.count = 0;
    hmi->base.width = hmi->map.width;
    hmi->base.height = hmi->map.height;
    hmi->base.format = hmi->map.format;
    snprintf(hmi->base.about, sizeof hmi->base.about, "hmi: pictures of the HMI, %ux%u", hmi->map.width,
             hmi->map.height);
    hmi->events |= ORIEL_EVENT_SIZE;
    return 0;
}

static int take_frame(struct hmi *hmi) {
    char error[ORIEL_FRAME_MAP_ERROR_SIZE];
    struct oriel_rect rects[ORIEL_FRAME_RECTS_MAX];
    int count = oriel_frame_map_check(&hmi->map, &hmi->message, WHO, rects, error);
    if (count < 0)
        return wrong(hmi, error);
    int index = (int)hmi->message.fields[1].number, older = hmi->current;
    if (!hmi->running) { /* sent before it read that we rest */
        if (index != older)
            tell(hmi, ORIEL_FRAMES_RELEASE, hmi->map.generation, (uint32_t)index);
        return 0;
    }
    hmi->current = index;
    if (older < 0)
        oriel_region_add(&hmi->pending, hmi->map.width, hmi->map.height, 0, 0, hmi->map.width, hmi->map.height);
    for (int i = 0; i < count; i++)
        oriel_region_add(&hmi->pending, hmi->map.width, hmi->map.height, rects[i].x, rects[i].y, rects[i].width,
                         rects[i].height);
    hmi->events |= ORIEL_EVENT_DAMAGE;
    if (older >= 0 && older != index)
        tell(hmi, ORIEL_FRAMES_RELEASE, hmi->map.generation, (uint32_t)older);
    return 0;
}

/* What waits, MESSAGES_AT_ONCE at most: an HMI that floods must not keep core's masks from being read. 0 or negative.
 */
static int receive(struct hmi *hmi) {
    for (int i = 0; i < MESSAGES_AT_ONCE && hmi->base.fd >= 0; i++) {
        int r = oriel_ipc_receive(hmi->base.fd, &oriel_capture_to_media, &hmi->message);
        if (r == -EAGAIN)
            break;
        if (r == -EPROTO)
            return wrong(hmi, "it sent a message that does not exist");
        if (r <= 0) {
            lose(hmi);
            break;
        }
        if (hmi->message.type->id == ORIEL_FRAMES_BUFFERS)
            r = take_buffers(hmi);
        else if (hmi->message.type->id == ORIEL_FRAMES_FRAME)
            r = take_frame(hmi);
        else
            r = wrong(hmi, "it sent a cursor or masks, which it can't");
        oriel_ipc_message_clear(&hmi->message);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Until there is a picture (`first`) or at least its size. 0; -ETIMEDOUT; other negative. */
static int wait_for(struct hmi *hmi, bool first, int64_t within) {
    int64_t end = oriel_monotonic() + within;
    for (;;) {
        int r = receive(hmi);
        int64_t left = end - oriel_monotonic();
        if (r < 0 || (first ? hmi->current >= 0 : hmi->map.bytes != NULL))
            return r;
        if (left <= 0 || hmi->base.fd < 0)
            return -ETIMEDOUT;
        struct pollfd fd = {.fd = hmi->base.fd, .events = POLLIN};
        poll(&fd, 1, (int)(left / ORIEL_MILLISECOND) + 1);
    }
}

static void hmi_close(struct oriel_backend *backend) {
    struct hmi *hmi = (struct hmi *)backend;
    if (backend->fd >= 0)
        close(backend->fd);
    oriel_frame_map_close(&hmi->map);
    free(hmi);
}

static struct oriel_backend *hmi_open(const struct oriel_backend_wish *wish, char error[ORIEL_BACKEND_ERROR_SIZE]) {
    struct hmi *hmi = calloc(1, sizeof *hmi);
    if (!hmi || wish->pusher < 0) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "%s",
                 hmi ? "there is no HMI to show the picture of: it is not connected" : "no memory");
        free(hmi);
        return NULL;
    }
    hmi->base.ops = &oriel_backend_hmi;
    hmi->base.fd = wish->pusher;
    hmi->current = -1;
    int r = wait_for(hmi, false, OPEN_WITHIN);
    if (r < 0) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "%s",
                 r == -ETIMEDOUT ? "[capture] backend=hmi, and the HMI hands over no picture: it calls "
                                   "oriel_set_surface() of liboriel, or set another backend"
                                 : hmi->base.error);
        hmi_close(&hmi->base);
        return NULL;
    }
    hmi->events = 0;
    return &hmi->base;
}

static int hmi_attach(struct oriel_backend *backend, struct oriel_ring *ring) {
    ((struct hmi *)backend)->ring = ring;
    return 0;
}

static int hmi_start(struct oriel_backend *backend) {
    struct hmi *hmi = (struct hmi *)backend;
    hmi->running = true;
    tell(hmi, ORIEL_FRAMES_RUN, backend->rate, 0);
    int r = hmi->current < 0 ? wait_for(hmi, true, FIRST_WITHIN) : 0;
    if (r == -ETIMEDOUT)
        snprintf(backend->error, ORIEL_BACKEND_ERROR_SIZE,
                 "the HMI is connected but draws nothing: does its loop call oriel_dispatch()?");
    return r;
}

static void hmi_stop(struct oriel_backend *backend) {
    struct hmi *hmi = (struct hmi *)backend;
    hmi->running = false;
    hmi->pending.count = 0;
    hmi->events &= ~ORIEL_EVENT_DAMAGE;
    tell(hmi, ORIEL_FRAMES_RUN, 0, 0);
}

static int hmi_dispatch(struct oriel_backend *backend) {
    struct hmi *hmi = (struct hmi *)backend;
    int r = receive(hmi), events = hmi->events;
    hmi->events = 0;
    return r < 0 ? r : events;
}

static int hmi_collect(struct oriel_backend *backend, struct oriel_region *region) {
    struct hmi *hmi = (struct hmi *)backend;
    int events = hmi_dispatch(backend);
    if (events >= 0) {
        oriel_region_join(region, &hmi->pending);
        hmi->pending.count = 0;
    }
    return events;
}

static int hmi_grab(struct oriel_backend *backend, unsigned index, const struct oriel_region *region) {
    struct hmi *hmi = (struct hmi *)backend;
    const struct oriel_frame_map *m = &hmi->map;
    if (hmi->current < 0 || m->width != hmi->ring->width || m->height != hmi->ring->height ||
        m->format != hmi->ring->format)
        return -EAGAIN;
    const uint8_t *from = m->bytes + m->size * (size_t)hmi->current;
    for (unsigned i = 0; i < region->count; i++) {
        struct oriel_rect r = region->rects[i];
        for (unsigned y = r.y; y < (unsigned)r.y + r.height; y++)
            memcpy(oriel_ring_at(hmi->ring, index, r.x, y), from + (size_t)y * m->stride + (size_t)r.x * m->pixel,
                   (size_t)r.width * m->pixel);
    }
    return 0;
}

/* The new one begins with generation 1; until its first picture the last of the old one stands. */
static int hmi_adopt(struct oriel_backend *backend, int pusher) {
    struct hmi *hmi = (struct hmi *)backend;
    if (backend->fd >= 0)
        close(backend->fd);
    backend->fd = pusher;
    hmi->map.generation = 0;
    if (hmi->running)
        tell(hmi, ORIEL_FRAMES_RUN, backend->rate, 0);
    return receive(hmi);
}

const struct oriel_backend_ops oriel_backend_hmi = {
    .name = "hmi",
    .open = hmi_open,
    .attach = hmi_attach,
    .start = hmi_start,
    .stop = hmi_stop,
    .dispatch = hmi_dispatch,
    .collect = hmi_collect,
    .grab = hmi_grab,
    .close = hmi_close,
    .adopt = hmi_adopt,
};
