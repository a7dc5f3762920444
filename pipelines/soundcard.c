/* See soundcard.h.
 *
 *   speaker:     play ──> playout ──> appsrc ──> sink of the backend        asks for the next 10 ms when it has room
 *                            └──────> echo (what was played when)
 *                                       └──> webrtcechoprobe
 *                                                   :
 *   microphone:  source of the backend ──> pad ──> webrtcdsp ──> appsink ──> heard      10 ms blocks, 48 kHz mono
 *
 * Source and sink are GStreamer's, with threads of their own; of PulseAudio's protocol they are pulse.h, whose one
 * thread does all of this.
 * The speaker's device is what makes time go on: it is always fed, with silence where there is no voice, so that its
 * delay stays what it was. The probe is told what was played block by block, by the thread that brings the
 * microphone's, just before: webrtcdsp takes as much from the probe's queue as it gets from the microphone, and so one
 * block more or less that once came in between would be in the way for ever.
 * Two pipelines, so that one can fail alone. Their running time is CLOCK_MONOTONIC itself. The speaker comes first:
 * what it plays is what the microphone must not hear. */
#include "soundcard.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <string.h>

#include "plugged.h"
#include "clock.h"
#include "echo.h"
#include "playout.h"
#include "pulse.h"

#define RAW "audio/x-raw,format=S16LE,rate=48000,channels=1,layout=interleaved"
enum { OPEN_MS = 3000, STILL_S = 2 };

#define FLOAT "audio/x-raw,format=F32LE,rate=48000,channels=2,layout=interleaved"

static const struct backend {
    const char *name, *source, *sink, *device; /* the last: a property's name */
    const char *package;
} backends[] = {
    {"pulse", NULL, NULL, NULL, NULL}, /* pulse.h */
    /* 0.3.65 stalls unless its format is fixed, and counts time from its own beginning unless it is told not to. */
    {"pipewire", "pipewiresrc name=device client-name=Oriel do-timestamp=true ! " FLOAT,
     FLOAT " ! pipewiresink name=device sync=false async=false client-name=Oriel", "target-object",
     "gstreamer1.0-pipewire"},
    /* A plugin of ALSA may count time from 1970. */
    {"alsa", "alsasrc name=device use-driver-timestamps=false buffer-time=500000 latency-time=10000",
     "alsasink name=device sync=false async=false buffer-time=40000 latency-time=10000", "device", "gstreamer1.0-alsa"},
};

struct half {
    struct oriel_soundcard *card;
    GstElement *pipeline, *device; /* NULL: pulse.h has the device */
    gint flows;                    /* atomic: blocks that passed */
    gint before;
    char *why; /* it can't be had */
};

struct oriel_soundcard {
    const struct oriel_soundcard_events *events;
    void *user;
    const struct backend *backend;
    char *server, *names[2];
    struct half microphone, speaker;
    GMutex lock; /* guards the two below */
    struct oriel_playout *playout;
    struct oriel_echo *echo;
    struct oriel_pulse *pulse;
    GstPad *told, *in; /* into the probe, and what pulse.h hears into the canceller */
    guint deadline;
    gboolean ready;
};

static void proceed(struct oriel_soundcard *c);

/* ---- one half ---- */

static enum oriel_pulse_way way_of(const struct half *h) {
    return h == &h->card->microphone ? ORIEL_PULSE_MICROPHONE : ORIEL_PULSE_SPEAKER;
}

static void half_close(struct half *h, const char *why) {
    if (h->card->pulse)
        oriel_pulse_stop(h->card->pulse, way_of(h));
    if (h->pipeline)
        gst_element_set_state(h->pipeline, GST_STATE_NULL);
    g_clear_object(&h->pipeline);
    h->device = NULL;
    g_free(h->why);
    h->why = g_strdup(why);
}

static void half_failed(struct half *h, const char *why) {
    if (h->card->ready) {
        h->card->events->lost(h->card->user, why);
        return;
    }
    half_close(h, why);
    proceed(h->card);
}

static gboolean on_bus(GstBus *bus, GstMessage *message, gpointer user) {
    struct half *h = user;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_LATENCY && h->pipeline)
        gst_bin_recalculate_latency(GST_BIN(h->pipeline));
    if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR && GST_MESSAGE_TYPE(message) != GST_MESSAGE_EOS)
        return G_SOURCE_CONTINUE;
    g_autoptr(GError) error = NULL;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
        gst_message_parse_error(message, &error, NULL);
    half_failed(h, error ? error->message : "it ended");
    return G_SOURCE_REMOVE;
}

static gboolean flows(gpointer user) {
    proceed(user);
    return G_SOURCE_REMOVE;
}

static void note_flow(struct half *h) {
    if (g_atomic_int_add(&h->flows, 1) == 0)
        g_idle_add(flows, h->card);
}

/* `graph` has the device as "device", where that is an element. */
static void half_open(struct half *h, const char *graph, const char *name) {
    const struct oriel_soundcard *c = h->card;
    g_autoptr(GError) error = NULL;
    h->pipeline = gst_parse_launch_full(graph, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
    if (!h->pipeline) {
        g_autofree char *why = g_strdup_printf("%s (Debian package %s)", error->message, c->backend->package);
        half_close(h, why);
        return;
    }
    g_autoptr(GstElement) device = gst_bin_get_by_name(GST_BIN(h->pipeline), "device");
    h->device = device; /* the pipeline holds it */
    if (device && *name)
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

/* What the speaker is given next. */
static void next_block(struct oriel_soundcard *c, int16_t *samples) {
    g_mutex_lock(&c->lock);
    oriel_playout_take(c->playout, oriel_monotonic(), samples);
    oriel_echo_played(c->echo, samples, ORIEL_SOUND_SAMPLES);
    g_mutex_unlock(&c->lock);
}

/* The sink has room for it. */
static void feed(GstAppSrc *in, guint wanted, gpointer user) {
    struct oriel_soundcard *c = user;
    if (g_atomic_int_get(&c->speaker.flows))
        g_atomic_int_inc(&c->speaker.flows);
    int16_t samples[ORIEL_SOUND_SAMPLES];
    next_block(c, samples);
    gst_app_src_push_buffer(in, gst_buffer_new_memdup(samples, sizeof samples));
}

static void pulse_wanted(void *user, int16_t *samples) {
    struct oriel_soundcard *c = user;
    note_flow(&c->speaker);
    next_block(c, samples);
}

static void open_speaker(struct oriel_soundcard *c) {
    if (c->pulse) {
        oriel_pulse_start(c->pulse, ORIEL_PULSE_SPEAKER);
        return;
    }
    g_autofree char *graph = g_strdup_printf(
        "appsrc name=in is-live=true format=time caps=" RAW " ! audioconvert ! audioresample ! %s", c->backend->sink);
    half_open(&c->speaker, graph, c->names[1]);
    if (!c->speaker.pipeline)
        return;
    g_autoptr(GstElement) in = gst_bin_get_by_name(GST_BIN(c->speaker.pipeline), "in");
    gst_app_src_set_callbacks(GST_APP_SRC(in), &(GstAppSrcCallbacks){.need_data = feed}, c, NULL);
    g_autoptr(GstPad) sink = gst_element_get_static_pad(c->speaker.device, "sink");
    gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_BUFFER, on_played, &c->speaker, NULL);
    half_start(&c->speaker);
}

void oriel_soundcard_play(struct oriel_soundcard *c, const struct oriel_sound *sound) {
    g_mutex_lock(&c->lock);
    oriel_playout_put(c->playout, sound, oriel_monotonic());
    g_mutex_unlock(&c->lock);
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
    h->card->events->heard(h->card->user, &sound);
    note_flow(h);
    return GST_FLOW_OK;
}

/* Just before the canceller gets sound of the microphone, the probe is told what the speaker played meanwhile. */
static GstPadProbeReturn tell_probe(GstPad *pad, GstPadProbeInfo *info, gpointer user) {
    struct oriel_soundcard *c = user;
    GstMapInfo map;
    if (!gst_buffer_map(GST_PAD_PROBE_INFO_BUFFER(info), &map, GST_MAP_READ))
        return GST_PAD_PROBE_OK;
    GstBuffer *told = gst_buffer_new_allocate(NULL, map.size, NULL);
    GstMapInfo out;
    gst_buffer_map(told, &out, GST_MAP_WRITE);
    g_mutex_lock(&c->lock);
    oriel_echo_heard(c->echo, (const int16_t *)map.data, map.size / sizeof(int16_t), (int16_t *)out.data);
    g_mutex_unlock(&c->lock);
    gst_buffer_unmap(told, &out);
    gst_buffer_unmap(GST_PAD_PROBE_INFO_BUFFER(info), &map);
    gst_pad_push(c->told, told);
    return GST_PAD_PROBE_OK;
}

/* A pad that pushes sound into an element of the pipeline. */
static GstPad *pad_into(GstElement *element) {
    g_autoptr(GstPad) sink = gst_element_get_static_pad(element, "sink");
    g_autoptr(GstCaps) caps = gst_caps_from_string(RAW);
    GstPad *pad = gst_pad_new(NULL, GST_PAD_SRC);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_set_active(pad, TRUE);
    gst_pad_link(pad, sink);
    gst_pad_push_event(pad, gst_event_new_stream_start("sound"));
    gst_pad_push_event(pad, gst_event_new_caps(caps));
    gst_pad_push_event(pad, gst_event_new_segment(&segment));
    return pad;
}

static void pulse_heard(void *user, const struct oriel_sound *sound) {
    struct oriel_soundcard *c = user;
    GstBuffer *buffer = gst_buffer_new_memdup(sound->samples, sizeof sound->samples);
    GST_BUFFER_PTS(buffer) = (GstClockTime)sound->at;
    gst_pad_push(c->in, buffer);
}

static void pulse_failed(void *user, enum oriel_pulse_way way, const char *why) {
    struct oriel_soundcard *c = user;
    half_failed(way == ORIEL_PULSE_MICROPHONE ? &c->microphone : &c->speaker, why);
}

static const struct oriel_pulse_events pulse_events = {pulse_heard, pulse_wanted, pulse_failed};

static void open_microphone(struct oriel_soundcard *c) {
    gboolean echo = !c->speaker.why;
    g_autofree char *source =
        c->pulse ? g_strdup("") : g_strconcat(c->backend->source, " ! audioconvert ! audioresample ! " RAW " ! ", NULL);
    g_autofree char *graph =
        g_strdup_printf("%swebrtcdsp name=dsp %s ! appsink name=out sync=false async=false max-buffers=8 drop=true "
                        "webrtcechoprobe name=" ORIEL_SOUNDCARD_PROBE " ! fakesink async=false sync=false",
                        source, echo ? ORIEL_SOUNDCARD_DSP : "echo-cancel=false");
    half_open(&c->microphone, graph, c->names[0]);
    if (!c->microphone.pipeline)
        return;
    g_autoptr(GstElement) out = gst_bin_get_by_name(GST_BIN(c->microphone.pipeline), "out");
    g_autoptr(GstElement) probe = gst_bin_get_by_name(GST_BIN(c->microphone.pipeline), ORIEL_SOUNDCARD_PROBE);
    g_autoptr(GstElement) dsp = gst_bin_get_by_name(GST_BIN(c->microphone.pipeline), "dsp");
    gst_app_sink_set_callbacks(GST_APP_SINK(out), &(GstAppSinkCallbacks){.new_sample = on_heard}, &c->microphone, NULL);
    if (echo) {
        g_autoptr(GstPad) sink = gst_element_get_static_pad(dsp, "sink");
        c->told = pad_into(probe);
        gst_pad_add_probe(sink, GST_PAD_PROBE_TYPE_BUFFER, tell_probe, c, NULL);
    }
    half_start(&c->microphone);
    if (!c->pulse || !c->microphone.pipeline)
        return;
    c->in = pad_into(dsp);
    gst_element_send_event(probe, gst_event_new_latency(0)); /* until it knows one it gives nothing */
    oriel_pulse_start(c->pulse, ORIEL_PULSE_MICROPHONE);
}

/* What is none, though it flows: PulseAudio's default, where there is no microphone, is what the machine itself plays
 * (a monitor), and PipeWire moves a stream there whose microphone was pulled out; where there is no speaker, both have
 * one that nobody hears. Unless it is named. */
static gboolean is_none(const struct half *h) {
    const struct oriel_soundcard *c = h->card;
    if (!c->pulse || h->why)
        return FALSE;
    g_autofree char *device = oriel_pulse_device(c->pulse, way_of(h));
    if (!device || g_str_has_suffix(c->names[0], ".monitor"))
        return FALSE;
    return h == &c->microphone ? g_str_has_suffix(device, ".monitor") : strcmp(device, "auto_null") == 0;
}

/* ---- opening ---- */

static gboolean settled(const struct half *h) {
    return h->why || g_atomic_int_get(&h->flows);
}

/* The half that was missing: who opens all of it anew has both. */
static void came(void *user, const char *name) {
    struct oriel_soundcard *c = user;
    g_autofree char *why = g_strdup_printf("%s was plugged in", name);
    c->events->lost(c->user, why);
}

/* A sound server may leave a stream where it is when its device goes. */
static gboolean watch(gpointer user) {
    struct oriel_soundcard *c = user;
    struct half *halves[] = {&c->microphone, &c->speaker};
    for (size_t i = 0; i < G_N_ELEMENTS(halves); i++) {
        struct half *h = halves[i];
        gint now = g_atomic_int_get(&h->flows);
        if (!h->why && (now == h->before || is_none(h))) {
            c->events->lost(c->user, i == 0 ? "the microphone is gone" : "the speaker is gone");
            return G_SOURCE_REMOVE;
        }
        h->before = now;
    }
    return G_SOURCE_CONTINUE;
}

static void finish(struct oriel_soundcard *c) {
    if (is_none(&c->speaker))
        half_close(&c->speaker, "there is none");
    if (is_none(&c->microphone))
        half_close(&c->microphone, "there is none; only what this machine plays itself can be recorded");
    c->ready = TRUE;
    g_clear_handle_id(&c->deadline, g_source_remove);
    g_autofree char *missing =
        g_strdup_printf("%s%s%s%s%s", c->microphone.why ? "no microphone: " : "",
                        c->microphone.why ? c->microphone.why : "", c->microphone.why && c->speaker.why ? "; " : "",
                        c->speaker.why ? "no speaker: " : "", c->speaker.why ? c->speaker.why : "");
    if (!c->microphone.why != !c->speaker.why)
        oriel_plugged_await(c->backend->name, c->server, c->microphone.why, came, c);
    g_timeout_add_seconds(STILL_S, watch, c);
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
    g_mutex_init(&c->lock);
    c->playout = oriel_playout_new();
    c->echo = oriel_echo_new();
    c->user = user;
    c->microphone.card = c->speaker.card = c;
    c->server = *wish->server ? g_strdup_printf("unix:%s", wish->server) : g_strdup("");
    c->names[0] = g_strdup(wish->microphone);
    c->names[1] = g_strdup(wish->speaker);
    if (strcmp(wish->backend, "pipewire") == 0 && *wish->server)
        g_setenv("PIPEWIRE_REMOTE", wish->server, TRUE); /* all that its elements take */
    for (guint i = 0; i < G_N_ELEMENTS(backends); i++)
        if (strcmp(backends[i].name, wish->backend) == 0)
            c->backend = &backends[i];
    g_assert(c->backend); /* the caller chose it of what there is */
    if (!c->backend->source)
        c->pulse = oriel_pulse_new(c->server, c->names, &pulse_events, c);
    g_idle_add(begin, c);
    return c;
}
