/* A deterministic picture to paint on a screen: text-like fine patterns, colour areas and flat space, as an HMI has
 * them. */
#ifndef RIG_PICTURE_H
#define RIG_PICTURE_H

#include <stdint.h>

struct picture {
    int width, height;
    uint32_t *pixels; /* 0x00RRGGBB, row by row without padding; owned by whoever set it */
};

/* Fills a rectangle, clipped. */
void picture_fill(struct picture *p, int x, int y, int w, int h, uint32_t colour);
/* The whole known picture; another seed gives other "text" and other colours. */
void picture_draw(struct picture *p, unsigned seed);
/* A page of dense text below row y0. */
void picture_text(struct picture *p, int y0, unsigned seed);
/* Full motion: a colour plasma with grain, as camera pictures have it. */
void picture_video(struct picture *p, int y0, unsigned frame);
/* The same with so much grain that no link takes all of it. */
void picture_noise(struct picture *p, int y0, unsigned frame);
/* Scrolls all below row y0 up by n rows and writes new "text" into what comes free. */
void picture_scroll(struct picture *p, int y0, int n, unsigned frame);
/* A moving box of 120×80 on the known picture; gives back the rectangle that changed. */
void picture_move(struct picture *p, unsigned seed, unsigned frame, int changed[4]);
/* A bar code of `value` (40 bits and a checksum of 8) in the first 32 rows: 48 cells of width/48 pixels. */
void picture_barcode(struct picture *p, uint64_t value);
enum { PICTURE_BARCODE_ROWS = 32 };
/* Writes a binary PPM; 0 or -1 with errno. */
int picture_write(const struct picture *p, const char *path);

#endif
