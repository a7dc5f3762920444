/* See twcc.h. */
#include "twcc.h"

/* The receiver's clock wraps after this long. */
#define WRAP ((INT64_C(1) << 24) * 64 * ORIEL_MILLISECOND)

static struct oriel_twcc_sent *find(struct oriel_twcc *t, uint16_t number) {
    return &t->sent[number % ORIEL_TWCC_MEMORY];
}

void oriel_twcc_sent(struct oriel_twcc *t, uint16_t number, const struct oriel_rate_packet *packet) {
    struct oriel_twcc_sent *s = find(t, number);
    *s = (struct oriel_twcc_sent){.packet = *packet, .number = number, .state = ORIEL_TWCC_AWAY};
    s->packet.bytes += ORIEL_TWCC_OVERHEAD;
    if (!t->started)
        t->next = number;
    t->started = true;
    t->end = (uint16_t)(number + 1);
}

/* The time nearest to the last one that differs from `remote` by whole wraps only. */
static int64_t unwrap(struct oriel_twcc *t, int64_t remote) {
    if (t->has_remote) {
        int64_t ahead = (remote - t->remote) % WRAP;
        if (ahead > WRAP / 2)
            ahead -= WRAP;
        else if (ahead < -WRAP / 2)
            ahead += WRAP;
        remote = t->remote + ahead;
    }
    t->has_remote = true;
    t->remote = remote;
    return remote;
}

bool oriel_twcc_heard(struct oriel_twcc *t, uint16_t number, bool lost, int64_t remote,
                      struct oriel_rate_packet *packet) {
    struct oriel_twcc_sent *s = find(t, number);
    if (s->number != number || (s->state != ORIEL_TWCC_AWAY && (s->state != ORIEL_TWCC_LOST || lost)))
        return false;
    s->state = lost ? ORIEL_TWCC_LOST : ORIEL_TWCC_DONE;
    if (!lost)
        s->packet.arrived = unwrap(t, remote);
    *packet = s->packet;
    packet->lost = lost;
    if ((int16_t)(number - t->next) >= 0)
        t->next = (uint16_t)(number + 1);
    return true;
}

bool oriel_twcc_gone(struct oriel_twcc *t, uint16_t number, struct oriel_rate_packet *packet) {
    /* Older ones are overwritten. */
    if ((uint16_t)(number - t->next) > ORIEL_TWCC_MEMORY && (int16_t)(number - t->next) > 0)
        t->next = (uint16_t)(number - ORIEL_TWCC_MEMORY);
    while (t->started && (int16_t)(number - t->next) > 0) {
        struct oriel_twcc_sent *s = find(t, t->next);
        bool away = s->number == t->next && s->state == ORIEL_TWCC_AWAY;
        t->next++;
        if (away) {
            s->state = ORIEL_TWCC_LOST; /* it may still be told as received */
            *packet = s->packet;
            return true;
        }
    }
    return false;
}

bool oriel_twcc_expired(struct oriel_twcc *t, int64_t then, struct oriel_rate_packet *packet) {
    int64_t oldest = oriel_twcc_oldest(t);
    return oldest && oldest < then && oriel_twcc_gone(t, (uint16_t)(t->next + 1), packet);
}

int64_t oriel_twcc_oldest(struct oriel_twcc *t) {
    for (; t->started && t->next != t->end; t->next++) {
        const struct oriel_twcc_sent *s = find(t, t->next);
        if (s->number == t->next && s->state == ORIEL_TWCC_AWAY)
            return s->packet.sent;
    }
    return 0;
}
