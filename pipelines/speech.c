/* See speech.h.
 *
 *   sound socket ──> appsrc ──> opusenc ──> rtpopuspay ──> src          10 ms, FEC by the live loss, DTX
 *   sound socket <── appsink <── 48 kHz mono <── opusdec <── rtpopusdepay <── sink    FEC, concealment of what is lost
 *
 * Times on the socket are CLOCK_MONOTONIC, which the pipeline's clock is. The jitter buffer before `sink` hands a
 * packet on as soon as those before it are there, with the time at which it was due; who plays waits for that
 * (playout.c).
 * DTX begins only a while after the voice does: a browser's jitter buffer starts with 80 ms and finds its measure by
 * packets, so without them it would do that, by playing faster, in the first sentence. */
#include "speech.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/rtp/rtp.h>
#include <string.h>
#include <unistd.h>

#include "offered.h"
#include "sound.h"

/* How much is lost, as the encoder is told, in percent. Up to 5 Opus repairs nothing at this bitrate; from 10 on it
 * does, for a little of the highest band. */
enum { LOSS_NONE = 5, LOSS_LEAST = 10, LOSS_MAX = 40 };

enum {
    BITRATE = 28000,
    LOSS_FROM = 10, /* 1/1000: from here on it counts */
    NARROW = 300,
    QUEUE_MS = 60,
    STEADY = 200 /* blocks: 2 s */
};

struct speech {
    GstElement *bin, *in, *encoder, *out;
    GMutex lock; /* guards `socket` */
    int socket;
    GThread *reader;
    /* The decoder's, on its thread: a block that is not full yet. */
    struct oriel_sound block;
    guint filled;
};

static struct speech *inside(GstElement *speech) {
    return g_object_get_data(G_OBJECT(speech), "oriel-speech");
}

/* ---- the person: socket to RTP ---- */

static GstBuffer *buffer_of(const struct oriel_sound *sound, GstClockTime pts) {
    GstBuffer *buffer = gst_buffer_new_memdup(sound->samples, sizeof sound->samples);
    GST_BUFFER_PTS(buffer) = pts;
    GST_BUFFER_DURATION(buffer) = ORIEL_SOUND_SAMPLES * GST_SECOND / ORIEL_SOUND_RATE;
    return buffer;
}

static gpointer read_sound(gpointer user) {
    struct speech *s = user;
    struct oriel_sound sound;
    int socket = s->socket, steady = STEADY;
    g_object_set(s->encoder, "dtx", FALSE, NULL);
    while (oriel_sound_receive(socket, &sound)) {
        if (steady && !--steady)
            g_object_set(s->encoder, "dtx", TRUE, NULL);
        gint64 pts = sound.at - (gint64)gst_element_get_base_time(s->bin);
        if (pts >= 0)
            gst_app_src_push_buffer(GST_APP_SRC(s->in), buffer_of(&sound, (GstClockTime)pts));
    }
    return NULL;
}

/* ---- the agent: RTP to socket ---- */

static void send_block(struct speech *s) {
    g_mutex_lock(&s->lock);
    if (s->socket >= 0)
        oriel_sound_send(s->socket, &s->block);
    g_mutex_unlock(&s->lock);
    s->filled = 0;
}

static GstFlowReturn on_decoded(GstAppSink *sink, gpointer user) {
    struct speech *s = user;
    g_autoptr(GstSample) sample = gst_app_sink_pull_sample(sink);
    GstBuffer *buffer = sample ? gst_sample_get_buffer(sample) : NULL;
    GstMapInfo map;
    if (!buffer || !GST_BUFFER_PTS_IS_VALID(buffer) || !gst_buffer_map(buffer, &map, GST_MAP_READ))
        return GST_FLOW_OK;
    const gint16 *samples = (const gint16 *)map.data;
    gint64 start = (gint64)(gst_element_get_base_time(s->bin) + GST_BUFFER_PTS(buffer));
    for (gsize i = 0; i < map.size / sizeof *samples; i++) {
        if (!s->filled)
            s->block.at = start + (gint64)(i * GST_SECOND / ORIEL_SOUND_RATE);
        s->block.samples[s->filled++] = samples[i];
        if (s->filled == ORIEL_SOUND_SAMPLES)
            send_block(s);
    }
    gst_buffer_unmap(buffer, &map);
    return GST_FLOW_OK;
}

/* ---- building ---- */

static void speech_free(gpointer user) {
    struct speech *s = user;
    if (s->socket >= 0)
        oriel_sound_stop(s->socket);
    if (s->reader)
        g_thread_join(s->reader);
    if (s->socket >= 0)
        close(s->socket);
    g_mutex_clear(&s->lock);
    g_free(s);
}

GstCaps *oriel_speech_caps(GstElement *speech) {
    g_autoptr(GstElement) pay = gst_bin_get_by_name(GST_BIN(speech), "pay");
    guint ssrc;
    g_object_get(pay, "ssrc", &ssrc, NULL);
    return gst_caps_new_simple("application/x-rtp", "media", G_TYPE_STRING, "audio", "encoding-name", G_TYPE_STRING,
                               "OPUS", "clock-rate", G_TYPE_INT, 48000, "encoding-params", G_TYPE_STRING, "2",
                               "payload", G_TYPE_INT, ORIEL_PAYLOAD_VOICE, "ssrc", G_TYPE_UINT, ssrc, "minptime",
                               G_TYPE_STRING, "10", "useinbandfec", G_TYPE_STRING, "1", "usedtx", G_TYPE_STRING, "1",
                               "a-ptime", G_TYPE_STRING, "10", "rtcp-fb-transport-cc", G_TYPE_BOOLEAN, TRUE,
                               "extmap-" G_STRINGIFY(ORIEL_ID_TWCC), G_TYPE_STRING, ORIEL_URI_TWCC,
                               "extmap-" G_STRINGIFY(ORIEL_ID_MID), G_TYPE_STRING, ORIEL_URI_MID, NULL);
}

static gboolean add_extensions(GstElement *pay) {
    g_autoptr(GstRTPHeaderExtension) twcc = gst_rtp_header_extension_create_from_uri(ORIEL_URI_TWCC);
    g_autoptr(GstRTPHeaderExtension) mid = gst_rtp_header_extension_create_from_uri(ORIEL_URI_MID);
    if (!twcc || !mid)
        return FALSE;
    gst_rtp_header_extension_set_id(twcc, ORIEL_ID_TWCC);
    gst_rtp_header_extension_set_id(mid, ORIEL_ID_MID);
    g_object_set(mid, "mid", ORIEL_MID_VOICE, NULL);
    g_signal_emit_by_name(pay, "add-extension", twcc);
    g_signal_emit_by_name(pay, "add-extension", mid);
    return TRUE;
}

static void add_ghost(GstElement *bin, const char *element, const char *pad) {
    g_autoptr(GstElement) e = gst_bin_get_by_name(GST_BIN(bin), element);
    g_autoptr(GstPad) target = gst_element_get_static_pad(e, pad);
    gst_element_add_pad(bin, gst_ghost_pad_new(pad, target));
}

#define RAW "audio/x-raw,format=S16LE,rate=48000,channels=1,layout=interleaved"

GstElement *oriel_speech_new(GError **error) {
    g_autofree char *graph = g_strdup_printf(
        "appsrc name=in is-live=true format=time caps=" RAW " max-time=%" G_GUINT64_FORMAT " leaky-type=downstream"
        " ! opusenc name=encoder audio-type=voice bitrate=%d frame-size=10 inband-fec=true packet-loss-percentage=%d "
        "dtx=true complexity=5 ! rtpopuspay name=pay pt=%d dtx=true "
        "rtpopusdepay name=depay ! opusdec use-inband-fec=true plc=true ! audioconvert ! audioresample ! " RAW
        " ! appsink name=out sync=false async=false max-buffers=8 drop=true",
        (guint64)(QUEUE_MS * GST_MSECOND), BITRATE, LOSS_NONE, ORIEL_PAYLOAD_VOICE);
    GstElement *bin = gst_parse_bin_from_description_full(graph, FALSE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
    if (!bin)
        return NULL;
    gst_object_set_name(GST_OBJECT(bin), "voice");
    struct speech *s = g_new0(struct speech, 1);
    *s = (struct speech){.bin = bin, .socket = -1};
    g_mutex_init(&s->lock);
    g_object_set_data_full(G_OBJECT(bin), "oriel-speech", s, speech_free);
    g_autoptr(GstElement) pay = gst_bin_get_by_name(GST_BIN(bin), "pay");
    if (!add_extensions(pay)) {
        g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN, "GStreamer's rtpmanager plugin is missing");
        gst_object_unref(gst_object_ref_sink(bin));
        return NULL;
    }
    g_object_set(pay, "ssrc", g_random_int(), NULL);
    add_ghost(bin, "pay", "src");
    add_ghost(bin, "depay", "sink");
    /* The bin holds them as long as it lives, and they are asked for only while it does. */
    gst_object_unref(s->in = gst_bin_get_by_name(GST_BIN(bin), "in"));
    gst_object_unref(s->out = gst_bin_get_by_name(GST_BIN(bin), "out"));
    gst_object_unref(s->encoder = gst_bin_get_by_name(GST_BIN(bin), "encoder"));
    /* webrtcbin 1.22 links at the answer what it has seen caps of, and never again: so the first sound is silence. */
    const struct oriel_sound silence = {.at = 0};
    gst_app_src_push_buffer(GST_APP_SRC(s->in), buffer_of(&silence, 0));
    gst_app_sink_set_callbacks(GST_APP_SINK(s->out), &(GstAppSinkCallbacks){.new_sample = on_decoded}, s, NULL);
    return bin;
}

void oriel_speech_connect(GstElement *speech, int sound) {
    struct speech *s = inside(speech);
    if (s->socket >= 0)
        oriel_sound_stop(s->socket);
    g_clear_pointer(&s->reader, g_thread_join);
    g_mutex_lock(&s->lock);
    if (s->socket >= 0)
        close(s->socket);
    s->socket = sound;
    g_mutex_unlock(&s->lock);
    if (sound >= 0)
        s->reader = g_thread_new("microphone", read_sound, s);
}

void oriel_speech_adapt(GstElement *speech, unsigned loss_permille, unsigned kbits) {
    gint percent = loss_permille < LOSS_FROM ? LOSS_NONE : CLAMP((gint)(loss_permille / 10), LOSS_LEAST, LOSS_MAX);
    g_object_set(inside(speech)->encoder, "packet-loss-percentage", percent, NULL);
    gst_util_set_object_arg(G_OBJECT(inside(speech)->encoder), "frame-size", kbits && kbits < NARROW ? "20" : "10");
}
