/* Memory that libvpx takes and does not need, given back.
 *
 * An encoder of libvpx's begins by clearing room for as many tokens as a picture could have at most: 6 KiB for each
 * macroblock, 21 MiB at 1280x720 and 190 MiB at 3840x2160, of which a page of dense text uses some; and what was
 * cleared is memory that is taken. Policy: what a thread gets in large pieces while it makes an encoder is remembered,
 * and pages of it that are still all zero afterwards go back to the kernel. They read as zero as before, and are taken
 * again when they are written to: libvpx can't tell.
 *
 * For that the program has a malloc and a free of its own, which are libc's with a look at that. Built with a
 * sanitizer, which has its own, nothing is given back. */
#ifndef ORIEL_VP8MEMORY_H
#define ORIEL_VP8MEMORY_H

#include <stddef.h>

/* Of the calling thread, from now on. */
void oriel_vp8_memory_watch(void);
/* Up to now; how many bytes were given back. */
size_t oriel_vp8_memory_release(void);

#endif
