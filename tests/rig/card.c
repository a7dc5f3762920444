/* The sound card as oriel-voice has it, without a session around it: what rig-room's microphone gives after the echo
 * was taken out.
 *
 *     rig-card SERVER MICROPHONE SPEAKER HEARD [BACKEND]
 *
 * Commands by stdin: `play FILE` plays raw sound (mono, 48 kHz, 16 bits) as an agent's voice. What is heard goes to
 * the file HEARD, silence for what was lost. -> ready MICROSECONDS (CLOCK_REALTIME; when the first sample of it was
 * heard), playing MICROSECONDS; stumbled MICROSECONDS when the machine was too busy and sound of the microphone was
 * lost. BACKEND is pulse when it is not said. */
#include <gst/gst.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "soundcard.h"

enum { STUMBLE = 15 * ORIEL_SOUND_RATE / 1000 };

static FILE *out;
static struct oriel_soundcard *card;
static int64_t first, written; /* when the file's first sample was heard; samples in it */

static void ready(void *user, bool microphone, bool speaker, const char *missing) {
    if (!microphone || !speaker) {
        fprintf(stderr, "%s\n", missing);
        exit(1);
    }
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    printf("ready %lld\n", (long long)(t.tv_sec * 1000000 + t.tv_nsec / 1000 - (oriel_monotonic() - first) / 1000));
    fflush(stdout);
}

/* Each block where its time says, so that what the machine was too busy for moves nothing that comes after it. */
static void heard(void *user, const struct oriel_sound *sound) {
    static const int16_t silence;
    if (!first)
        first = sound->at;
    int64_t late = (sound->at - first) / 1000 * 48 / 1000 - written;
    if (llabs(late) > STUMBLE) {
        printf("stumbled %lld\n", (long long)late * 1000 / 48);
        fflush(stdout);
        for (; late > 0; late--, written++)
            fwrite(&silence, sizeof silence, 1, out);
        if (late < 0)
            return;
    }
    fwrite(sound->samples, sizeof sound->samples, 1, out);
    fflush(out);
    written += ORIEL_SOUND_SAMPLES;
}

static void lost(void *user, const char *why) {
    exit(1);
}

static void play(const char *path) {
    struct oriel_sound sound = {.at = oriel_monotonic()};
    struct timespec t;
    FILE *file = fopen(path, "rb");
    clock_gettime(CLOCK_REALTIME, &t);
    printf("playing %lld\n", (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
    fflush(stdout);
    while (file && fread(sound.samples, sizeof sound.samples, 1, file) == 1) {
        int64_t wait = sound.at - oriel_monotonic();
        if (wait > 0)
            g_usleep((gulong)(wait / 1000));
        oriel_soundcard_play(card, &sound);
        sound.at += 10 * ORIEL_MILLISECOND;
    }
    if (file)
        fclose(file);
}

static gpointer listen_to_orders(gpointer unused) {
    char line[600];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "play ", 5) == 0)
            play(line + 5);
    }
    exit(0);
}

int main(int argc, char **argv) {
    static const struct oriel_soundcard_events events = {ready, heard, lost};
    if ((argc != 5 && argc != 6) || !(out = fopen(argv[4], "wb")))
        return 2;
    gst_init(NULL, NULL);
    card = oriel_soundcard_open(
        &(struct oriel_soundcard_wish){argc == 6 ? argv[5] : "pulse", argv[1], argv[2], argv[3]}, &events, NULL);
    g_thread_new("orders", listen_to_orders, NULL);
    g_main_loop_run(g_main_loop_new(NULL, FALSE));
}
