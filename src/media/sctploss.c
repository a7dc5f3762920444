/* See sctploss.h. */
#include "sctploss.h"

#include <gst/gst.h>
#include <string.h>

enum {
    HEAD = 12,       /* of a packet: ports, tag, checksum */
    CHUNK_HEAD = 4,  /* of a chunk: type, flags, length */
    CHECKSUM_AT = 8, /* in a packet */
    DATA = 0,
    DATA_HEAD = 16,
    UNORDERED = 4, /* a flag of DATA */
    SACK = 3,
    SACK_HEAD = 16,
    GAP_BLOCK = 4,
    FORWARD_TSN = 192,
    FORWARD_TSN_LENGTH = 8,
    LAST = 1,                /* a flag of DATA: its message ends with it */
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

struct oriel_sctploss {
    GMutex lock;
    uint16_t stream;
    bool begun;
    bool heard;                /* of the page, for certain; `head` is its */
    uint8_t head[CHECKSUM_AT]; /* of a packet of the page's */
    uint32_t next;             /* one more than the highest TSN that was sent */
    uint32_t page;             /* up to there the page has all, as it knows */
    uint32_t forward;          /* up to there it need not wait for any */
    uint32_t told;             /* up to there SCTP has been told that all has come: it keeps nothing of it */
    size_t unanswered;         /* bytes of the exact layer's, since SCTP was told anything */
    size_t kept;               /* bytes that have left, and are kept */
    size_t waiting;            /* bytes that have not left yet, */
    unsigned waiting_messages; /* of so many */
    unsigned copies;
    struct message sent[WINDOW]; /* by TSN */
};

struct oriel_sctploss *oriel_sctploss_new(uint16_t stream) {
    struct oriel_sctploss *loss = g_atomic_rc_box_new0(struct oriel_sctploss);
    g_mutex_init(&loss->lock);
    loss->stream = stream;
    return loss;
}

struct oriel_sctploss *oriel_sctploss_ref(struct oriel_sctploss *loss) {
    return g_atomic_rc_box_acquire(loss);
}

static void forget(struct oriel_sctploss *loss, struct message *message) {
    loss->copies -= message->copy != NULL;
    g_clear_pointer(&message->copy, g_free);
}

static void clear(gpointer user) {
    struct oriel_sctploss *loss = user;
    for (unsigned i = 0; i < WINDOW; i++)
        forget(loss, &loss->sent[i]);
    g_mutex_clear(&loss->lock);
}

void oriel_sctploss_unref(void *loss) {
    g_atomic_rc_box_release_full(loss, clear);
}

/* ---- bytes ---- */

uint32_t oriel_crc32c(const uint8_t *bytes, size_t length) {
    static uint32_t table[256];
    static gsize made;
    if (g_once_init_enter(&made)) {
        for (uint32_t i = 0; i < G_N_ELEMENTS(table); i++) {
            table[i] = i;
            for (int bit = 0; bit < 8; bit++)
                table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0x82f63b78u : 0);
        }
        g_once_init_leave(&made, 1);
    }
    uint32_t crc = ~0u;
    for (size_t i = 0; i < length; i++)
        crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xff];
    return ~crc;
}

static void sign(struct oriel_sctploss_packet *p) {
    GST_WRITE_UINT32_BE(p->bytes + CHECKSUM_AT, 0);
    uint32_t crc = GUINT32_TO_LE(oriel_crc32c(p->bytes, p->length));
    memcpy(p->bytes + CHECKSUM_AT, &crc, sizeof crc);
}

/* The chunk at `*at`, with its padding, ends at the new `*at`. Its length; 0: there is none, or a broken one. */
static size_t next_chunk(const struct oriel_sctploss_packet *p, size_t *at) {
    if (p->length < *at + CHUNK_HEAD)
        return 0;
    size_t chunk = GST_READ_UINT16_BE(p->bytes + *at + 2), padded = (chunk + 3) & ~(size_t)3;
    if (chunk < CHUNK_HEAD || chunk > p->length - *at)
        return 0;
    *at = MIN(*at + padded, p->length);
    return chunk;
}

static bool after(uint32_t a, uint32_t b) {
    return (int32_t)(a - b) > 0;
}

/* Of those of which anything is known, the first that the page may lack. */
static uint32_t first_lacked(const struct oriel_sctploss *loss) {
    return loss->next - MIN(loss->next - loss->page - 1, WINDOW);
}

/* ---- what SCTP is told ---- */

static bool counts_as_come(const struct oriel_sctploss *loss, uint32_t tsn) {
    const struct message *message = &loss->sent[tsn % WINDOW];
    return after(loss->next, tsn) && (message->exact || message->got || message->copy);
}

/* A SACK of at most `room` bytes; its length. What comes twice it never tells. */
static size_t write_sack(struct oriel_sctploss *loss, uint8_t *sack, size_t room) {
    uint32_t all = loss->page;
    unsigned count = 0;
    while (counts_as_come(loss, all + 1))
        all++;
    for (; after(all, loss->told); loss->told++)
        loss->kept -= loss->sent[(loss->told + 1) % WINDOW].size;
    for (uint32_t tsn = all + 1; after(loss->next, tsn) && SACK_HEAD + (count + 1) * (size_t)GAP_BLOCK <= room; tsn++)
        if (counts_as_come(loss, tsn)) {
            uint8_t *block = sack + SACK_HEAD + count++ * GAP_BLOCK;
            GST_WRITE_UINT16_BE(block, (uint16_t)(tsn - all));
            while (counts_as_come(loss, tsn + 1))
                tsn++;
            GST_WRITE_UINT16_BE(block + 2, (uint16_t)(tsn - all));
        }
    size_t length = SACK_HEAD + count * (size_t)GAP_BLOCK;
    sack[0] = SACK;
    sack[1] = 0;
    GST_WRITE_UINT16_BE(sack + 2, (uint16_t)length);
    GST_WRITE_UINT32_BE(sack + 4, all);
    GST_WRITE_UINT32_BE(sack + 8, PAGE_ROOM);
    GST_WRITE_UINT16_BE(sack + 12, (uint16_t)count);
    GST_WRITE_UINT16_BE(sack + 14, 0);
    loss->unanswered = 0;
    return length;
}

/* ---- out ---- */

bool oriel_sctploss_take(struct oriel_sctploss *loss, uint16_t stream, size_t length) {
    g_mutex_lock(&loss->lock);
    unsigned messages = loss->waiting_messages + (loss->begun ? loss->next - 1 - loss->told : 0);
    bool room =
        stream != loss->stream || (messages < KEPT_MESSAGES && loss->waiting + loss->kept + length <= KEPT_BYTES);
    if (room) {
        loss->waiting += length;
        loss->waiting_messages++;
    }
    g_mutex_unlock(&loss->lock);
    return room;
}

static void begin(struct oriel_sctploss *loss, uint32_t tsn) {
    loss->begun = true;
    loss->heard = false;
    loss->page = loss->forward = loss->told = tsn - 1;
    loss->next = tsn;
    loss->kept = loss->unanswered = 0;
    for (unsigned i = 0; i < WINDOW; i++)
        forget(loss, &loss->sent[i]);
}

static void note(struct oriel_sctploss *loss, const uint8_t *data, size_t length, int64_t now) {
    uint32_t tsn = GST_READ_UINT32_BE(data + 4);
    size_t size = length - DATA_HEAD;
    bool exact = data[1] & UNORDERED && GST_READ_UINT16_BE(data + 8) == loss->stream;
    if (!loss->begun || (after(tsn, loss->next) && tsn - loss->next >= WINDOW)) /* or an association begins anew */
        begin(loss, tsn);
    if (after(loss->next, tsn)) /* again */
        return;
    struct message *message = &loss->sent[tsn % WINDOW];
    for (; loss->next != tsn; loss->next++) {
        forget(loss, &loss->sent[loss->next % WINDOW]);
        loss->sent[loss->next % WINDOW] = (struct message){0};
    }
    forget(loss, message);
    *message = (struct message){.exact = exact, .size = (uint16_t)size, .left = now};
    if (!exact && loss->copies < COPIES) {
        message->copy = g_memdup2(data, length);
        loss->copies++;
    }
    loss->next = tsn + 1;
    loss->kept += size;
    loss->waiting -= MIN(size, loss->waiting); /* some was there before anybody counted */
    loss->waiting_messages -= data[1] & LAST && loss->waiting_messages;
    loss->unanswered += exact || message->copy ? length : 0;
}

/* Before data, as is every chunk that is none. */
static void add_forward(const struct oriel_sctploss *loss, struct oriel_sctploss_packet *p) {
    memmove(p->bytes + HEAD + FORWARD_TSN_LENGTH, p->bytes + HEAD, p->length - HEAD);
    p->bytes[HEAD] = FORWARD_TSN;
    p->bytes[HEAD + 1] = 0;
    GST_WRITE_UINT16_BE(p->bytes + HEAD + 2, FORWARD_TSN_LENGTH);
    GST_WRITE_UINT32_BE(p->bytes + HEAD + 4, loss->forward);
    p->length += FORWARD_TSN_LENGTH;
}

/* What SCTP believes to have come, and has not. Whether there was any. */
static bool add_again(struct oriel_sctploss *loss, struct oriel_sctploss_packet *p, int64_t now) {
    const size_t before = p->length;
    for (uint32_t tsn = first_lacked(loss); loss->copies && tsn != loss->next; tsn++) {
        struct message *message = &loss->sent[tsn % WINDOW];
        size_t length = DATA_HEAD + message->size, at = (p->length + 3) & ~(size_t)3;
        if (!message->copy || now - message->left < (message->missing ? ORIEL_SCTPLOSS_LATE : ORIEL_SCTPLOSS_AGAIN) ||
            at + length > sizeof p->bytes)
            continue;
        memset(p->bytes + p->length, 0, at - p->length);
        memcpy(p->bytes + at, message->copy, length);
        p->length = at + length;
        message->left = now;
    }
    while (p->length % 4)
        p->bytes[p->length++] = 0;
    return p->length != before;
}

bool oriel_sctploss_sent(struct oriel_sctploss *loss, struct oriel_sctploss_packet *packet,
                         struct oriel_sctploss_packet *answer, int64_t now) {
    size_t at = HEAD, from = at, chunk;
    bool changed = false;
    g_mutex_lock(&loss->lock);
    for (; (chunk = next_chunk(packet, &at)); from = at)
        if (packet->bytes[from] == DATA && chunk >= DATA_HEAD)
            note(loss, packet->bytes + from, chunk, now);
    /* Most others stand alone. */
    if (loss->begun && packet->length > HEAD && (packet->bytes[HEAD] == DATA || packet->bytes[HEAD] == SACK)) {
        changed = add_again(loss, packet, now);
        if (after(loss->forward, loss->page) && packet->length + FORWARD_TSN_LENGTH <= sizeof packet->bytes) {
            add_forward(loss, packet);
            changed = true;
        }
    }
    if (changed)
        sign(packet);
    answer->length = 0;
    if (loss->heard && loss->unanswered >= ANSWER_BYTES && loss->next - loss->page <= WINDOW) {
        memcpy(answer->bytes, loss->head, sizeof loss->head);
        answer->length = HEAD + write_sack(loss, answer->bytes + HEAD, sizeof answer->bytes - HEAD);
        sign(answer);
    }
    g_mutex_unlock(&loss->lock);
    return changed;
}

/* ---- in ---- */

/* Up to which TSN beyond its first the SACK tells of any; -1: it can't be read, or tells what can't be. */
static int read_sack(const struct oriel_sctploss *loss, const uint8_t *sack, size_t length) {
    uint32_t first = GST_READ_UINT32_BE(sack + 4), most = loss->next - 1 - first;
    unsigned count = GST_READ_UINT16_BE(sack + 12), last = 0;
    if (length < SACK_HEAD + (size_t)count * GAP_BLOCK || after(first, loss->next - 1) || most >= WINDOW ||
        after(loss->page, first))
        return -1;
    for (const uint8_t *block = sack + SACK_HEAD; count--; block += GAP_BLOCK) {
        unsigned from = GST_READ_UINT16_BE(block), to = GST_READ_UINT16_BE(block + 2);
        if (from <= last || to < from || to > most)
            return -1;
        last = to;
    }
    return (int)last;
}

/* Up to that one it has all. */
static void take_all(struct oriel_sctploss *loss, uint32_t first) {
    for (uint32_t tsn = first_lacked(loss); !after(tsn, first); tsn++)
        forget(loss, &loss->sent[tsn % WINDOW]);
    loss->page = first;
}

static void take_blocks(struct oriel_sctploss *loss, const uint8_t *sack) {
    uint32_t first = GST_READ_UINT32_BE(sack + 4);
    unsigned count = GST_READ_UINT16_BE(sack + 12);
    for (const uint8_t *block = sack + SACK_HEAD; count--; block += GAP_BLOCK)
        for (unsigned n = GST_READ_UINT16_BE(block); n <= GST_READ_UINT16_BE(block + 2); n++) {
            loss->sent[(first + n) % WINDOW].got = true;
            forget(loss, &loss->sent[(first + n) % WINDOW]);
        }
}

/* How far the page need not wait any longer. */
static uint32_t forward(struct oriel_sctploss *loss, uint32_t first, unsigned last, int64_t now) {
    bool open = true;
    uint32_t to = first;
    for (unsigned n = 1; n <= last; n++) {
        struct message *message = &loss->sent[(first + n) % WINDOW];
        if (!message->got && !message->missing)
            message->missing = now;
        open = open && (message->got || (message->exact && now - message->missing >= ORIEL_SCTPLOSS_LATE));
        to = open ? first + n : to;
    }
    return to;
}

/* Where it ends then. */
static size_t change_sack(struct oriel_sctploss *loss, struct oriel_sctploss_packet *p, size_t from, size_t to,
                          size_t chunk, int64_t now) {
    uint8_t *sack = p->bytes + from, changed[sizeof p->bytes];
    int last = loss->begun ? read_sack(loss, sack, chunk) : -1;
    if (last < 0) {
        GST_WRITE_UINT32_BE(sack + 8, PAGE_ROOM);
        return to;
    }
    take_all(loss, GST_READ_UINT32_BE(sack + 4));
    take_blocks(loss, sack);
    loss->forward = forward(loss, loss->page, (unsigned)last, now);
    loss->heard = true;
    memcpy(loss->head, p->bytes, sizeof loss->head);
    size_t length = write_sack(loss, changed, sizeof p->bytes - (p->length - (to - from)));
    memmove(sack + length, p->bytes + to, p->length - to);
    memcpy(sack, changed, length);
    p->length = p->length - (to - from) + length;
    return from + length;
}

bool oriel_sctploss_came(struct oriel_sctploss *loss, struct oriel_sctploss_packet *packet, int64_t now) {
    size_t at = HEAD, from = at, chunk;
    bool changed = false;
    g_mutex_lock(&loss->lock);
    for (; (chunk = next_chunk(packet, &at)); from = at)
        if (packet->bytes[from] == SACK && chunk >= SACK_HEAD) {
            at = change_sack(loss, packet, from, at, chunk, now);
            changed = true;
        }
    if (changed)
        sign(packet);
    g_mutex_unlock(&loss->lock);
    return changed;
}
