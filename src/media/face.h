/* The agent's face on its way to the HMI: the writer of the frame protocol (src/ipc/frames.h), through shared memory.
 *
 * Policy: what is written is pixels and nothing else; a reader that does not read gets none, and costs nothing. The
 * buffers are as large as the first picture; another size is a new generation. Threads: open and close on the main one,
 * pictures on the streaming one. */
#ifndef ORIEL_FACE_H
#define ORIEL_FACE_H

#include "facestream.h"

struct oriel_face;

struct oriel_face *oriel_face_new(void);
/* Owns `fd`, the HMI's frame socket, from now on, in place of the one before. */
void oriel_face_open(struct oriel_face *face, int fd);
/* The HMI sees the end; its memory is its own from now on, and never written again. */
void oriel_face_close(struct oriel_face *face);
/* As oriel_face_stream_new() wants it; `face` is a struct oriel_face. */
void oriel_face_show(void *face, const struct oriel_face_picture *picture);

#endif
