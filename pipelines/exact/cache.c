/* See cache.h. */
#include "cache.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

enum { DIGEST = 32, ALL = (1 << ORIEL_CACHE_CELLS) - 1 /* a bit for each cell */ };

bool oriel_cache_start(struct oriel_cache *c) {
    memset(c, 0, sizeof *c);
    return RAND_bytes(c->key, sizeof c->key) == 1;
}

/* One of its cells; to `digest`. */
static bool hash_cell(EVP_MD_CTX *context, const uint8_t *pixels, size_t stride, unsigned width, unsigned height,
                      uint8_t digest[EVP_MAX_MD_SIZE]) {
    bool good = EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    for (unsigned row = 0; row < height && good; row++)
        good = EVP_DigestUpdate(context, pixels + row * stride, width * 4u);
    return good && EVP_DigestFinal_ex(context, digest, NULL);
}

static unsigned side(unsigned length, unsigned from) {
    return length - from < ORIEL_CELL ? length - from : ORIEL_CELL;
}

bool oriel_cache_name(const uint8_t key[ORIEL_CACHE_KEY], const uint8_t *pixels, unsigned width, unsigned height,
                      struct oriel_cache_image *image) {
    /* The pixels are hashed first, then keyed with their shape: HMAC over the digests. */
    uint8_t text[4 + ORIEL_CACHE_CELLS * DIGEST] = {(uint8_t)width, (uint8_t)(width >> 8), (uint8_t)height,
                                                    (uint8_t)(height >> 8)};
    uint8_t digest[EVP_MAX_MD_SIZE];
    if (width > ORIEL_TILE_SIDE || height > ORIEL_TILE_SIDE)
        return false;
    *image = (struct oriel_cache_image){.width = (uint16_t)width, .height = (uint16_t)height};
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context;
    size_t length = 4, stride = width * 4u;
    for (unsigned y = 0; y < height && good; y += ORIEL_CELL)
        for (unsigned x = 0; x < width && good; x += ORIEL_CELL, length += DIGEST) {
            good = hash_cell(context, pixels + y * stride + x * 4, stride, side(width, x), side(height, y), digest);
            memcpy(text + length, digest, DIGEST);
            memcpy(image->cells[y / ORIEL_CELL * ORIEL_TILE_CELLS + x / ORIEL_CELL], digest, ORIEL_EXACT_NAME);
        }
    EVP_MD_CTX_free(context);
    unsigned size;
    good = good && HMAC(EVP_sha256(), key, ORIEL_CACHE_KEY, text, length, digest, &size);
    if (good)
        memcpy(image->name, digest, ORIEL_EXACT_NAME);
    return good;
}

static uint16_t find(const struct oriel_cache *c, const uint8_t name[ORIEL_EXACT_NAME]) {
    for (uint16_t i = 0; i < ORIEL_CACHE_SLOTS; i++)
        if (c->slots[i].length && memcmp(c->slots[i].image.name, name, ORIEL_EXACT_NAME) == 0)
            return i;
    return ORIEL_EXACT_NO_SLOT;
}

uint16_t oriel_cache_find(struct oriel_cache *c, const uint8_t name[ORIEL_EXACT_NAME]) {
    uint16_t slot = find(c, name);
    if (slot == ORIEL_EXACT_NO_SLOT || !c->slots[slot].there)
        return ORIEL_EXACT_NO_SLOT;
    c->slots[slot].used = ++c->uses;
    return slot;
}

/* How many pixels of it are the same. */
static unsigned common(const struct oriel_cache_image *a, const struct oriel_cache_image *b, uint32_t *same) {
    unsigned area = 0;
    *same = 0;
    for (unsigned y = 0; y < a->height; y += ORIEL_CELL)
        for (unsigned x = 0; x < a->width; x += ORIEL_CELL) {
            unsigned cell = y / ORIEL_CELL * ORIEL_TILE_CELLS + x / ORIEL_CELL;
            if (memcmp(a->cells[cell], b->cells[cell], ORIEL_EXACT_NAME) != 0)
                continue;
            area += side(a->width, x) * side(a->height, y);
            *same |= 1u << cell;
        }
    return area;
}

/* The slot where the page has what is most like it, more than half the same. */
static uint16_t most_like(struct oriel_cache *c, const struct oriel_cache_image *image, uint32_t *same) {
    unsigned most = (unsigned)image->width * image->height / 2;
    uint16_t best = ORIEL_EXACT_NO_SLOT;
    for (uint16_t i = 0; i < ORIEL_CACHE_SLOTS; i++) {
        const struct oriel_cache_slot *s = &c->slots[i];
        uint32_t those;
        if (!s->there || s->image.width != image->width || s->image.height != image->height)
            continue;
        unsigned area = common(image, &s->image, &those);
        if (area <= most)
            continue;
        most = area;
        best = i;
        *same = those;
    }
    if (best != ORIEL_EXACT_NO_SLOT)
        c->slots[best].used = ++c->uses;
    return best;
}

/* The rectangle in a set of cells that begins with the cell `first`: as far as it goes to the right, and then down. */
static uint32_t block(uint32_t set, unsigned first, unsigned *columns, unsigned *rows) {
    uint32_t row = 1u << first, all, below;
    for (*columns = 1; (first + *columns) % ORIEL_TILE_CELLS && set & row << *columns;)
        ++*columns;
    all = row = (row << *columns) - row;
    for (*rows = 1; (below = row << *rows * ORIEL_TILE_CELLS) && (set & below) == below; ++*rows)
        all |= below;
    return all;
}

size_t oriel_cache_parts(struct oriel_cache *c, const struct oriel_cache_image *image, uint16_t *slot,
                         struct oriel_cache_part parts[ORIEL_CACHE_CELLS]) {
    uint32_t same = 0, done = 0;
    size_t count = 0;
    *slot = most_like(c, image, &same);
    for (unsigned i = 0, columns, rows; i < ORIEL_CACHE_CELLS && *slot != ORIEL_EXACT_NO_SLOT; i++) {
        unsigned x = i % ORIEL_TILE_CELLS * ORIEL_CELL, y = i / ORIEL_TILE_CELLS * ORIEL_CELL;
        if (x >= image->width || y >= image->height || done & 1u << i)
            continue;
        bool is_same = same & 1u << i;
        done |= block((is_same ? same : ~same & ALL) & ~done, i, &columns, &rows);
        unsigned width = columns * ORIEL_CELL, height = rows * ORIEL_CELL;
        width = width < image->width - x ? width : image->width - x;
        height = height < image->height - y ? height : image->height - y;
        parts[count++] =
            (struct oriel_cache_part){{(uint16_t)x, (uint16_t)y, (uint16_t)width, (uint16_t)height}, is_same};
    }
    return count;
}

uint16_t oriel_cache_place(struct oriel_cache *c, const struct oriel_cache_image *image, size_t length) {
    uint16_t best = find(c, image->name); /* on its way already, or lost: into the same */
    for (uint16_t i = 0; best == ORIEL_EXACT_NO_SLOT && i < ORIEL_CACHE_SLOTS; i++)
        if (!c->slots[i].length && c->bytes + length <= ORIEL_CACHE_BYTES)
            best = i;
    if (best == ORIEL_EXACT_NO_SLOT)
        for (uint16_t i = 0; i < ORIEL_CACHE_SLOTS; i++)
            if (c->bytes - c->slots[i].length + length <= ORIEL_CACHE_BYTES &&
                (best == ORIEL_EXACT_NO_SLOT || c->slots[i].used < c->slots[best].used))
                best = i;
    if (best == ORIEL_EXACT_NO_SLOT || !length)
        return ORIEL_EXACT_NO_SLOT;
    struct oriel_cache_slot *s = &c->slots[best];
    c->bytes += length - s->length;
    *s = (struct oriel_cache_slot){.image = *image, .length = length, .used = ++c->uses};
    return best;
}

void oriel_cache_set(struct oriel_cache *c, uint16_t slot, const uint8_t name[ORIEL_EXACT_NAME], bool there) {
    if (slot < ORIEL_CACHE_SLOTS && memcmp(c->slots[slot].image.name, name, ORIEL_EXACT_NAME) == 0)
        c->slots[slot].there = there;
}
