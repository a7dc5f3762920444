/* See cache.h. */
#include "cache.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

bool oriel_cache_start(struct oriel_cache *c) {
    memset(c, 0, sizeof *c);
    return RAND_bytes(c->key, sizeof c->key) == 1;
}

bool oriel_cache_name(const uint8_t key[ORIEL_CACHE_KEY], const uint8_t *pixels, unsigned width, unsigned height,
                      uint8_t name[ORIEL_EXACT_NAME]) {
    /* The pixels are hashed first, then keyed with their shape: HMAC over the digest. */
    uint8_t text[8 + EVP_MAX_MD_SIZE] = {(uint8_t)width, (uint8_t)(width >> 8), (uint8_t)height,
                                         (uint8_t)(height >> 8)};
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (!EVP_Digest(pixels, (size_t)width * height * 4, text + 8, &length, EVP_sha256(), NULL) ||
        !HMAC(EVP_sha256(), key, ORIEL_CACHE_KEY, text, 8 + length, mac, &length))
        return false;
    memcpy(name, mac, ORIEL_EXACT_NAME);
    return true;
}

static uint16_t find(const struct oriel_cache *c, const uint8_t name[ORIEL_EXACT_NAME]) {
    for (uint16_t i = 0; i < ORIEL_CACHE_SLOTS; i++)
        if (c->slots[i].length && memcmp(c->slots[i].name, name, ORIEL_EXACT_NAME) == 0)
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

uint16_t oriel_cache_place(struct oriel_cache *c, const uint8_t name[ORIEL_EXACT_NAME], size_t length) {
    uint16_t best = find(c, name); /* on its way already, or lost: into the same */
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
    *s = (struct oriel_cache_slot){.length = length, .used = ++c->uses};
    memcpy(s->name, name, ORIEL_EXACT_NAME);
    return best;
}

void oriel_cache_set(struct oriel_cache *c, uint16_t slot, const uint8_t name[ORIEL_EXACT_NAME], bool there) {
    if (slot < ORIEL_CACHE_SLOTS && memcmp(c->slots[slot].name, name, ORIEL_EXACT_NAME) == 0)
        c->slots[slot].there = there;
}
