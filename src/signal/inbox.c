/* See inbox.h. */
#include "inbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

int oriel_inbox_init(struct oriel_inbox *inbox) {
    memset(inbox, 0, sizeof *inbox);
    pthread_mutex_init(&inbox->lock, NULL);
    inbox->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return inbox->fd < 0 ? -errno : 0;
}

static void wake(struct oriel_inbox *inbox) {
    uint64_t one = 1;
    ssize_t n = write(inbox->fd, &one, sizeof one);
    (void)n; /* fails only when the counter is full, that is, when it is awake already */
}

void oriel_inbox_free(struct oriel_inbox_message *message) {
    MQTTAsync_freeMessage(&message->message);
    MQTTAsync_free(message->topic);
    message->topic = NULL;
}

static size_t size_of(const struct oriel_inbox_message *message) {
    return message->topic_length + (size_t)message->message->payloadlen;
}

/* Whether this and what waits of the same topic would be more than half of all. */
static bool too_many(const struct oriel_inbox *inbox, const struct oriel_inbox_message *m) {
    unsigned messages = 1;
    size_t bytes = size_of(m);
    for (unsigned i = 0; i < inbox->count; i++) {
        const struct oriel_inbox_message *other = &inbox->ring[(inbox->first + i) % ORIEL_INBOX_MESSAGES];
        if (other->topic_length == m->topic_length && memcmp(other->topic, m->topic, m->topic_length) == 0) {
            messages++;
            bytes += size_of(other);
        }
    }
    return messages > ORIEL_INBOX_MESSAGES / 2 || bytes > ORIEL_INBOX_BYTES / 2;
}

void oriel_inbox_put(struct oriel_inbox *inbox, char *topic, size_t topic_length, MQTTAsync_message *message) {
    struct oriel_inbox_message m = {topic, topic_length ? topic_length : strlen(topic), message};
    bool oversized = message->payloadlen > ORIEL_INBOX_PAYLOAD_MAX;
    pthread_mutex_lock(&inbox->lock);
    bool full =
        inbox->count == ORIEL_INBOX_MESSAGES || inbox->bytes + size_of(&m) > ORIEL_INBOX_BYTES || too_many(inbox, &m);
    if (oversized) {
        inbox->dropped_oversized++;
    } else if (full) {
        inbox->dropped_full++;
    } else {
        inbox->ring[(inbox->first + inbox->count++) % ORIEL_INBOX_MESSAGES] = m;
        inbox->bytes += size_of(&m);
    }
    pthread_mutex_unlock(&inbox->lock);
    if (oversized || full)
        oriel_inbox_free(&m);
    wake(inbox);
}

void oriel_inbox_put_link(struct oriel_inbox *inbox, unsigned attempt, unsigned event, int code, const char *text) {
    pthread_mutex_lock(&inbox->lock);
    bool present = attempt == inbox->attempt;
    if (present) {
        inbox->link.events |= event;
        inbox->link.code = code;
        if (text)
            snprintf(inbox->link.text, sizeof inbox->link.text, "%s", text);
    }
    pthread_mutex_unlock(&inbox->lock);
    if (present)
        wake(inbox);
}

unsigned oriel_inbox_begin(struct oriel_inbox *inbox) {
    pthread_mutex_lock(&inbox->lock);
    unsigned attempt = inbox->attempt + 1 ? inbox->attempt + 1 : 1;
    inbox->attempt = attempt;
    memset(&inbox->link, 0, sizeof inbox->link);
    pthread_mutex_unlock(&inbox->lock);
    return attempt;
}

void oriel_inbox_drain(struct oriel_inbox *inbox, struct oriel_inbox_link *link) {
    uint64_t counter;
    ssize_t n = read(inbox->fd, &counter, sizeof counter);
    (void)n; /* nothing to read is fine */
    pthread_mutex_lock(&inbox->lock);
    *link = inbox->link;
    if (link->events) /* a text may wait for its event */
        memset(&inbox->link, 0, sizeof inbox->link);
    pthread_mutex_unlock(&inbox->lock);
}

bool oriel_inbox_take(struct oriel_inbox *inbox, struct oriel_inbox_message *message) {
    pthread_mutex_lock(&inbox->lock);
    bool some = inbox->count > 0;
    if (some) {
        *message = inbox->ring[inbox->first];
        inbox->first = (inbox->first + 1) % ORIEL_INBOX_MESSAGES;
        inbox->count--;
        inbox->bytes -= size_of(message);
    }
    pthread_mutex_unlock(&inbox->lock);
    return some;
}

void oriel_inbox_dropped(struct oriel_inbox *inbox, unsigned *full, unsigned *oversized) {
    pthread_mutex_lock(&inbox->lock);
    *full = inbox->dropped_full;
    *oversized = inbox->dropped_oversized;
    inbox->dropped_full = inbox->dropped_oversized = 0;
    pthread_mutex_unlock(&inbox->lock);
}
