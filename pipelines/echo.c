/* See echo.h.
 *
 *   speaker     ──[======= FAR =======]   given      both at 8 kHz; the phases of their spectra,
 *   microphone  ───────[==== NEAR ====]   heard      multiplied and transformed back, have a peak
 *                                                    where one is the other's echo */
#include "echo.h"

#include <gst/fft/gstfftf32.h>
#include <math.h>
#include <string.h>

enum {
    MS = 48,
    RING = 1 << 17, /* 2.7 s */
    SLOWER = 6,     /* speech at 8 kHz */
    TRANSFORM = 16384,
    NEAR = 8192, /* 1 s */
    FAR = 12288, /* so an echo may come half a second after the speaker was given the sound */
    LAGS = FAR - NEAR,
    SPECTRUM = TRANSFORM / 2 + 1,
    EVERY = 500 * MS,
    SELDOM = 2000 * MS, /* while the echo is where it is looked for */
    USUAL = 70 * MS,    /* from the speaker being given a sound until the microphone has its echo */
    AHEAD = 25 * MS,    /* the canceller is told before the echo comes */
    TOLERATED = 20 * MS,
    AGREE = 3 * MS,
};

#define LOUD 200.0  /* mean square of a far end that can be found again: -67 dB */
#define SURE 9.0    /* times what is there by chance */
#define SMOOTH 50.0 /* blocks, for the guess */

struct stream {
    int16_t ring[RING];
    int64_t count; /* samples so far */
};

struct oriel_echo {
    struct stream speaker, microphone;
    int64_t distance; /* of the speaker's count from the microphone's, of what belongs together for the canceller */
    int64_t candidate, next;
    gboolean measured;
    double guess, after;
    GstFFTF32 *forward, *back;
    gfloat far[TRANSFORM], near[TRANSFORM], alike[TRANSFORM];
    GstFFTF32Complex far_spectrum[SPECTRUM], near_spectrum[SPECTRUM];
};

struct oriel_echo *oriel_echo_new(void) {
    struct oriel_echo *e = g_new0(struct oriel_echo, 1);
    e->forward = gst_fft_f32_new(TRANSFORM, FALSE);
    e->back = gst_fft_f32_new(TRANSFORM, TRUE);
    e->after = -1;
    return e;
}

void oriel_echo_free(struct oriel_echo *e) {
    if (!e)
        return;
    gst_fft_f32_free(e->forward);
    gst_fft_f32_free(e->back);
    g_free(e);
}

double oriel_echo_after(const struct oriel_echo *e) {
    return e->after;
}

static void append(struct stream *s, const int16_t *samples, size_t count) {
    for (size_t i = 0; i < count; i++)
        s->ring[s->count++ % RING] = samples[i];
}

void oriel_echo_played(struct oriel_echo *e, const int16_t *samples, size_t count) {
    append(&e->speaker, samples, count);
}

/* ---- measuring ---- */

/* The last `length` samples at the slower rate, and silence behind them. -> their mean square */
static double last(const struct stream *s, int length, gfloat *out) {
    double sum = 0;
    memset(out, 0, TRANSFORM * sizeof *out);
    for (int i = 0; i < length; i++) {
        int64_t at = s->count - (int64_t)(length - i) * SLOWER;
        for (int k = 0; k < SLOWER && at >= 0; k++)
            out[i] += s->ring[(at + k) % RING] / (gfloat)SLOWER;
        sum += (double)out[i] * out[i];
    }
    return sum / length;
}

/* -> the lag of the highest peak; how high, in times of what is there by chance. */
static int peak(struct oriel_echo *e, double *height) {
    double sum = 0;
    int best = 0;
    gst_fft_f32_fft(e->forward, e->far, e->far_spectrum);
    gst_fft_f32_fft(e->forward, e->near, e->near_spectrum);
    for (int i = 0; i < SPECTRUM; i++) {
        GstFFTF32Complex f = e->far_spectrum[i], n = e->near_spectrum[i];
        GstFFTF32Complex product = {f.r * n.r + f.i * n.i, f.i * n.r - f.r * n.i};
        gfloat size = hypotf(product.r, product.i) + 1;
        e->far_spectrum[i] = (GstFFTF32Complex){product.r / size, product.i / size};
    }
    gst_fft_f32_inverse_fft(e->back, e->far_spectrum, e->alike);
    for (int i = 0; i < LAGS; i++) {
        sum += (double)e->alike[i] * e->alike[i];
        if (fabsf(e->alike[i]) > fabsf(e->alike[best]))
            best = i;
    }
    *height = fabs((double)e->alike[best]) / (sqrt(sum / LAGS) + 1e-9);
    return best;
}

/* The canceller can't be told what the speaker was not given yet. */
static int64_t possible(const struct oriel_echo *e, int64_t distance, size_t count) {
    return MIN(distance, e->speaker.count - e->microphone.count - (int64_t)count);
}

static void measure(struct oriel_echo *e, size_t count) {
    double height;
    e->next = e->microphone.count + EVERY;
    if (last(&e->speaker, FAR, e->far) < LOUD || last(&e->microphone, NEAR, e->near) <= 0)
        return;
    int lag = peak(e, &height);
    if (height < SURE)
        return;
    int64_t found = e->speaker.count - e->microphone.count - (int64_t)(LAGS - lag) * SLOWER;
    e->after = (double)(e->distance - found) / MS;
    gboolean agree = llabs(found - e->candidate) < AGREE;
    e->candidate = found;
    gboolean right = e->measured && llabs(found + AHEAD - e->distance) <= TOLERATED;
    if (right) {
        e->next = e->microphone.count + SELDOM;
    } else if (agree) {
        e->distance = possible(e, found + AHEAD, count);
        e->measured = TRUE;
    }
}

static void guess(struct oriel_echo *e, size_t count) {
    double apart = (double)(e->speaker.count - e->microphone.count);
    e->guess += (apart - e->guess) / (e->guess == 0 ? 1 : SMOOTH);
    e->distance = possible(e, (int64_t)e->guess - USUAL + AHEAD, count);
}

void oriel_echo_heard(struct oriel_echo *e, const int16_t *samples, size_t count, int16_t *told) {
    if (!e->measured)
        guess(e, count);
    for (size_t i = 0; i < count; i++) {
        int64_t at = e->microphone.count + (int64_t)i + e->distance;
        told[i] = at >= MAX(0, e->speaker.count - RING) && at < e->speaker.count ? e->speaker.ring[at % RING] : 0;
    }
    append(&e->microphone, samples, count);
    if (e->microphone.count >= e->next)
        measure(e, count);
}
