/* The one connection to the broker, as a state machine between core's channel and Paho.
 *
 *   WAITING --pause over--> CONNECTING --CONNACK--> SUBSCRIBING --SUBACK--> ONLINE
 *      ^                        | no CONNACK            | refused             | lost
 *      |<---- DIAGNOSING <------'                       |                     |
 *      |<-----------------------------------------------'<--------------------'
 *
 * LEAVING: core has closed; the offline state is published, then the connection is closed, within 1 s.
 * IDLE: not configured yet, or with what can never work (a URL without TLS).
 *
 * Policy: payloads are forwarded unread. Nothing grows: what the broker cannot take at once is dropped, what core
 * cannot take waits in the inbox, which drops what it has no room for; drops are counted, and the counts are logged
 * once a minute. When the network changes, a connection that it has left is given up for a new one at once, and a pause
 * is over. A failure is logged when it begins and when its reason changes. The pause before attempt n is random
 * in 0..min(300, 2^n) s. Own state: it is published after each connect and comes back through our own subscription.
 * Until it has come back, whatever arrives on that topic is older and means nothing; after that, anything else is
 * STALE, at most one each 2 s. Main thread only. */
#ifndef ORIEL_SIGNAL_LINK_H
#define ORIEL_SIGNAL_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "channel.h"
#include "client.h"
#include "diagnose.h"
#include "inbox.h"

enum oriel_link_state {
    ORIEL_STATE_IDLE,
    ORIEL_STATE_WAITING,
    ORIEL_STATE_CONNECTING,
    ORIEL_STATE_DIAGNOSING,
    ORIEL_STATE_SUBSCRIBING,
    ORIEL_STATE_ONLINE,
    ORIEL_STATE_LEAVING,
    ORIEL_STATE_GONE,
};

struct oriel_bytes {
    char *bytes;
    size_t length;
};

struct oriel_link {
    enum oriel_link_state state;
    int core; /* the channel; not owned */
    struct oriel_inbox inbox;
    struct oriel_client client;
    struct oriel_signal_target target;
    bool configured;
    bool channel_full; /* the last message to core did not fit */

    char *url, *ca, *certificate, *key, *proxy, *device; /* owned; target and client point to them */
    struct oriel_bytes will;
    char prefix[ORIEL_SIGNAL_TOPIC_SIZE];        /* oriel/v1/<tenant>/d/<device>/ */
    char agent_prefix[ORIEL_SIGNAL_TOPIC_SIZE];  /* oriel/v1/<tenant>/a/ */
    char vendor_prefix[ORIEL_SIGNAL_TOPIC_SIZE]; /* oriel/v1/<tenant>/v/ */
    char audit_topic[ORIEL_SIGNAL_TOPIC_SIZE];

    bool five;         /* which MQTT to try next */
    unsigned attempt;  /* n of the pause */
    unsigned no_fault; /* failures in a row for which the diagnosis found nothing */
    int64_t next;      /* boot time: end of WAITING or LEAVING, or when an attempt has taken too long */
    int64_t online_at;
    bool expiry_warned;

    char reason[ORIEL_SIGNAL_TEXT_SIZE]; /* last one said; "" when online or nothing said yet */
    bool online_pending;                 /* ONLINE has yet to be told to core */

    struct oriel_bytes published; /* newest state of core; no bytes before the first */
    bool settled;                 /* it has come back */
    int64_t publish_at;           /* it has to be published again, since too much was under way; 0: no */
    struct oriel_bytes stale;     /* waits for stale_at */
    int64_t stale_at;

    struct oriel_inbox_message held; /* taken from the inbox, waits for core; no topic: none */
    unsigned dropped_retained, dropped_topic, dropped_send;
    int64_t report_at; /* 0: nothing to report */
    int64_t reported_at;
};

int oriel_link_init(struct oriel_link *link, int core);
/* One message of core. False: it breaks the contract, and core cannot be trusted any more. */
bool oriel_link_from_core(struct oriel_link *link, const struct oriel_ipc_message *message);
/* When inbox.fd is readable, or the channel is not full any more. */
void oriel_link_from_broker(struct oriel_link *link);
/* Does what is due, and says how many milliseconds to wait for the next thing at most (-1: nothing is planned). */
int oriel_link_tick(struct oriel_link *link);
/* An address or a route of this machine came or went. */
void oriel_link_network(struct oriel_link *link);
/* Core is gone: begin to leave. */
void oriel_link_leave(struct oriel_link *link);

#endif
