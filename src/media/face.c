/* See face.h. */
#include "face.h"

#include <errno.h>
#include <fcntl.h>
#include <libyuv.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "frames.h"

enum { BUFFERS = 2, ALIGN = 64 };

struct oriel_face {
    GMutex lock; /* of all below */
    int fd;      /* -1: nobody is to see it */
    bool running;
    uint32_t generation;
    unsigned width, height;
    uint32_t stride;
    size_t size; /* of a buffer */
    uint8_t *pixels;
    bool away[BUFFERS]; /* with the HMI */
    struct oriel_ipc_message message;
};

struct oriel_face *oriel_face_new(void) {
    struct oriel_face *f = g_new0(struct oriel_face, 1);
    g_mutex_init(&f->lock);
    f->fd = -1;
    return f;
}

static void drop_memory(struct oriel_face *f) {
    if (f->pixels)
        munmap(f->pixels, f->size * BUFFERS);
    f->pixels = NULL;
    f->width = f->height = 0;
}

static void shut(struct oriel_face *f) {
    drop_memory(f);
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    f->running = false;
}

/* What the HMI said since the last picture. It is not trusted: one that says what no reader does is not written for. */
static void hear(struct oriel_face *f) {
    int r = 0;
    while (f->fd >= 0 && (r = oriel_ipc_receive(f->fd, &oriel_media_to_capture, &f->message)) > 0) {
        const uint64_t first = f->message.fields[0].number, second = f->message.fields[1].number;
        if (f->message.type->id == ORIEL_FRAMES_RUN)
            f->running = first > 0;
        else if (first == f->generation && second < BUFFERS)
            f->away[second] = false;
        oriel_ipc_message_clear(&f->message);
    }
    if (f->fd >= 0 && r != -EAGAIN)
        shut(f);
}

static void told(struct oriel_face *f, int r) {
    if (r < 0 && r != -EAGAIN)
        shut(f);
}

static void begin(struct oriel_face *f, unsigned width, unsigned height) {
    drop_memory(f);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    f->stride = (width * 4 + ALIGN - 1) / ALIGN * ALIGN;
    f->size = ((size_t)f->stride * height + page - 1) / page * page;
    int memory = memfd_create("oriel-face", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0 || ftruncate(memory, (off_t)(f->size * BUFFERS)) < 0) {
        if (memory >= 0)
            close(memory);
        shut(f);
        return;
    }
    void *at = mmap(NULL, f->size * BUFFERS, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (at == MAP_FAILED ||
        fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) < 0) {
        if (at != MAP_FAILED)
            munmap(at, f->size * BUFFERS);
        shut(f);
    } else {
        f->pixels = at;
        f->width = width;
        f->height = height;
        f->away[0] = f->away[1] = false;
        told(f, oriel_ipc_send(f->fd, &oriel_capture_to_media, ORIEL_FRAMES_BUFFERS, ++f->generation,
                               (uint32_t)ORIEL_FORMAT_BGRX, width, height, f->stride, (uint32_t)BUFFERS,
                               (uint64_t)f->size, memory));
    }
    close(memory);
}

static void send(struct oriel_face *f, unsigned index, const struct oriel_face_picture *p) {
    uint8_t whole[ORIEL_RECT_SIZE];
    oriel_rects_write(&(struct oriel_rect){0, 0, (uint16_t)p->width, (uint16_t)p->height}, 1, whole);
    I420ToARGB(p->planes[0], p->strides[0], p->planes[1], p->strides[1], p->planes[2], p->strides[2],
               f->pixels + index * f->size, (int)f->stride, (int)p->width, (int)p->height);
    int r = oriel_ipc_send(f->fd, &oriel_capture_to_media, ORIEL_FRAMES_FRAME, f->generation, index,
                           (uint64_t)oriel_monotonic(), (const void *)whole, sizeof whole, 0u, 0u, 0u);
    f->away[index] = r == 0;
    told(f, r);
}

void oriel_face_show(void *face, const struct oriel_face_picture *p) {
    struct oriel_face *f = face;
    g_mutex_lock(&f->lock);
    hear(f);
    if (f->running && (p->width != f->width || p->height != f->height))
        begin(f, p->width, p->height);
    for (unsigned i = 0; f->running && f->pixels && i < BUFFERS; i++)
        if (!f->away[i]) {
            send(f, i, p);
            break;
        }
    g_mutex_unlock(&f->lock);
}

void oriel_face_open(struct oriel_face *f, int fd) {
    g_mutex_lock(&f->lock);
    shut(f);
    f->fd = fd;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    f->generation = 0;
    g_mutex_unlock(&f->lock);
}

void oriel_face_close(struct oriel_face *f) {
    g_mutex_lock(&f->lock);
    shut(f);
    g_mutex_unlock(&f->lock);
}
