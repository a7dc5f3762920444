/* See cameras.h. */
#include "cameras.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

#define PIPEWIRE "pipewire:"

/* "pipewire:SOCKET" or "pipewire:SOCKET:NODE", in `path`. */
static bool read_pipewire(struct oriel_camera_place *place) {
    char *socket = place->path + strlen(PIPEWIRE), *node = strchr(socket, ':');
    place->kind = ORIEL_CAMERA_PIPEWIRE;
    if (node && strlen(node + 1) >= sizeof place->node)
        return false;
    if (node) {
        snprintf(place->node, sizeof place->node, "%s", node + 1);
        *node = '\0';
    }
    memmove(place->path, socket, strlen(socket) + 1);
    return place->path[0] == '/';
}

static bool read_place(const char *word, size_t length, struct oriel_camera_place *place) {
    if (length >= sizeof place->path)
        return false;
    memset(place, 0, sizeof *place);
    memcpy(place->path, word, length);
    if (strncmp(place->path, PIPEWIRE, strlen(PIPEWIRE)) == 0)
        return read_pipewire(place);
    if (strcmp(place->path, "test") == 0) {
        place->kind = ORIEL_CAMERA_TEST;
        place->path[0] = '\0';
        return true;
    }
    bool file = ends_with(place->path, ".mjpeg") || ends_with(place->path, ".yuyv");
    place->kind = file ? ORIEL_CAMERA_FILE : ORIEL_CAMERA_V4L2;
    return place->path[0] == '/';
}

int oriel_camera_places(const char *text, struct oriel_camera_place places[ORIEL_CAMERAS_MAX]) {
    int n = 0;
    if (strcmp(text, "auto") == 0) {
        for (; n < ORIEL_CAMERAS_MAX; n++) {
            places[n].kind = ORIEL_CAMERA_V4L2;
            snprintf(places[n].path, sizeof places[n].path, "/dev/video%d", n);
        }
        return n;
    }
    for (const char *word = text; *word; word += *word == ';') {
        size_t length = strcspn(word, ";");
        if (length && (n == ORIEL_CAMERAS_MAX || !read_place(word, length, &places[n++])))
            return -1;
        word += length;
    }
    return n;
}

static void take_printable(const unsigned char *name, size_t size, char out[ORIEL_CAMERA_NAME_SIZE]) {
    size_t n = 0;
    for (size_t i = 0; i < size && name[i] && n < ORIEL_CAMERA_NAME_SIZE - 1; i++)
        if (name[i] >= 0x20 && name[i] < 0x7f)
            out[n++] = (char)name[i];
    out[n] = '\0';
}

void oriel_camera_take_name(const unsigned char *name, size_t size, char out[ORIEL_CAMERA_NAME_SIZE]) {
    take_printable(name, size, out);
    if (!*out)
        snprintf(out, ORIEL_CAMERA_NAME_SIZE, "Camera");
}

static bool has_format(int fd) {
    for (unsigned i = 0; i < 64; i++) {
        struct v4l2_fmtdesc format = {.index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
        if (ioctl(fd, VIDIOC_ENUM_FMT, &format) < 0)
            return false;
        if (format.pixelformat == V4L2_PIX_FMT_MJPEG || format.pixelformat == V4L2_PIX_FMT_YUYV)
            return true;
    }
    return false;
}

/* By what it can: a camera has nodes beside its own, for metadata for example. NULL: nothing. */
static const char *why_not(unsigned can) {
    if (can & V4L2_CAP_VIDEO_CAPTURE)
        return can & V4L2_CAP_STREAMING ? NULL : "can't stream (its driver only has read())";
    if (can & V4L2_CAP_VIDEO_CAPTURE_MPLANE)
        return "gives its pictures in several planes only: use it by PipeWire (libcamera), as pipewire:SOCKET";
    return "is no camera";
}

static bool look_at_device(const char *path, struct oriel_camera_found *found) {
    struct v4l2_capability about = {0};
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, VIDIOC_QUERYCAP, &about) < 0) {
        found->busy = errno == EBUSY;
        snprintf(found->why, sizeof found->why, "%s%s", errno == ENOTTY ? "is no camera" : strerror(errno),
                 errno == EACCES  ? ": orield's user must be in the group video"
                 : errno == EBUSY ? ": another program has it"
                                  : "");
        if (fd >= 0)
            close(fd);
        return false;
    }
    unsigned can = about.capabilities & V4L2_CAP_DEVICE_CAPS ? about.device_caps : about.capabilities;
    const char *why = why_not(can);
    if (!why && !has_format(fd))
        why = "gives neither MJPEG nor YUYV";
    close(fd);
    oriel_camera_take_name(about.card, sizeof about.card, found->name);
    take_printable(about.bus_info, sizeof about.bus_info, found->port);
    snprintf(found->why, sizeof found->why, "%s", why ? why : "");
    return !why;
}

bool oriel_camera_look(const struct oriel_camera_place *place, struct oriel_camera_found *found) {
    struct stat about;
    memset(found, 0, sizeof *found);
    errno = 0;
    const char *base = strrchr(place->path, '/');
    switch (place->kind) {
    case ORIEL_CAMERA_V4L2:
        return look_at_device(place->path, found);
    case ORIEL_CAMERA_FILE:
        oriel_camera_take_name((const unsigned char *)(base ? base + 1 : place->path), sizeof place->path, found->name);
        if (access(place->path, R_OK) == 0)
            return true;
        snprintf(found->why, sizeof found->why, "%s", strerror(errno));
        return false;
    case ORIEL_CAMERA_PIPEWIRE: /* what cameras it has, only who connects to it can know */
        snprintf(found->name, sizeof found->name, "%s", *place->node ? place->node : "PipeWire");
        if (stat(place->path, &about) == 0 && S_ISSOCK(about.st_mode) && access(place->path, W_OK) == 0)
            return true;
        snprintf(found->why, sizeof found->why, "%s", errno ? strerror(errno) : "is no socket");
        return false;
    case ORIEL_CAMERA_TEST:
        snprintf(found->name, sizeof found->name, "Test picture");
        return true;
    }
    return false;
}

const char *oriel_camera_backend(const struct oriel_camera_place *place) {
    static const char *const names[] = {"v4l2", "file", "test", "pipewire"}; /* by kind */
    return names[place->kind];
}
