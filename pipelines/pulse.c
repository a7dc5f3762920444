/* See pulse.h. Everything below is held by the main loop's lock, which its callbacks have. */
#include "pulse.h"

#include <glib.h>
#include <pulse/pulseaudio.h>
#include <string.h>

#include "clock.h"

enum {
    BLOCK = sizeof((struct oriel_sound *)0)->samples,
    BLOCK_US = ORIEL_SOUND_SAMPLES * 1000000 / ORIEL_SOUND_RATE,
    PLAYED_BLOCKS = 3, /* in the server */
};

#define SMOOTH 100.0                  /* blocks, over which the microphone's time is judged */
#define DRIFT (5 * ORIEL_MILLISECOND) /* it is put right by so much at the least: clocks differ */
#define JUMP (40 * ORIEL_MILLISECOND) /* something was lost */

struct way {
    struct oriel_pulse *pulse;
    enum oriel_pulse_way id;
    char *name;
    gboolean started;
    pa_stream *stream;
};

struct oriel_pulse {
    const struct oriel_pulse_events *events;
    void *user;
    pa_threaded_mainloop *loop;
    pa_context *context;
    struct way ways[ORIEL_PULSE_WAYS];
    struct oriel_sound block; /* of the microphone, not full yet */
    size_t filled;            /* bytes */
    int64_t next;             /* when its next sample was heard; 0: not known */
    gboolean timed;           /* the server said so */
    double off;               /* by how much that is wrong; smoothed, ns */
};

/* ---- failures ---- */

struct failure {
    struct way *way;
    const char *why;
};

static gboolean report(gpointer user) {
    struct failure *f = user;
    struct oriel_pulse *p = f->way->pulse;
    pa_threaded_mainloop_lock(p->loop);
    gboolean news = f->way->started;
    pa_threaded_mainloop_unlock(p->loop);
    if (news)
        p->events->failed(p->user, f->way->id, f->why);
    return G_SOURCE_REMOVE;
}

static void fail(struct way *w) {
    int error = pa_context_errno(w->pulse->context);
    struct failure *f = g_new(struct failure, 1);
    *f = (struct failure){w, pa_strerror(error ? error : PA_ERR_CONNECTIONTERMINATED)};
    g_idle_add_full(G_PRIORITY_DEFAULT, report, f, g_free);
}

static void on_stream(pa_stream *stream, void *user) {
    pa_stream_state_t state = pa_stream_get_state(stream);
    if (state == PA_STREAM_FAILED || state == PA_STREAM_TERMINATED)
        fail(user);
}

/* ---- sound ---- */

static void on_wanted(pa_stream *stream, size_t size, void *user) {
    struct oriel_pulse *p = ((struct way *)user)->pulse;
    int16_t samples[ORIEL_SOUND_SAMPLES];
    for (; size >= BLOCK; size -= BLOCK) {
        p->events->wanted(p->user, samples);
        pa_stream_write(stream, samples, BLOCK, NULL, 0, PA_SEEK_RELATIVE);
    }
}

/* Samples are counted: what the server tells of their time is too uneven for a voice, and comes only after the first.
 */
static void keep_time(struct oriel_pulse *p, pa_stream *stream) {
    pa_usec_t latency = BLOCK_US;
    int negative = 0;
    gboolean told = pa_stream_get_latency(stream, &latency, &negative) == 0;
    int64_t heard = oriel_monotonic() - (negative ? 0 : (int64_t)latency * 1000);
    if (!p->next || (told && (!p->timed || llabs(heard - p->next) > JUMP))) {
        p->next = heard;
        p->off = 0;
        p->timed = told;
    }
    if (!told)
        return;
    p->off += ((double)(heard - p->next) - p->off) / SMOOTH;
    if (p->off > DRIFT || p->off < -DRIFT) {
        p->next += (int64_t)p->off;
        p->off = 0;
    }
}

/* `data` NULL: a hole. */
static void take(struct oriel_pulse *p, const char *data, size_t size) {
    while (size > 0) {
        size_t n = MIN(size, BLOCK - p->filled);
        char *to = (char *)p->block.samples + p->filled;
        if (!p->filled)
            p->block.at = p->next;
        if (data) {
            memcpy(to, data, n);
            data += n;
        } else {
            memset(to, 0, n);
        }
        size -= n;
        p->filled += n;
        p->next += (int64_t)(n / sizeof *p->block.samples) * INT64_C(1000000000) / ORIEL_SOUND_RATE;
        if (p->filled == BLOCK) {
            p->filled = 0;
            p->events->heard(p->user, &p->block);
        }
    }
}

static void on_heard(pa_stream *stream, size_t unused, void *user) {
    struct oriel_pulse *p = ((struct way *)user)->pulse;
    const void *data;
    size_t size;
    keep_time(p, stream);
    while (pa_stream_peek(stream, &data, &size) == 0 && size > 0) {
        take(p, data, size);
        pa_stream_drop(stream);
    }
}

/* ---- connecting ---- */

static void start(struct way *w) {
    static const pa_sample_spec spec = {.format = PA_SAMPLE_S16NE, .rate = ORIEL_SOUND_RATE, .channels = 1};
    const pa_buffer_attr attr = {
        .maxlength = (uint32_t)-1,
        .tlength = PLAYED_BLOCKS * BLOCK,
        .prebuf = 0,
        .minreq = BLOCK,
        .fragsize = BLOCK,
    };
    const pa_stream_flags_t flags =
        PA_STREAM_ADJUST_LATENCY | PA_STREAM_INTERPOLATE_TIMING | PA_STREAM_AUTO_TIMING_UPDATE;
    const char *name = *w->name ? w->name : NULL;
    int result = -1;
    if ((w->stream = pa_stream_new(w->pulse->context, "Voice", &spec, NULL))) {
        pa_stream_set_state_callback(w->stream, on_stream, w);
        pa_stream_set_read_callback(w->stream, on_heard, w);
        pa_stream_set_write_callback(w->stream, on_wanted, w);
        result = w->id == ORIEL_PULSE_MICROPHONE
                     ? pa_stream_connect_record(w->stream, name, &attr, flags)
                     : pa_stream_connect_playback(w->stream, name, &attr, flags, NULL, NULL);
    }
    if (result < 0)
        fail(w);
}

static void on_context(pa_context *context, void *user) {
    struct oriel_pulse *p = user;
    pa_context_state_t state = pa_context_get_state(context);
    for (int i = 0; i < ORIEL_PULSE_WAYS; i++)
        if (!p->ways[i].started)
            continue;
        else if (state == PA_CONTEXT_READY)
            start(&p->ways[i]);
        else if (!PA_CONTEXT_IS_GOOD(state))
            fail(&p->ways[i]);
}

void oriel_pulse_start(struct oriel_pulse *p, enum oriel_pulse_way way) {
    pa_threaded_mainloop_lock(p->loop);
    pa_context_state_t state = pa_context_get_state(p->context);
    p->ways[way].started = TRUE;
    if (state == PA_CONTEXT_READY)
        start(&p->ways[way]);
    else if (!PA_CONTEXT_IS_GOOD(state))
        fail(&p->ways[way]);
    pa_threaded_mainloop_unlock(p->loop);
}

void oriel_pulse_stop(struct oriel_pulse *p, enum oriel_pulse_way way) {
    struct way *w = &p->ways[way];
    pa_threaded_mainloop_lock(p->loop);
    w->started = FALSE;
    if (w->stream) {
        pa_stream_set_state_callback(w->stream, NULL, NULL);
        pa_stream_set_read_callback(w->stream, NULL, NULL);
        pa_stream_set_write_callback(w->stream, NULL, NULL);
        pa_stream_disconnect(w->stream);
        pa_stream_unref(g_steal_pointer(&w->stream));
    }
    pa_threaded_mainloop_unlock(p->loop);
}

char *oriel_pulse_device(struct oriel_pulse *p, enum oriel_pulse_way way) {
    pa_stream *stream = p->ways[way].stream;
    pa_threaded_mainloop_lock(p->loop);
    char *name = g_strdup(stream ? pa_stream_get_device_name(stream) : NULL);
    pa_threaded_mainloop_unlock(p->loop);
    return name;
}

struct oriel_pulse *oriel_pulse_new(const char *server, char *const names[ORIEL_PULSE_WAYS],
                                    const struct oriel_pulse_events *events, void *user) {
    struct oriel_pulse *p = g_new0(struct oriel_pulse, 1);
    p->events = events;
    p->user = user;
    for (int i = 0; i < ORIEL_PULSE_WAYS; i++)
        p->ways[i] = (struct way){.pulse = p, .id = (enum oriel_pulse_way)i, .name = g_strdup(names[i])};
    p->loop = pa_threaded_mainloop_new();
    p->context = pa_context_new(pa_threaded_mainloop_get_api(p->loop), "Oriel");
    pa_context_set_state_callback(p->context, on_context, p);
    pa_context_connect(p->context, *server ? server : NULL, PA_CONTEXT_NOAUTOSPAWN, NULL); /* else it is FAILED */
    pa_threaded_mainloop_start(p->loop);
    return p;
}
