/* Paho MQTTAsync, narrowed to what signal does: one connection at a time, one attempt when asked.
 * Policy: MQTT 5 or 3.1.1 as told, clean start, no persistence, no reconnecting by itself. TLS is verified always.
 * Each attempt has a Paho handle of its own, and its events carry the attempt's number: a handle that Paho still holds
 * for connected swallows a connect without a word, and its late end looks like that of the next connection. The one
 * before is destroyed first, and Paho's threads with it, which takes 0.1 to 0.2 s: those that have had a connection
 * would take 1.1 s to look at the next one. Threads: Paho runs two of its own; their callbacks only fill the inbox. The
 * functions here are for the main thread and do not wait for the network. */
#ifndef ORIEL_SIGNAL_CLIENT_H
#define ORIEL_SIGNAL_CLIENT_H

#include <MQTTAsync.h>
#include <stdbool.h>
#include <stddef.h>

#include "diagnose.h"
#include "inbox.h"

enum { ORIEL_SIGNAL_KEEPALIVE = 240 /* s */ };

struct oriel_client {
    const struct oriel_signal_target *target;
    struct oriel_inbox *inbox;
    const char *device;                           /* the client id */
    char state_topic[ORIEL_SIGNAL_TOPIC_SIZE];    /* also the will's */
    char down_topic[ORIEL_SIGNAL_TOPIC_SIZE];     /* …/dn/+; of the next ones, "" is none */
    char revoked_topic[ORIEL_SIGNAL_TOPIC_SIZE];  /* …/v/+/revoked */
    char cosigned_topic[ORIEL_SIGNAL_TOPIC_SIZE]; /* …/cosigned; "": there is no collector */
    const void *will;                             /* NULL: none */
    size_t will_length;
    struct oriel_client_attempt {
        struct oriel_client *client; /* what Paho's callbacks are given is the attempt */
        MQTTAsync handle;
        unsigned number;
    } attempts[2]; /* the present one and the one before, in turn */
    unsigned turn;
    bool five;
};

/* Starts one attempt and ends the one before, whatever became of that; its outcome comes through the inbox (CONNECTED,
 * REFUSED or FAILED). 0, or a code of Paho for MQTTAsync_strerror. */
int oriel_client_connect(struct oriel_client *client, bool five);
/* Sets up the socket of the connection, once CONNECTED. */
void oriel_client_tune(void);
/* The machine's network has moved away from the connection's socket (base/network.h). */
bool oriel_client_moved(void);
/* To the device's topics: SUBSCRIBED or REFUSED. Same return. */
int oriel_client_subscribe(struct oriel_client *client);
/* QoS 1. With `report`, DELIVERED comes when the broker has it. Same return; MQTTASYNC_MAX_BUFFERED_MESSAGES when as
 * much is under way as may be. */
int oriel_client_publish(struct oriel_client *client, const char *topic, const void *payload, size_t length,
                         bool retained, bool report);
/* CLOSED comes when it is done, or at once when there is no connection. The broker forgets the will. */
void oriel_client_disconnect(struct oriel_client *client);
/* A code of CONNACK, SUBACK, PUBACK or DISCONNECT in words. */
const char *oriel_client_reason(bool five, int code);

#endif
