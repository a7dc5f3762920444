/* What Paho's threads hand to the main thread: messages, and what became of a connection attempt.
 * Policy: callbacks only put in and return; a full inbox drops the newest message and counts it. Nothing here can grow:
 * at most ORIEL_INBOX_MESSAGES messages of together ORIEL_INBOX_BYTES, half of that of one topic, so that an agent that
 * floods leaves room for others; and one record of the link. The link's events are bits, not a queue, since the main
 * thread handles them in their natural order and none may ever be lost. Each event says which attempt it is of; one of
 * another than the present attempt is dropped, or the late end of an old connection would be taken for the end of the
 * new one.
 *
 * Threads: put functions from any thread, the others from the main thread. `fd` (an eventfd) is readable when there is
 * something. */
#ifndef ORIEL_SIGNAL_INBOX_H
#define ORIEL_SIGNAL_INBOX_H

#include <MQTTAsync.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"

enum { ORIEL_INBOX_MESSAGES = 64, ORIEL_INBOX_BYTES = 512 * 1024, ORIEL_INBOX_PAYLOAD_MAX = 64 * 1024 };

/* In the order in which they are handled. */
enum {
    ORIEL_LINK_CONNECTED = 1 << 0,       /* CONNACK accepted */
    ORIEL_LINK_SUBSCRIBED = 1 << 1,      /* SUBACK accepted all */
    ORIEL_LINK_REFUSED = 1 << 2,         /* CONNACK or SUBACK refused: `code` and, where Paho gives one, a sentence */
    ORIEL_LINK_FAILED = 1 << 3,          /* no CONNACK came */
    ORIEL_LINK_DIAGNOSED = 1 << 4,       /* `text` says why no CONNACK came */
    ORIEL_LINK_PUBLISH_REFUSED = 1 << 5, /* PUBACK with an error: `code` */
    ORIEL_LINK_DELIVERED = 1 << 6,       /* the offline state was acknowledged */
    ORIEL_LINK_LOST = 1 << 7,            /* it was connected and is no more: `code` of a DISCONNECT or 0 */
    ORIEL_LINK_CLOSED = 1 << 8,          /* our DISCONNECT has left */
};

struct oriel_inbox_link {
    unsigned events;
    int code;
    char text[ORIEL_SIGNAL_TEXT_SIZE];
};

struct oriel_inbox_message {
    char *topic; /* both owned: oriel_inbox_free */
    size_t topic_length;
    MQTTAsync_message *message;
};

struct oriel_inbox {
    int fd;
    pthread_mutex_t lock; /* guards all below */
    struct oriel_inbox_message ring[ORIEL_INBOX_MESSAGES];
    unsigned first, count;
    size_t bytes;
    unsigned dropped_full;      /* since the last oriel_inbox_dropped */
    unsigned dropped_oversized; /* same */
    unsigned attempt;           /* the present one */
    struct oriel_inbox_link link;
};

/* 0 or -errno. */
int oriel_inbox_init(struct oriel_inbox *inbox);
/* Takes over both pointers, or drops and frees them. A topic_length of 0 means that `topic` ends at its NUL. */
void oriel_inbox_put(struct oriel_inbox *inbox, char *topic, size_t topic_length, MQTTAsync_message *message);
/* `text` may be NULL. */
void oriel_inbox_put_link(struct oriel_inbox *inbox, unsigned attempt, unsigned event, int code, const char *text);
/* Begins a new attempt: forgets the link's events. Returns its number, which is never 0. */
unsigned oriel_inbox_begin(struct oriel_inbox *inbox);
/* Makes `fd` quiet, and takes the link's events. Call before oriel_inbox_take. */
void oriel_inbox_drain(struct oriel_inbox *inbox, struct oriel_inbox_link *link);
bool oriel_inbox_take(struct oriel_inbox *inbox, struct oriel_inbox_message *message);
void oriel_inbox_free(struct oriel_inbox_message *message);
void oriel_inbox_dropped(struct oriel_inbox *inbox, unsigned *full, unsigned *oversized);

#endif
