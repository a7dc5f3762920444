/* liboriel-push.c: the HMI's own pictures, as the writer of the frame protocol (src/ipc/frames.h, "A pusher").
 *
 * Core hands over one end of a socket when a session was granted; oriel-capture has the other. What the surface shows
 * is copied into shared memory there and then, without what lies under a mask: capture, which paints masks as well,
 * hears of them by way of core, maybe later than of the picture.
 * Two buffers: one with capture, which keeps the newest, one to fill. Damage adds up while there is none. Whoever
 * writes what is no message of capture is not listened to any more; the session ends by that.
 */
#include "frames.h"
#undef ORIEL_MASKS_MAX
#include "liboriel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PACKET_MAX = 256 + ORIEL_PUSH_AREAS * ORIEL_RECT_SIZE, HEADER = 8, ALIGN = 64 };

_Static_assert((int)ORIEL_PIXELS_BGRX == (int)ORIEL_FORMAT_BGRX && (int)ORIEL_PIXELS_RGB565 == (int)ORIEL_FORMAT_RGB565,
               "the header of the library and the wire name formats alike");

/* ---- damage ---- */

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

static struct oriel_area around(struct oriel_area a, struct oriel_area b) {
    unsigned x = least(a.x, b.x), y = least(a.y, b.y);
    unsigned right = a.x + a.width > b.x + b.width ? a.x + a.width : b.x + b.width;
    unsigned bottom = a.y + a.height > b.y + b.height ? a.y + a.height : b.y + b.height;

    return (struct oriel_area){x, y, right - x, bottom - y};
}

static uint64_t pixels_of(struct oriel_area a) {
    return (uint64_t)a.width * a.height;
}

/* Joins it with one that it overlaps in most; when there are too many, with the one that grows least. */
static void add(struct oriel_damage *d, struct oriel_area area) {
    uint64_t best_cost = UINT64_MAX;
    unsigned best = 0;

    for (unsigned i = 0; i < d->n; i++) {
        uint64_t both = pixels_of(around(d->areas[i], area)), each = pixels_of(d->areas[i]) + pixels_of(area);
        uint64_t cost = both > each ? both - each : 0;

        if (cost < best_cost) {
            best_cost = cost;
            best = i;
        }
    }
    if (best_cost == 0 || d->n == ORIEL_PUSH_AREAS)
        d->areas[best] = around(d->areas[best], area);
    else
        d->areas[d->n++] = area;
}

/* What of it lies in the surface; false: nothing. */
static bool clip(const struct oriel_surface *s, struct oriel_area *a) {
    if (a->x >= s->width || a->y >= s->height)
        return false;
    a->width = least(a->width, s->width - a->x);
    a->height = least(a->height, s->height - a->y);
    return a->width && a->height;
}

static void damage(struct oriel_push *p, struct oriel_area area) {
    if (!p->running || !clip(&p->surface, &area))
        return; /* capture's RUN damages all */
    add(&p->damage, area);
    for (int i = 0; i < ORIEL_PUSH_BUFFERS; i++)
        add(&p->buffers[i].stale, area);
    if (!p->changed)
        p->changed = oriel_link_now();
}

/* ---- packets ---- */

struct writer {
    uint8_t bytes[PACKET_MAX];
    size_t size;
};

static void put(struct writer *w, uint64_t value, unsigned bytes) {
    oriel_wire_put(w->bytes + w->size, value, bytes);
    w->size += bytes;
}

static void begin(struct writer *w, unsigned type) {
    w->size = 0;
    put(w, type, 2);
    put(w, 0, 6); /* the length comes last */
}

/* False: not sent. */
static bool send_packet(struct oriel_push *p, struct writer *w, int fd) {
    struct iovec iov = {.iov_base = w->bytes, .iov_len = w->size};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};

    oriel_wire_put(w->bytes + 4, w->size - HEADER, 4);
    if (fd >= 0) {
        struct cmsghdr *c;

        header.msg_control = control.bytes;
        header.msg_controllen = sizeof control.bytes;
        c = CMSG_FIRSTHDR(&header);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    return sendmsg(p->socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)w->size;
}

/* ---- shared memory ---- */

static unsigned pixel_size(const struct oriel_surface *s) {
    return s->format == ORIEL_PIXELS_RGB565 ? 2 : 4;
}

static void drop_memory(struct oriel_push *p) {
    if (p->shared)
        munmap(p->shared, p->buffer_size * ORIEL_PUSH_BUFFERS);
    if (p->memory >= 0)
        close(p->memory);
    p->shared = NULL;
    p->memory = -1;
    memset(p->buffers, 0, sizeof p->buffers);
    p->damage.n = 0;
    p->changed = 0;
}

static int make_memory(struct oriel_push *p) {
    const struct oriel_surface *s = &p->surface;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *shared;

    drop_memory(p);
    p->stride = (s->width * pixel_size(s) + ALIGN - 1) / ALIGN * ALIGN;
    p->buffer_size = ((size_t)p->stride * s->height + page - 1) / page * page;
    p->memory = memfd_create("oriel-surface", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (p->memory < 0 || ftruncate(p->memory, (off_t)(p->buffer_size * ORIEL_PUSH_BUFFERS)) < 0 ||
        fcntl(p->memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        return -errno;
    shared = mmap(NULL, p->buffer_size * ORIEL_PUSH_BUFFERS, PROT_READ | PROT_WRITE, MAP_SHARED, p->memory, 0);
    if (shared == MAP_FAILED)
        return -errno;
    p->shared = shared;
    return 0;
}

/* A new generation: its memory, and all of it to be shown. */
static int send_buffers(struct oriel_push *p) {
    const struct oriel_surface *s = &p->surface;
    struct writer w;
    int r = make_memory(p);

    if (r < 0)
        return r;
    begin(&w, ORIEL_FRAMES_BUFFERS);
    put(&w, ++p->generation, 4);
    put(&w, s->format, 4);
    put(&w, s->width, 4);
    put(&w, s->height, 4);
    put(&w, p->stride, 4);
    put(&w, ORIEL_PUSH_BUFFERS, 4);
    put(&w, p->buffer_size, 8);
    return send_packet(p, &w, p->memory) ? 0 : -EPIPE;
}

static void fill(struct oriel_push *p, uint8_t *to, struct oriel_area a) {
    const uint8_t bgrx[4] = {0x42, 0x41, 0x42, 0}, rgb565[2] = {0x08, 0x42};
    unsigned size = pixel_size(&p->surface);

    for (unsigned y = 0; y < a.height; y++)
        for (unsigned x = 0; x < a.width; x++)
            memcpy(to + (size_t)(a.y + y) * p->stride + (size_t)(a.x + x) * size, size == 2 ? rgb565 : bgrx, size);
}

static struct oriel_area mask_area(const struct oriel_mask *m) {
    return (struct oriel_area){m->x, m->y, m->width, m->height};
}

/* Pixels under a mask are in nobody's memory but the HMI's: only what lies beside is copied. `from` is how many masks
 * were cut out already. */
static void copy(struct oriel *o, uint8_t *to, struct oriel_area a, size_t from) {
    struct oriel_push *p = &o->push;
    const struct oriel_surface *s = &p->surface;
    unsigned size = pixel_size(s);

    for (size_t i = from; i < o->n_masks; i++) {
        const struct oriel_mask *m = &o->masks[i];
        unsigned x1 = m->x > a.x ? m->x : a.x, y1 = m->y > a.y ? m->y : a.y;
        unsigned x2 = least(m->x + m->width, a.x + a.width), y2 = least(m->y + m->height, a.y + a.height);

        if (x1 >= x2 || y1 >= y2)
            continue;
        {
            const struct oriel_area parts[] = {{a.x, a.y, a.width, y1 - a.y},
                                               {a.x, y1, x1 - a.x, y2 - y1},
                                               {x2, y1, a.x + a.width - x2, y2 - y1},
                                               {a.x, y2, a.width, a.y + a.height - y2}};

            for (int part = 0; part < 4; part++)
                if (parts[part].width && parts[part].height)
                    copy(o, to, parts[part], i + 1);
        }
        fill(p, to, (struct oriel_area){x1, y1, x2 - x1, y2 - y1});
        return;
    }
    for (unsigned y = a.y; y < a.y + a.height; y++)
        memcpy(to + (size_t)y * p->stride + (size_t)a.x * size,
               (const uint8_t *)s->pixels + (size_t)y * s->stride + (size_t)a.x * size, (size_t)a.width * size);
}

static void send_frame(struct oriel_push *p, unsigned index) {
    struct writer w;

    begin(&w, ORIEL_FRAMES_FRAME);
    put(&w, p->generation, 4);
    put(&w, index, 4);
    put(&w, p->changed, 8);
    put(&w, (uint64_t)p->damage.n * ORIEL_RECT_SIZE, 4);
    for (unsigned i = 0; i < p->damage.n; i++) {
        put(&w, p->damage.areas[i].x, 2);
        put(&w, p->damage.areas[i].y, 2);
        put(&w, p->damage.areas[i].width, 2);
        put(&w, p->damage.areas[i].height, 2);
    }
    for (int i = 0; i < 3; i++) /* no cursor: it is in the picture, if there is one */
        put(&w, 0, 4);
    if (!send_packet(p, &w, -1))
        return; /* capture is going; or, never seen, does not read: the damage stays */
    p->buffers[index].away = true;
    p->buffers[index].stale.n = 0;
    p->damage.n = 0;
    p->changed = 0;
}

/* If something changed, capture looks, and a buffer is free. */
static void show(struct oriel *o) {
    struct oriel_push *p = &o->push;
    unsigned index = 0;

    if (p->socket < 0 || !p->running || !p->damage.n || !p->shared || !p->surface.pixels)
        return;
    while (index < ORIEL_PUSH_BUFFERS && p->buffers[index].away)
        index++;
    if (index == ORIEL_PUSH_BUFFERS)
        return;
    for (unsigned i = 0; i < p->buffers[index].stale.n; i++)
        copy(o, p->shared + index * p->buffer_size, p->buffers[index].stale.areas[i], 0);
    send_frame(p, index);
}

static void damage_all(struct oriel_push *p) {
    damage(p, (struct oriel_area){0, 0, p->surface.width, p->surface.height});
}

/* ---- capture ---- */

void oriel_push_end(struct oriel *o) {
    struct oriel_push *p = &o->push;

    drop_memory(p);
    if (p->socket >= 0)
        close(p->socket);
    p->socket = -1;
    p->running = false;
    p->generation = 0;
}

void oriel_push_begin(struct oriel *o, int socket) {
    oriel_push_end(o);
    o->push.socket = socket;
    if (oriel_link_watch(o, socket) < 0 || (o->push.surface.pixels && send_buffers(&o->push) < 0))
        oriel_push_end(o);
}

static bool handle_packet(struct oriel_push *p, const uint8_t *packet, size_t size) {
    unsigned type = size >= HEADER ? packet[0] | (unsigned)packet[1] << 8 : 0;

    if (size < HEADER || packet[2] || packet[3] || oriel_wire_get(packet + 4) != size - HEADER)
        return false;
    if (type == ORIEL_FRAMES_RUN && size == HEADER + 4) {
        bool run = oriel_wire_get(packet + HEADER) > 0;

        if (run && !p->running) {
            p->running = true;
            damage_all(p);
        } else if (!run) {
            p->running = false;
            p->damage.n = 0;
            p->changed = 0;
        }
        return true;
    }
    if (type == ORIEL_FRAMES_RELEASE && size == HEADER + 8) {
        uint32_t index = oriel_wire_get(packet + HEADER + 4);

        if (oriel_wire_get(packet + HEADER) != p->generation)
            return true; /* of an older one */
        if (index >= ORIEL_PUSH_BUFFERS)
            return false;
        p->buffers[index].away = false;
        return true;
    }
    return false;
}

void oriel_push_dispatch(struct oriel *o) {
    uint8_t packet[64];
    ssize_t n = -1;

    while (o->push.socket >= 0 && (n = recv(o->push.socket, packet, sizeof packet, MSG_DONTWAIT | MSG_TRUNC)) > 0)
        if ((size_t)n > sizeof packet || !handle_packet(&o->push, packet, (size_t)n))
            oriel_push_end(o);
    if (o->push.socket >= 0 && (n == 0 || (errno != EAGAIN && errno != EINTR)))
        oriel_push_end(o); /* capture is gone: the session is over, or core gives a new socket */
    show(o);
}

/* ---- the HMI ---- */

void oriel_push_masks(struct oriel *o, const struct oriel_mask *old, size_t n_old) {
    for (size_t i = 0; i < n_old; i++)
        damage(&o->push, mask_area(&old[i]));
    for (size_t i = 0; i < o->n_masks; i++)
        damage(&o->push, mask_area(&o->masks[i]));
    show(o);
}

static bool is_good(const struct oriel_surface *s) {
    if (s->size < sizeof *s || !s->pixels || (s->format != ORIEL_PIXELS_BGRX && s->format != ORIEL_PIXELS_RGB565))
        return false;
    return s->width >= ORIEL_FRAME_SIDE_MIN && s->width <= ORIEL_FRAME_SIDE_MAX && s->height >= ORIEL_FRAME_SIDE_MIN &&
           s->height <= ORIEL_FRAME_SIDE_MAX && s->stride >= s->width * pixel_size(s) &&
           s->stride <= ORIEL_FRAME_STRIDE_MAX;
}

int oriel_set_surface(struct oriel *oriel, const struct oriel_surface *surface) {
    struct oriel_push *p = &oriel->push;
    struct oriel_surface before = p->surface;
    int r;

    if (surface && !is_good(surface))
        return -EINVAL;
    p->surface = surface ? *surface : (struct oriel_surface){0};
    if (!surface || p->socket < 0)
        return 0;
    if (p->shared && before.width == surface->width && before.height == surface->height &&
        before.format == surface->format)
        return 0;
    r = send_buffers(p);
    damage_all(p);
    show(oriel);
    return r == -EPIPE ? 0 : r; /* capture is going: nobody looks */
}

int oriel_damage(struct oriel *oriel, const struct oriel_area *areas, size_t n_areas) {
    if (!oriel->push.surface.pixels || (n_areas && !areas))
        return -EINVAL;
    for (size_t i = 0; i < n_areas; i++)
        damage(&oriel->push, areas[i]);
    show(oriel);
    return 0;
}
