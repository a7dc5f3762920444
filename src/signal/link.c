/* See link.h. */
#include "link.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clock.h"
#include "core_signal.h"
#include "log.h"

enum {
    ATTEMPT_MAX = 90,    /* s: longer than connecting, diagnosing and subscribing may take together */
    PAUSE_MAX = 300,     /* s */
    STABLE = 10,         /* s online that make the next pause a short one again */
    LEAVE_MAX = 1,       /* s */
    NETWORK_SETTLE = 50, /* ms: addresses and routes come one after the other */
    STALE_INTERVAL = 2,
    REPORT_INTERVAL = 60,
    REPORT_GATHER = 200, /* ms from the first drop to its report, so that the line has a useful number */
};

static bool bytes_set(struct oriel_bytes *b, const void *bytes, size_t length) {
    char *copy = malloc(length ? length : 1);
    if (!copy)
        return false;
    memcpy(copy, bytes, length);
    free(b->bytes);
    b->bytes = copy;
    b->length = length;
    return true;
}

static void bytes_clear(struct oriel_bytes *b) {
    free(b->bytes);
    *b = (struct oriel_bytes){0};
}

static bool bytes_equal(const struct oriel_bytes *b, const void *bytes, size_t length) {
    return b->bytes && b->length == length && memcmp(b->bytes, bytes, length) == 0;
}

int oriel_link_init(struct oriel_link *l, int core) {
    memset(l, 0, sizeof *l);
    l->core = core;
    l->five = true;
    return oriel_inbox_init(&l->inbox);
}

/* --- to core --- */

static void count_drop(struct oriel_link *l, unsigned *counter) {
    (*counter)++;
    int64_t now = oriel_boottime();
    if (!l->report_at) {
        int64_t earliest = l->reported_at ? l->reported_at + REPORT_INTERVAL * ORIEL_SECOND : 0;
        l->report_at = now + REPORT_GATHER * ORIEL_MILLISECOND;
        if (l->report_at < earliest)
            l->report_at = earliest;
    }
}

static void tell_online(struct oriel_link *l) {
    if (!l->online_pending || l->state == ORIEL_STATE_LEAVING)
        return;
    uint32_t online = l->state == ORIEL_STATE_ONLINE;
    int result = oriel_ipc_send(l->core, &oriel_signal_to_core, ORIEL_SIGNAL_ONLINE, online, online ? "" : l->reason);
    l->online_pending = result == -EAGAIN;
    l->channel_full = result == -EAGAIN;
}

/* The failure is told once, and again when its reason changes. */
static void say_offline(struct oriel_link *l, const char *why) {
    if (strcmp(l->reason, why) == 0)
        return;
    snprintf(l->reason, sizeof l->reason, "%s", why);
    l->online_pending = true;
    oriel_warning("not connected to %s: %s", l->target.address.url[0] ? l->target.address.url : "the broker", why);
}

/* --- pauses and attempts --- */

static void pause_before_retry(struct oriel_link *l) {
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        random = (uint32_t)oriel_monotonic();
    int64_t most = l->attempt < 9 ? INT64_C(1) << l->attempt : PAUSE_MAX;
    if (most > PAUSE_MAX)
        most = PAUSE_MAX;
    l->attempt++;
    l->next = oriel_boottime() + most * ORIEL_SECOND / UINT32_MAX * random;
    l->state = ORIEL_STATE_WAITING;
}

static void fail(struct oriel_link *l, const char *why) {
    pause_before_retry(l); /* first, since what core is told depends on the state */
    say_offline(l, why);
    tell_online(l);
}

static void connect_now(struct oriel_link *l) {
    char error[ORIEL_SIGNAL_TEXT_SIZE], warning[ORIEL_SIGNAL_TEXT_SIZE] = "";
    if (l->target.address.tls && !oriel_signal_check_files(&l->target.files, error, warning)) {
        fail(l, error);
        return;
    }
    if (warning[0] && !l->expiry_warned) {
        oriel_warning("%s", warning);
        l->expiry_warned = true;
    }
    l->state = ORIEL_STATE_CONNECTING;
    l->next = oriel_boottime() + ATTEMPT_MAX * ORIEL_SECOND;
    int result = oriel_client_connect(&l->client, l->five);
    if (result != MQTTASYNC_SUCCESS)
        fail(l, MQTTAsync_strerror(result));
}

/* --- state, and state read back --- */

static void publish_state(struct oriel_link *l) {
    l->publish_at = 0;
    if (l->state != ORIEL_STATE_ONLINE || !l->published.bytes)
        return;
    l->settled = false;
    bytes_clear(&l->stale);
    int result =
        oriel_client_publish(&l->client, l->client.state_topic, l->published.bytes, l->published.length, true, false);
    l->publish_at = result == MQTTASYNC_MAX_BUFFERED_MESSAGES ? oriel_boottime() + ORIEL_SECOND : 0;
}

static void on_state_read_back(struct oriel_link *l, const void *payload, size_t length) {
    if (bytes_equal(&l->published, payload, length)) {
        l->settled = true;
        bytes_clear(&l->stale);
        return;
    }
    if (!l->settled)
        return; /* ours is on its way and will replace it */
    if (!l->stale.bytes) {
        int64_t now = oriel_boottime();
        if (l->stale_at < now)
            l->stale_at = now;
    }
    bytes_set(&l->stale, payload, length);
}

static void tell_stale(struct oriel_link *l, int64_t now) {
    if (!l->stale.bytes || l->stale_at > now)
        return;
    int result = oriel_ipc_send(l->core, &oriel_signal_to_core, ORIEL_SIGNAL_STALE, l->stale.bytes, l->stale.length);
    l->channel_full = result == -EAGAIN;
    if (result != -EAGAIN)
        bytes_clear(&l->stale);
    l->stale_at = now + STALE_INTERVAL * ORIEL_SECOND;
}

/* --- from core --- */

static bool copy_string(char **out, const struct oriel_ipc_message *m, unsigned field) {
    *out = strdup(m->fields[field].bytes);
    return *out != NULL;
}

static bool configure(struct oriel_link *l, const struct oriel_ipc_message *m) {
    enum { URL, CA, CERTIFICATE, KEY, PROXY, TENANT, DEVICE, WILL, COLLECTOR };
    const char *tenant = m->fields[TENANT].bytes, *device = m->fields[DEVICE].bytes;
    if (l->configured || !oriel_signal_id_valid(tenant, m->fields[TENANT].length) ||
        !oriel_signal_id_valid(device, m->fields[DEVICE].length))
        return false;
    if (!copy_string(&l->url, m, URL) || !copy_string(&l->ca, m, CA) || !copy_string(&l->certificate, m, CERTIFICATE) ||
        !copy_string(&l->key, m, KEY) || !copy_string(&l->proxy, m, PROXY) || !copy_string(&l->device, m, DEVICE) ||
        !bytes_set(&l->will, m->fields[WILL].bytes, m->fields[WILL].length))
        return false;
    l->configured = true;
    snprintf(l->prefix, sizeof l->prefix, "oriel/v1/%s/d/%s/", tenant, device);
    snprintf(l->agent_prefix, sizeof l->agent_prefix, "oriel/v1/%s/a/", tenant);
    l->target.files = (struct oriel_signal_files){l->ca, l->certificate, l->key};
    l->target.proxy = l->proxy;
    l->client.target = &l->target;
    l->client.inbox = &l->inbox;
    l->client.device = l->device;
    l->client.will = l->will.bytes;
    l->client.will_length = l->will.length;
    snprintf(l->client.state_topic, sizeof l->client.state_topic, "oriel/v1/%s/d/%s/state", tenant, device);
    snprintf(l->vendor_prefix, sizeof l->vendor_prefix, "oriel/v1/%s/v/", tenant);
    snprintf(l->client.revoked_topic, sizeof l->client.revoked_topic, "oriel/v1/%s/v/+/revoked", tenant);
    snprintf(l->client.down_topic, sizeof l->client.down_topic, "oriel/v1/%s/d/%s/dn/+", tenant, device);
    snprintf(l->audit_topic, sizeof l->audit_topic, "oriel/v1/%s/d/%s/audit", tenant, device);
    if (m->fields[COLLECTOR].number)
        snprintf(l->client.cosigned_topic, sizeof l->client.cosigned_topic, "oriel/v1/%s/d/%s/cosigned", tenant,
                 device);
    char error[ORIEL_SIGNAL_TEXT_SIZE];
    bool good = oriel_signal_parse_url(l->url, &l->target.address, error);
    if (good && l->proxy[0] && !oriel_signal_parse_proxy(l->proxy, NULL, NULL)) {
        snprintf(error, sizeof error, "proxy '%.80s' is not understood: write host:port", l->proxy);
        good = false;
    }
    if (good) {
        connect_now(l);
    } else { /* no retry mends this */
        say_offline(l, error);
        tell_online(l);
    }
    return true;
}

static bool send_to_agent(struct oriel_link *l, const struct oriel_ipc_message *m) {
    const char *agent = m->fields[0].bytes;
    if (!oriel_signal_id_valid(agent, m->fields[0].length))
        return false;
    if (l->state != ORIEL_STATE_ONLINE)
        return true;
    char topic[2 * ORIEL_SIGNAL_TOPIC_SIZE];
    snprintf(topic, sizeof topic, "%s%s/d/%s", l->agent_prefix, agent, l->device);
    int result = oriel_client_publish(&l->client, topic, m->fields[1].bytes, m->fields[1].length, false, false);
    if (result != MQTTASYNC_SUCCESS && result != MQTTASYNC_DISCONNECTED)
        count_drop(l, &l->dropped_send);
    return true;
}

static bool send_to_collector(struct oriel_link *l, const struct oriel_ipc_message *m) {
    int result = l->state != ORIEL_STATE_ONLINE ? MQTTASYNC_DISCONNECTED
                                                : oriel_client_publish(&l->client, l->audit_topic, m->fields[0].bytes,
                                                                       m->fields[0].length, false, false);
    if (result != MQTTASYNC_SUCCESS && result != MQTTASYNC_DISCONNECTED)
        count_drop(l, &l->dropped_send);
    return true;
}

bool oriel_link_from_core(struct oriel_link *l, const struct oriel_ipc_message *m) {
    if (m->type->id == ORIEL_SIGNAL_CONFIGURE)
        return configure(l, m);
    if (!l->configured)
        return false;
    if (m->type->id == ORIEL_SIGNAL_SEND)
        return send_to_agent(l, m);
    if (m->type->id == ORIEL_SIGNAL_AUDIT)
        return send_to_collector(l, m);
    if (bytes_set(&l->published, m->fields[0].bytes, m->fields[0].length))
        publish_state(l);
    return true;
}

/* --- from the broker --- */

/* False: core does not take it now. */
static bool on_message(struct oriel_link *l, const struct oriel_inbox_message *m) {
    char agent[ORIEL_SIGNAL_ID_SIZE];
    const void *payload = m->message->payload;
    size_t length = (size_t)m->message->payloadlen;
    int result = 0;
    switch (oriel_signal_parse_topic(l->prefix, m->topic, m->topic_length, agent)) {
    case ORIEL_SIGNAL_TOPIC_STATE:
        on_state_read_back(l, payload, length);
        break;
    case ORIEL_SIGNAL_TOPIC_OTHER:
        if (l->client.cosigned_topic[0] && m->topic_length == strlen(l->client.cosigned_topic) &&
            memcmp(m->topic, l->client.cosigned_topic, m->topic_length) == 0)
            result = oriel_ipc_send(l->core, &oriel_signal_to_core, ORIEL_SIGNAL_COSIGNED, payload, length);
        else if (!oriel_signal_parse_revocation(l->vendor_prefix, m->topic, m->topic_length, agent))
            count_drop(l, &l->dropped_topic);
        else if (length)
            result = oriel_ipc_send(l->core, &oriel_signal_to_core, ORIEL_SIGNAL_REVOCATION, agent, payload, length);
        break;
    case ORIEL_SIGNAL_TOPIC_DOWN:
        if (m->message->retained)
            count_drop(l, &l->dropped_retained);
        else
            result = oriel_ipc_send(l->core, &oriel_signal_to_core, ORIEL_SIGNAL_RECEIVED, agent, payload, length);
        break;
    }
    return result != -EAGAIN;
}

static void on_refused(struct oriel_link *l, const struct oriel_inbox_link *event) {
    enum { VERSION_3_1_1 = 1, VERSION_5 = 0x84 };
    char why[ORIEL_SIGNAL_TEXT_SIZE];
    bool version = event->code == VERSION_3_1_1 || event->code == VERSION_5;
    if (l->state == ORIEL_STATE_CONNECTING && l->five && version) {
        l->five = false;
        connect_now(l);
        return;
    }
    bool subscribing = l->state == ORIEL_STATE_SUBSCRIBING;
    const char *reason = oriel_client_reason(l->five, event->code);
    if (subscribing)
        snprintf(why, sizeof why, "the broker refuses the subscription to %s (%s): check its access list",
                 l->client.down_topic, reason);
    else
        snprintf(why, sizeof why,
                 "the broker refuses device '%s' (%s): check that its certificate carries this id and that the broker "
                 "knows it",
                 l->device, reason);
    if (subscribing)
        oriel_client_disconnect(&l->client);
    if (version)
        l->five = true;
    fail(l, why);
}

static void on_failed(struct oriel_link *l) {
    l->state = ORIEL_STATE_DIAGNOSING;
    int result = oriel_signal_diagnose(&l->target, &l->inbox);
    if (result < 0)
        fail(l, strerror(-result));
}

static void on_diagnosed(struct oriel_link *l, const char *text) {
    if (text[0]) {
        l->no_fault = 0;
        fail(l, text);
        return;
    }
    /* Nothing wrong up to MQTT: it may have come back just now, or the broker hangs up on MQTT 5 instead of refusing
     * it. */
    l->five = !l->five;
    if (++l->no_fault < 2)
        pause_before_retry(l);
    else
        fail(l, "the broker is reached, but gives no answer to MQTT: check the URL's port, and the broker's log");
}

static void on_subscribed(struct oriel_link *l) {
    l->state = ORIEL_STATE_ONLINE;
    l->online_at = oriel_boottime();
    l->no_fault = 0;
    l->reason[0] = '\0';
    l->online_pending = true;
    oriel_info("connected to %s (MQTT %s)", l->target.address.url, l->five ? "5" : "3.1.1");
    tell_online(l);
    publish_state(l);
    malloc_trim(0); /* the handshake's memory; the connection now rests for hours */
}

static void on_lost(struct oriel_link *l, const char *reason) {
    char why[ORIEL_SIGNAL_TEXT_SIZE];
    if (l->state == ORIEL_STATE_ONLINE && oriel_boottime() - l->online_at > STABLE * ORIEL_SECOND)
        l->attempt = 0;
    snprintf(why, sizeof why, "the connection was lost%s%.200s%s", reason[0] ? " (" : "", reason, reason[0] ? ")" : "");
    fail(l, why);
}

static void on_link(struct oriel_link *l, const struct oriel_inbox_link *event) {
    if (l->state == ORIEL_STATE_LEAVING) {
        if (event->events & ORIEL_LINK_DELIVERED)
            oriel_client_disconnect(&l->client);
        if (event->events & (ORIEL_LINK_CLOSED | ORIEL_LINK_LOST | ORIEL_LINK_PUBLISH_REFUSED))
            l->state = ORIEL_STATE_GONE;
        return;
    }
    if ((event->events & ORIEL_LINK_CONNECTED) && l->state == ORIEL_STATE_CONNECTING) {
        l->state = ORIEL_STATE_SUBSCRIBING;
        oriel_client_tune();
        if (oriel_client_subscribe(&l->client) != MQTTASYNC_SUCCESS && !(event->events & ORIEL_LINK_LOST))
            on_lost(l, "");
    }
    if ((event->events & ORIEL_LINK_SUBSCRIBED) && l->state == ORIEL_STATE_SUBSCRIBING)
        on_subscribed(l);
    if ((event->events & ORIEL_LINK_REFUSED) &&
        (l->state == ORIEL_STATE_CONNECTING || l->state == ORIEL_STATE_SUBSCRIBING))
        on_refused(l, event);
    if ((event->events & ORIEL_LINK_FAILED) && l->state == ORIEL_STATE_CONNECTING)
        on_failed(l);
    if ((event->events & ORIEL_LINK_DIAGNOSED) && l->state == ORIEL_STATE_DIAGNOSING)
        on_diagnosed(l, event->text);
    if (event->events & ORIEL_LINK_PUBLISH_REFUSED)
        count_drop(l, &l->dropped_send);
    if ((event->events & ORIEL_LINK_LOST) && (l->state == ORIEL_STATE_ONLINE || l->state == ORIEL_STATE_SUBSCRIBING))
        on_lost(l, event->text);
}

void oriel_link_from_broker(struct oriel_link *l) {
    struct oriel_inbox_link event;
    oriel_inbox_drain(&l->inbox, &event);
    if (event.events)
        on_link(l, &event);
    while (!l->channel_full && (l->held.topic || oriel_inbox_take(&l->inbox, &l->held))) {
        l->channel_full = l->state != ORIEL_STATE_LEAVING && !on_message(l, &l->held);
        if (!l->channel_full)
            oriel_inbox_free(&l->held);
    }
}

/* --- time --- */

static void report_drops(struct oriel_link *l, int64_t now) {
    static const char *const what[] = {"came faster than they could be handled", "were larger than 64 KiB",
                                       "were retained", "came on a topic that is not ours or from a malformed agent id",
                                       "could not be sent (too many under way, or refused by the broker)"};
    unsigned full, oversized;
    oriel_inbox_dropped(&l->inbox, &full, &oversized);
    unsigned counts[] = {full, oversized, l->dropped_retained, l->dropped_topic, l->dropped_send};
    l->dropped_retained = l->dropped_topic = l->dropped_send = 0;
    l->report_at = 0;
    l->reported_at = now;
    char line[640];
    size_t at = 0;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i] && at < sizeof line)
            at += (size_t)snprintf(line + at, sizeof line - at, "%s%u %s", at ? "; " : "", counts[i], what[i]);
    if (at)
        oriel_warning("messages dropped: %s", line);
}

static void note_time(int64_t *first, int64_t time) {
    if (*first < 0 || time < *first)
        *first = time;
}

int oriel_link_tick(struct oriel_link *l) {
    int64_t now = oriel_boottime();
    pthread_mutex_lock(&l->inbox.lock);
    bool dropped = l->inbox.dropped_full || l->inbox.dropped_oversized;
    pthread_mutex_unlock(&l->inbox.lock);
    if (dropped && !l->report_at) {
        unsigned none = 0;
        count_drop(l, &none); /* plans the report; the inbox has the count */
    }
    if (l->report_at && now >= l->report_at)
        report_drops(l, now);
    tell_online(l);
    tell_stale(l, now);
    if (l->publish_at && now >= l->publish_at)
        publish_state(l);
    if (l->state == ORIEL_STATE_WAITING && now >= l->next)
        connect_now(l);
    if (l->state == ORIEL_STATE_LEAVING && now >= l->next)
        l->state = ORIEL_STATE_GONE;

    bool trying =
        l->state == ORIEL_STATE_CONNECTING || l->state == ORIEL_STATE_DIAGNOSING || l->state == ORIEL_STATE_SUBSCRIBING;
    if (trying && now >= l->next) { /* Paho lost track of it: only a new process is sure to have none of its state */
        oriel_error("a connection attempt had no outcome in %d s; oriel-signal ends, to be started afresh",
                    ATTEMPT_MAX);
        l->state = ORIEL_STATE_GONE;
    }

    int64_t first = -1;
    if (trying || l->state == ORIEL_STATE_WAITING || l->state == ORIEL_STATE_LEAVING)
        note_time(&first, l->next);
    if (l->report_at)
        note_time(&first, l->report_at);
    if (l->stale.bytes)
        note_time(&first, l->stale_at);
    if (l->publish_at)
        note_time(&first, l->publish_at);
    if (first < 0)
        return -1;
    return first <= now ? 0 : (int)((first - now) / ORIEL_MILLISECOND) + 1;
}

void oriel_link_network(struct oriel_link *l) {
    bool connected =
        l->state == ORIEL_STATE_ONLINE || l->state == ORIEL_STATE_SUBSCRIBING || l->state == ORIEL_STATE_CONNECTING;
    if (l->state != ORIEL_STATE_WAITING && !(connected && oriel_client_moved()))
        return;
    l->attempt = 0;
    if (connected)
        fail(l, "the device's network has changed");
    l->next = oriel_boottime() + NETWORK_SETTLE * ORIEL_MILLISECOND;
}

void oriel_link_leave(struct oriel_link *l) {
    if (l->state != ORIEL_STATE_ONLINE ||
        oriel_client_publish(&l->client, l->client.state_topic, l->will.bytes, l->will.length, true, true)) {
        l->state = ORIEL_STATE_GONE;
        return;
    }
    l->state = ORIEL_STATE_LEAVING;
    l->next = oriel_boottime() + LEAVE_MAX * ORIEL_SECOND;
}
