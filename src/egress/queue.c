/* See queue.h. A ring of bytes; each message has its length and its time before it. */
#include "queue.h"

#include <string.h>

struct head {
    int64_t time;
    uint16_t length;
} __attribute__((packed));

static void copy_in(struct oriel_queue *q, const void *bytes, size_t n) {
    size_t at = (q->head + q->used) % q->size, first = n < q->size - at ? n : q->size - at;
    memcpy(q->bytes + at, bytes, first);
    memcpy(q->bytes, (const uint8_t *)bytes + first, n - first);
    q->used += n;
}

static void copy_out(const struct oriel_queue *q, size_t offset, void *out, size_t n) {
    size_t at = (q->head + offset) % q->size, first = n < q->size - at ? n : q->size - at;
    memcpy(out, q->bytes + at, first);
    memcpy((uint8_t *)out + first, q->bytes, n - first);
}

static struct head first(const struct oriel_queue *q) {
    struct head h;
    copy_out(q, 0, &h, sizeof h);
    return h;
}

/* The beginning of the ring is used again as soon as it may be: the rest of it is seldom touched, and then costs no
 * memory. */
static void remove_first(struct oriel_queue *q) {
    size_t n = sizeof(struct head) + first(q).length;
    q->used -= n;
    q->head = q->used ? (q->head + n) % q->size : 0;
}

void oriel_queue_init(struct oriel_queue *q, void *bytes, size_t size, int64_t age_max) {
    *q = (struct oriel_queue){.bytes = bytes, .size = size, .age_max = age_max};
}

static void drop_old(struct oriel_queue *q, int64_t now) {
    for (; q->used && q->age_max && now - first(q).time > q->age_max; q->dropped++)
        remove_first(q);
}

int64_t oriel_queue_time(const struct oriel_queue *q) {
    return q->used ? first(q).time : 0;
}

void oriel_queue_push(struct oriel_queue *q, const void *message, size_t length, int64_t now) {
    struct head h = {.time = now, .length = (uint16_t)length};
    drop_old(q, now);
    if (sizeof h + length > q->size || length > UINT16_MAX) {
        q->dropped++;
        return;
    }
    for (; q->size - q->used < sizeof h + length; q->dropped++)
        remove_first(q);
    copy_in(q, &h, sizeof h);
    copy_in(q, message, length);
}

size_t oriel_queue_pop(struct oriel_queue *q, void *out, size_t room, int64_t now) {
    drop_old(q, now);
    if (!q->used)
        return 0;
    struct head h = first(q);
    if (h.length > room)
        return 0;
    copy_out(q, sizeof h, out, h.length);
    remove_first(q);
    return h.length;
}
