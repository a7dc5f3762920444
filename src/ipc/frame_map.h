/* The reader's side of shared pictures (frames.h): BUFFERS and FRAME checked field by field, the memfd mapped
 * read-only. Policy: nothing of the writer is trusted; a seal is looked for before the size, the size before the
 * mapping, and nothing that was not checked is used. `who` names the writer in `error`, a sentence for people. One
 * thread. */
#ifndef ORIEL_IPC_FRAME_MAP_H
#define ORIEL_IPC_FRAME_MAP_H

#include "frames.h"

enum { ORIEL_FRAME_MAP_ERROR_SIZE = 160 };

/* The shared memory of one generation. Zeroed: none. */
struct oriel_frame_map {
    const uint8_t *bytes; /* NULL: none */
    size_t length;
    uint32_t generation, format;
    unsigned width, height, stride, count, pixel; /* bytes of a pixel */
    size_t size;                                  /* of one buffer */
};

/* `message` is BUFFERS: maps it in place of what `map` had. 0, or -EPROTO with `error`; then `map` is as it was. */
int oriel_frame_map_open(struct oriel_frame_map *map, struct oriel_ipc_message *message, const char *who,
                         char error[ORIEL_FRAME_MAP_ERROR_SIZE]);
void oriel_frame_map_close(struct oriel_frame_map *map);

/* `message` is FRAME: its rectangles, each in the picture, to `rects` (ORIEL_FRAME_RECTS_MAX). How many, or -EPROTO. */
int oriel_frame_map_check(const struct oriel_frame_map *map, const struct oriel_ipc_message *message, const char *who,
                          struct oriel_rect *rects, char error[ORIEL_FRAME_MAP_ERROR_SIZE]);

#endif
