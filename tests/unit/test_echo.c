/* pipelines/echo, and the settings of pipelines/soundcard: what the speaker plays is taken out of what the microphone
 * hears, wherever in time that is, and what the person says is not. With the sound card's canceller, but block by block
 * instead of by the clock, so that a busy machine changes nothing. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <math.h>
#include <string.h>

#include "echo.h"
#include "soundcard.h"

enum { BLOCK = ORIEL_SOUND_SAMPLES, SECONDS = 12, BLOCKS = SECONDS * 100, PAST = 64 };

#define RAW "audio/x-raw,format=S16LE,rate=48000,channels=1,layout=interleaved"

struct rig {
    GstElement *pipeline, *far, *near, *out;
    gint played; /* atomic */
};

static void on_played(GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer user) {
    g_atomic_int_inc(&((struct rig *)user)->played);
}

static void open_rig(struct rig *r) {
    g_autoptr(GError) error = NULL;
    *r = (struct rig){0};
    r->pipeline =
        gst_parse_launch("appsrc name=far format=time caps=" RAW " ! webrtcechoprobe name=" ORIEL_SOUNDCARD_PROBE
                         " ! fakesink name=speaker sync=false async=false signal-handoffs=true "
                         "appsrc name=near format=time caps=" RAW " ! webrtcdsp " ORIEL_SOUNDCARD_DSP
                         " ! appsink name=out sync=false async=false",
                         &error);
    if (error)
        fail_msg("%s", error->message);
    r->far = gst_bin_get_by_name(GST_BIN(r->pipeline), "far");
    r->near = gst_bin_get_by_name(GST_BIN(r->pipeline), "near");
    r->out = gst_bin_get_by_name(GST_BIN(r->pipeline), "out");
    g_autoptr(GstElement) speaker = gst_bin_get_by_name(GST_BIN(r->pipeline), "speaker");
    g_signal_connect(speaker, "handoff", G_CALLBACK(on_played), r);
    gst_element_set_state(r->pipeline, GST_STATE_PLAYING);
    gst_bin_recalculate_latency(GST_BIN(r->pipeline));
}

static void close_rig(struct rig *r) {
    gst_element_set_state(r->pipeline, GST_STATE_NULL);
    g_clear_object(&r->far);
    g_clear_object(&r->near);
    g_clear_object(&r->out);
    g_clear_object(&r->pipeline);
}

static void push(GstElement *src, const int16_t *samples, int block) {
    GstBuffer *buffer = gst_buffer_new_memdup(samples, BLOCK * sizeof *samples);
    GST_BUFFER_PTS(buffer) = (GstClockTime)block * 10 * GST_MSECOND;
    GST_BUFFER_DURATION(buffer) = 10 * GST_MSECOND;
    gst_app_src_push_buffer(GST_APP_SRC(src), buffer);
}

/* Like speech: harmonics of a pitch that glides, and noise, in syllables. */
static void speak(int16_t *out, int block, double pitch, double *phase) {
    for (int i = 0; i < BLOCK; i++) {
        double t = (block * BLOCK + i) / 48000.0, sample = 0;
        double syllable = pow(fmax(0, sin(2 * G_PI * 2.3 * t + pitch)), 0.7);
        *phase += 2 * G_PI * (pitch + 25 * sin(2 * G_PI * 0.7 * t)) / 48000;
        for (int h = 1; h < 18; h++)
            sample += sin(h * *phase + h * h) / (1 + fabs(h - 4 - 3 * sin(2 * G_PI * 1.1 * t)));
        out[i] = (int16_t)(2200 * syllable * (sample + 0.3 * g_random_double_range(-1, 1)));
    }
}

static double power(const int16_t *samples) {
    double sum = 0;
    for (int i = 0; i < BLOCK; i++)
        sum += (double)samples[i] * samples[i];
    return sum / BLOCK;
}

/* The far end comes back `delay` blocks later, and again softer, from block `later` on 6 blocks later than that; from
 * block `both` on the person speaks, too. Sums of power of what was heard and what was left, from block `from` on. */
static void run(int delay, int later, int both, int from, double *heard, double *left) {
    struct rig rig;
    static int16_t past[PAST][BLOCK];
    double phases[2] = {0};
    memset(past, 0, sizeof past);
    *heard = *left = 0;
    open_rig(&rig);
    struct oriel_echo *echo_of = oriel_echo_new();
    for (int b = 0; b < BLOCKS; b++) {
        int16_t near[BLOCK], told[BLOCK], own[BLOCK] = {0};
        int late = delay + (b >= later ? 6 : 0);
        speak(past[b % PAST], b, 190, &phases[0]);
        if (b >= both)
            speak(own, b, 110, &phases[1]);
        for (int i = 0; i < BLOCK; i++) {
            double echo = b < late + 2 ? 0
                                       : 0.4 * past[(b - late) % PAST][i] + 0.12 * past[(b - late - 2) % PAST][i] +
                                             g_random_double_range(-4, 4);
            near[i] = (int16_t)CLAMP(own[i] + echo, -32768, 32767);
        }
        oriel_echo_played(echo_of, past[b % PAST], BLOCK);
        oriel_echo_heard(echo_of, near, BLOCK, told);
        push(rig.far, told, b);
        while (g_atomic_int_get(&rig.played) <= b)
            g_usleep(20);
        push(rig.near, near, b);
        g_autoptr(GstSample) sample = gst_app_sink_try_pull_sample(GST_APP_SINK(rig.out), 5 * GST_SECOND);
        assert_non_null(sample);
        int16_t out[BLOCK];
        assert_int_equal(gst_buffer_extract(gst_sample_get_buffer(sample), 0, out, sizeof out), sizeof out);
        if (b >= from) {
            *heard += power(near);
            *left += power(out);
        }
    }
    oriel_echo_free(echo_of);
    close_rig(&rig);
}

static void check(int delay, int later) {
    double heard, left;
    run(delay, later, BLOCKS, BLOCKS * 2 / 3, &heard, &left);
    double weaker = 10 * log10(heard / fmax(left, 1));
    print_message("echo after %d ms%s: %.1f dB weaker\n", delay * 10, later < BLOCKS ? " and then 60 more" : "",
                  weaker);
    if (weaker < 25)
        fail_msg("an echo after %d ms is only %.1f dB weaker", delay * 10, weaker);
}

static void test_the_echo_is_25_dB_weaker(void **state) {
    check(3, BLOCKS); /* what lies between the speaker's buffer and the microphone: another buffer, and the room */
    check(9, BLOCKS);
    check(30, BLOCKS);
}

static void test_a_stumble_is_made_up_for(void **state) {
    check(7, BLOCKS / 4);
}

static void test_who_talks_at_the_same_time_is_heard(void **state) {
    double heard, left;
    run(8, BLOCKS, BLOCKS * 2 / 3, BLOCKS * 2 / 3, &heard, &left);
    double change = 10 * log10(left / heard);
    print_message("both at once: %.1f dB\n", change);
    if (change < -10)
        fail_msg("the person is %.1f dB weaker while the agent talks", change);
}

/* Sound that has nothing to do with it is not taken for an echo. */
static void test_a_stranger_is_no_echo(void **state) {
    struct oriel_echo *e = oriel_echo_new();
    double phases[2] = {0};
    int16_t far[BLOCK], near[BLOCK], told[BLOCK];
    for (int b = 0; b < BLOCKS; b++) {
        speak(far, b, 190, &phases[0]);
        speak(near, b, 110, &phases[1]);
        oriel_echo_played(e, far, BLOCK);
        oriel_echo_heard(e, near, BLOCK, told);
    }
    assert_true(oriel_echo_after(e) < 0);
    oriel_echo_free(e);
}

int main(void) {
    gst_init(NULL, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_echo_is_25_dB_weaker),
        cmocka_unit_test(test_a_stumble_is_made_up_for),
        cmocka_unit_test(test_a_stranger_is_no_echo),
        cmocka_unit_test(test_who_talks_at_the_same_time_is_heard),
    };
    return cmocka_run_group_tests_name("echo", tests, NULL, NULL);
}
