/* See activemap.h. */
#include "activemap.h"

#include <stdlib.h>
#include <string.h>

void oriel_activemap_clear(struct oriel_activemap *map) {
    free(map->active);
    free(map->touched);
    memset(map, 0, sizeof *map);
}

bool oriel_activemap_resize(struct oriel_activemap *map, unsigned width, unsigned height, int64_t now) {
    oriel_activemap_clear(map);
    unsigned columns = (width + ORIEL_BLOCK - 1) / ORIEL_BLOCK, rows = (height + ORIEL_BLOCK - 1) / ORIEL_BLOCK;
    size_t count = (size_t)columns * rows;
    uint8_t *bytes = calloc(count, 5);
    int64_t *touched = calloc(count, sizeof *touched);
    if (!bytes || !touched) {
        free(bytes);
        free(touched);
        return false;
    }
    *map = (struct oriel_activemap){
        .columns = columns,
        .rows = rows,
        .count = count,
        .active = bytes,
        .segment = bytes + count,
        .quality = bytes + 2 * count,
        .since = {[ORIEL_SLOT_GOLDEN] = bytes + 3 * count, [ORIEL_SLOT_ALTREF] = bytes + 4 * count},
        .touched = touched};
    oriel_activemap_damage_all(map, now);
    return true;
}

static void change(struct oriel_activemap *map, size_t block, int64_t now) {
    map->changed += map->quality[block] != ORIEL_BLOCK_CHANGED;
    map->quality[block] = ORIEL_BLOCK_CHANGED;
    map->touched[block] = now;
}

static void defer(struct oriel_activemap *map, size_t block, int64_t now) {
    if (map->quality[block] != ORIEL_BLOCK_CHANGED)
        map->quality[block] = ORIEL_BLOCK_LATER;
    map->touched[block] = now;
}

static void owe(struct oriel_activemap *map, size_t block, int64_t now) {
    if (map->quality[block] == ORIEL_BLOCK_LATER)
        change(map, block, now);
}

static void each(struct oriel_activemap *map, const struct oriel_rect *rect, int64_t now,
                 void (*does)(struct oriel_activemap *map, size_t block, int64_t now)) {
    unsigned left = rect->x / ORIEL_BLOCK, top = rect->y / ORIEL_BLOCK;
    unsigned right = ((unsigned)rect->x + rect->width + ORIEL_BLOCK - 1) / ORIEL_BLOCK;
    unsigned bottom = ((unsigned)rect->y + rect->height + ORIEL_BLOCK - 1) / ORIEL_BLOCK;
    for (unsigned row = top; row < bottom && row < map->rows; row++)
        for (unsigned column = left; column < right && column < map->columns; column++)
            does(map, (size_t)row * map->columns + column, now);
}

void oriel_activemap_damage(struct oriel_activemap *map, const struct oriel_rect *rect, int64_t now) {
    each(map, rect, now, change);
}

void oriel_activemap_defer(struct oriel_activemap *map, const struct oriel_rect *rect, int64_t now) {
    each(map, rect, now, defer);
}

void oriel_activemap_defer_changed(struct oriel_activemap *map) {
    for (size_t i = 0; i < map->count; i++)
        if (map->quality[i] == ORIEL_BLOCK_CHANGED)
            map->quality[i] = ORIEL_BLOCK_LATER;
    map->changed = 0;
}

void oriel_activemap_owe(struct oriel_activemap *map, const struct oriel_rect *rect, int64_t now) {
    each(map, rect, now, owe);
}

void oriel_activemap_damage_all(struct oriel_activemap *map, int64_t now) {
    for (size_t i = 0; i < map->count; i++)
        change(map, i, now);
}

void oriel_activemap_begin(struct oriel_activemap *map) {
    memset(map->active, 0, map->count);
    memset(map->segment, ORIEL_SEGMENT_REST, map->count);
}

size_t oriel_activemap_changed_at(const struct oriel_activemap *map, int64_t now) {
    size_t count = 0;
    for (size_t i = 0; i < map->count; i++)
        count += map->quality[i] == ORIEL_BLOCK_CHANGED && map->touched[i] == now;
    return count;
}

size_t oriel_activemap_take_changed(struct oriel_activemap *map) {
    if (!map->changed)
        return 0;
    for (size_t i = 0; i < map->count; i++)
        if (map->quality[i] == ORIEL_BLOCK_CHANGED) {
            map->active[i] = 1;
            map->segment[i] = ORIEL_SEGMENT_CHANGE;
        }
    return map->changed;
}

size_t oriel_activemap_take_part(struct oriel_activemap *map, size_t most) {
    size_t taken = 0, from = map->part;
    for (size_t n = 0; n < map->count && taken < most; n++) {
        size_t i = (from + n) % map->count;
        if (map->quality[i] != ORIEL_BLOCK_CHANGED)
            continue;
        map->active[i] = 1;
        map->segment[i] = ORIEL_SEGMENT_CHANGE;
        map->part = i + 1;
        taken++;
    }
    return taken;
}

size_t oriel_activemap_take_coarse(struct oriel_activemap *map, unsigned quantizer, int64_t settled, size_t most) {
    size_t taken = 0;
    for (size_t n = 0; n < map->count && taken < most; n++) {
        size_t i = map->next;
        map->next = i + 1 < map->count ? i + 1 : 0;
        if (map->quality[i] == ORIEL_BLOCK_CHANGED || map->quality[i] <= quantizer || map->touched[i] > settled)
            continue;
        map->active[i] = 1;
        map->segment[i] = ORIEL_SEGMENT_SHARPEN;
        taken++;
    }
    return taken;
}

/* It settles with the block that spilled, or it would be sharpened again and again beside something that moves. */
static void spill(struct oriel_activemap *map, size_t block, size_t from, unsigned quality) {
    if (map->segment[block] == ORIEL_SEGMENT_CHANGE || map->quality[block] >= quality)
        return;
    map->quality[block] = (uint8_t)quality;
    map->touched[block] = map->touched[from];
}

void oriel_activemap_encoded(struct oriel_activemap *map, unsigned change_quantizer, unsigned sharpen_quantizer,
                             unsigned spilled_quality) {
    for (size_t i = 0; i < map->count; i++) {
        if (map->segment[i] == ORIEL_SEGMENT_CHANGE) {
            map->changed -= map->quality[i] == ORIEL_BLOCK_CHANGED;
            map->quality[i] = (uint8_t)change_quantizer;
        } else if (map->segment[i] == ORIEL_SEGMENT_SHARPEN) {
            map->quality[i] = (uint8_t)sharpen_quantizer;
        }
    }
    for (size_t i = 0; spilled_quality && i < map->count; i++) {
        if (map->segment[i] != ORIEL_SEGMENT_CHANGE)
            continue;
        if (i % map->columns)
            spill(map, i - 1, i, spilled_quality);
        if (i >= map->columns)
            spill(map, i - map->columns, i, spilled_quality);
    }
}

size_t oriel_activemap_since(const struct oriel_activemap *map, enum oriel_slot slot) {
    size_t count = 0;
    for (size_t i = 0; i < map->count; i++)
        count +=
            map->quality[i] == ORIEL_BLOCK_CHANGED || (map->since[slot][i] && map->quality[i] != ORIEL_BLOCK_LATER);
    return count;
}

void oriel_activemap_revert(struct oriel_activemap *map, enum oriel_slot slot) {
    for (size_t i = 0; i < map->count; i++)
        if (map->since[slot][i] && map->quality[i] < ORIEL_BLOCK_LATER) {
            map->quality[i] = ORIEL_BLOCK_CHANGED;
            map->changed++;
        }
}

void oriel_activemap_kept(struct oriel_activemap *map, enum oriel_slot from, enum oriel_slot into) {
    for (size_t i = 0; i < map->count; i++) {
        bool taken = from != ORIEL_SLOT_LAST && !map->active[i]; /* it is as `from` */
        uint8_t differed = taken && map->since[from][i];
        for (unsigned s = ORIEL_SLOT_GOLDEN; s < ORIEL_SLOTS; s++)
            map->since[s][i] = taken && s == from ? 0 : map->since[s][i] | map->active[i] | differed;
    }
    if (into != ORIEL_SLOT_LAST)
        memset(map->since[into], 0, map->count);
}

void oriel_activemap_kept_everywhere(struct oriel_activemap *map) {
    for (unsigned s = ORIEL_SLOT_GOLDEN; s < ORIEL_SLOTS; s++)
        memset(map->since[s], 0, map->count);
}

struct oriel_coarse oriel_activemap_coarse(const struct oriel_activemap *map, unsigned quantizer, int64_t settled) {
    struct oriel_coarse coarse = {.touched = INT64_MAX};
    for (size_t i = 0; i < map->count; i++) {
        if (map->quality[i] == ORIEL_BLOCK_CHANGED || map->quality[i] <= quantizer || map->touched[i] > settled)
            continue;
        coarse.count++;
        if (map->quality[i] > coarse.worst)
            coarse.worst = map->quality[i];
        if (map->touched[i] < coarse.touched)
            coarse.touched = map->touched[i];
    }
    return coarse;
}
