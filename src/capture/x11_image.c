/* The x11 backend's pixels: from the server's screen into the ring, by the best way that the server offers.
 *
 * Policy: the server writes into our memfd itself (MIT-SHM 1.2, by descriptor: no System V segment that others could
 * attach). With shared pixmaps each buffer is a pixmap as wide as the ring's stride, and rectangles are copied straight
 * to their place. Servers that draw by the graphics processor have no shared pixmaps: there GetImage writes whole rows
 * into the ring, other rectangles packed into a scratch picture from which we copy. Displays of another machine (ssh,
 * TCP) can't get a descriptor: their pixels come over the socket.
 * A way that the server announces but refuses is logged and the next one taken. */
#include "x11.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

/* More rectangles than this are fetched as their bounding box where each costs a reply. */
enum { REPLIES_MAX = 8 };

static const char *const way_names[ORIEL_X11_WAYS] = {"shared pixmaps", "shared memory images",
                                                      "images over the socket"};

const char *oriel_x11_way_name(enum oriel_x11_way way) {
    return way_names[way];
}

static bool is_unix_socket(int fd) {
    int domain = 0;
    socklen_t length = sizeof domain;
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX;
}

void oriel_x11_image_choose(struct oriel_x11 *x11, enum oriel_x11_way best) {
    xcb_connection_t *c = x11->connection;
    const char *why = "the display is not on this machine";
    x11->way = ORIEL_X11_PLAIN;
    if (is_unix_socket(xcb_get_file_descriptor(c))) {
        const xcb_query_extension_reply_t *shm = xcb_get_extension_data(c, &xcb_shm_id);
        xcb_shm_query_version_reply_t *version =
            shm && shm->present ? xcb_shm_query_version_reply(c, xcb_shm_query_version(c), NULL) : NULL;
        why = "the X server has no MIT-SHM 1.2";
        if (version && (version->major_version > 1 || version->minor_version >= 2))
            x11->way = version->shared_pixmaps && version->pixmap_format == XCB_IMAGE_FORMAT_Z_PIXMAP ? ORIEL_X11_PIXMAP
                                                                                                      : ORIEL_X11_SHM;
        free(version);
    }
    if (x11->way == ORIEL_X11_PLAIN)
        oriel_warning("x11: %s: pixels come over the socket, which costs more", why);
    if (x11->way < best)
        x11->way = best;
}

static bool succeeded(struct oriel_x11 *x11, xcb_void_cookie_t cookie, const char *what) {
    xcb_generic_error_t *error = xcb_request_check(x11->connection, cookie);
    if (!error)
        return !xcb_connection_has_error(x11->connection);
    oriel_warning("x11: %s was refused (error %u): pixels come by the next slower way", what, error->error_code);
    free(error);
    return false;
}

/* The server maps memfd `fd`; 0 when it doesn't. */
static xcb_shm_seg_t attach_segment(struct oriel_x11 *x11, int fd) {
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* xcb closes what it sends */
    if (copy < 0)
        return XCB_NONE;
    xcb_shm_seg_t segment = xcb_generate_id(x11->connection);
    xcb_void_cookie_t cookie = xcb_shm_attach_fd_checked(x11->connection, segment, copy, 0);
    return succeeded(x11, cookie, "shared memory") ? segment : XCB_NONE;
}

static bool create_pixmaps(struct oriel_x11 *x11, const struct oriel_ring *ring) {
    xcb_connection_t *c = x11->connection;
    for (unsigned i = 0; i < ORIEL_RING_BUFFERS; i++) {
        xcb_pixmap_t pixmap = xcb_generate_id(c);
        xcb_void_cookie_t cookie =
            xcb_shm_create_pixmap_checked(c, pixmap, x11->root, (uint16_t)(ring->stride / 4), (uint16_t)ring->height,
                                          x11->depth, x11->segment, (uint32_t)(i * ring->size));
        if (!succeeded(x11, cookie, "a shared pixmap"))
            return false;
        x11->pixmaps[i] = pixmap;
    }
    x11->gc = xcb_generate_id(c);
    uint32_t values[] = {XCB_SUBWINDOW_MODE_INCLUDE_INFERIORS, 0};
    xcb_create_gc(c, x11->gc, x11->root, XCB_GC_SUBWINDOW_MODE | XCB_GC_GRAPHICS_EXPOSURES, values);
    return true;
}

static bool create_scratch(struct oriel_x11 *x11, const struct oriel_ring *ring) {
    int fd = memfd_create("oriel-scratch", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return false;
    void *scratch = MAP_FAILED;
    if (ftruncate(fd, (off_t)ring->size) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0)
        scratch = mmap(NULL, ring->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (scratch != MAP_FAILED) {
        x11->scratch = scratch;
        x11->scratch_size = ring->size;
        x11->scratch_segment = attach_segment(x11, fd);
    }
    close(fd);
    return x11->scratch_segment != XCB_NONE;
}

static void detach(struct oriel_x11 *x11) {
    xcb_connection_t *c = x11->connection;
    for (unsigned i = 0; i < ORIEL_RING_BUFFERS; i++) {
        if (x11->pixmaps[i])
            xcb_free_pixmap(c, x11->pixmaps[i]);
        x11->pixmaps[i] = XCB_NONE;
    }
    if (x11->gc)
        xcb_free_gc(c, x11->gc);
    if (x11->segment)
        xcb_shm_detach(c, x11->segment);
    if (x11->scratch_segment)
        xcb_shm_detach(c, x11->scratch_segment);
    if (x11->scratch)
        munmap(x11->scratch, x11->scratch_size);
    x11->gc = x11->segment = x11->scratch_segment = XCB_NONE;
    x11->scratch = NULL;
    x11->ring = NULL;
    xcb_flush(c);
}

int oriel_x11_image_attach(struct oriel_x11 *x11, struct oriel_ring *ring) {
    detach(x11);
    if (!ring)
        return 0;
    if (x11->way != ORIEL_X11_PLAIN && !(x11->segment = attach_segment(x11, ring->fd)))
        x11->way = ORIEL_X11_PLAIN;
    if (x11->way == ORIEL_X11_PIXMAP && !create_pixmaps(x11, ring))
        x11->way = ORIEL_X11_SHM;
    if (x11->way == ORIEL_X11_SHM && !create_scratch(x11, ring))
        x11->way = ORIEL_X11_PLAIN;
    x11->ring = ring;
    return 0;
}

static int16_t root_x(const struct oriel_x11 *x11, struct oriel_rect r) {
    return (int16_t)(r.x + x11->origin_x);
}

static int16_t root_y(const struct oriel_x11 *x11, struct oriel_rect r) {
    return (int16_t)(r.y + x11->origin_y);
}

/* Those rectangles that lie in `image`, from its pixels, which follow each other without gaps. */
static void copy_rows(struct oriel_x11 *x11, unsigned index, struct oriel_rect image, const uint8_t *pixels,
                      const struct oriel_rect *rects, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        struct oriel_rect r = rects[i];
        const uint8_t *from = pixels + ((size_t)(r.y - image.y) * image.width + (r.x - image.x)) * 4;
        for (unsigned y = 0; y < r.height; y++, from += (size_t)image.width * 4)
            memcpy(oriel_ring_at(x11->ring, index, r.x, r.y + y), from, (size_t)r.width * 4);
    }
}

static int grab_pixmap(struct oriel_x11 *x11, unsigned index, const struct oriel_region *region) {
    xcb_connection_t *c = x11->connection;
    for (unsigned i = 0; i < region->count; i++) {
        struct oriel_rect r = region->rects[i];
        xcb_copy_area(c, x11->root, x11->pixmaps[index], x11->gc, root_x(x11, r), root_y(x11, r), (int16_t)r.x,
                      (int16_t)r.y, r.width, r.height);
    }
    /* Requests are done in order: with this reply the copies are in memory. */
    free(xcb_get_input_focus_reply(c, xcb_get_input_focus(c), NULL));
    return 0;
}

void oriel_x11_image_copy(struct oriel_x11 *x11, unsigned index, xcb_xfixes_region_t parts) {
    xcb_connection_t *c = x11->connection;
    const struct oriel_rect whole = {0, 0, (uint16_t)x11->ring->width, (uint16_t)x11->ring->height};
    xcb_xfixes_set_gc_clip_region(c, x11->gc, parts, (int16_t)-x11->origin_x, (int16_t)-x11->origin_y);
    xcb_copy_area(c, x11->root, x11->pixmaps[index], x11->gc, root_x(x11, whole), root_y(x11, whole), 0, 0, whole.width,
                  whole.height);
    xcb_xfixes_set_gc_clip_region(c, x11->gc, XCB_NONE, 0, 0);
}

static bool is_whole_rows(const struct oriel_x11 *x11, struct oriel_rect r) {
    return r.width * 4u == x11->ring->stride;
}

/* What is fetched: each rectangle by itself, or one image around all of them, of which only they are copied. */
struct fetch {
    const struct oriel_rect *images, *rects;
    unsigned image_count, rect_count;
};

/* The rectangles that image `i` is fetched for. */
static void copy_image(struct oriel_x11 *x11, unsigned index, const struct fetch *f, unsigned i,
                       const uint8_t *pixels) {
    bool one = f->images != f->rects;
    copy_rows(x11, index, f->images[i], pixels, one ? f->rects : &f->rects[i], one ? f->rect_count : 1);
}

static int grab_shm(struct oriel_x11 *x11, unsigned index, const struct fetch *f) {
    xcb_connection_t *c = x11->connection;
    xcb_shm_get_image_cookie_t cookies[REPLIES_MAX];
    size_t offsets[REPLIES_MAX], used = 0;
    bool direct[REPLIES_MAX], good = true;
    for (unsigned i = 0; i < f->image_count; i++) {
        struct oriel_rect r = f->images[i];
        direct[i] = f->images == f->rects && is_whole_rows(x11, r);
        offsets[i] = direct[i] ? index * x11->ring->size + (size_t)r.y * x11->ring->stride : used;
        used += direct[i] ? 0 : (size_t)r.width * r.height * 4;
        cookies[i] = xcb_shm_get_image(c, x11->root, root_x(x11, r), root_y(x11, r), r.width, r.height, UINT32_MAX,
                                       XCB_IMAGE_FORMAT_Z_PIXMAP, direct[i] ? x11->segment : x11->scratch_segment,
                                       (uint32_t)offsets[i]);
    }
    for (unsigned i = 0; i < f->image_count; i++) {
        xcb_generic_error_t *error = NULL;
        xcb_shm_get_image_reply_t *reply = xcb_shm_get_image_reply(c, cookies[i], &error);
        if (error)
            oriel_x11_log_error("GetImage", error);
        good = good && reply;
        if (reply && !direct[i])
            copy_image(x11, index, f, i, x11->scratch + offsets[i]);
        free(reply);
        free(error);
    }
    return good ? 0 : -EAGAIN;
}

static int grab_plain(struct oriel_x11 *x11, unsigned index, const struct fetch *f) {
    xcb_connection_t *c = x11->connection;
    xcb_get_image_cookie_t cookies[REPLIES_MAX];
    for (unsigned i = 0; i < f->image_count; i++) {
        struct oriel_rect r = f->images[i];
        cookies[i] = xcb_get_image(c, XCB_IMAGE_FORMAT_Z_PIXMAP, x11->root, root_x(x11, r), root_y(x11, r), r.width,
                                   r.height, UINT32_MAX);
    }
    bool good = true;
    for (unsigned i = 0; i < f->image_count; i++) {
        struct oriel_rect r = f->images[i];
        xcb_generic_error_t *error = NULL;
        xcb_get_image_reply_t *reply = xcb_get_image_reply(c, cookies[i], &error);
        if (error)
            oriel_x11_log_error("GetImage", error);
        bool whole = reply && (size_t)xcb_get_image_data_length(reply) >= (size_t)r.width * r.height * 4;
        if (whole)
            copy_image(x11, index, f, i, xcb_get_image_data(reply));
        good = good && whole;
        free(reply);
        free(error);
    }
    return good ? 0 : -EAGAIN;
}

int oriel_x11_image_grab(struct oriel_x11 *x11, unsigned index, const struct oriel_region *region) {
    if (!region->count)
        return 0;
    if (x11->way == ORIEL_X11_PIXMAP)
        return grab_pixmap(x11, index, region);
    struct oriel_rect bounds = oriel_region_bounds(region);
    struct fetch f = {region->rects, region->rects, region->count, region->count};
    /* Rectangles may overlap a little; together in the scratch picture they must not need more than it has. */
    if (region->count > REPLIES_MAX || oriel_region_area(region) > (uint64_t)bounds.width * bounds.height) {
        f.images = &bounds;
        f.image_count = 1;
    }
    return x11->way == ORIEL_X11_SHM ? grab_shm(x11, index, &f) : grab_plain(x11, index, &f);
}
