/* See sctpproxy.h. */
#include "sctpproxy.h"

#include <glib.h>
#include <string.h>

enum {
    WINDOW = 4096,           /* messages on their way, of which something is known; a power of two */
    PAGE_ROOM = 1024 * 1024, /* that the page has, as SCTP is told */
    COPIES = 64,
    ANSWER_BYTES = 1000,     /* not answered for, when SCTP may wait: less than the least that it lets be on its way */
    KEPT_BYTES = 192 * 1024, /* by SCTP, which has room for 256 KiB */
    KEPT_MESSAGES = 384,     /* likewise, for 512 */
};

struct message {
    bool exact; /* one of the exact layer's, which may be missing */
    bool got;   /* the page has it */
    uint16_t size;
    int64_t missing; /* since when the page says so; 0: it does not */
    uint8_t *copy;   /* its chunk, of one that must come, until the page has it; NULL: there is none */
    int64_t left;    /* when that left last */
};

struct oriel_sctp_proxy {
    GMutex lock;
    uint16_t stream;
    bool begun;
    bool heard;                        /* of the page, for certain; `head` is its */
    uint8_t head[ORIEL_SCTP_CHECKSUM]; /* of a packet of the page's */
    uint32_t next;                     /* one more than the highest TSN that was sent */
    uint32_t page;                     /* up to there the page has all, as it knows */
    uint32_t forward;                  /* up to there it need not wait for any */
    uint32_t told;                     /* up to there SCTP has been told that all has come: it keeps nothing of it */
    size_t unanswered;                 /* bytes of the exact layer's, since SCTP was told anything */
    size_t kept;                       /* bytes that have left, and are kept */
    size_t waiting;                    /* bytes that have not left yet, */
    unsigned waiting_messages;         /* of so many */
    unsigned copies;
    struct message sent[WINDOW]; /* by TSN */
};

struct oriel_sctp_proxy *oriel_sctp_proxy_new(uint16_t stream) {
    struct oriel_sctp_proxy *proxy = g_atomic_rc_box_new0(struct oriel_sctp_proxy);
    g_mutex_init(&proxy->lock);
    proxy->stream = stream;
    return proxy;
}

struct oriel_sctp_proxy *oriel_sctp_proxy_ref(struct oriel_sctp_proxy *proxy) {
    return g_atomic_rc_box_acquire(proxy);
}

static void forget(struct oriel_sctp_proxy *proxy, struct message *message) {
    proxy->copies -= message->copy != NULL;
    g_clear_pointer(&message->copy, g_free);
}

static void clear(gpointer user) {
    struct oriel_sctp_proxy *proxy = user;
    for (unsigned i = 0; i < WINDOW; i++)
        forget(proxy, &proxy->sent[i]);
    g_mutex_clear(&proxy->lock);
}

void oriel_sctp_proxy_unref(void *proxy) {
    g_atomic_rc_box_release_full(proxy, clear);
}

/* Of those of which anything is known, the first that the page may lack. */
static uint32_t first_lacked(const struct oriel_sctp_proxy *proxy) {
    return proxy->next - MIN(proxy->next - proxy->page - 1, WINDOW);
}

/* ---- what SCTP is told ---- */

static bool counts_as_come(const struct oriel_sctp_proxy *proxy, uint32_t tsn) {
    const struct message *message = &proxy->sent[tsn % WINDOW];
    return oriel_tsn_after(proxy->next, tsn) && (message->exact || message->got || message->copy);
}

/* A SACK of at most `room` bytes; its length. */
static size_t write_sack(struct oriel_sctp_proxy *proxy, uint8_t *chunk, size_t room) {
    struct oriel_sctp_sack sack = {.cumulative = proxy->page, .room = PAGE_ROOM};
    while (counts_as_come(proxy, sack.cumulative + 1))
        sack.cumulative++;
    for (; oriel_tsn_after(sack.cumulative, proxy->told); proxy->told++)
        proxy->kept -= proxy->sent[(proxy->told + 1) % WINDOW].size;
    const size_t most = (room - ORIEL_SCTP_SACK_HEADER) / ORIEL_SCTP_GAP_BLOCK;
    for (uint32_t tsn = sack.cumulative + 1; oriel_tsn_after(proxy->next, tsn) && sack.count < most; tsn++)
        if (counts_as_come(proxy, tsn)) {
            struct oriel_sctp_gap_block *block = &sack.blocks[sack.count++];
            block->start = (uint16_t)(tsn - sack.cumulative);
            while (counts_as_come(proxy, tsn + 1))
                tsn++;
            block->end = (uint16_t)(tsn - sack.cumulative);
        }
    proxy->unanswered = 0;
    return oriel_sctp_write_sack(&sack, chunk);
}

/* ---- out ---- */

bool oriel_sctp_proxy_take(struct oriel_sctp_proxy *proxy, uint16_t stream, size_t length) {
    g_mutex_lock(&proxy->lock);
    unsigned messages = proxy->waiting_messages + (proxy->begun ? proxy->next - 1 - proxy->told : 0);
    bool room =
        stream != proxy->stream || (messages < KEPT_MESSAGES && proxy->waiting + proxy->kept + length <= KEPT_BYTES);
    if (room) {
        proxy->waiting += length;
        proxy->waiting_messages++;
    }
    g_mutex_unlock(&proxy->lock);
    return room;
}

static void begin(struct oriel_sctp_proxy *proxy, uint32_t tsn) {
    proxy->begun = true;
    proxy->heard = false;
    proxy->page = proxy->forward = proxy->told = tsn - 1;
    proxy->next = tsn;
    proxy->kept = proxy->unanswered = 0;
    for (unsigned i = 0; i < WINDOW; i++)
        forget(proxy, &proxy->sent[i]);
}

static void note(struct oriel_sctp_proxy *proxy, const uint8_t *chunk, size_t length, int64_t now) {
    struct oriel_sctp_data data;
    if (!oriel_sctp_read_data(chunk, length, &data))
        return;
    const uint32_t tsn = data.tsn;
    const bool exact = data.unordered && data.stream == proxy->stream;
    if (!proxy->begun || (oriel_tsn_after(tsn, proxy->next) && tsn - proxy->next >= WINDOW))
        begin(proxy, tsn); /* also when an association begins anew */
    if (oriel_tsn_after(proxy->next, tsn))
        return; /* it leaves again */
    struct message *message = &proxy->sent[tsn % WINDOW];
    for (; proxy->next != tsn; proxy->next++) {
        forget(proxy, &proxy->sent[proxy->next % WINDOW]);
        proxy->sent[proxy->next % WINDOW] = (struct message){0};
    }
    forget(proxy, message);
    *message = (struct message){.exact = exact, .size = data.size, .left = now};
    if (!exact && proxy->copies < COPIES) {
        message->copy = g_memdup2(chunk, length);
        proxy->copies++;
    }
    proxy->next = tsn + 1;
    proxy->kept += data.size;
    proxy->waiting -= MIN(data.size, proxy->waiting); /* some was there before anybody counted */
    proxy->waiting_messages -= data.last && proxy->waiting_messages;
    proxy->unanswered += exact || message->copy ? length : 0;
}

/* What SCTP believes to have come, and has not. Whether there was any. */
static bool add_again(struct oriel_sctp_proxy *proxy, struct oriel_sctp_packet *p, int64_t now) {
    bool any = false;
    for (uint32_t tsn = first_lacked(proxy); proxy->copies && tsn != proxy->next; tsn++) {
        struct message *message = &proxy->sent[tsn % WINDOW];
        int64_t patience = message->missing ? ORIEL_SCTP_PROXY_LATE : ORIEL_SCTP_PROXY_AGAIN;
        if (message->copy && now - message->left >= patience &&
            oriel_sctp_append(p, message->copy, ORIEL_SCTP_DATA_HEADER + message->size)) {
            message->left = now;
            any = true;
        }
    }
    return any;
}

/* Most chunks but these stand alone. */
static bool takes_more(const struct oriel_sctp_packet *p) {
    if (p->length <= ORIEL_SCTP_HEADER)
        return false;
    const uint8_t type = p->bytes[ORIEL_SCTP_HEADER];
    return type == ORIEL_SCTP_DATA || type == ORIEL_SCTP_SACK;
}

bool oriel_sctp_proxy_sent(struct oriel_sctp_proxy *proxy, struct oriel_sctp_packet *packet,
                           struct oriel_sctp_packet *answer, int64_t now) {
    size_t at = ORIEL_SCTP_HEADER, from = at, chunk;
    bool changed = false;
    g_mutex_lock(&proxy->lock);
    for (; (chunk = oriel_sctp_next_chunk(packet, &at)); from = at)
        if (packet->bytes[from] == ORIEL_SCTP_DATA)
            note(proxy, packet->bytes + from, chunk, now);
    if (proxy->begun && takes_more(packet)) {
        changed = add_again(proxy, packet, now);
        if (oriel_tsn_after(proxy->forward, proxy->page) && oriel_sctp_insert_forward(packet, proxy->forward))
            changed = true;
    }
    if (changed)
        oriel_sctp_sign(packet);
    answer->length = 0;
    if (proxy->heard && proxy->unanswered >= ANSWER_BYTES && proxy->next - proxy->page <= WINDOW) {
        memcpy(answer->bytes, proxy->head, sizeof proxy->head);
        answer->length = ORIEL_SCTP_HEADER +
                         write_sack(proxy, answer->bytes + ORIEL_SCTP_HEADER, sizeof answer->bytes - ORIEL_SCTP_HEADER);
        oriel_sctp_sign(answer);
    }
    g_mutex_unlock(&proxy->lock);
    return changed;
}

/* ---- in ---- */

/* The last that the page tells of, counted from the cumulative one. */
static unsigned last_told(const struct oriel_sctp_sack *sack) {
    return sack->count ? sack->blocks[sack->count - 1].end : 0;
}

/* Whether it tells of nothing that was not sent, or is no longer known. */
static bool can_be(const struct oriel_sctp_proxy *proxy, const struct oriel_sctp_sack *sack) {
    uint32_t beyond = proxy->next - 1 - sack->cumulative;
    return !oriel_tsn_after(sack->cumulative, proxy->next - 1) && beyond < WINDOW &&
           !oriel_tsn_after(proxy->page, sack->cumulative) && last_told(sack) <= beyond;
}

/* Up to that one it has all. */
static void take_all(struct oriel_sctp_proxy *proxy, uint32_t first) {
    for (uint32_t tsn = first_lacked(proxy); !oriel_tsn_after(tsn, first); tsn++)
        forget(proxy, &proxy->sent[tsn % WINDOW]);
    proxy->page = first;
}

static void take_blocks(struct oriel_sctp_proxy *proxy, const struct oriel_sctp_sack *sack) {
    for (const struct oriel_sctp_gap_block *block = sack->blocks; block < sack->blocks + sack->count; block++)
        for (unsigned n = block->start; n <= block->end; n++) {
            struct message *message = &proxy->sent[(sack->cumulative + n) % WINDOW];
            message->got = true;
            forget(proxy, message);
        }
}

/* How far the page need not wait any longer. */
static uint32_t forward(struct oriel_sctp_proxy *proxy, uint32_t first, unsigned last, int64_t now) {
    bool open = true;
    uint32_t to = first;
    for (unsigned n = 1; n <= last; n++) {
        struct message *message = &proxy->sent[(first + n) % WINDOW];
        if (!message->got && !message->missing)
            message->missing = now;
        open = open && (message->got || (message->exact && now - message->missing >= ORIEL_SCTP_PROXY_LATE));
        to = open ? first + n : to;
    }
    return to;
}

/* Where it ends then. */
static size_t change_sack(struct oriel_sctp_proxy *proxy, struct oriel_sctp_packet *p, size_t from, size_t to,
                          size_t chunk, int64_t now) {
    uint8_t *at = p->bytes + from, changed[sizeof p->bytes];
    struct oriel_sctp_sack sack;
    if (!proxy->begun || !oriel_sctp_read_sack(at, chunk, &sack) || !can_be(proxy, &sack)) {
        oriel_sctp_write_sack_room(PAGE_ROOM, at);
        return to;
    }
    take_all(proxy, sack.cumulative);
    take_blocks(proxy, &sack);
    proxy->forward = forward(proxy, sack.cumulative, last_told(&sack), now);
    proxy->heard = true;
    memcpy(proxy->head, p->bytes, sizeof proxy->head);
    size_t length = write_sack(proxy, changed, sizeof p->bytes - (p->length - (to - from)));
    memmove(at + length, p->bytes + to, p->length - to);
    memcpy(at, changed, length);
    p->length = p->length - (to - from) + length;
    return from + length;
}

bool oriel_sctp_proxy_came(struct oriel_sctp_proxy *proxy, struct oriel_sctp_packet *packet, int64_t now) {
    size_t at = ORIEL_SCTP_HEADER, from = at, chunk;
    bool changed = false;
    g_mutex_lock(&proxy->lock);
    for (; (chunk = oriel_sctp_next_chunk(packet, &at)); from = at)
        if (packet->bytes[from] == ORIEL_SCTP_SACK && chunk >= ORIEL_SCTP_SACK_HEADER) {
            at = change_sack(proxy, packet, from, at, chunk, now);
            changed = true;
        }
    if (changed)
        oriel_sctp_sign(packet);
    g_mutex_unlock(&proxy->lock);
    return changed;
}
