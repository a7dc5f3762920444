/* rig-damage SECONDS: what changes on the screen of $DISPLAY, as the exact layer's classifier gets it, for the traces
 * of tests/unit/damage (its README.txt says how they were made).
 *
 * Capture is Oriel's own, and so is the way of its pictures to the classifier: shared buffers, moves, differences. To
 * standard output, one line a picture that differs:
 *
 *     size WIDTH HEIGHT                    first of all
 *     MS X,Y,WIDTH,HEIGHT …                milliseconds since the first picture (which is not told), then the
 * rectangles MS > X,Y,WIDTH,HEIGHT X,Y …          … before which those pixels have moved there */
#include "../unit/capture_rig.h"

#include "differ.h"
#include "framereader.h"
#include "mover.h"

enum { RATE = 30 };

struct recorder {
    struct oriel_frame_reader *reader;
    uint8_t *shadow, *planes; /* NULL: there was no picture yet */
    int64_t start;
    struct oriel_mover mover;
};

static void move(struct recorder *r, unsigned width, const struct oriel_rect *damage, unsigned count) {
    struct oriel_move moves[ORIEL_EXACT_MOVES_MAX];
    size_t found = oriel_mover_find(&r->mover, r->reader, r->shadow, width, damage, count, moves);
    for (size_t i = 0; i < found; i++) {
        const struct oriel_rect *from = &moves[i].from;
        oriel_moves_apply(&moves[i], r->shadow, (size_t)width * 4);
        printf("%s%u,%u,%u,%u %u,%u", i ? " " : " > ", from->x, from->y, from->width, from->height, moves[i].x,
               moves[i].y);
    }
}

static void record(struct recorder *r) {
    const struct oriel_frame_info *info = oriel_frame_reader_info(r->reader);
    const struct oriel_rect whole = {0, 0, (uint16_t)info->width, (uint16_t)info->height};
    const size_t area = (size_t)info->width * info->height;
    const int half = (int)(info->width + 1) / 2;
    struct oriel_rect damage[ORIEL_FRAME_DAMAGE_MAX];
    struct oriel_differ differ = {0};
    bool first = !r->shadow;
    if (first) {
        r->shadow = malloc(area * 4);
        r->planes = malloc(area * 2);
        r->start = oriel_monotonic();
        printf("size %u %u\n", info->width, info->height);
    }
    const struct oriel_i420 out = {{r->planes, r->planes + area, r->planes + area + area / 2},
                                   {(int)info->width, half, half}};
    unsigned count = oriel_frame_reader_draw(r->reader, &out, damage);
    oriel_frame_reader_ready(r->reader);
    if (first) {
        oriel_frame_reader_pixels(r->reader, &whole, r->shadow, info->width * 4u);
        return;
    }
    if (count == 0)
        return;
    printf("%d", (int)((oriel_monotonic() - r->start) / ORIEL_MILLISECOND));
    move(r, info->width, damage, count);
    oriel_differ(&differ, r->reader, r->shadow, info->width, damage, count);
    for (unsigned i = 0; i < differ.count; i++)
        printf(" %u,%u,%u,%u", differ.rects[i].x, differ.rects[i].y, differ.rects[i].width, differ.rects[i].height);
    puts("");
}

int main(int argc, char **argv) {
    static struct recorder r;
    struct capture c;
    const char *display = getenv("DISPLAY");
    int seconds = argc > 1 ? atoi(argv[1]) : 0;
    if (seconds <= 0 || !display) {
        fputs("usage: rig-damage SECONDS, with $DISPLAY\n", stderr);
        return 2;
    }
    if (start_with(
            &c,
            &(struct wish){.backend = "x11", .display = display, .xauthority = getenv("XAUTHORITY"), .rate = RATE}) !=
        ORIEL_CAPTURE_READY) {
        fprintf(stderr, "rig-damage: %s\n", c.text);
        return 1;
    }
    r.reader = oriel_frame_reader_new(dup(c.frames));
    oriel_frame_reader_keep(r.reader);
    oriel_frame_reader_run(r.reader, RATE);
    for (int64_t left, until = oriel_monotonic() + seconds * ORIEL_SECOND; (left = until - oriel_monotonic()) > 0;) {
        if (!wait_readable(c.frames, (int)(left / ORIEL_MILLISECOND) + 1))
            continue;
        int got = oriel_frame_reader_receive(r.reader);
        if (got < 0) {
            fprintf(stderr, "rig-damage: %s\n", oriel_frame_reader_error(r.reader));
            return 1;
        }
        if (got > 0)
            record(&r);
    }
    oriel_frame_reader_free(r.reader);
    end(&c);
    return 0;
}
