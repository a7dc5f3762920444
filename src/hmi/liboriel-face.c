/* liboriel-face.c: the agent's camera, as the reader of the frame protocol (src/ipc/frames.h).
 *
 * Core hands over one end of a socket while the scope `face` is granted; oriel-media, which decodes what comes from the
 * agent's browser, has the other and is not trusted: its memory is mapped read-only, only when it can't be cut, and
 * no length or place is taken from it that was not checked. A picture is shown by the callback and given back when that
 * returns. Who writes what no writer does is not listened to any more.
 */
#include "frames.h"
#undef ORIEL_MASKS_MAX
#include "liboriel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER = 8, PACKET_MAX = 1024, RATE = 30, PACKETS_A_DISPATCH = 8 };

static bool say(struct oriel_face *f, unsigned type, const uint32_t *fields, unsigned n) {
    uint8_t packet[HEADER + 8] = {(uint8_t)type};

    oriel_wire_put(packet + 4, n * 4, 4);
    for (unsigned i = 0; i < n; i++)
        oriel_wire_put(packet + HEADER + i * 4, fields[i], 4);
    return send(f->socket, packet, HEADER + n * 4, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)(HEADER + n * 4);
}

static void drop_memory(struct oriel_face *f) {
    if (f->shared)
        munmap(f->shared, f->size * f->count);
    f->shared = NULL;
}

void oriel_face_end(struct oriel *o) {
    struct oriel_face *f = &o->face;

    if (!f->busy)
        drop_memory(f);
    if (f->socket >= 0)
        close(f->socket);
    f->socket = -1;
    f->gone = f->gone || f->shown;
    f->shown = false;
}

void oriel_face_begin(struct oriel *o, int socket) {
    const uint32_t rate = RATE;

    oriel_face_end(o);
    o->face.socket = socket;
    if (!o->callbacks.face || oriel_link_watch(o, socket) < 0 || !say(&o->face, ORIEL_FRAMES_RUN, &rate, 1))
        oriel_face_end(o);
}

/* u generation · u format · u width · u height · u stride · u count · t size */
static bool take_buffers(struct oriel_face *f, const uint8_t *fields, size_t length, int fd) {
    const int seals = fd >= 0 ? fcntl(fd, F_GET_SEALS) : -1;
    struct stat about;
    void *at;

    if (length != 32 || seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &about) < 0)
        return false;
    drop_memory(f);
    f->generation = oriel_wire_get(fields);
    f->width = oriel_wire_get(fields + 8);
    f->height = oriel_wire_get(fields + 12);
    f->stride = oriel_wire_get(fields + 16);
    f->count = oriel_wire_get(fields + 20);
    f->size = oriel_wire_get(fields + 24);
    if (oriel_wire_get(fields + 4) != ORIEL_FORMAT_BGRX || oriel_wire_get(fields + 28) ||
        f->width < ORIEL_FRAME_SIDE_MIN || f->height < ORIEL_FRAME_SIDE_MIN || f->width > ORIEL_FRAME_SIDE_MAX ||
        f->height > ORIEL_FRAME_SIDE_MAX || f->stride < f->width * 4 || f->stride % 4 ||
        f->stride > ORIEL_FRAME_STRIDE_MAX || f->count < 1 || f->count > ORIEL_FRAME_BUFFERS_MAX ||
        f->size < (size_t)f->stride * f->height || (uint64_t)f->size * f->count > (uint64_t)about.st_size)
        return false;
    at = mmap(NULL, f->size * f->count, PROT_READ, MAP_SHARED, fd, 0);
    f->shared = at == MAP_FAILED ? NULL : at;
    return f->shared != NULL;
}

/* u generation · u index · t time · b rectangles · … */
static bool take_frame(struct oriel *o, const uint8_t *fields, size_t length) {
    struct oriel_face *f = &o->face;
    const uint32_t release[2] = {length >= 8 ? oriel_wire_get(fields) : 0,
                                 length >= 8 ? oriel_wire_get(fields + 4) : 0};
    const struct oriel_face_picture picture = {.pixels = f->shared + (size_t)release[1] * f->size,
                                               .width = f->width,
                                               .height = f->height,
                                               .stride = f->stride};

    if (length < 20 || !f->shared || release[0] != f->generation || release[1] >= f->count)
        return false;
    f->shown = f->busy = true;
    o->callbacks.face(o, &picture, o->user);
    f->busy = false;
    if (f->socket < 0) /* ended from within */
        drop_memory(f);
    return o->freed || o->face.socket < 0 || say(f, ORIEL_FRAMES_RELEASE, release, 2);
}

/* False: no more of it. */
static bool handle_packet(struct oriel *o, const uint8_t *packet, size_t size, int fd) {
    unsigned type = size >= HEADER ? packet[0] | (unsigned)packet[1] << 8 : 0;

    if (size < HEADER || packet[2] || packet[3] || oriel_wire_get(packet + 4) != size - HEADER)
        return false;
    if (type == ORIEL_FRAMES_BUFFERS)
        return take_buffers(&o->face, packet + HEADER, size - HEADER, fd);
    return type == ORIEL_FRAMES_FRAME && take_frame(o, packet + HEADER, size - HEADER);
}

void oriel_face_dispatch(struct oriel *o) {
    uint8_t packet[PACKET_MAX];

    if (o->face.busy)
        return; /* a nested loop: the picture that is being shown stays as it is */
    for (int i = 0; i < PACKETS_A_DISPATCH && !o->freed && o->face.socket >= 0; i++) {
        int fd;
        bool whole;
        ssize_t n = oriel_link_receive_from(o->face.socket, packet, sizeof packet, &fd, &whole);
        bool more =
            n > 0 ? whole && handle_packet(o, packet, (size_t)n, fd) : n < 0 && (errno == EAGAIN || errno == EINTR);

        if (fd >= 0)
            close(fd);
        if (!more && !o->freed)
            oriel_face_end(o);
        if (n <= 0)
            break;
    }
    if (o->face.gone && !o->freed) {
        o->face.gone = false;
        if (o->callbacks.face)
            o->callbacks.face(o, NULL, o->user);
    }
}
