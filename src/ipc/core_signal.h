/* Core and signal: core holds meaning, signal holds the connection. Signal forwards payloads unread. */
#ifndef ORIEL_IPC_CORE_SIGNAL_H
#define ORIEL_IPC_CORE_SIGNAL_H

#include "channel.h"

/* Core to signal. */
enum {
    /* s url (mqtts://host:port, wss://…, mqtt:// and ws:// for loopback only) · s CA file ("" = the system's) · s
     * certificate file · s key file · s proxy ("" or host:port) · s tenant · s device · b will of the state topic ·
     * u 1: there is a collector of the audit log. First, once. */
    ORIEL_SIGNAL_CONFIGURE = 1,
    /* b payload: publish retained on …/d/<device>/state; the newest one is published again after each connect. */
    ORIEL_SIGNAL_STATE = 2,
    /* s agent · b payload: publish on …/a/<agent>/d/<device>. Dropped while not connected. */
    ORIEL_SIGNAL_SEND = 3,
    /* b payload: publish on …/d/<device>/audit. Dropped while not connected. */
    ORIEL_SIGNAL_AUDIT = 4,
};

/* Signal to core. */
enum {
    /* u 1 or 0 · s why not (for the log and `oriel status`) */
    ORIEL_SIGNAL_ONLINE = 1,
    /* s agent (from the topic, checked as an id) · b payload (≤ 64 KiB) */
    ORIEL_SIGNAL_RECEIVED = 2,
    /* b payload: the retained state was read back and is not the one published last */
    ORIEL_SIGNAL_STALE = 3,
    /* s vendor (from the topic, checked as an id) · b its retained revocation (≤ 64 KiB) */
    ORIEL_SIGNAL_REVOCATION = 4,
    /* b payload, of …/d/<device>/cosigned (≤ 64 KiB): the collector's answer */
    ORIEL_SIGNAL_COSIGNED = 5,
};

static const struct oriel_ipc_type oriel_core_to_signal_types[] = {
    {ORIEL_SIGNAL_CONFIGURE, "configure", "sssssssbu", 0},
    {ORIEL_SIGNAL_STATE, "state", "b", 0},
    {ORIEL_SIGNAL_SEND, "send", "sb", 0},
    {ORIEL_SIGNAL_AUDIT, "audit", "b", 0},
};
static const struct oriel_ipc_type oriel_signal_to_core_types[] = {
    {ORIEL_SIGNAL_ONLINE, "online", "us", 0},    {ORIEL_SIGNAL_RECEIVED, "received", "sb", 0},
    {ORIEL_SIGNAL_STALE, "stale", "b", 0},       {ORIEL_SIGNAL_REVOCATION, "revocation", "sb", 0},
    {ORIEL_SIGNAL_COSIGNED, "cosigned", "b", 0},
};
static const struct oriel_ipc_table oriel_core_to_signal __attribute__((unused)) = {
    "core to signal", oriel_core_to_signal_types, sizeof oriel_core_to_signal_types / sizeof(struct oriel_ipc_type)};
static const struct oriel_ipc_table oriel_signal_to_core __attribute__((unused)) = {
    "signal to core", oriel_signal_to_core_types, sizeof oriel_signal_to_core_types / sizeof(struct oriel_ipc_type)};

#endif
