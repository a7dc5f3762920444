/* The room around a device: what its microphone hears, and what its speaker plays, as two FIFOs that a PulseAudio of
 * the tests takes for sound cards (module-pipe-source, module-pipe-sink). 48 kHz, 10 ms at a time, two channels of 32
 * bits, which are alike: PulseAudio takes such a card for one whose buffer is 4096 bytes, and so it is only 11 ms.
 *
 *     rig-room MICROPHONE SPEAKER FOLDER
 *
 * It keeps time as a sound card does: a sample that comes to the speaker is played AHEAD after the one that came first,
 * by as many samples as it comes later in the stream, and is lost when it is late for that. So the way from the speaker
 * to the microphone is always the same, to the sample. Only a stream that is late for 100 ms is a new one.
 *
 * Commands by stdin, a line each:
 *   say FILE         somebody speaks: FILE is raw sound (mono, 48 kHz, 16 bits). -> saying MICROSECONDS
 *   echo PERMILLE    so much of the speaker comes back into the microphone, 10 ms later, and softer once more after 30
 * What was played is written to FOLDER/played.raw, what was heard to FOLDER/heard.raw, both without a gap from one
 * moment on, which is told: -> from MICROSECONDS (CLOCK_REALTIME, as a browser's clock). And at the end: -> late
 * SAMPLES, which the speaker was given too late. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 480, DELAY = 1, AGAIN = 3, PAST = 16, AHEAD = 2 * BLOCK, PATIENCE = 10, UNREAD = 32768 };

struct frame {
    int32_t left, right;
};

static const char *microphone_path;
static int microphone = -1, speaker;
static FILE *played, *heard;
static int16_t past[PAST][BLOCK]; /* what was played, by block modulo PAST */
static int16_t *speech;
static size_t speech_samples, said;
static int gain;
static int64_t begun = -1, got, lost; /* of the speaker's stream: the sample played first; frames read; too late */

static int64_t now(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void say_line(const char *what, int64_t value) {
    printf("%s %lld\n", what, (long long)value);
    fflush(stdout);
}

static void load(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    free(speech);
    speech = malloc(size + 2);
    speech_samples = fread(speech, 2, size / 2, file);
    said = 0;
    fclose(file);
    say_line("saying", now(CLOCK_REALTIME));
}

static void command(char *line) {
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "say ", 4) == 0)
        load(line + 4);
    else if (strncmp(line, "echo ", 5) == 0)
        gain = atoi(line + 5);
}

static int clip(int sample) {
    return sample > INT16_MAX ? INT16_MAX : sample < INT16_MIN ? INT16_MIN : sample;
}

static size_t read_frames(struct frame *frames, size_t count) {
    ssize_t n = read(speaker, frames, count * sizeof *frames);
    return n > 0 ? (size_t)n / sizeof *frames : 0; /* what is written is whole frames */
}

/* What the speaker plays in this block; silence where it was given nothing in time. */
static void listen_to_speaker(unsigned block) {
    int16_t *out = past[block % PAST];
    int64_t now = (int64_t)block * BLOCK;
    int available = 0;
    struct frame frames[BLOCK];
    memset(out, 0, BLOCK * sizeof *out);
    if (begun < 0 && ioctl(speaker, FIONREAD, &available) == 0 && available > 0)
        begun = now + AHEAD;
    static int behind;
    behind = begun >= 0 && begun + got < now ? behind + 1 : 0;
    if (behind > PATIENCE && ioctl(speaker, FIONREAD, &available) == 0 && available > 0)
        begun = now + AHEAD - got;
    while (begun >= 0 && begun + got < now) { /* too late */
        size_t n = read_frames(frames, (size_t)(now - begun - got < BLOCK ? now - begun - got : BLOCK));
        if (!n)
            break;
        got += (int64_t)n;
        lost += (int64_t)n;
    }
    while (begun >= 0 && begun + got >= now && begun + got < now + BLOCK) {
        int64_t at = begun + got - now;
        size_t n = read_frames(frames, (size_t)(BLOCK - at));
        for (size_t i = 0; i < n; i++)
            out[at + (int64_t)i] = (int16_t)(frames[i].left >> 16);
        got += (int64_t)n;
        if (!n)
            break;
    }
    fwrite(out, sizeof *out, BLOCK, played);
}

/* PulseAudio makes it. Read and write: so that it can be emptied. */
static void open_microphone(void) {
    microphone = open(microphone_path, O_RDWR | O_NONBLOCK);
    if (microphone >= 0)
        fcntl(microphone, F_SETPIPE_SZ, UNREAD);
}

/* Nobody has listened: as of a sound card, what was not read is lost, so that who listens then hears the present. And
 * PulseAudio may have gone, and made another. */
static void overrun(void) {
    char bytes[UNREAD];
    while (read(microphone, bytes, sizeof bytes) > 0)
        ;
    close(microphone);
    microphone = -1;
}

static void speak_to_microphone(unsigned block) {
    int16_t out[BLOCK];
    struct frame frames[BLOCK];
    for (unsigned i = 0; i < BLOCK; i++) {
        int sample = said < speech_samples ? speech[said++] : 0;
        if (block >= AGAIN)
            sample += past[(block - DELAY) % PAST][i] * gain / 1000 + past[(block - AGAIN) % PAST][i] * gain / 3000;
        out[i] = (int16_t)clip(sample);
        frames[i].left = frames[i].right = out[i] * 65536;
    }
    fwrite(out, sizeof *out, BLOCK, heard);
    if (microphone < 0)
        open_microphone();
    if (microphone >= 0 && write(microphone, frames, sizeof frames) < 0 && errno == EAGAIN)
        overrun();
}

static FILE *create(const char *folder, const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file)
        exit(1);
    setvbuf(file, NULL, _IONBF, 0);
    return file;
}

int main(int argc, char **argv) {
    char line[600];
    if (argc != 4)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdin, NULL, _IONBF, 0); /* several lines may come at once: poll() must see those that are not read yet */
    microphone_path = argv[1];
    speaker = open(argv[2], O_RDWR | O_NONBLOCK); /* never at its end */
    if (speaker < 0)
        return 1;
    played = create(argv[3], "played.raw");
    heard = create(argv[3], "heard.raw");
    say_line("from", now(CLOCK_REALTIME));
    int64_t next = now(CLOCK_MONOTONIC);
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    for (unsigned block = 0;;) {
        int64_t wait = next - now(CLOCK_MONOTONIC);
        if (poll(&in, 1, wait > 0 ? (int)((wait + 999) / 1000) : 0) > 0) {
            if (!fgets(line, sizeof line, stdin))
                return say_line("late", lost), 0;
            command(line);
        }
        for (; now(CLOCK_MONOTONIC) >= next; next += 10000, block++) {
            listen_to_speaker(block);
            speak_to_microphone(block);
        }
    }
}
