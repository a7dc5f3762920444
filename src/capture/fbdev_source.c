/* Where the framebuffer's pixels are and how they lie: by ioctl from a device (/dev/fb0), or by the head of a file in
 * the X Window Dump format, version 7, which `Xvfb -fbdir` keeps as its framebuffer. From there on both are the same.
 *
 * Policy: mapped read-only, and nothing is ever set. look() is asked before each reading: two ioctls, or two reads of
 * some bytes, a few microseconds; only more memory costs a new mapping. What the picture needs must lie within it,
 * whatever driver or file say.
 * Limits: true colour of 32 or 16 bits a pixel (8-8-8, 5-6-5), red or blue first, low byte first. A file that somebody
 * cuts while it is mapped ends this process (SIGBUS), and with it the session; look() says it politely when it can. */
#include "fbdev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The head of an X Window Dump: big-endian u32, of which these are looked at (XWDFile.h). */
enum {
    XWD_HEADER_SIZE = 0,
    XWD_VERSION = 1,
    XWD_FORMAT = 2,
    XWD_WIDTH = 4,
    XWD_HEIGHT = 5,
    XWD_BYTE_ORDER = 7,
    XWD_BITS_PER_PIXEL = 11,
    XWD_LINE = 12,
    XWD_VISUAL = 13,
    XWD_RED_MASK = 14,
    XWD_GREEN_MASK = 15,
    XWD_BLUE_MASK = 16,
    XWD_COLOURS = 19,
    XWD_FIELDS = 25,
    XWD_COLOUR_SIZE = 12,
    XWD_TRUE_COLOUR = 4,
};

static const char *const layout_names[] = {"none", "BGRX", "RGBX", "RGB565", "BGR565"};

const char *oriel_fb_layout_name(enum oriel_fb_layout layout) {
    return layout_names[layout];
}

unsigned oriel_fb_pixel(enum oriel_fb_layout layout) {
    return layout == ORIEL_FB_RGB565 || layout == ORIEL_FB_BGR565 ? 2 : 4;
}

static enum oriel_fb_layout layout_of(unsigned bits, uint64_t red, uint64_t green, uint64_t blue) {
    if (bits == 32 && green == 0xff00)
        return red == 0xff0000 && blue == 0xff   ? ORIEL_FB_BGRX
               : red == 0xff && blue == 0xff0000 ? ORIEL_FB_RGBX
                                                 : ORIEL_FB_NONE;
    if (bits == 16 && green == 0x07e0)
        return red == 0xf800 && blue == 0x1f   ? ORIEL_FB_RGB565
               : red == 0x1f && blue == 0xf800 ? ORIEL_FB_BGR565
                                               : ORIEL_FB_NONE;
    return ORIEL_FB_NONE;
}

static bool check_size(const struct oriel_fb_geometry *g, char error[200]) {
    if (g->width && g->width <= ORIEL_FRAME_SIDE_MAX && g->height && g->height <= ORIEL_FRAME_SIDE_MAX &&
        g->line >= (size_t)g->width * oriel_fb_pixel(g->layout) && g->line <= UINT32_MAX)
        return true;
    snprintf(error, 200, "has %ux%u pixels in rows of %zu bytes; Oriel shows up to %dx%d", g->width, g->height, g->line,
             ORIEL_FRAME_SIDE_MAX, ORIEL_FRAME_SIDE_MAX);
    return false;
}

static uint64_t mask_of(const struct fb_bitfield *field) {
    return field->length <= 32 && field->offset < 32 && !field->msb_right
               ? ((UINT64_C(1) << field->length) - 1) << field->offset
               : 0;
}

bool oriel_fb_geometry_of_device(const struct fb_var_screeninfo *var, const struct fb_fix_screeninfo *fix,
                                 struct oriel_fb_geometry *geometry, char error[200]) {
    struct oriel_fb_geometry g = {.width = var->xres, .height = var->yres, .line = fix->line_length};
    if (fix->type == FB_TYPE_PACKED_PIXELS && !var->nonstd && !var->grayscale &&
        (fix->visual == FB_VISUAL_TRUECOLOR || fix->visual == FB_VISUAL_DIRECTCOLOR))
        g.layout = layout_of(var->bits_per_pixel, mask_of(&var->red), mask_of(&var->green), mask_of(&var->blue));
    if (!g.layout) {
        snprintf(error, 200,
                 "has %u bits a pixel, red %u@%u, green %u@%u, blue %u@%u, type %u, visual %u; Oriel reads 32 bits as "
                 "8-8-8 and 16 as 5-6-5: set such a mode (fbset -depth 32)",
                 var->bits_per_pixel, var->red.length, var->red.offset, var->green.length, var->green.offset,
                 var->blue.length, var->blue.offset, fix->type, fix->visual);
        return false;
    }
    if (!check_size(&g, error))
        return false;
    g.start = (size_t)var->yoffset * g.line + (size_t)var->xoffset * oriel_fb_pixel(g.layout);
    *geometry = g;
    return true;
}

bool oriel_fb_geometry_of_file(const uint8_t *head, size_t length, struct oriel_fb_geometry *geometry,
                               char error[200]) {
    uint32_t f[XWD_FIELDS] = {0};
    for (unsigned i = 0; i < XWD_FIELDS && length >= sizeof f; i++, head += 4)
        f[i] = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
    if (f[XWD_HEADER_SIZE] < sizeof f || f[XWD_VERSION] != 7) {
        snprintf(error, 200,
                 "is neither a framebuffer device nor an X Window Dump, which is what Xvfb -fbdir keeps in a file");
        return false;
    }
    struct oriel_fb_geometry g = {.width = f[XWD_WIDTH], .height = f[XWD_HEIGHT], .line = f[XWD_LINE]};
    if (f[XWD_FORMAT] == 2 && f[XWD_BYTE_ORDER] == 0 && f[XWD_VISUAL] == XWD_TRUE_COLOUR)
        g.layout = layout_of(f[XWD_BITS_PER_PIXEL], f[XWD_RED_MASK], f[XWD_GREEN_MASK], f[XWD_BLUE_MASK]);
    if (!g.layout) {
        snprintf(error, 200,
                 "has %u bits a pixel, red %x, green %x, blue %x, visual %u; Oriel reads 32 bits as 8-8-8 and 16 as "
                 "5-6-5, low byte first",
                 f[XWD_BITS_PER_PIXEL], f[XWD_RED_MASK], f[XWD_GREEN_MASK], f[XWD_BLUE_MASK], f[XWD_VISUAL]);
        return false;
    }
    if (!check_size(&g, error))
        return false;
    g.start = f[XWD_HEADER_SIZE] + (size_t)f[XWD_COLOURS] * XWD_COLOUR_SIZE;
    *geometry = g;
    return true;
}

static bool refuse(struct oriel_fb_source *source, const char *what) {
    snprintf(source->error, sizeof source->error, "the framebuffer %s %s", source->path, what);
    return false;
}

static bool refuse_errno(struct oriel_fb_source *source, const char *what) {
    char text[120];
    snprintf(text, sizeof text, "%s: %s%s", what, strerror(errno),
             errno == EACCES ? "; orield's user must be in the group video" : "");
    return refuse(source, text);
}

/* The picture's last byte lies within what is there. */
static bool fits(const struct oriel_fb_geometry *g, size_t length) {
    uint64_t end = g->start + (uint64_t)g->line * (g->height - 1) + (uint64_t)g->width * oriel_fb_pixel(g->layout);
    return end <= length;
}

static bool read_device(struct oriel_fb_source *source, struct oriel_fb_geometry *g, size_t *ret_length) {
    struct fb_var_screeninfo var;
    struct fb_fix_screeninfo fix;
    char error[200];
    if (ioctl(source->fd, FBIOGET_VSCREENINFO, &var) < 0 || ioctl(source->fd, FBIOGET_FSCREENINFO, &fix) < 0)
        return refuse_errno(source, "doesn't say what it shows (FBIOGET_VSCREENINFO)");
    if (!oriel_fb_geometry_of_device(&var, &fix, g, error))
        return refuse(source, error);
    snprintf(source->name, sizeof source->name, "%.16s", fix.id);
    source->skip = fix.smem_start & ((size_t)sysconf(_SC_PAGESIZE) - 1);
    g->start += source->skip;
    *ret_length = source->skip + fix.smem_len;
    return true;
}

static bool read_file(struct oriel_fb_source *source, struct oriel_fb_geometry *g, size_t *ret_length) {
    uint8_t head[4 * XWD_FIELDS];
    struct stat st;
    char error[200];
    if (fstat(source->fd, &st) < 0)
        return refuse_errno(source, "can't be looked at");
    if (!st.st_nlink)
        return refuse(source, "was removed: the X server that drew into it has ended");
    ssize_t n = pread(source->fd, head, sizeof head, 0);
    if (!oriel_fb_geometry_of_file(head, n < 0 ? 0 : (size_t)n, g, error))
        return refuse(source, error);
    snprintf(source->name, sizeof source->name, "X Window Dump");
    *ret_length = (size_t)st.st_size;
    return true;
}

static bool same_shape(const struct oriel_fb_geometry *a, const struct oriel_fb_geometry *b) {
    return a->width == b->width && a->height == b->height && a->line == b->line && a->layout == b->layout;
}

static void unmap(struct oriel_fb_source *source) {
    if (source->memory)
        munmap((void *)source->memory, source->length);
    source->memory = NULL;
}

int oriel_fb_look(struct oriel_fb_source *source) {
    struct oriel_fb_geometry g;
    size_t length;
    if (!(source->device ? read_device(source, &g, &length) : read_file(source, &g, &length)))
        return -EINVAL;
    if (!fits(&g, length)) {
        refuse(source, "says that it shows more than its memory has: this is a fault of its driver or of the program "
                       "that made it");
        return -EINVAL;
    }
    int found = !same_shape(&g, &source->geometry)  ? ORIEL_FB_CHANGED
                : g.start != source->geometry.start ? ORIEL_FB_MOVED
                                                    : 0;
    if (!source->memory || length != source->length) {
        unmap(source);
        void *memory = mmap(NULL, length, PROT_READ, MAP_SHARED, source->fd, 0);
        if (memory == MAP_FAILED) {
            refuse_errno(source, "can't be mapped");
            return -EINVAL;
        }
        source->memory = memory;
        source->length = length;
    }
    source->geometry = g;
    return found;
}

bool oriel_fb_open(struct oriel_fb_source *source, const char *path) {
    *source = (struct oriel_fb_source){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    struct stat st;
    snprintf(source->path, sizeof source->path, "%.199s", path);
    if (source->fd < 0 || fstat(source->fd, &st) < 0)
        return refuse_errno(source, "can't be opened");
    source->device = S_ISCHR(st.st_mode);
    if (source->device || S_ISREG(st.st_mode))
        return oriel_fb_look(source) >= 0;
    return refuse(source, "is neither a device nor a file");
}

void oriel_fb_close(struct oriel_fb_source *source) {
    unmap(source);
    if (source->fd >= 0)
        close(source->fd);
    source->fd = -1;
}
