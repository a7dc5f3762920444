/* Inside of the fbdev backend: what fbdev.c (the watch), fbdev_source.c (where the pixels are and how they lie) and
 * fbdev_rows.c (what changed) share. */
#ifndef ORIEL_CAPTURE_FBDEV_H
#define ORIEL_CAPTURE_FBDEV_H

#include <linux/fb.h>

#include "backend.h"

/* How a pixel lies in memory. */
enum oriel_fb_layout {
    ORIEL_FB_NONE,
    ORIEL_FB_BGRX, /* B, G, R, unused: goes as it is */
    ORIEL_FB_RGBX, /* red and blue swapped */
    ORIEL_FB_RGB565,
    ORIEL_FB_BGR565,
};

/* Where the visible picture is. */
struct oriel_fb_geometry {
    unsigned width, height;
    size_t line;  /* bytes from row to row */
    size_t start; /* of the picture's first pixel in the mapping; moves with panning */
    enum oriel_fb_layout layout;
};

/* A framebuffer, mapped read-only. */
struct oriel_fb_source {
    char path[200];
    char name[40]; /* of the driver, or what the file is */
    int fd;
    bool device;
    const uint8_t *memory;
    size_t length;
    size_t skip; /* of a device: bytes before the framebuffer in its first page */
    struct oriel_fb_geometry geometry;
    char error[ORIEL_BACKEND_ERROR_SIZE];
};

/* What look() finds; a mask. */
enum { ORIEL_FB_MOVED = 1, ORIEL_FB_CHANGED = 2 };

/* Opens a device, or a file in the X Window Dump format that somebody keeps drawing into (Xvfb -fbdir). False, with
 * source->error: it can't be captured. */
bool oriel_fb_open(struct oriel_fb_source *source, const char *path);
void oriel_fb_close(struct oriel_fb_source *source);
/* Brings `geometry` and the mapping up to date: 0, or MOVED (panned: another place, the same shape), or CHANGED
 * (another shape). Negative, with source->error: it can't be captured any more. */
int oriel_fb_look(struct oriel_fb_source *source);

/* What the kernel says, as geometry and needed bytes. False, with `error` (a sentence without its beginning). */
bool oriel_fb_geometry_of_device(const struct fb_var_screeninfo *var, const struct fb_fix_screeninfo *fix,
                                 struct oriel_fb_geometry *geometry, char error[200]);
/* The same for the head of an X Window Dump of `length` bytes. */
bool oriel_fb_geometry_of_file(const uint8_t *head, size_t length, struct oriel_fb_geometry *geometry, char error[200]);

unsigned oriel_fb_pixel(enum oriel_fb_layout layout);
const char *oriel_fb_layout_name(enum oriel_fb_layout layout);

/* A private copy of the picture, as it lies in the framebuffer but without gaps between rows. */
struct oriel_fb_shadow {
    unsigned width, height, pixel;
    uint8_t *pixels;
    uint8_t *row; /* room for one */
};

/* A black one; false: no memory. */
bool oriel_fb_shadow_new(struct oriel_fb_shadow *shadow, const struct oriel_fb_geometry *geometry);
void oriel_fb_shadow_free(struct oriel_fb_shadow *shadow);
/* Reads rows first, first + step, … and takes over what differs; adds it to `region`. True: something did. */
bool oriel_fb_shadow_update(struct oriel_fb_shadow *shadow, const uint8_t *picture, size_t line, unsigned first,
                            unsigned step, struct oriel_region *region);
/* Copies a rectangle into a buffer of the ring, in the ring's format. */
void oriel_fb_shadow_copy(const struct oriel_fb_shadow *shadow, enum oriel_fb_layout layout,
                          const struct oriel_ring *ring, unsigned index, struct oriel_rect r);

#endif
