/* Backend "pipewire": a camera that a PipeWire server has (class Video/Source): of libcamera, of a network, of another
 * program.
 *
 *   open: connect ── which cameras are there? ── a stream to the one that is wanted ── its format ── pause
 *
 * Policy: the node that is named, else the first; no portal, since the person's consent is core's business, and the
 * socket is in the sandbox of this process only, which exists while a camera is granted and on. Whoever holds that
 * socket can reach all that the server has, as with an X server's: SANDBOX.md says so. Formats, size and what is
 * believed of a picture as with v4l2.c. A session manager (WirePlumber) makes the link to the camera. libpipewire's
 * own thread carries buffers; everything here happens in the one thread that dispatches. A server or a node that goes
 * away fails as a camera that was pulled out.
 * Limits: LOOK_S until the camera has told its format; the first 16 cameras are named in an error. */
#include "camera.h"
#include "cameras.h"

#include <errno.h>
#include <pipewire/impl-module.h>
#include <pipewire/pipewire.h>
#include <poll.h>
#include <spa/param/video/format-utils.h>
#include <spa/pod/builder.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"

enum { LOOK_S = 4, NODES_MAX = 16 };

struct node {
    uint32_t id;
    char name[ORIEL_CAMERA_NAME_SIZE], words[ORIEL_CAMERA_NAME_SIZE], serial[24];
};

struct camera {
    struct oriel_backend base;
    struct oriel_camera_picture picture;
    struct oriel_ring *ring;
    struct pw_loop *loop;
    struct pw_context *context;
    struct pw_core *core;
    struct pw_registry *registry;
    struct pw_stream *stream;
    struct spa_hook core_events, registry_events, stream_events;
    struct node nodes[NODES_MAX], chosen;
    unsigned count, width, height, rate; /* nodes; the wish */
    int events, synced;
    bool running, entered;
    struct pw_buffer *newest; /* that nobody has looked at; NULL: none */
    uint32_t at, length;      /* of its picture, as they were checked: they lie in shared memory */
    int32_t stride;
};

static int failed(struct camera *c, const char *what) {
    if (!*c->base.error)
        snprintf(c->base.error, sizeof c->base.error, "the camera %s of PipeWire: %s", c->chosen.words, what);
    return -ENODEV;
}

static void on_core_done(void *user, uint32_t id, int seq) {
    ((struct camera *)user)->synced = seq;
}

static void on_core_error(void *user, uint32_t id, int seq, int result, const char *message) {
    struct camera *c = user;
    if (id == PW_ID_CORE)
        failed(c, result == -EPIPE ? "the server is gone" : message);
}

static const struct pw_core_events core_events = {PW_VERSION_CORE_EVENTS, .done = on_core_done, .error = on_core_error};

static void take_text(const struct spa_dict *props, const char *key, char out[ORIEL_CAMERA_NAME_SIZE]) {
    const char *text = spa_dict_lookup(props, key);
    oriel_camera_take_name((const unsigned char *)(text ? text : ""), text ? strlen(text) : 0, out);
}

static void on_global(void *user, uint32_t id, uint32_t permissions, const char *type, uint32_t version,
                      const struct spa_dict *props) {
    struct camera *c = user;
    const char *class = props ? spa_dict_lookup(props, PW_KEY_MEDIA_CLASS) : NULL,
               *serial = props ? spa_dict_lookup(props, PW_KEY_OBJECT_SERIAL) : NULL;
    if (strcmp(type, PW_TYPE_INTERFACE_Node) != 0 || !class || strcmp(class, "Video/Source") != 0 ||
        c->count == NODES_MAX)
        return;
    struct node *n = &c->nodes[c->count++];
    n->id = id;
    take_text(props, PW_KEY_NODE_NAME, n->name);
    take_text(props, spa_dict_lookup(props, PW_KEY_NODE_DESCRIPTION) ? PW_KEY_NODE_DESCRIPTION : PW_KEY_NODE_NAME,
              n->words);
    snprintf(n->serial, sizeof n->serial, "%s", serial ? serial : "");
}

static void on_global_gone(void *user, uint32_t id) {
    struct camera *c = user;
    if (c->stream && id == c->chosen.id)
        failed(c, "it was pulled out");
}

static const struct pw_registry_events registry_events = {PW_VERSION_REGISTRY_EVENTS, .global = on_global,
                                                          .global_remove = on_global_gone};

/* ---- the stream ---- */

static void on_format(void *user, uint32_t id, const struct spa_pod *param) {
    struct camera *c = user;
    struct spa_video_info info = {0};
    if (!param || id != SPA_PARAM_Format || spa_format_parse(param, &info.media_type, &info.media_subtype) < 0)
        return;
    bool jpeg = info.media_subtype == SPA_MEDIA_SUBTYPE_mjpg;
    int r =
        jpeg ? spa_format_video_mjpg_parse(param, &info.info.mjpg) : spa_format_video_raw_parse(param, &info.info.raw);
    unsigned width = jpeg ? info.info.mjpg.size.width : info.info.raw.size.width,
             height = jpeg ? info.info.mjpg.size.height : info.info.raw.size.height;
    if (r < 0 || (!jpeg && info.info.raw.format != SPA_VIDEO_FORMAT_YUY2) || (width | height) & 1 ||
        width < ORIEL_FRAME_SIDE_MIN || height < ORIEL_FRAME_SIDE_MIN || width > ORIEL_FRAME_SIDE_MAX ||
        height > ORIEL_FRAME_SIDE_MAX) {
        failed(c, "it gives pictures of a kind that was not asked for");
        return;
    }
    c->newest = NULL; /* the buffers are others now */
    oriel_camera_picture_clear(&c->picture);
    c->picture = (struct oriel_camera_picture){
        .width = width, .height = height, .format = jpeg ? ORIEL_CAMERA_MJPEG : ORIEL_CAMERA_YUYV};
    c->base.width = width;
    c->base.height = height;
    c->events |= ORIEL_EVENT_SIZE;
    uint8_t bytes[256];
    struct spa_pod_builder b = SPA_POD_BUILDER_INIT(bytes, sizeof bytes);
    const struct spa_pod *params[] = {
        spa_pod_builder_add_object(&b, SPA_TYPE_OBJECT_ParamBuffers, SPA_PARAM_Buffers, SPA_PARAM_BUFFERS_buffers,
                                   SPA_POD_CHOICE_RANGE_Int(4, 2, 8), SPA_PARAM_BUFFERS_dataType,
                                   SPA_POD_CHOICE_FLAGS_Int(1 << SPA_DATA_MemFd | 1 << SPA_DATA_MemPtr))};
    pw_stream_update_params(c->stream, params, 1);
}

static void on_picture(void *user) {
    struct camera *c = user;
    for (struct pw_buffer *b; (b = pw_stream_dequeue_buffer(c->stream));) {
        const struct spa_data *d = &b->buffer->datas[0];
        const struct spa_chunk chunk = *(const volatile struct spa_chunk *)d->chunk;
        bool good = c->running && d->data && chunk.size && chunk.offset <= d->maxsize &&
                    chunk.size <= d->maxsize - chunk.offset && !(chunk.flags & SPA_CHUNK_FLAG_CORRUPTED);
        struct pw_buffer *old = good ? c->newest : b;
        if (good) {
            c->newest = b;
            c->at = chunk.offset;
            c->length = chunk.size;
            c->stride = chunk.stride;
        }
        if (old)
            pw_stream_queue_buffer(c->stream, old);
    }
    if (c->newest)
        c->events |= ORIEL_EVENT_DAMAGE;
}

static void on_buffer_gone(void *user, struct pw_buffer *buffer) {
    struct camera *c = user;
    if (c->newest == buffer)
        c->newest = NULL;
}

static void on_state(void *user, enum pw_stream_state old, enum pw_stream_state state, const char *error) {
    if (state == PW_STREAM_STATE_ERROR || (state == PW_STREAM_STATE_UNCONNECTED && old > PW_STREAM_STATE_CONNECTING))
        failed(user, error ? error : "it was pulled out");
}

static const struct pw_stream_events stream_events = {PW_VERSION_STREAM_EVENTS, .state_changed = on_state,
                                                      .param_changed = on_format, .process = on_picture,
                                                      .remove_buffer = on_buffer_gone};

static const struct spa_pod *offer(struct camera *c, struct spa_pod_builder *b, bool jpeg) {
    struct spa_pod_frame frame;
    const struct spa_rectangle least = {ORIEL_FRAME_SIDE_MIN, ORIEL_FRAME_SIDE_MIN}, most = {c->width, c->height};
    const struct spa_fraction wish = {c->rate, 1}, slow = {0, 1}, fast = {60, 1};
    spa_pod_builder_push_object(b, &frame, SPA_TYPE_OBJECT_Format, SPA_PARAM_EnumFormat);
    spa_pod_builder_add(b, SPA_FORMAT_mediaType, SPA_POD_Id(SPA_MEDIA_TYPE_video), SPA_FORMAT_mediaSubtype,
                        SPA_POD_Id(jpeg ? SPA_MEDIA_SUBTYPE_mjpg : SPA_MEDIA_SUBTYPE_raw), 0);
    if (!jpeg)
        spa_pod_builder_add(b, SPA_FORMAT_VIDEO_format, SPA_POD_Id(SPA_VIDEO_FORMAT_YUY2), 0);
    spa_pod_builder_add(b, SPA_FORMAT_VIDEO_size, SPA_POD_CHOICE_RANGE_Rectangle(&most, &least, &most),
                        SPA_FORMAT_VIDEO_framerate, SPA_POD_CHOICE_RANGE_Fraction(&wish, &slow, &fast), 0);
    return spa_pod_builder_pop(b, &frame);
}

static bool connect_stream(struct camera *c) {
    uint8_t bytes[1024];
    struct spa_pod_builder b = SPA_POD_BUILDER_INIT(bytes, sizeof bytes);
    const struct spa_pod *offers[] = {offer(c, &b, false), offer(c, &b, true)};
    c->stream = pw_stream_new(c->core, "oriel-camera",
                              pw_properties_new(PW_KEY_MEDIA_TYPE, "Video", PW_KEY_MEDIA_CATEGORY, "Capture",
                                                PW_KEY_MEDIA_ROLE, "Camera", PW_KEY_NODE_NAME, "oriel-camera",
                                                PW_KEY_TARGET_OBJECT, c->chosen.serial, NULL));
    if (!c->stream)
        return false;
    pw_stream_add_listener(c->stream, &c->stream_events, &stream_events, c);
    return pw_stream_connect(c->stream, PW_DIRECTION_INPUT, PW_ID_ANY,
                             PW_STREAM_FLAG_AUTOCONNECT | PW_STREAM_FLAG_MAP_BUFFERS | PW_STREAM_FLAG_DONT_RECONNECT,
                             offers, 2) == 0;
}

/* ---- opening ---- */

static int unix_socket(const char *path) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || strlen(path) >= sizeof at.sun_path)
        return fd;
    strcpy(at.sun_path, path);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    int e = errno;
    close(fd);
    errno = e;
    return -1;
}

/* No configuration file is looked for: what is needed is loaded here. */
static bool connect_server(struct camera *c, const char *path) {
    static const char *const modules[] = {"libpipewire-module-protocol-native", "libpipewire-module-client-node",
                                          "libpipewire-module-adapter"};
    pw_init(NULL, NULL);
    pw_log_set_level(SPA_LOG_LEVEL_ERROR);
    int fd = unix_socket(path);
    if (fd < 0)
        return false;
    c->loop = pw_loop_new(NULL);
    c->context = c->loop ? pw_context_new(c->loop, pw_properties_new(PW_KEY_CONFIG_NAME, "null", NULL), 0) : NULL;
    for (unsigned i = 0; c->context && i < sizeof modules / sizeof *modules; i++)
        if (!pw_context_load_module(c->context, modules[i], NULL, NULL))
            break;
    c->core = c->context ? pw_context_connect_fd(c->context, fd, NULL, 0) : NULL; /* owns it */
    if (!c->core)
        return false;
    pw_core_add_listener(c->core, &c->core_events, &core_events, c);
    c->registry = pw_core_get_registry(c->core, PW_VERSION_REGISTRY, 0);
    pw_registry_add_listener(c->registry, &c->registry_events, &registry_events, c);
    pw_loop_enter(c->loop);
    c->entered = true;
    c->base.fd = pw_loop_get_fd(c->loop);
    return true;
}

static bool has_synced(const struct camera *c, int seq) {
    return c->synced == seq;
}

static bool has_format(const struct camera *c, int unused) {
    return c->base.width;
}

/* False: it failed, or not within LOOK_S. */
static bool wait_until(struct camera *c, bool (*is)(const struct camera *c, int argument), int argument) {
    int64_t end = oriel_monotonic() + LOOK_S * ORIEL_SECOND;
    while (!is(c, argument) && !*c->base.error && oriel_monotonic() < end)
        pw_loop_iterate(c->loop, 100);
    return is(c, argument) && !*c->base.error;
}

/* What there is, for an error. */
static void list(const struct camera *c, char *out, size_t size) {
    size_t used = 0;
    snprintf(out, size, "none");
    for (unsigned i = 0; i < c->count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", c->nodes[i].name);
}

static bool choose(struct camera *c, const char *name, char *error) {
    char there[200];
    for (unsigned i = 0; i < c->count; i++)
        if (!*name || strcmp(c->nodes[i].name, name) == 0) {
            c->chosen = c->nodes[i];
            return true;
        }
    list(c, there, sizeof there);
    snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "PipeWire has no camera%s%.64s; it has: %s", *name ? " " : "", name,
             there);
    return false;
}

static bool open_camera(struct camera *c, const struct oriel_backend_wish *wish, char *error) {
    if (!oriel_camera_size(wish->monitor, &c->width, &c->height)) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "'%.40s' is no size of a camera's picture: WIDTHxHEIGHT, both even",
                 wish->monitor);
        return false;
    }
    if (!connect_server(c, wish->device)) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "PipeWire can't be reached at %.200s: %s", wish->device,
                 strerror(errno));
        return false;
    }
    bool known = wait_until(c, has_synced, pw_core_sync(c->core, PW_ID_CORE, 0));
    if (known && !choose(c, wish->display, error))
        return false;
    if (known && connect_stream(c) && wait_until(c, has_format, 0) && pw_stream_set_active(c->stream, false) == 0)
        return true;
    snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "%s",
             *c->base.error ? c->base.error
             : known        ? "the camera of PipeWire was not linked to us, or has neither YUYV nor MJPEG of that "
                              "size: does a session manager (WirePlumber) run?"
                            : "PipeWire does not answer");
    return false;
}

static void pipewire_close(struct oriel_backend *backend) {
    struct camera *c = (struct camera *)backend;
    if (c->stream)
        pw_stream_destroy(c->stream);
    if (c->registry)
        pw_proxy_destroy((struct pw_proxy *)c->registry);
    if (c->core)
        pw_core_disconnect(c->core);
    if (c->context)
        pw_context_destroy(c->context);
    if (c->entered)
        pw_loop_leave(c->loop);
    if (c->loop)
        pw_loop_destroy(c->loop);
    oriel_camera_picture_clear(&c->picture);
    free(c);
}

static struct oriel_backend *pipewire_open(const struct oriel_backend_wish *wish,
                                           char error[ORIEL_BACKEND_ERROR_SIZE]) {
    struct camera *c = calloc(1, sizeof *c);
    if (!c) {
        snprintf(error, ORIEL_BACKEND_ERROR_SIZE, "no memory");
        return NULL;
    }
    c->base =
        (struct oriel_backend){.ops = &oriel_backend_pipewire, .fd = -1, .steady = true, .format = ORIEL_FORMAT_BGRX};
    c->rate = wish->rate;
    c->synced = -1;
    if (!open_camera(c, wish, error)) {
        pipewire_close(&c->base);
        return NULL;
    }
    c->events = 0;
    snprintf(c->base.about, sizeof c->base.about, "pipewire: %s, %s of %ux%u, by %.200s", c->chosen.words,
             c->picture.format == ORIEL_CAMERA_MJPEG ? "MJPEG" : "YUYV", c->base.width, c->base.height, wish->device);
    return &c->base;
}

/* ---- pictures ---- */

static int pipewire_attach(struct oriel_backend *backend, struct oriel_ring *ring) {
    ((struct camera *)backend)->ring = ring;
    return 0;
}

static int pipewire_start(struct oriel_backend *backend) {
    struct camera *c = (struct camera *)backend;
    c->running = true;
    return pw_stream_set_active(c->stream, true) == 0 ? 0 : failed(c, "it can't be switched on");
}

static void pipewire_stop(struct oriel_backend *backend) {
    struct camera *c = (struct camera *)backend;
    c->running = false;
    if (c->newest)
        pw_stream_queue_buffer(c->stream, c->newest);
    c->newest = NULL;
    pw_stream_set_active(c->stream, false);
}

static int pipewire_dispatch(struct oriel_backend *backend) {
    struct camera *c = (struct camera *)backend;
    while (!*c->base.error && pw_loop_iterate(c->loop, 0) > 0)
        ;
    if (*c->base.error)
        return -ENODEV;
    int events = c->events;
    c->events = 0;
    return events;
}

static int pipewire_collect(struct oriel_backend *backend, struct oriel_region *region) {
    struct camera *c = (struct camera *)backend;
    int events = pipewire_dispatch(backend);
    if (events < 0)
        return events;
    if (!c->newest)
        return events;
    const uint8_t *bytes = (const uint8_t *)c->newest->buffer->datas[0].data + c->at;
    size_t stride = c->stride > 0 ? (size_t)c->stride : 2 * (size_t)c->picture.width;
    if (oriel_camera_decode(&c->picture, bytes, c->length, stride) == 0)
        oriel_region_add(region, backend->width, backend->height, 0, 0, backend->width, backend->height);
    pw_stream_queue_buffer(c->stream, c->newest);
    c->newest = NULL;
    return events;
}

static int pipewire_grab(struct oriel_backend *backend, unsigned index, const struct oriel_region *region) {
    struct camera *c = (struct camera *)backend;
    oriel_camera_draw(&c->picture, c->ring, index);
    return 0;
}

const struct oriel_backend_ops oriel_backend_pipewire = {
    .name = "pipewire",
    .open = pipewire_open,
    .attach = pipewire_attach,
    .start = pipewire_start,
    .stop = pipewire_stop,
    .dispatch = pipewire_dispatch,
    .collect = pipewire_collect,
    .grab = pipewire_grab,
    .close = pipewire_close,
};
