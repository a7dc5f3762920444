/* See transport.h.
 *
 * webrtcbin calls back on threads of its own: each call becomes an event that is handed to the main thread, where all
 * state lives but what is atomic. Each webrtcbin is a connection; events of one that has been replaced are dropped. */
#include "transport.h"

#define GST_USE_UNSTABLE_API
#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>
#include <string.h>

#include "arrivals.h"
#include "channels.h"
#include "control.h"
#include "fingerprint.h"
#include "inside.h"
#include "log.h"
#include "nice.h"
#include "offered.h"
#include "records.h"
#include "report.h"
#include "sctptimer.h"
#include "sdp.h"
#include "shortcut.h"

/* JITTER_MS: how late a packet of the agent's voice may be before it counts as lost (soundcard.c waits as long).
 * Feedback of what came: the audio stream has no marker bits, at which GStreamer would send it. */
enum { CANDIDATES_MAX = 64, JITTER_MS = 40, FEEDBACK_MS = 100 };

#define BACKLOG_MAX (1 << 20) /* bytes of texts that wait for SCTP, which has room for 256 KiB */

struct oriel_transport {
    const struct oriel_transport_events *events;
    void *user;
    GstElement *pipeline;
    struct oriel_mlines *mlines;
    char **addresses; /* NULL: all */
    gboolean exact;   /* with a channel for the exact layer */
    GObject *tiles;   /* atomic: that channel, while it is open */
    struct oriel_budget *budget;
    struct oriel_estimator *estimator;
    char *turn; /* the server with its credentials; NULL: direct */
    char fingerprint[ORIEL_FINGERPRINT_LENGTH + 1];
    gboolean over;
    gsize bytes;                                /* atomic */
    gint arrivals;                              /* likewise */
    void (*left)(void *user, GstClockTime pts); /* set before anything is sent */
    void *left_user;
    struct connection *connection;
};

/* Never freed: a webrtcbin that hangs may still call back. */
struct connection {
    struct oriel_transport *transport;
    GstElement *webrtc, *control; /* `control`: of the rate; in webrtcbin */
    GObject *channel, *tiles;     /* `tiles`: the exact layer's; NULL: there is none */
    char *offer;
    gboolean answered, connected, lost;
    GPtrArray *early; /* of char *: came before the answer */
    gint sending;     /* atomic: whether a packet has left */
};

/* ---- from webrtcbin's threads to ours ---- */

enum event_kind {
    OFFER,
    CANDIDATE,
    GATHERED,
    CONNECTED,
    LOST,
    BREACH,
    SENDING,
    OPEN,
    MESSAGE,
    CHANNEL_CLOSED,
    TILES,
};

struct event {
    struct connection *connection;
    enum event_kind kind;
    unsigned number;
    char *text;
};

static void fail(struct oriel_transport *t, const char *reason, const char *detail) {
    if (t->over)
        return;
    t->over = TRUE;
    t->events->failed(t->user, reason, detail);
}

static void lose(struct oriel_transport *t, const char *detail) {
    if (t->over || t->connection->lost)
        return;
    t->connection->lost = TRUE;
    t->events->lost(t->user, detail);
}

/* Of our own candidates only what was asked for is told: UDP, relayed or on the configured addresses. */
static void local_candidate(struct oriel_transport *t, unsigned mline, const char *candidate) {
    char address[64];
    if (!oriel_sdp_candidate_usable(candidate) || !oriel_sdp_candidate_address(candidate, address))
        return;
    bool told = t->turn ? strstr(candidate, " typ relay") != NULL
                        : !t->addresses || g_strv_contains((const char *const *)t->addresses, address);
    if (told)
        t->events->candidate(t->user, mline, candidate);
}

static void offer_made(struct oriel_transport *t, const char *sdp) {
    g_autofree char *own = oriel_sdp_fingerprint(sdp);
    if (!own) {
        fail(t, "media-failed", "the offer could not be made");
        return;
    }
    t->connection->offer = g_strdup(sdp);
    oriel_mlines_offered(t->mlines, sdp);
    t->events->offer(t->user, sdp, own);
}

static void send_feedback(GstElement *webrtc) {
    g_autoptr(GstElement) rtpbin = gst_bin_get_by_name(GST_BIN(webrtc), "rtpbin");
    g_autoptr(GObject) session = NULL;
    g_signal_emit_by_name(rtpbin, "get-internal-session", 0, &session);
    if (session)
        g_object_set(session, "twcc-feedback-interval", (guint64)(FEEDBACK_MS * GST_MSECOND), NULL);
}

static void connected(struct oriel_transport *t) {
    if (t->connection->connected)
        return;
    t->connection->connected = TRUE;
    /* The guard ends the process on a wrong certificate; without any there is no session either. */
    if (oriel_fingerprint_seen(GST_BIN(t->pipeline))) {
        oriel_mlines_connected(t->mlines, true);
        send_feedback(t->connection->webrtc);
        oriel_shortcut(t->connection->webrtc);
        t->events->connected(t->user);
    } else
        fail(t, "fingerprint", "the connection came up without a certificate of the agent's browser");
}

static gboolean dispatch(gpointer user) {
    struct event *e = user;
    struct oriel_transport *t = e->connection->transport;
    if (t->over || e->connection != t->connection || e->connection->lost)
        return G_SOURCE_REMOVE;
    switch (e->kind) {
    case OFFER:
        offer_made(t, e->text);
        break;
    case CANDIDATE:
        local_candidate(t, e->number, e->text);
        break;
    case GATHERED:
        t->events->candidate(t->user, 0, "");
        break;
    case CONNECTED:
        connected(t);
        break;
    case LOST:
        lose(t, e->text);
        break;
    case BREACH:
        fail(t, "protocol", e->text);
        break;
    case SENDING:
        t->events->sending(t->user);
        break;
    case OPEN:
        t->events->channel_open(t->user);
        break;
    case MESSAGE:
        oriel_sctp_timer_hurry(false);
        t->events->channel_message(t->user, e->text, e->number);
        break;
    case CHANNEL_CLOSED:
        lose(t, "the agent's browser closed the connection");
        break;
    case TILES:
        g_atomic_pointer_set(&t->tiles, e->number ? e->connection->tiles : NULL);
        t->events->exact_open(t->user, e->number);
        break;
    }
    return G_SOURCE_REMOVE;
}

static void event_free(gpointer user) {
    struct event *e = user;
    g_free(e->text);
    g_free(e);
}

/* Takes `text`. */
static void post(struct connection *c, enum event_kind kind, unsigned number, char *text) {
    struct event *e = g_new(struct event, 1);
    *e = (struct event){c, kind, number, text};
    g_main_context_invoke_full(NULL, G_PRIORITY_DEFAULT, dispatch, e, event_free);
}

/* ---- webrtcbin's callbacks, on its threads ---- */

static void on_offer(GstPromise *promise, gpointer user) {
    struct connection *c = user;
    GstWebRTCSessionDescription *offer = NULL;
    const GstStructure *reply = gst_promise_get_reply(promise);
    if (reply)
        gst_structure_get(reply, "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &offer, NULL);
    if (offer) {
        char *text = gst_sdp_message_as_text(offer->sdp);
        /* First the offer, then the candidates that setting it brings. */
        post(c, OFFER, 0, text);
        g_signal_emit_by_name(c->webrtc, "set-local-description", offer, NULL);
        gst_webrtc_session_description_free(offer);
    } else
        post(c, OFFER, 0, g_strdup(""));
    gst_promise_unref(promise);
}

static void on_candidate(GstElement *webrtc, guint mline, char *candidate, gpointer c) {
    post(c, CANDIDATE, mline, g_strdup(candidate));
}

static void on_gathering(GObject *webrtc, GParamSpec *spec, gpointer c) {
    GstWebRTCICEGatheringState state;
    g_object_get(webrtc, "ice-gathering-state", &state, NULL);
    if (state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE)
        post(c, GATHERED, 0, NULL);
}

static void on_connection(GObject *webrtc, GParamSpec *spec, gpointer c) {
    GstWebRTCPeerConnectionState state;
    g_object_get(webrtc, "connection-state", &state, NULL);
    switch (state) {
    case GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED:
        post(c, CONNECTED, 0, NULL);
        break;
    case GST_WEBRTC_PEER_CONNECTION_STATE_FAILED:
        post(c, LOST, 0, g_strdup("no network path to the agent's browser works (any more)"));
        break;
    case GST_WEBRTC_PEER_CONNECTION_STATE_CLOSED:
        post(c, LOST, 0, g_strdup("the connection to the agent's browser was closed"));
        break;
    case GST_WEBRTC_PEER_CONNECTION_STATE_NEW:
    case GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTING:
    case GST_WEBRTC_PEER_CONNECTION_STATE_DISCONNECTED:
        break;
    }
}

static void on_page_open(void *c, bool open) {
    post(c, open ? OPEN : CHANNEL_CLOSED, 0, NULL);
}

static void on_page_message(void *c, const void *text, size_t length) {
    post(c, MESSAGE, (unsigned)length, g_strndup(text, length));
}

static void on_exact_open(void *c, bool open) {
    post(c, TILES, open, NULL);
}

static void on_breach(void *c, const char *detail) {
    post(c, BREACH, 0, g_strdup(detail));
}

/* Not by way of the main thread: there are many. */
static void on_exact_message(void *user, const void *bytes, size_t length) {
    struct connection *c = user;
    struct oriel_transport *t = c->transport;
    if (g_atomic_pointer_get(&t->tiles) == c->tiles && !t->events->exact_message(t->user, bytes, length))
        on_breach(c, "the page sent a message on the exact layer's channel that the protocol does not have");
}

static const struct oriel_channel_events page_events = {on_page_open, on_page_message, on_breach};
static const struct oriel_channel_events exact_events = {on_exact_open, on_exact_message, on_breach};

static guint buffer_size(GstPadProbeInfo *info) {
    if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST)
        return (guint)gst_buffer_list_calculate_size(GST_PAD_PROBE_INFO_BUFFER_LIST(info));
    return (guint)gst_buffer_get_size(GST_PAD_PROBE_INFO_BUFFER(info));
}

/* The marker bit is on the last packet of a picture. */
static void look_at_screen(struct connection *c, GstBuffer *packet) {
    struct oriel_transport *t = c->transport;
    guint8 byte = 0;
    if (gst_buffer_extract(packet, 1, &byte, 1) != 1 || (byte & 0x7f) != ORIEL_PAYLOAD_SCREEN)
        return;
    if (t->left && byte & 0x80)
        t->left(t->left_user, GST_BUFFER_PTS(packet));
    if (g_atomic_int_compare_and_exchange(&c->sending, FALSE, TRUE))
        post(c, SENDING, 0, NULL);
}

/* All streams are bundled: there is one. */
static GstElement *on_aux_sender(GstElement *webrtc, GObject *dtls, gpointer user) {
    struct connection *c = user;
    if (c->control)
        return NULL;
    c->control = oriel_rate_control_new(c->transport->budget, c->transport->estimator);
    oriel_rate_control_class(c->control, ORIEL_PAYLOAD_SCREEN, ORIEL_BUDGET_VIDEO);
    oriel_rate_control_class(c->control, ORIEL_PAYLOAD_CAMERA, ORIEL_BUDGET_VIDEO);
    oriel_rate_control_class(c->control, ORIEL_PAYLOAD_VOICE, ORIEL_BUDGET_AUDIO);
    return gst_object_ref(c->control);
}

static GstPadProbeReturn on_rtp(GstPad *pad, GstPadProbeInfo *info, gpointer user) {
    struct connection *c = user;
    g_atomic_pointer_add(&c->transport->bytes, buffer_size(info));
    GstBufferList *list = info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST ? GST_PAD_PROBE_INFO_BUFFER_LIST(info) : NULL;
    guint count = list ? gst_buffer_list_length(list) : 1;
    for (guint i = 0; i < count; i++) {
        GstBuffer *packet = list ? gst_buffer_list_get(list, i) : GST_PAD_PROBE_INFO_BUFFER(info);
        if (c->control)
            oriel_rate_control_left(c->control, packet);
        look_at_screen(c, packet);
    }
    return GST_PAD_PROBE_OK;
}

/* What leaves the RTP session is what is sent, repeats included. */
static void on_rtpbin_pad(GstElement *rtpbin, GstPad *pad, gpointer c) {
    if (g_str_has_prefix(GST_PAD_NAME(pad), "send_rtp_src_"))
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_rtp, c, NULL);
}

/* These fail when the other side goes away: SCTP and DTLS say so as errors of theirs. */
static gboolean from_network(GstObject *source) {
    const char *const factories[] = {"sctpenc", "sctpdec", "dtlsenc", "dtlsdec", "nicesink", "nicesrc", NULL};
    GstElementFactory *factory = GST_IS_ELEMENT(source) ? gst_element_get_factory(GST_ELEMENT(source)) : NULL;
    return factory && g_strv_contains(factories, GST_OBJECT_NAME(factory));
}

/* On any thread. Each picture that needs no video frame is a message; the main thread need not wake up for it. */
static GstBusSyncReply errors_only(GstBus *bus, GstMessage *message, gpointer unused) {
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
        return GST_BUS_PASS;
    gst_message_unref(message);
    return GST_BUS_DROP;
}

/* On the main thread: an error of the pipeline. */
static gboolean on_bus(GstBus *bus, GstMessage *message, gpointer user) {
    struct oriel_transport *t = user;
    g_autoptr(GError) error = NULL;
    g_autofree char *debug = NULL;
    gst_message_parse_error(message, &error, &debug);
    oriel_debug("%s: %s (%s)", GST_OBJECT_NAME(message->src), error->message, debug ? debug : "");
    g_autofree char *detail = g_strdup_printf("%s: %s", GST_OBJECT_NAME(message->src), error->message);
    if (g_str_equal(GST_OBJECT_NAME(message->src), "frames"))
        fail(t, "capture-failed", error->message);
    else if (!from_network(message->src))
        fail(t, "media-failed", detail);
    else if (gst_object_has_as_ancestor(message->src, GST_OBJECT(t->connection->webrtc))) /* not one before it */
        lose(t, t->connection->connected ? "the agent's browser closed the connection" : detail);
    return G_SOURCE_CONTINUE;
}

/* ---- building ---- */

static gboolean configure_ice(struct connection *c, GError **error) {
    struct oriel_transport *t = c->transport;
    g_autoptr(GObject) ice = NULL;
    g_autoptr(GObject) agent = NULL;
    g_object_get(c->webrtc, "ice-agent", &ice, NULL);
    g_object_get(ice, "agent", &agent, NULL);
    oriel_nice_set(agent);
    if (t->turn)
        g_object_set(c->webrtc, "ice-transport-policy", GST_WEBRTC_ICE_TRANSPORT_POLICY_RELAY, "turn-server", t->turn,
                     NULL);
    for (char **a = t->addresses; a && *a; a++) {
        gboolean good = FALSE;
        g_signal_emit_by_name(ice, "add-local-ip-address", *a, &good);
        if (!good) {
            g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, "%s is no address to send from", *a);
            return FALSE;
        }
    }
    return TRUE;
}

/* From NULL to an offer on its way, beside the source in the pipeline, whatever state that is in. */
static gboolean connect_anew(struct oriel_transport *t, GError **error) {
    struct connection *c = t->connection = g_new0(struct connection, 1);
    c->transport = t;
    oriel_sctp_timer_hurry(true);
    c->early = g_ptr_array_new_with_free_func(g_free);
    c->webrtc = gst_element_factory_make("webrtcbin", NULL);
    if (!c->webrtc) {
        g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
                    "webrtcbin is missing; install Debian's gstreamer1.0-plugins-bad and gstreamer1.0-nice");
        return FALSE;
    }
    g_signal_connect(c->webrtc, "request-aux-sender", G_CALLBACK(on_aux_sender), c);
    g_object_set(c->webrtc, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, "latency", JITTER_MS, NULL);
    gst_bin_add(GST_BIN(t->pipeline), c->webrtc);
    if (!configure_ice(c, error) || !oriel_mlines_attach(t->mlines, c->webrtc, error))
        return FALSE;
    g_autoptr(GstElement) rtpbin = gst_bin_get_by_name(GST_BIN(c->webrtc), "rtpbin");
    g_signal_connect(rtpbin, "pad-added", G_CALLBACK(on_rtpbin_pad), c);
    oriel_channel_guard(c->webrtc, &page_events, c);
    g_signal_connect(c->webrtc, "on-ice-candidate", G_CALLBACK(on_candidate), c);
    g_signal_connect(c->webrtc, "notify::ice-gathering-state", G_CALLBACK(on_gathering), c);
    g_signal_connect(c->webrtc, "notify::connection-state", G_CALLBACK(on_connection), c);
    if (gst_element_set_state(c->webrtc, GST_STATE_READY) == GST_STATE_CHANGE_FAILURE ||
        !(c->channel = oriel_channel_page(c->webrtc, &page_events, c, error)) ||
        (t->exact && !(c->tiles = oriel_channel_exact(c->webrtc, &exact_events, c, error))) ||
        gst_element_set_state(t->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE ||
        !gst_element_sync_state_with_parent(c->webrtc)) {
        if (error && !*error)
            g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE, "the media pipeline can't be started");
        return FALSE;
    }
    g_signal_emit_by_name(c->webrtc, "create-offer", NULL, gst_promise_new_with_change_func(on_offer, c, NULL));
    return TRUE;
}

/* The credentials are written as webrtcbin reads them: percent-encoded (RFC 3986), the TURN REST name has a colon. */
static char *turn_uri(const struct oriel_transport_path *path) {
    g_autofree char *name = g_uri_escape_string(path->username, NULL, FALSE);
    g_autofree char *password = g_uri_escape_string(path->password, NULL, FALSE);
    return g_strdup_printf("turn://%s:%s@" ORIEL_INSIDE_ADDRESS ":%u", name, password, ORIEL_INSIDE_PORT);
}

struct oriel_transport *oriel_transport_new(const struct oriel_mline_end ends[ORIEL_MLINES], const char *fingerprint,
                                            const struct oriel_transport_path *path,
                                            const struct oriel_transport_events *events, void *user, GError **error) {
    struct oriel_transport *t = g_new0(struct oriel_transport, 1);
    t->events = events;
    t->user = user;
    g_strlcpy(t->fingerprint, fingerprint, sizeof t->fingerprint);
    t->exact = path->exact;
    t->budget = path->budget;
    t->estimator = path->estimator;
    if (path->relay)
        t->turn = turn_uri(path);
    const char *addresses = path->relay ? ORIEL_INSIDE_ADDRESS : path->addresses;
    if (*addresses)
        t->addresses = g_strsplit(addresses, ",", -1);
    t->pipeline = gst_pipeline_new("oriel");
    oriel_fingerprint_guard(GST_BIN(t->pipeline), fingerprint);
    oriel_records_guard(GST_BIN(t->pipeline));
    oriel_arrivals_watch(GST_BIN(t->pipeline), &t->arrivals);
    t->mlines = oriel_mlines_new(GST_BIN(t->pipeline), ends);
    oriel_mlines_open(t->mlines, ORIEL_MLINE_SCREEN, true);
    /* Running time must be the time of capture: CLOCK_MONOTONIC, whatever another element would offer. */
    g_autoptr(GstClock) clock = gst_system_clock_obtain();
    gst_pipeline_use_clock(GST_PIPELINE(t->pipeline), clock);
    g_autoptr(GstBus) bus = gst_pipeline_get_bus(GST_PIPELINE(t->pipeline));
    gst_bus_set_sync_handler(bus, errors_only, NULL, NULL);
    gst_bus_add_watch(bus, on_bus, t);
    return connect_anew(t, error) ? t : NULL; /* without, the process ends */
}

/* ---- a new path ---- */

/* Its threads may hang when they are to end: nobody waits for them. */
static gpointer close_webrtc(gpointer webrtc) {
    gst_element_set_state(webrtc, GST_STATE_NULL);
    gst_object_unref(webrtc);
    return NULL;
}

void oriel_transport_give_up(struct oriel_transport *t) {
    g_atomic_pointer_set(&t->tiles, NULL);
    if (t->connection->tiles)
        oriel_channel_give_up(t->connection->tiles);
    if (t->connection->control)
        oriel_rate_control_end(t->connection->control);
}

bool oriel_transport_renew(struct oriel_transport *t, GError **error) {
    struct connection *old = t->connection;
    oriel_mlines_detach(t->mlines);
    gst_object_ref(old->webrtc);
    gst_bin_remove(GST_BIN(t->pipeline), old->webrtc);
    g_thread_unref(g_thread_new("close", close_webrtc, old->webrtc));
    oriel_fingerprint_renew(GST_BIN(t->pipeline));
    bool good = connect_anew(t, error);
    t->over = t->over || !good;
    return good;
}

void oriel_transport_agent(struct oriel_transport *t, const char *fingerprint) {
    g_strlcpy(t->fingerprint, fingerprint, sizeof t->fingerprint);
    oriel_fingerprint_expect(GST_BIN(t->pipeline), fingerprint);
}

/* ---- in session ---- */

/* All m-lines share the transport of the first (BUNDLE). */
static void pass_candidate(struct connection *c, const char *candidate) {
    g_signal_emit_by_name(c->webrtc, "add-ice-candidate", 0u, candidate);
}

void oriel_transport_set_answer(struct oriel_transport *t, const char *text) {
    struct connection *c = t->connection;
    if (t->over)
        return;
    if (!c->offer || c->answered) {
        fail(t, "protocol", c->offer ? "a second answer came" : "an answer came before the offer");
        return;
    }
    char error[ORIEL_SDP_ERROR_SIZE];
    struct oriel_sdp_answer answer = {0};
    switch (oriel_sdp_check_answer(c->offer, text, t->fingerprint, oriel_mlines_active(t->mlines), &answer, error)) {
    case ORIEL_SDP_GOOD:
        break;
    case ORIEL_SDP_PROTOCOL:
        fail(t, "protocol", error);
        return;
    case ORIEL_SDP_FINGERPRINT:
        fail(t, "fingerprint", error);
        return;
    }
    c->answered = TRUE;
    t->events->answered(t->user, answer.dependencies);
    GstSDPMessage *sdp = NULL;
    gst_sdp_message_new_from_text(answer.sdp, &sdp);
    GstWebRTCSessionDescription *description = gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_ANSWER, sdp);
    g_signal_emit_by_name(c->webrtc, "set-remote-description", description, NULL);
    gst_webrtc_session_description_free(description);
    g_ptr_array_extend_and_steal(c->early, g_steal_pointer(&answer.candidates));
    for (guint i = 0; i < c->early->len; i++)
        pass_candidate(c, c->early->pdata[i]);
    g_ptr_array_set_size(c->early, 0);
    oriel_sdp_answer_clear(&answer);
}

void oriel_transport_add_candidate(struct oriel_transport *t, const char *candidate) {
    if (t->over || !oriel_sdp_candidate_usable(candidate))
        return;
    struct connection *c = t->connection;
    if (c->answered)
        pass_candidate(c, candidate);
    else if (c->early->len < CANDIDATES_MAX)
        g_ptr_array_add(c->early, g_strdup(candidate));
}

void oriel_transport_open(struct oriel_transport *t, enum oriel_mline mline, bool open) {
    oriel_mlines_open(t->mlines, mline, open);
}

void oriel_transport_send(struct oriel_transport *t, const char *text) {
    GstWebRTCDataChannelState state;
    guint64 waiting;
    g_object_get(t->connection->channel, "ready-state", &state, "buffered-amount", &waiting, NULL);
    if (state == GST_WEBRTC_DATA_CHANNEL_STATE_OPEN && waiting > BACKLOG_MAX)
        lose(t, "the agent's page does not take what it is told");
    else if (state == GST_WEBRTC_DATA_CHANNEL_STATE_OPEN)
        g_signal_emit_by_name(t->connection->channel, "send-string", text);
}

void oriel_transport_send_exact(struct oriel_transport *t, const void *bytes, size_t length) {
    GObject *tiles = g_atomic_pointer_get(&t->tiles); /* never freed, as its connection */
    if (!tiles || oriel_channel_send_now(tiles, bytes, length))
        return;
    g_autoptr(GBytes) data = g_bytes_new(bytes, length);
    g_signal_emit_by_name(tiles, "send-data", data);
}

void oriel_transport_counts(struct oriel_transport *t, struct oriel_transport_counts *counts) {
    *counts = (struct oriel_transport_counts){.bytes = (gsize)g_atomic_pointer_get(&t->bytes)};
    oriel_report_read(t->connection->webrtc, counts);
}

void oriel_transport_watch(struct oriel_transport *t, void (*left)(void *user, GstClockTime pts), void *user) {
    t->left_user = user;
    t->left = left;
}

unsigned oriel_transport_arrivals(struct oriel_transport *t) {
    return (unsigned)g_atomic_int_get(&t->arrivals);
}

int64_t oriel_transport_time_zero(struct oriel_transport *t) {
    return (int64_t)gst_element_get_base_time(t->pipeline);
}

void oriel_transport_close(struct oriel_transport *t) {
    t->over = TRUE;
    gst_element_set_state(t->pipeline, GST_STATE_NULL);
}
