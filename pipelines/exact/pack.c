/* See pack.h. */
#include "pack.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    PLACES = 4096, /* of what followed which neighbours */
    SURE = 3,      /* times that it did */
    COLOURS = 256, /* that are remembered */
    NEAR = 32,     /* kinds of left neighbours of a remembered colour */
    LINES = 16,
    OFF_LINE = 4,      /* of red and blue together, at most */
    LEARN = 4,         /* the later, the slower: by 1/2, 1/4 … 1/16 of what is missing; */
    LEARN_SLOWLY = 6,  /* of green to 1/64 */
    GREEN_LEARNED = 4, /* its upper bits; the others are noise */
    FIND = 1024,
    GRACE = 1024, /* bytes more than the part of the room that the rows so far may take */
};

#define MIX 0x9e3779b1u

struct chance {
    uint16_t zero; /* how likely, of 2^16 */
    uint8_t seen;
};

/* Two colours, red, green and blue, between which others lie. */
struct line {
    int from[3], to[3];
};

struct pack {
    uint8_t *at, *end;
    bool full;
    uint64_t low; /* with a carry */
    uint32_t range;
    uint8_t held;   /* a byte that a carry may change, */
    size_t waiting; /* and how many there are with 0xff after it */
    struct {
        struct chance row[2], followed[SURE + 1][64], left[64], above[64], known[4], which[NEAR][256], on_line,
            line[16], green[256], off[2][256], fresh[3][256];
    } chances;
    uint32_t followed[PLACES]; /* the last colour */
    uint8_t sure[PLACES];
    uint32_t colours[COLOURS];
    uint16_t found[FIND]; /* index + 1 of a colour, by its hash and on from there */
    unsigned count, line_count;
    struct line lines[LINES];
};

/* ---- the coder ---- */

static void put(struct pack *p, unsigned byte) {
    if (p->at == p->end)
        p->full = true;
    else
        *p->at++ = (uint8_t)byte;
}

static void shift(struct pack *p) {
    unsigned carry = p->low >> 32;
    if (carry || p->low < 0xff000000u) {
        for (uint8_t byte = p->held; p->waiting; p->waiting--, byte = 0xff)
            put(p, byte + carry);
        p->held = (uint8_t)(p->low >> 24);
    }
    p->waiting++;
    p->low = (p->low & 0xffffff) << 8;
}

static void widen(struct pack *p) {
    for (; p->range < 1u << 24; p->range <<= 8)
        shift(p);
}

static void put_bit(struct pack *p, struct chance *c, bool one, unsigned slowest) {
    uint32_t zero = (p->range >> 12) * (c->zero >> 4);
    c->seen = c->seen < slowest ? c->seen + 1 : c->seen;
    if (one) {
        p->low += zero;
        p->range -= zero;
        c->zero = (uint16_t)(c->zero - ((c->zero - 31) >> c->seen));
    } else {
        p->range = zero;
        c->zero = (uint16_t)(c->zero + ((65520 - c->zero) >> c->seen));
    }
    widen(p);
}

/* The upper `bits` of a byte, the highest first, each by those before it. */
static void put_bits(struct pack *p, struct chance *tree, unsigned value, unsigned bits, unsigned slowest) {
    for (unsigned node = 1; bits--;) {
        bool one = value >> bits & 1;
        put_bit(p, &tree[node], one, slowest);
        node = node * 2 + one;
    }
}

static void put_byte(struct pack *p, struct chance tree[256], unsigned value) {
    put_bits(p, tree, value & 255, 8, LEARN);
}

static void put_green(struct pack *p, unsigned value) {
    put_bits(p, p->chances.green, value >> (8 - GREEN_LEARNED), GREEN_LEARNED, LEARN_SLOWLY);
    for (unsigned bit = 8 - GREEN_LEARNED; bit--;) {
        p->range >>= 1;
        if (value >> bit & 1)
            p->low += p->range;
        widen(p);
    }
}

/* ---- colours ---- */

static uint32_t load(const uint8_t *at) {
    uint32_t pixel;
    memcpy(&pixel, at, sizeof pixel);
    return pixel & 0xffffff;
}

static int part(uint32_t pixel, int i) {
    return pixel >> (16 - 8 * i) & 255;
}

/* Where the colour is found, or is to be. */
static uint16_t *find(struct pack *p, uint32_t pixel) {
    unsigned i = pixel * MIX >> 22;
    while (p->found[i] && p->colours[p->found[i] - 1] != pixel)
        i = (i + 1) % FIND;
    return &p->found[i];
}

/* To the nearest, from 0 on away from it. */
static int divide(int a, int b) {
    if (b < 0) {
        a = -a;
        b = -b;
    }
    return a < 0 ? -((b - 2 * a) / (2 * b)) : (2 * a + b) / (2 * b);
}

static int on_line(const struct line *l, int i, int green) {
    return l->from[i] + divide((l->to[i] - l->from[i]) * (green - l->from[1]), l->to[1] - l->from[1]);
}

/* Small differences of either sign are small numbers. */
static unsigned fold(int difference) {
    return (difference & 255) < 128 ? (difference & 255) * 2u : (255 - (difference & 255)) * 2u + 1;
}

static void add_line(struct pack *p, unsigned from, const struct line *line) {
    memmove(p->lines + 1, p->lines, from * sizeof *line);
    p->lines[0] = *line;
}

static bool put_on_line(struct pack *p, uint32_t pixel) {
    unsigned best = LINES;
    int least = OFF_LINE + 1, red = 0, blue = 0, green = part(pixel, 1);
    for (unsigned i = 0; i < p->line_count; i++) {
        const struct line *l = &p->lines[i];
        if (l->to[1] == l->from[1])
            continue;
        int r = (int8_t)(part(pixel, 0) - on_line(l, 0, green)), b = (int8_t)(part(pixel, 2) - on_line(l, 2, green));
        if (abs(r) + abs(b) >= least)
            continue;
        least = abs(r) + abs(b);
        best = i;
        red = r;
        blue = b;
    }
    put_bit(p, &p->chances.on_line, best == LINES, LEARN);
    if (best == LINES)
        return false;
    put_bits(p, p->chances.line, best, 4, LEARN);
    put_green(p, (unsigned)green);
    put_byte(p, p->chances.off[0], fold(red));
    put_byte(p, p->chances.off[1], fold(blue));
    struct line used = p->lines[best];
    int length = used.to[1] - used.from[1], here = green - used.from[1];
    if (abs(here) > abs(length) && (here > 0) == (length > 0)) /* it goes on */
        for (int i = 0; i < 3; i++)
            used.to[i] = part(pixel, i);
    add_line(p, best, &used);
    return true;
}

/* ---- pixels ---- */

struct around {
    uint32_t left, above, above_left, above_right, left_left, above_above;
};

static void put_colour(struct pack *p, uint32_t pixel, const struct around *a, bool was_followed) {
    uint16_t *found = find(p, pixel);
    put_bit(p, &p->chances.known[(a->left == a->above) + 2 * was_followed], !*found, LEARN);
    if (*found) {
        put_byte(p, p->chances.which[a->left * MIX >> 27], *found - 1u);
        return;
    }
    if (p->count < COLOURS) {
        p->colours[p->count] = pixel;
        *found = (uint16_t)++p->count;
    }
    if (put_on_line(p, pixel))
        return;
    uint32_t ground = a->left_left == a->left ? a->left : a->above_above == a->above ? a->above : a->above_right;
    int green = part(pixel, 1) - part(a->left, 1);
    put_byte(p, p->chances.fresh[0], (unsigned)part(pixel, 1));
    put_byte(p, p->chances.fresh[1], (unsigned)(part(pixel, 0) - part(a->left, 0) - green));
    put_byte(p, p->chances.fresh[2], (unsigned)(part(pixel, 2) - part(a->left, 2) - green));
    struct line line;
    for (int i = 0; i < 3; i++) {
        line.from[i] = part(ground, i);
        line.to[i] = part(pixel, i);
    }
    p->line_count += p->line_count < LINES;
    add_line(p, p->line_count - 1, &line);
}

static unsigned place(const struct around *a) {
    uint32_t mixed = a->above_above * MIX + a->left_left;
    mixed = mixed * MIX + a->above_right;
    mixed = mixed * MIX + a->above_left;
    mixed = mixed * MIX + a->above;
    mixed = mixed * MIX + a->left;
    return (mixed ^ mixed >> 15) * MIX >> 20;
}

static void put_pixel(struct pack *p, uint32_t pixel, const struct around *a) {
    unsigned at = place(a), sure = p->sure[at];
    uint32_t likely = sure ? p->followed[at] : a->left;
    unsigned like = (a->left == a->above) + 2 * (a->above == a->above_right) + 4 * (a->left == a->above_left) +
                    8 * (a->left_left == a->left) + 16 * (a->above == a->above_above) + 32 * (likely == a->left);
    put_bit(p, &p->chances.followed[sure][like], pixel != likely, LEARN);
    p->followed[at] = pixel;
    p->sure[at] = pixel != likely ? 1 : sure < SURE ? (uint8_t)(sure + 1) : SURE;
    if (pixel == likely)
        return;
    if (likely != a->left) {
        put_bit(p, &p->chances.left[like], pixel != a->left, LEARN);
        if (pixel == a->left)
            return;
    }
    if (a->above != a->left && a->above != likely) {
        put_bit(p, &p->chances.above[like], pixel != a->above, LEARN);
        if (pixel == a->above)
            return;
    }
    put_colour(p, pixel, a, sure > 0);
}

static void put_row(struct pack *p, const uint8_t *now, const uint8_t *up, const uint8_t *up_up, unsigned width) {
    struct around a = {.left = up ? load(up) : 0};
    a.left_left = a.above_left = a.left;
    for (unsigned x = 0; x < width && !p->full; x++) {
        uint32_t pixel = load(now + x * 4u);
        a.above = up ? load(up + x * 4u) : a.left;
        a.above_left = up && x ? a.above_left : a.above;
        a.above_right = up && x + 1 < width ? load(up + x * 4u + 4) : a.above;
        a.above_above = up_up ? load(up_up + x * 4u) : a.above;
        put_pixel(p, pixel, &a);
        a.left_left = x ? a.left : pixel;
        a.left = pixel;
        a.above_left = a.above;
    }
}

static void start(struct pack *p, uint8_t *out) {
    struct chance *all = (struct chance *)&p->chances;
    for (size_t i = 0; i < sizeof p->chances / sizeof *all; i++)
        all[i].zero = 1 << 15;
    p->range = UINT32_MAX;
    p->at = out;
    p->waiting = 1; /* the first byte, which no carry reaches: 0 */
}

size_t oriel_pack_encode(const uint8_t *pixels, size_t stride, unsigned width, unsigned height, uint8_t *out,
                         size_t room) {
    struct pack *p = calloc(1, sizeof *p);
    bool same = false;
    if (!p)
        return 0;
    start(p, out);
    for (unsigned y = 0; y < height && !p->full; y++) {
        size_t by_then = GRACE + room / height * (y + 1u);
        p->end = out + (by_then < room ? by_then : room);
        const uint8_t *now = pixels + y * stride, *up = y ? now - stride : NULL, *up_up = y > 1 ? up - stride : NULL;
        bool again = y && memcmp(now, up, width * 4u) == 0;
        if (y)
            put_bit(p, &p->chances.row[same], !again, LEARN);
        same = again;
        if (!again)
            put_row(p, now, up, up_up, width);
    }
    p->end = out + room;
    for (int i = 0; i < 5; i++)
        shift(p);
    size_t length = p->full ? 0 : (size_t)(p->at - out);
    while (length > 1 && !out[length - 1])
        length--;
    free(p);
    return length;
}
