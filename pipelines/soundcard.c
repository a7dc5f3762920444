/* See soundcard.h.
 *
 *   speaker:     play ──> appsrc ──┬──> sink of the backend                       40 ms after the time of the block
 *                                  └──> webrtcechoprobe ──> nothing                as that is heard
 *                                             :
 *   microphone:  source of the backend ──> webrtcdsp ──> appsink ──> heard          10 ms blocks, 48 kHz mono
 *
 * The canceller finds an echo within 50 ms after the probe saw it (tests/unit/test_echo.c). The speaker's buffer alone
 * may be as long, so the probe is not on the way to it but beside it, held back until the block is played.
 * Two pipelines, so that one can fail alone. Their running time is CLOCK_MONOTONIC itself: so blocks need no other
 * time, and the sink, which follows that clock, makes up for the agent's clock being another one. The speaker comes
 * first: what it plays is what the microphone must not hear. */
#include "soundcard.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <string.h>

#include "clock.h"

#define RAW "audio/x-raw,format=S16LE,rate=48000,channels=1,layout=interleaved"
/* The RTP jitter buffer says after as long that a packet is lost (media/transport.c): what replaces it is in time. */
#define DELAY (40 * GST_MSECOND)
/* A sink holds one block back: so much later, the probe sees a block as it begins to be heard. */
#define PLAYED (10 * GST_MSECOND)
/* Of what comes all at once, the newest. */
#define QUEUE (200 * GST_MSECOND)

enum { OPEN_MS = 3000 };

#define FLOAT "audio/x-raw,format=F32LE,rate=48000,channels=2,layout=interleaved"

static const struct backend {
    const char *name, *source, *sink, *device, *server; /* the latter: names of properties */
    const char *package;
} backends[] = {
    {"pulse", "pulsesrc name=device buffer-time=200000 latency-time=10000 provide-clock=false client-name=Oriel",
     "pulsesink name=device async=false buffer-time=40000 latency-time=10000 provide-clock=false client-name=Oriel",
     "device", "server", "gstreamer1.0-plugins-good"},
    /* 0.3.65 stalls unless its format is fixed. */
    {"pipewire", "pipewiresrc name=device client-name=Oriel ! " FLOAT,
     FLOAT " ! pipewiresink name=device async=false client-name=Oriel", "target-object", NULL, "gstreamer1.0-pipewire"},
    {"alsa", "alsasrc name=device buffer-time=200000 latency-time=10000 provide-clock=false",
     "alsasink name=device async=false buffer-time=40000 latency-time=10000 provide-clock=false", "device", NULL,
     "gstreamer1.0-alsa"},
};

struct half {
    struct oriel_soundcard *card;
    GstElement *pipeline, *device;
    gint flows; /* atomic: a block has passed */
    char *why;  /* it can't be had */
};

struct oriel_soundcard {
    const struct oriel_soundcard_events *events;
    void *user;
    const struct backend *backend;
    char *server, *names[2];
    struct half microphone, speaker;
    GstElement *in; /* of the speaker */
    guint deadline;
    gboolean ready;
};

static void proceed(struct oriel_soundcard *c);

/* ---- one half ---- */

static void half_close(struct half *h, const char *why) {
    if (h->pipeline)
        gst_element_set_state(h->pipeline, GST_STATE_NULL);
    g_clear_object(&h->pipeline);
    h->device = NULL;
    g_free(h->why);
    h->why = g_strdup(why);
}

static gboolean on_bus(GstBus *bus, GstMessage *message, gpointer user) {
    struct half *h = user;
    struct oriel_soundcard *c = h->card;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_LATENCY && h->pipeline)
        gst_bin_recalculate_latency(GST_BIN(h->pipeline));
    if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR && GST_MESSAGE_TYPE(message) != GST_MESSAGE_EOS)
        return G_SOURCE_CONTINUE;
    g_autoptr(GError) error = NULL;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
        gst_message_parse_error(message, &error, NULL);
    const char *why = error ? error->message : "it ended";
    if (c->ready)
        c->events->lost(c->user, why);
    else {
        half_close(h, why);
        proceed(c);
    }
    return G_SOURCE_REMOVE;
}

static gboolean flows(gpointer user) {
    proceed(user);
    return G_SOURCE_REMOVE;
}

static void note_flow(struct half *h) {
    if (g_atomic_int_compare_and_exchange(&h->flows, FALSE, TRUE))
        g_idle_add(flows, h->card);
}

/* `graph` has the device as "device". */
static void half_open(struct half *h, const char *graph, const char *name) {
    const struct oriel_soundcard *c = h->card;
    g_autoptr(GError) error = NULL;
    h->pipeline = gst_parse_launch_full(graph, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
    if (!h->pipeline) {
        g_autofree char *why = g_strdup_printf("%s (Debian package %s)", error->message, c->backend->package);
        half_close(h, why);
        return;
    }
    gst_object_unref(h->device = gst_bin_get_by_name(GST_BIN(h->pipeline), "device")); /* the pipeline holds it */
    if (c->backend->server && *c->server)
        g_object_set(h->device, c->backend->server, c->server, NULL);
    if (*name)
        g_object_set(h->device, c->backend->device, name, NULL);
    g_autoptr(GstClock) clock = gst_system_clock_obtain();
    gst_pipeline_use_clock(GST_PIPELINE(h->pipeline), clock);
    gst_element_set_start_time(h->pipeline, GST_CLOCK_TIME_NONE);
    gst_element_set_base_time(h->pipeline, 0);
    g_autoptr(GstBus) bus = gst_pipeline_get_bus(GST_PIPELINE(h->pipeline));
    gst_bus_add_watch(bus, on_bus, h);
}

static void half_start(struct half *h) {
    if (h->pipeline && gst_element_set_state(h->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
        g_autoptr(GstBus) bus = gst_pipeline_get_bus(GST_PIPELINE(h->pipeline));
        g_autoptr(GstMessage) message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
        g_autoptr(GError) error = NULL;
        if (message)
            gst_message_parse_error(message, &error, NULL);
        gst_bus_remove_watch(bus);
        half_close(h, error ? error->message : "it can't be opened");
    }
}

/* ---- the speaker ---- */

static GstPadProbeReturn on_played(GstPad *pad, GstPadProbeInfo *info, gpointer speaker) {
    note_flow(speaker);
    return GST_PAD_PROBE_REMOVE;
}

static GstBuffer *buffer_of(const struct oriel_sound *sound) {
    GstBuffer *buffer = gst_buffer_new_memdup(sound->samples, sizeof sound->samples);
    GST_BUFFER_PTS(buffer) = (GstClockTime)sound->at;
    GST_BUFFER_DURATION(buffer) = ORIEL_SOUND_SAMPLES * GST_SECOND / ORIEL_SOUND_RATE;
    return buffer;
}

static void open_speaker(struct oriel_soundcard *c) {
    g_autofree char *graph = g_strdup_printf(
        "appsrc name=in is-live=true format=time caps=" RAW " max-time=%" G_GUINT64_FORMAT " leaky-type=downstream "
        "! tee name=tee ! queue ! audioconvert ! audioresample ! %s "
        "tee. ! queue ! webrtcechoprobe name=" ORIEL_SOUNDCARD_PROBE " ! fakesink async=false sync=true ts-offset=%d",
        (guint64)QUEUE, c->backend->sink, (int)PLAYED);
    half_open(&c->speaker, graph, c->names[1]);
    if (!c->speaker.pipeline)
        return;
    gst_object_unref(c->in = gst_bin_get_by_name(GST_BIN(c->speaker.pipeline), "in"));
    gst_app_src_set_latency(GST_APP_SRC(c->in), DELAY, GST_CLOCK_TIME_NONE);
    g_autoptr(GstPad) sink = gst_element_get_static_pad(c->speaker.device, "sink");
    gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_BUFFER, on_played, &c->speaker, NULL);
    half_start(&c->speaker);
    /* The device is opened by the first sound. */
    const struct oriel_sound silence = {.at = oriel_monotonic()};
    if (c->speaker.pipeline)
        gst_app_src_push_buffer(GST_APP_SRC(c->in), buffer_of(&silence));
}

void oriel_soundcard_play(struct oriel_soundcard *c, const struct oriel_sound *sound) {
    if (c->speaker.pipeline)
        gst_app_src_push_buffer(GST_APP_SRC(c->in), buffer_of(sound));
}

/* ---- the microphone ---- */

static GstFlowReturn on_heard(GstAppSink *sink, gpointer user) {
    struct half *h = user;
    g_autoptr(GstSample) sample = gst_app_sink_pull_sample(sink);
    GstBuffer *buffer = sample ? gst_sample_get_buffer(sample) : NULL;
    struct oriel_sound sound;
    if (!buffer || gst_buffer_extract(buffer, 0, sound.samples, sizeof sound.samples) != sizeof sound.samples)
        return GST_FLOW_OK;
    sound.at = GST_BUFFER_PTS_IS_VALID(buffer) ? (int64_t)GST_BUFFER_PTS(buffer) : oriel_monotonic();
    note_flow(h);
    h->card->events->heard(h->card->user, &sound);
    return GST_FLOW_OK;
}

static void open_microphone(struct oriel_soundcard *c) {
    const char *echo = c->speaker.pipeline ? ORIEL_SOUNDCARD_DSP : "echo-cancel=false";
    g_autofree char *graph = g_strdup_printf("%s ! audioconvert ! audioresample ! " RAW " ! webrtcdsp %s "
                                             "! appsink name=out sync=false async=false max-buffers=8 drop=true",
                                             c->backend->source, echo);
    half_open(&c->microphone, graph, c->names[0]);
    if (!c->microphone.pipeline)
        return;
    g_autoptr(GstElement) out = gst_bin_get_by_name(GST_BIN(c->microphone.pipeline), "out");
    gst_app_sink_set_callbacks(GST_APP_SINK(out), &(GstAppSinkCallbacks){.new_sample = on_heard}, &c->microphone, NULL);
    half_start(&c->microphone);
}

/* PulseAudio's default, where there is no microphone, is what the machine itself plays. */
static gboolean is_monitor(struct oriel_soundcard *c) {
    g_autofree char *device = NULL;
    if (strcmp(c->backend->name, "pulse") != 0 || *c->names[0] || !c->microphone.pipeline)
        return FALSE;
    g_object_get(c->microphone.device, "current-device", &device, NULL);
    return device && g_str_has_suffix(device, ".monitor");
}

/* ---- opening ---- */

static gboolean settled(const struct half *h) {
    return h->why || g_atomic_int_get(&h->flows);
}

static void finish(struct oriel_soundcard *c) {
    if (is_monitor(c))
        half_close(&c->microphone, "there is none; only what this machine plays itself can be recorded");
    c->ready = TRUE;
    g_clear_handle_id(&c->deadline, g_source_remove);
    g_autofree char *missing =
        g_strdup_printf("%s%s%s%s%s", c->microphone.why ? "no microphone: " : "",
                        c->microphone.why ? c->microphone.why : "", c->microphone.why && c->speaker.why ? "; " : "",
                        c->speaker.why ? "no speaker: " : "", c->speaker.why ? c->speaker.why : "");
    c->events->ready(c->user, !c->microphone.why, !c->speaker.why, missing);
}

/* The speaker, then the microphone, then it is ready. */
static void proceed(struct oriel_soundcard *c) {
    if (c->ready || !settled(&c->speaker))
        return;
    if (!c->microphone.pipeline && !c->microphone.why)
        open_microphone(c);
    if (settled(&c->microphone))
        finish(c);
}

static gboolean too_late(gpointer user) {
    struct oriel_soundcard *c = user;
    c->deadline = 0;
    if (!settled(&c->speaker))
        half_close(&c->speaker, "it does not take any sound");
    else if (!settled(&c->microphone))
        half_close(&c->microphone, "no sound comes from it");
    if (!c->ready)
        c->deadline = g_timeout_add(OPEN_MS, too_late, c);
    proceed(c);
    return G_SOURCE_REMOVE;
}

static gboolean begin(gpointer user) {
    struct oriel_soundcard *c = user;
    c->deadline = g_timeout_add(OPEN_MS, too_late, c);
    open_speaker(c);
    proceed(c);
    return G_SOURCE_REMOVE;
}

struct oriel_soundcard *oriel_soundcard_open(const struct oriel_soundcard_wish *wish,
                                             const struct oriel_soundcard_events *events, void *user) {
    struct oriel_soundcard *c = g_new0(struct oriel_soundcard, 1);
    c->events = events;
    c->user = user;
    c->microphone.card = c->speaker.card = c;
    c->server = *wish->server ? g_strdup_printf("unix:%s", wish->server) : g_strdup("");
    c->names[0] = g_strdup(wish->microphone);
    c->names[1] = g_strdup(wish->speaker);
    for (guint i = 0; i < G_N_ELEMENTS(backends); i++)
        if (strcmp(backends[i].name, wish->backend) == 0)
            c->backend = &backends[i];
    g_assert(c->backend); /* the caller chose it of what there is */
    g_idle_add(begin, c);
    return c;
}
