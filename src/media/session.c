/* See session.h.
 *
 *   WAITING --START--> OFFERED --ANSWER--> CONNECTING --connected--> CONNECTED --first picture--> LIVE
 *      |                   |                    |                        |                          |
 *      |                   ^                    |                        |                          |
 *      |                   +--------------------+----------- RENEW ------+--------------------------+
 *      +-------------------+--------------------+--- FAILED or core gone +--------------------------+--> ENDED
 *
 * How the rate is shared: allocator.h; what is told each second: figures.h. */
#include "session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <gst/gst.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocator.h"
#include "bucket.h"
#include "camerastream.h"
#include "clock.h"
#include "core_media.h"
#include "exact.h"
#include "face.h"
#include "figures.h"
#include "fingerprint.h"
#include "log.h"
#include "inside.h"
#include "page.h"
#include "patience.h"
#include "screen.h"
#include "speech.h"
#include "talk.h"
#include "transport.h"

#define CONNECT_TIME (20 * ORIEL_SECOND)

enum {
    CLOSE_MS = 400, /* webrtcbin may hang when it is closed; core waits for 500 */
    FPS_MAX = 60,
    KBITS_MIN = 50,
    KBITS_MAX = 100000,
};

enum state { WAITING, OFFERED, CONNECTING, CONNECTED, LIVE, ENDED };

struct session {
    int fd;
    enum state state;
    GMainLoop *loop;
    int status;
    GstElement *screen;
    GstElement *speech; /* NULL: this GStreamer can't */
    unsigned voice;     /* of ORIEL_TALK_…, as core said last */
    char *no_voice;     /* why what of it does not work, for people */
    struct oriel_transport *transport;
    struct oriel_allocator *allocator;
    struct oriel_figures figures;
    struct oriel_exact *exact; /* NULL: the video alone */
    struct oriel_talk *talk;
    struct oriel_camera_stream *camera;
    struct oriel_face *face;
    struct oriel_bucket choices; /* of a camera, by the page */
    struct oriel_bucket pongs;   /* that it is answered */
    int64_t deadline;            /* for the connection, monotonic; 0: none */
    struct oriel_patience page;  /* with its silence */
    unsigned kbits;              /* of START */
    gboolean relay;
    gboolean lost;                     /* there is no connection, until the next RENEW */
    uint32_t renewal;                  /* the newest, as core numbers them */
    gboolean frozen;                   /* core wants no picture to leave */
    gboolean sending;                  /* a packet has left by the present connection */
    char masks[ORIEL_PAGE_MASKS_SIZE]; /* what the page is to know of them; "": there were none yet */
    struct oriel_ipc_message message;
};

/* ---- ending ---- */

static gpointer force_exit(gpointer status) {
    g_usleep(CLOSE_MS * 1000);
    _exit(GPOINTER_TO_INT(status));
}

static void end(struct session *s, int status) {
    if (s->state == ENDED)
        return;
    s->state = ENDED;
    s->status = status;
    g_thread_unref(g_thread_new("exit", force_exit, GINT_TO_POINTER(status)));
    g_main_loop_quit(s->loop);
}

static void fail(struct session *s, const char *reason, const char *detail) {
    if (s->state == ENDED)
        return;
    oriel_error("%s: %s", reason, detail);
    oriel_ipc_send(s->fd, &oriel_media_to_core, ORIEL_MEDIA_FAILED, reason, detail);
    end(s, EXIT_FAILURE);
}

/* Core reads its messages at once; if it does not, it hangs, and so must not this. */
static void told(struct session *s, int result) {
    if (result == 0 || s->state == ENDED)
        return;
    oriel_error("orield does not take messages: %s", strerror(-result));
    end(s, EXIT_FAILURE);
}

/* ---- the transport's events ---- */

static void on_offer(void *user, const char *sdp, const char *fingerprint) {
    struct session *s = user;
    told(s, oriel_ipc_send(s->fd, &oriel_media_to_core, ORIEL_MEDIA_OFFER, s->renewal, fingerprint, sdp));
}

static void on_candidate(void *user, unsigned mline, const char *candidate) {
    struct session *s = user;
    told(s, oriel_ipc_send(s->fd, &oriel_media_to_core, ORIEL_MEDIA_LOCAL_CANDIDATE, mline, candidate));
}

/* The two come from threads of their own, in either order. */
static void live_when_ready(struct session *s) {
    if (s->state != CONNECTED || !s->sending)
        return;
    s->state = LIVE;
    s->deadline = 0;
    oriel_patience_listen(&s->page, oriel_monotonic());
    told(s, oriel_ipc_send(s->fd, &oriel_media_to_core, ORIEL_MEDIA_LIVE));
}

/* Pictures are taken while there is somebody to send them to, and core has not stopped them. */
static void run_pictures(struct session *s) {
    gboolean run = !s->frozen && !s->lost && s->state >= CONNECTED && s->state <= LIVE;
    oriel_screen_run(s->screen, run);
    oriel_camera_stream_run(s->camera, run);
}

static void on_answered(void *user, bool dependencies) {
    oriel_references_start(((struct session *)user)->allocator->references, dependencies);
}

static void on_connected(void *user) {
    struct session *s = user;
    if (s->state != CONNECTING)
        return;
    s->state = CONNECTED;
    run_pictures(s);
    live_when_ready(s);
}

static void on_sending(void *user) {
    struct session *s = user;
    s->sending = TRUE;
    live_when_ready(s);
}

/* What the agent's page has to know of the person's voice, as often as that changes. */
static void tell_voice(struct session *s) {
    if (!s->no_voice)
        return; /* nothing was ever said of it */
    char *text = oriel_page_write_voice(s->voice, s->no_voice);
    oriel_transport_send(s->transport, text);
    free(text);
}

static void on_channel_open(void *user) {
    struct session *s = user;
    char text[128];
    oriel_patience_listen(&s->page, oriel_monotonic());
    *s->figures.way = '\0';
    oriel_page_write_time(oriel_transport_time_zero(s->transport) / 1000, text);
    oriel_transport_send(s->transport, text);
    oriel_talk_open(s->talk);
    tell_voice(s);
    if (*s->masks)
        oriel_transport_send(s->transport, s->masks);
}

struct masks_news {
    struct session *session;
    char text[ORIEL_PAGE_MASKS_SIZE];
};

static gboolean tell_masks(gpointer user) {
    struct masks_news *news = user;
    struct session *s = news->session;
    memcpy(s->masks, news->text, sizeof s->masks);
    if (s->transport) /* else, as before the channel is open, when it opens */
        oriel_transport_send(s->transport, s->masks);
    return G_SOURCE_REMOVE;
}

/* On the streaming thread. */
static void on_masks(void *user, const struct oriel_rect *masks, unsigned count) {
    struct masks_news *news = g_new0(struct masks_news, 1);
    news->session = user;
    oriel_page_write_masks(masks, count, news->text);
    g_idle_add_full(G_PRIORITY_DEFAULT, tell_masks, news, g_free);
}

static void on_ping(struct session *s, int64_t id, int64_t now) {
    char text[128];
    oriel_patience_heard(&s->page, now);
    if (!oriel_bucket_take(&s->pongs, now))
        return;
    oriel_page_write_pong(id, now / 1000, text);
    oriel_transport_send(s->transport, text);
}

static void on_channel_message(void *user, const char *bytes, size_t length) {
    struct session *s = user;
    char error[ORIEL_PAGE_ERROR_SIZE];
    struct oriel_page_message message;
    int64_t now = oriel_monotonic();
    if (oriel_page_read(bytes, length, &message, error) < 0)
        fail(s, "protocol", error);
    else if (message.kind == ORIEL_PAGE_PING)
        on_ping(s, message.id, now);
    else if (message.kind == ORIEL_PAGE_CAMERA && oriel_bucket_take(&s->choices, now))
        told(s, oriel_ipc_send(s->fd, &oriel_media_to_core, ORIEL_MEDIA_CAMERA_USE,
                               (uint32_t)MIN(message.id, UINT32_MAX)));
    else if (message.kind != ORIEL_PAGE_CAMERA && !oriel_talk_page(s->talk, &message, now))
        fail(s, "protocol", "the page sent a number of chat that was never given");
}

static void talk_to_page(void *user, const char *text) {
    oriel_transport_send(((struct session *)user)->transport, text);
}

static void chat_to_core(void *user, guint32 id, const char *text) {
    struct session *s = user;
    told(s, oriel_ipc_send(s->fd, &oriel_media_to_core, ORIEL_MEDIA_CHAT, id, text));
}

static void draw_to_core(void *user, guint kind, guint32 stroke, const guint8 *points, gsize size) {
    struct session *s = user;
    told(s, oriel_ipc_send(s->fd, &oriel_media_to_core, ORIEL_MEDIA_DRAW, kind, stroke, (const void *)points, size));
}

static const struct oriel_talk_out talk_out = {talk_to_page, chat_to_core, draw_to_core};

static void on_exact_open(void *user, bool open) {
    struct session *s = user;
    oriel_exact_open(s->exact, open);
    oriel_screen_again(s->screen); /* the video alone may be behind */
}

/* On a thread of the transport's. */
static bool on_exact_message(void *user, const void *bytes, size_t length) {
    return oriel_exact_heard(((struct session *)user)->exact, bytes, length);
}

/* On threads of the exact layer and of the picture. */
static void send_exact(void *user, const void *bytes, size_t length) {
    oriel_transport_send_exact(((struct session *)user)->transport, bytes, length);
}

/* Core makes a RENEW of it, or ends us. */
static void on_lost(void *user, const char *detail) {
    struct session *s = user;
    if (s->lost || s->state == ENDED)
        return;
    oriel_info("no connection: %s", detail);
    s->lost = TRUE;
    s->deadline = 0;
    run_pictures(s);
    told(s, oriel_ipc_send(s->fd, &oriel_media_to_core, ORIEL_MEDIA_LOST, detail));
}

static void on_failed(void *user, const char *reason, const char *detail) {
    fail(user, reason, detail);
}

/* On the streaming thread. */
static void on_sent(void *screen, GstClockTime pts) {
    oriel_screen_sent(screen, pts);
}

static const struct oriel_transport_events transport_events = {
    .offer = on_offer,
    .candidate = on_candidate,
    .answered = on_answered,
    .connected = on_connected,
    .sending = on_sending,
    .channel_open = on_channel_open,
    .channel_message = on_channel_message,
    .exact_open = on_exact_open,
    .exact_message = on_exact_message,
    .lost = on_lost,
    .failed = on_failed,
};

/* ---- once a second ---- */

static void send_figures(struct session *s) {
    told(s, oriel_figures_send(&s->figures, s->fd));
    if (s->voice & ORIEL_TALK_ON)
        oriel_speech_adapt(s->speech, s->figures.loss_permille, s->kbits);
}

static void look_for_page(struct session *s, int64_t now) {
    oriel_patience_arrivals(&s->page, oriel_transport_arrivals(s->transport));
    switch (oriel_patience_verdict(&s->page, now)) {
    case ORIEL_PATIENCE_WAIT:
        break;
    case ORIEL_PATIENCE_RENEW:
        on_lost(s, s->relay || !s->page.spoken ? "the agent's page has been silent for 4 s"
                                               : "nothing has come from the agent's browser for 2 s");
        break;
    case ORIEL_PATIENCE_OVER:
        if (s->page.spoken)
            on_lost(s, "the agent's page has been silent for 10 s");
        else
            fail(s, "peer-lost", "the agent's page was never heard on the data channel");
        break;
    }
}

static gboolean tick(gpointer user) {
    struct session *s = user;
    int64_t now = oriel_monotonic(), missed = oriel_patience_missed(&s->page, now);
    if (missed)
        oriel_warning("the machine did not let this process run for %.1f s", (double)missed / ORIEL_SECOND);
    s->deadline += s->deadline ? missed : 0;
    if (s->deadline && now > s->deadline)
        on_lost(s, s->state == OFFERED      ? "the agent's browser did not answer within 20 s"
                   : s->state == CONNECTING ? "no connection to the agent's browser within 20 s: no network path works"
                                            : "the first picture could not be sent within 20 s");
    else if (!s->lost)
        look_for_page(s, now);
    if (s->state == LIVE && !s->lost)
        send_figures(s);
    return s->state == ENDED ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

/* ---- core's messages ---- */

static gboolean addresses_valid(const char *addresses) {
    unsigned char bytes[sizeof(struct in6_addr)];
    g_auto(GStrv) list = g_strsplit(addresses, ",", -1);
    for (char **a = list; *a; a++)
        if (inet_pton(AF_INET, *a, bytes) != 1 && inet_pton(AF_INET6, *a, bytes) != 1)
            return FALSE;
    return TRUE;
}

static gboolean path_valid(const char *name, const struct oriel_transport_path *path) {
    if (path->relay)
        return *path->username && *path->password;
    return strcmp(name, "direct") == 0 && addresses_valid(path->addresses);
}

static gboolean hand_out_relay(struct session *s) {
    int fd = oriel_inside_socket();
    if (fd < 0) {
        g_autofree char *detail = g_strdup_printf("no socket for the relay: %s", strerror(-fd));
        fail(s, "media-failed", detail);
        return FALSE;
    }
    told(s, oriel_ipc_send(s->fd, &oriel_media_to_core, ORIEL_MEDIA_RELAY_SOCKET, fd));
    close(fd);
    return s->state != ENDED;
}

/* What the m-lines begin and end with, and the transport between them; the rate that they share; the exact layer. */
static gboolean build(struct session *s, struct oriel_transport_path *path, unsigned fps, GError **error) {
    struct oriel_ipc_message *m = &s->message;
    s->screen = oriel_screen_new(m->fields[9].bytes, oriel_ipc_take_fd(m, 0), fps, s->kbits, error);
    s->camera = s->screen ? oriel_camera_stream_new(error) : NULL;
    s->face = oriel_face_new();
    GstElement *face = s->camera ? oriel_face_stream_new(oriel_face_show, s->face, error) : NULL;
    if (!face)
        return FALSE;
    g_autoptr(GstCaps) camera = oriel_camera_stream_caps(s->camera);
    g_autoptr(GstCaps) caps = oriel_screen_caps(s->screen);
    oriel_screen_watch_masks(s->screen, on_masks, s);
    s->allocator = oriel_allocator_new(s->screen, s->camera, s->kbits, path->exact, (unsigned)m->fields[10].number);
    path->budget = s->allocator->budget;
    path->estimator = s->allocator->estimator;
    if (path->exact) {
        s->exact = s->allocator->exact = oriel_exact_new(path->budget, send_exact, s);
        oriel_screen_watch(s->screen, oriel_exact_picture, oriel_exact_looks, s->exact);
    }
    g_autoptr(GError) why = NULL;
    g_autoptr(GstCaps) spoken = NULL;
    if ((s->speech = oriel_speech_new(&why)))
        spoken = oriel_speech_caps(s->speech);
    else
        oriel_warning("there is no voice: %s", why->message);
    const struct oriel_mline_end ends[ORIEL_MLINES] = {
        [ORIEL_MLINE_SCREEN] = {s->screen, caps},
        [ORIEL_MLINE_CAMERA] = {oriel_camera_stream_bin(s->camera), camera},
        [ORIEL_MLINE_FACE] = {face, NULL},
        [ORIEL_MLINE_VOICE] = {s->speech, spoken}};
    s->transport = oriel_transport_new(ends, m->fields[1].bytes, path, &transport_events, s, error);
    if (!s->transport)
        return FALSE;
    oriel_transport_watch(s->transport, on_sent, s->screen);
    s->figures.screen = s->screen;
    s->figures.transport = s->transport;
    s->figures.allocator = s->allocator;
    return TRUE;
}

static void start(struct session *s) {
    struct oriel_ipc_message *m = &s->message;
    const char *fingerprint = m->fields[1].bytes;
    struct oriel_transport_path path = {.relay = strcmp(m->fields[2].bytes, "relay") == 0,
                                        .addresses = m->fields[3].bytes,
                                        .username = m->fields[4].bytes,
                                        .password = m->fields[5].bytes,
                                        .exact = m->fields[8].number == 1};
    unsigned kbits = (unsigned)m->fields[6].number, fps = (unsigned)m->fields[7].number;
    if (!oriel_fingerprint_valid(fingerprint) || !path_valid(m->fields[2].bytes, &path) || fps < 1 || fps > FPS_MAX ||
        m->fields[8].number > 1 || kbits < KBITS_MIN || kbits > KBITS_MAX) {
        fail(s, "media-failed", "orield sent a start message with values out of range");
        return;
    }
    if (!oriel_ipc_is_channel(m->fds[0])) {
        fail(s, "media-failed", "START brought no frame socket: this is a fault in orield");
        return;
    }
    s->relay = s->page.relay = path.relay;
    s->kbits = kbits;
    if (s->relay && !hand_out_relay(s))
        return;
    g_autoptr(GError) error = NULL;
    if (!build(s, &path, fps, &error)) {
        fail(s, "media-failed", error ? error->message : "the media pipeline can't be built");
        return;
    }
    s->state = OFFERED;
    s->deadline = oriel_monotonic() + CONNECT_TIME;
    g_timeout_add(ORIEL_PATIENCE_TICK / ORIEL_MILLISECOND, tick, s);
}

static void renew(struct session *s) {
    g_autoptr(GError) error = NULL;
    oriel_transport_give_up(s->transport); /* first: the exact layer's lock is held by who waits there */
    oriel_screen_run(s->screen, FALSE);
    oriel_camera_stream_run(s->camera, FALSE);
    s->renewal = (uint32_t)s->message.fields[0].number;
    if (s->exact)
        oriel_exact_open(s->exact, FALSE);
    oriel_patience_renewed(&s->page);
    oriel_talk_closed(s->talk);
    s->lost = s->sending = FALSE;
    s->state = OFFERED;
    s->deadline = oriel_monotonic() + CONNECT_TIME;
    oriel_estimator_renew(s->allocator->estimator, oriel_monotonic());
    if (!oriel_transport_renew(s->transport, &error))
        fail(s, "media-failed", error->message);
}

/* The page of before is gone: what was said to it is said to the new one, which begins to count anew. */
static void agent(struct session *s, const char *fingerprint) {
    if (!oriel_fingerprint_valid(fingerprint)) {
        fail(s, "media-failed", "orield sent what is no fingerprint");
        return;
    }
    oriel_transport_agent(s->transport, fingerprint);
    oriel_talk_anew(s->talk);
}

static void freeze(struct session *s, gboolean on) {
    s->frozen = on;
    run_pictures(s);
}

/* The gate opens with the scope, since core sends this under it only. */
static void camera_on(struct session *s) {
    struct oriel_ipc_message *m = &s->message;
    unsigned fps = (unsigned)m->fields[0].number, kbits = (unsigned)m->fields[1].number;
    if (fps < 1 || fps > FPS_MAX || kbits < KBITS_MIN || kbits > KBITS_MAX || !oriel_ipc_is_channel(m->fds[0])) {
        fail(s, "media-failed", "orield sent a camera with values out of range");
        return;
    }
    oriel_camera_stream_open(s->camera, oriel_ipc_take_fd(m, 0), fps, kbits);
    oriel_allocator_camera(s->allocator, kbits);
    oriel_transport_open(s->transport, ORIEL_MLINE_CAMERA, true);
}

static void camera_off(struct session *s) {
    oriel_transport_open(s->transport, ORIEL_MLINE_CAMERA, false);
    oriel_camera_stream_close(s->camera);
    oriel_allocator_camera(s->allocator, 0);
}

static void face_on(struct session *s) {
    if (!oriel_ipc_is_channel(s->message.fds[0])) {
        fail(s, "media-failed", "orield sent no frame socket for the agent's camera");
        return;
    }
    oriel_face_open(s->face, oriel_ipc_take_fd(&s->message, 0));
    oriel_transport_open(s->transport, ORIEL_MLINE_FACE, true);
}

static void set_voice(struct session *s, unsigned bits, const char *why) {
    s->voice = s->speech ? bits : 0;
    g_free(s->no_voice);
    s->no_voice = g_strdup(s->speech ? why : "the device has no Opus codec (GStreamer's opus plugin)");
    oriel_transport_open(s->transport, ORIEL_MLINE_VOICE, s->voice & ORIEL_TALK_ON);
    if (s->speech && !(s->voice & ORIEL_TALK_ON))
        oriel_speech_connect(s->speech, -1);
    tell_voice(s);
}

static void take_sound(struct session *s) {
    int fd = oriel_ipc_take_fd(&s->message, 0);
    if (s->speech && oriel_ipc_is_channel(fd))
        oriel_speech_connect(s->speech, fd);
    else
        close(fd);
}

static void handle(struct session *s) {
    struct oriel_ipc_message *m = &s->message;
    if ((m->type->id == ORIEL_MEDIA_START) != (s->state == WAITING)) {
        fail(s, "media-failed", s->state == WAITING ? "orield sent a message before start" : "orield sent start twice");
        return;
    }
    switch (m->type->id) {
    case ORIEL_MEDIA_START:
        start(s);
        break;
    case ORIEL_MEDIA_ANSWER:
        if (s->state == OFFERED)
            s->state = CONNECTING;
        oriel_transport_set_answer(s->transport, m->fields[0].bytes);
        break;
    case ORIEL_MEDIA_REMOTE_CANDIDATE:
        oriel_transport_add_candidate(s->transport, m->fields[1].bytes);
        break;
    case ORIEL_MEDIA_EGRESS:
        s->figures.egress[0] = (unsigned)m->fields[0].number;
        s->figures.egress[1] = (unsigned)m->fields[1].number;
        break;
    case ORIEL_MEDIA_RENEW:
        renew(s);
        break;
    case ORIEL_MEDIA_AGENT:
        agent(s, m->fields[0].bytes);
        break;
    case ORIEL_MEDIA_FREEZE:
        freeze(s, m->fields[0].number != 0);
        break;
    case ORIEL_MEDIA_VOICE:
        set_voice(s, (unsigned)m->fields[0].number, m->fields[1].bytes);
        break;
    case ORIEL_MEDIA_SOUND:
        take_sound(s);
        break;
    case ORIEL_MEDIA_PANEL:
        oriel_talk_panel(s->talk, (guint)m->fields[0].number);
        break;
    case ORIEL_MEDIA_HEARD:
        oriel_talk_heard(s->talk, (guint32)m->fields[0].number);
        break;
    case ORIEL_MEDIA_TELL:
        oriel_talk_tell(s->talk, m->fields[0].bytes);
        break;
    case ORIEL_MEDIA_CAMERA_ON:
        camera_on(s);
        break;
    case ORIEL_MEDIA_CAMERA_OFF:
        camera_off(s);
        break;
    case ORIEL_MEDIA_FACE_ON:
        face_on(s);
        break;
    case ORIEL_MEDIA_FACE_OFF:
        oriel_transport_open(s->transport, ORIEL_MLINE_FACE, false);
        oriel_face_close(s->face);
        break;
    case ORIEL_MEDIA_SAY:
        if (!oriel_talk_say(s->talk, m->fields[0].bytes))
            fail(s, "protocol", "the page does not acknowledge what the person writes");
        break;
    }
}

static gboolean on_control(gint fd, GIOCondition condition, gpointer user) {
    struct session *s = user;
    while (s->state != ENDED) {
        int result = oriel_ipc_receive(fd, &oriel_core_to_media, &s->message);
        if (result == -EAGAIN)
            return G_SOURCE_CONTINUE;
        if (result <= 0) {
            if (result < 0)
                oriel_error("the control channel broke: %s", strerror(-result));
            end(s, result < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
            break;
        }
        handle(s);
        oriel_ipc_message_clear(&s->message);
    }
    return G_SOURCE_REMOVE;
}

int oriel_session_run(int fd) {
    struct session *s = g_new0(struct session, 1);
    s->fd = fd;
    s->talk = oriel_talk_new(&talk_out, s);
    s->choices = (struct oriel_bucket){.most = 8, .a_second = 2};
    s->pongs = (struct oriel_bucket){.most = 20, .a_second = 10};
    s->loop = g_main_loop_new(NULL, FALSE);
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_control, s);
    g_main_loop_run(s->loop);
    if (s->transport)
        oriel_transport_close(s->transport);
    return s->status;
}
