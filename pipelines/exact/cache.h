/* What the page keeps: images of tiles by slot, so that a page of the screen that was seen before comes back as
 * references, and one that differs from it in a number here and there mostly as references to parts.
 *
 * Policy: an image's name is a keyed hash of its pixels, masks and pointer as they are in them; the key is random, of
 * one page, and never leaves, so that a name tells nothing and none can be made up. Both sides hold the same, without a
 * word about it: an image replaces what was in its slot, and the slot is chosen so that all of them together stay
 * within ORIEL_CACHE_BYTES: a free one, else the one that was not used for longest of those that make enough room; else
 * the image is not kept. Only what the page has acknowledged is referred to. Small tiles are not worth a slot. One
 * thread but for oriel_cache_name. */
#ifndef ORIEL_EXACT_CACHE_H
#define ORIEL_EXACT_CACHE_H

#include "classifier.h"
#include "wire.h"

enum { ORIEL_CACHE_KEY = 32, ORIEL_CACHE_SLOTS = 1024, ORIEL_CACHE_BYTES = 16 << 20, ORIEL_CACHE_AREA_MIN = 128 * 128 };
enum { ORIEL_CACHE_CELLS = ORIEL_TILE_CELLS * ORIEL_TILE_CELLS };

/* An image by what is in it. */
struct oriel_cache_image {
    uint16_t width, height;
    uint8_t name[ORIEL_EXACT_NAME];
    uint8_t cells[ORIEL_CACHE_CELLS][ORIEL_EXACT_NAME]; /* hashes of its cells of 64x64, row by row; they never leave */
};

struct oriel_cache_slot {
    struct oriel_cache_image image;
    size_t length; /* what the page may hold there */
    uint64_t used;
    bool there; /* the page has it */
};

struct oriel_cache {
    uint8_t key[ORIEL_CACHE_KEY];
    size_t bytes;
    uint64_t uses;
    struct oriel_cache_slot slots[ORIEL_CACHE_SLOTS];
};

/* For a page that has nothing. False: no randomness. */
bool oriel_cache_start(struct oriel_cache *c);

/* `pixels`: rows of width*4 bytes, at most as wide and high as a tile. False: it can't be hashed. */
bool oriel_cache_name(const uint8_t key[ORIEL_CACHE_KEY], const uint8_t *pixels, unsigned width, unsigned height,
                      struct oriel_cache_image *image);

/* The slot where the page has it, or ORIEL_EXACT_NO_SLOT. */
uint16_t oriel_cache_find(struct oriel_cache *c, const uint8_t name[ORIEL_EXACT_NAME]);

/* How it is made of the image in the page that is most like it: of the same size, and more than half of it the same.
 * How many parts, which cover it once, and where that image is; 0: there is none. */
struct oriel_cache_part {
    struct oriel_rect rect; /* of whole cells, in both images */
    bool same;
};
size_t oriel_cache_parts(struct oriel_cache *c, const struct oriel_cache_image *image, uint16_t *slot,
                         struct oriel_cache_part parts[ORIEL_CACHE_CELLS]);

/* The slot to send an image of `length` bytes to, or ORIEL_EXACT_NO_SLOT. */
uint16_t oriel_cache_place(struct oriel_cache *c, const struct oriel_cache_image *image, size_t length);

/* The page has it; or does not, and what it has in that slot is not known. */
void oriel_cache_set(struct oriel_cache *c, uint16_t slot, const uint8_t name[ORIEL_EXACT_NAME], bool there);

#endif
