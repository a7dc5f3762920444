/* See frame_map.h. */
#include "frame_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((format(printf, 3, 4))) static int refuse(char *error, const char *who, const char *format, ...) {
    int length = snprintf(error, ORIEL_FRAME_MAP_ERROR_SIZE, "%s sent ", who);
    va_list args;
    va_start(args, format);
    vsnprintf(error + length, ORIEL_FRAME_MAP_ERROR_SIZE - (size_t)length, format, args);
    va_end(args);
    return -EPROTO;
}

static int check(const struct oriel_frame_map *m, uint64_t size, const char *who, char *error) {
    if (m->format != ORIEL_FORMAT_BGRX && m->format != ORIEL_FORMAT_RGB565)
        return refuse(error, who, "pixel format %u, which is unknown", m->format);
    if (m->width < ORIEL_FRAME_SIDE_MIN || m->width > ORIEL_FRAME_SIDE_MAX || m->height < ORIEL_FRAME_SIDE_MIN ||
        m->height > ORIEL_FRAME_SIDE_MAX)
        return refuse(error, who, "a picture of %ux%u; each side must be %d to %d", m->width, m->height,
                      ORIEL_FRAME_SIDE_MIN, ORIEL_FRAME_SIDE_MAX);
    if (m->stride % 4 || m->stride < m->width * m->pixel || m->stride > ORIEL_FRAME_STRIDE_MAX)
        return refuse(error, who, "rows of %u bytes for %u pixels", m->stride, m->width);
    if (m->count < 1 || m->count > ORIEL_FRAME_BUFFERS_MAX)
        return refuse(error, who, "%u buffers; 1 to %d are allowed", m->count, ORIEL_FRAME_BUFFERS_MAX);
    if (size < (uint64_t)m->stride * m->height || size > (uint64_t)ORIEL_FRAME_STRIDE_MAX * ORIEL_FRAME_SIDE_MAX)
        return refuse(error, who, "buffers of %llu bytes for %u rows of %u", (unsigned long long)size, m->height,
                      m->stride);
    return 0;
}

/* A sealed size is what keeps the writer from pulling the memory away under a read: looked at before the first access.
 */
static int map_memory(struct oriel_frame_map *m, int fd, const char *who, char *error) {
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || !(seals & F_SEAL_SHRINK))
        return refuse(error, who, "memory that is not sealed against shrinking");
    if (fstat(fd, &st) < 0 || st.st_size < 0 || (uint64_t)st.st_size < m->length)
        return refuse(error, who, "memory of %lld bytes where it announced %zu bytes", (long long)st.st_size,
                      m->length);
    void *bytes = mmap(NULL, m->length, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        return refuse(error, who, "shared pictures that cannot be mapped: %s", strerror(errno));
    m->bytes = bytes;
    return 0;
}

int oriel_frame_map_open(struct oriel_frame_map *map, struct oriel_ipc_message *message, const char *who,
                         char error[ORIEL_FRAME_MAP_ERROR_SIZE]) {
    struct oriel_frame_map m = {.generation = (uint32_t)message->fields[0].number,
                                .format = (uint32_t)message->fields[1].number,
                                .width = (unsigned)message->fields[2].number,
                                .height = (unsigned)message->fields[3].number,
                                .stride = (unsigned)message->fields[4].number,
                                .count = (unsigned)message->fields[5].number};
    uint64_t size = message->fields[6].number;
    m.pixel = m.format == ORIEL_FORMAT_RGB565 ? 2 : 4;
    if (m.generation <= map->generation)
        return refuse(error, who, "buffers that go from generation %u to %u", map->generation, m.generation);
    int r = check(&m, size, who, error);
    if (r < 0)
        return r;
    m.size = (size_t)size;
    m.length = m.size * m.count;
    int fd = oriel_ipc_take_fd(message, 0);
    r = map_memory(&m, fd, who, error);
    close(fd);
    if (r < 0)
        return r;
    oriel_frame_map_close(map);
    *map = m;
    return 0;
}

void oriel_frame_map_close(struct oriel_frame_map *map) {
    if (map->bytes)
        munmap((void *)map->bytes, map->length);
    memset(map, 0, sizeof *map);
}

int oriel_frame_map_check(const struct oriel_frame_map *map, const struct oriel_ipc_message *message, const char *who,
                          struct oriel_rect *rects, char error[ORIEL_FRAME_MAP_ERROR_SIZE]) {
    uint64_t generation = message->fields[0].number, index = message->fields[1].number,
             shown = message->fields[6].number;
    size_t length = message->fields[3].length, count = length / ORIEL_RECT_SIZE;
    if (!map->bytes)
        return refuse(error, who, "a picture before any buffers");
    if (generation != map->generation)
        return refuse(error, who, "a picture of generation %llu, the buffers are of %u", (unsigned long long)generation,
                      map->generation);
    if (index >= map->count)
        return refuse(error, who, "buffer %llu of %u", (unsigned long long)index, map->count);
    if (length % ORIEL_RECT_SIZE || count > ORIEL_FRAME_RECTS_MAX)
        return refuse(error, who, "%zu bytes of rectangles", length);
    if (shown > 1)
        return refuse(error, who, "%llu for whether the cursor is shown", (unsigned long long)shown);
    oriel_rects_read(message->fields[3].bytes, count, rects);
    for (size_t i = 0; i < count; i++) {
        const struct oriel_rect *r = &rects[i];
        if (!r->width || !r->height || (unsigned)r->x + r->width > map->width ||
            (unsigned)r->y + r->height > map->height)
            return refuse(error, who, "a rectangle of %ux%u at %u,%u in a picture of %ux%u", r->width, r->height, r->x,
                          r->y, map->width, map->height);
    }
    return (int)count;
}
