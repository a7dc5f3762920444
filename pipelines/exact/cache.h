/* What the page keeps: images of tiles by slot, so that a page of the screen that was seen before comes back as
 * references.
 *
 * Policy: an image's name is a keyed hash of its pixels, masks and pointer as they are in them; the key is random, of
 * one page, and never leaves, so that a name tells nothing and none can be made up. Both sides hold the same, without a
 * word about it: an image replaces what was in its slot, and the slot is chosen so that all of them together stay
 * within ORIEL_CACHE_BYTES: a free one, else the one that was not used for longest of those that make enough room; else
 * the image is not kept. Only what the page has acknowledged is referred to. Small tiles are not worth a slot. One
 * thread but for oriel_cache_name. */
#ifndef ORIEL_EXACT_CACHE_H
#define ORIEL_EXACT_CACHE_H

#include "wire.h"

enum { ORIEL_CACHE_KEY = 32, ORIEL_CACHE_SLOTS = 1024, ORIEL_CACHE_BYTES = 16 << 20, ORIEL_CACHE_AREA_MIN = 128 * 128 };

struct oriel_cache_slot {
    uint8_t name[ORIEL_EXACT_NAME];
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

/* `pixels`: rows of width*4 bytes. False: it can't be hashed. */
bool oriel_cache_name(const uint8_t key[ORIEL_CACHE_KEY], const uint8_t *pixels, unsigned width, unsigned height,
                      uint8_t name[ORIEL_EXACT_NAME]);

/* The slot where the page has it, or ORIEL_EXACT_NO_SLOT. */
uint16_t oriel_cache_find(struct oriel_cache *c, const uint8_t name[ORIEL_EXACT_NAME]);

/* The slot to send an image of `length` bytes to, or ORIEL_EXACT_NO_SLOT. */
uint16_t oriel_cache_place(struct oriel_cache *c, const uint8_t name[ORIEL_EXACT_NAME], size_t length);

/* The page has it; or does not, and what it has in that slot is not known. */
void oriel_cache_set(struct oriel_cache *c, uint16_t slot, const uint8_t name[ORIEL_EXACT_NAME], bool there);

#endif
