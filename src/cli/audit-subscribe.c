/* `oriel audit collect --collector DIR`: the owner's collector as a program that stays: it takes what devices send by
 * the broker (PROTOCOL.md, Collecting), each device's into a store of its own (audit-collect.c), and answers.
 *
 * Policy: only devices whose verification key lies in --vkeys, looked at with each message, so that new devices need no
 * restart. What is refused is said, gets no answer, and changes nothing. After each connect the last answers go out
 * again, empty where there is none, by which devices that wait know that somebody is there. It never gives up: a
 * failure is said once, and tried again after at most a minute. */
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"
#include "cleanup.h"
#include "client.h"
#include "clock.h"
#include "json.h"
#include "log.h"
#include "note.h"
#include "seal.h"

enum { PAUSE_MAX = 60 }; /* seconds */

struct subscriber {
    const struct oriel_cli_audit *a;
    struct oriel_client client;
    struct oriel_inbox inbox;
    struct oriel_signal_target target;
    char *url, *ca, *certificate, *key_file, *cosign_file, *tenant;
    json_t *seal; /* private */
    char prefix[ORIEL_SIGNAL_TOPIC_SIZE / 2];
    char said[ORIEL_SIGNAL_TEXT_SIZE]; /* the last failure */
    unsigned pause;
    int64_t next; /* when to connect again; 0: it is being tried, or there is a connection */
    bool online;
};

static void close_file(FILE **f) {
    if (*f)
        fclose(*f);
}

static char *in(const char *directory, const char *name) {
    char *path = NULL;
    return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

static json_t *read_seal_key(const char *directory) {
    size_t length;
    char error[ORIEL_JSON_ERROR_SIZE];
    _cleanup_free_ char *path = in(directory, "seal.key"), *pem = oriel_cli_read(path, 4096, &length);
    json_t *key = pem ? oriel_key_from_pem(pem, length, error) : NULL;
    if (pem && !key)
        oriel_error("%s: %s", path, error);
    if (pem)
        explicit_bzero(pem, length);
    return key;
}

static bool load(struct subscriber *s) {
    size_t length;
    char error[ORIEL_SIGNAL_TEXT_SIZE + ORIEL_JSON_ERROR_SIZE] = "it is not made by 'oriel provision collector'";
    const char *directory = s->a->collector;
    _cleanup_free_ char *path = in(directory, "collector.json"), *text = oriel_cli_read(path, 4096, &length);
    json_t *m = text ? oriel_json_decode(text, length, 4096, error) : NULL;
    const char *typ = oriel_json_text(m, "typ"), *url = oriel_json_text(m, "broker"),
               *tenant = oriel_json_text(m, "tenant");
    bool good = typ && strcmp(typ, "collector") == 0 && url && tenant &&
                oriel_signal_id_valid(tenant, strlen(tenant)) && oriel_signal_parse_url(url, &s->target.address, error);
    if (text && !good)
        oriel_error("%s: %s", path, error);
    s->url = good ? strdup(url) : NULL;
    s->tenant = good ? strdup(tenant) : NULL;
    json_decref(m);
    s->ca = in(directory, "broker-ca.pem");
    s->certificate = in(directory, "broker.pem");
    s->key_file = in(directory, "broker.key");
    s->cosign_file = in(directory, "cosign.key");
    s->target.files = (struct oriel_signal_files){s->ca, s->certificate, s->key_file};
    s->target.proxy = "";
    return good && (s->seal = read_seal_key(directory)) != NULL;
}

/* ---- what devices send ---- */

static void answer(struct subscriber *s, const char *device) {
    char name[ORIEL_SIGNAL_ID_SIZE + 16], topic[2 * ORIEL_SIGNAL_TOPIC_SIZE], note[ORIEL_NOTE_MAX];
    snprintf(name, sizeof name, "%s/cosigned", device);
    _cleanup_free_ char *path = in(s->a->store, name);
    _cleanup_(close_file) FILE *f = fopen(path, "re");
    size_t n = f ? fread(note, 1, sizeof note, f) : 0;
    snprintf(topic, sizeof topic, "%s%s/cosigned", s->prefix, device);
    oriel_client_publish(&s->client, topic, note, n, false, false); /* empty: nothing yet, but somebody is there */
}

static void take(struct subscriber *s, const char *device, const char *bytes, size_t length) {
    char error[ORIEL_JSON_ERROR_SIZE], name[2 * ORIEL_SIGNAL_ID_SIZE + 8];
    snprintf(name, sizeof name, "%s.%s.vkey", s->tenant, device);
    _cleanup_free_ char *vkey = in(s->a->vkeys, name), *store = in(s->a->store, device);
    size_t size;
    if (access(vkey, R_OK) < 0) {
        oriel_error("%s sends records, but %s is not there: is it the owner's device?", device, vkey);
        return;
    }
    _cleanup_free_ char *text = oriel_jwe_open(s->seal, bytes, length, &size, error);
    if (!text) {
        oriel_error("%s: what it sends cannot be opened: %s", device, error);
        return;
    }
    struct oriel_cli_audit a = *s->a;
    a.store = store;
    a.vkey = vkey;
    a.key = s->cosign_file;
    a.file = device;
    _cleanup_(close_file) FILE *f = size ? fmemopen(text, size, "r") : NULL;
    if (f && oriel_cli_audit_take(&a, f))
        answer(s, device);
    fflush(stdout);
}

static void on_message(struct subscriber *s, const struct oriel_inbox_message *m) {
    static const char end[] = "/audit";
    char device[ORIEL_SIGNAL_ID_SIZE];
    size_t skip = strlen(s->prefix), tail = sizeof end - 1;
    if (m->topic_length <= skip + tail || memcmp(m->topic, s->prefix, skip) != 0 ||
        memcmp(m->topic + m->topic_length - tail, end, tail) != 0 ||
        !oriel_signal_id_valid(m->topic + skip, m->topic_length - skip - tail) || m->message->retained)
        return;
    size_t length = m->topic_length - skip - tail;
    memcpy(device, m->topic + skip, length);
    device[length] = '\0';
    take(s, device, m->message->payload, (size_t)m->message->payloadlen);
}

/* ---- the connection ---- */

static void fail(struct subscriber *s, const char *why) {
    if (strcmp(s->said, why) != 0)
        oriel_warning("not connected to %s: %s", s->url, why);
    snprintf(s->said, sizeof s->said, "%s", why);
    s->online = false;
    s->pause = s->pause ? s->pause * 2 : 1;
    if (s->pause > PAUSE_MAX)
        s->pause = PAUSE_MAX;
    s->next = oriel_boottime() + s->pause * ORIEL_SECOND;
}

static void connect_now(struct subscriber *s) {
    char error[ORIEL_SIGNAL_TEXT_SIZE], warning[ORIEL_SIGNAL_TEXT_SIZE] = "";
    s->next = 0;
    if (s->target.address.tls && !oriel_signal_check_files(&s->target.files, error, warning)) {
        fail(s, error);
        return;
    }
    if (warning[0])
        oriel_warning("%s", warning);
    int result = oriel_client_connect(&s->client, true);
    if (result != MQTTASYNC_SUCCESS)
        fail(s, MQTTAsync_strerror(result));
}

static void is_online(struct subscriber *s) {
    s->online = true;
    s->pause = 0;
    s->said[0] = '\0';
    oriel_info("connected to %s; records are taken from the devices whose keys lie in %s", s->url, s->a->vkeys);
    size_t skip = strlen(s->tenant) + 1, tail = strlen(".vkey");
    DIR *d = opendir(s->a->vkeys);
    for (struct dirent *e; d && (e = readdir(d));) {
        size_t length = strlen(e->d_name);
        if (length <= skip + tail || strncmp(e->d_name, s->tenant, skip - 1) != 0 || e->d_name[skip - 1] != '.' ||
            strcmp(e->d_name + length - tail, ".vkey") != 0)
            continue;
        e->d_name[length - tail] = '\0';
        if (oriel_signal_id_valid(e->d_name + skip, length - tail - skip))
            answer(s, e->d_name + skip);
    }
    if (d)
        closedir(d);
}

static void on_link(struct subscriber *s, const struct oriel_inbox_link *event) {
    if (event->events & ORIEL_LINK_CONNECTED) {
        oriel_client_tune();
        oriel_client_subscribe(&s->client);
    }
    if (event->events & ORIEL_LINK_SUBSCRIBED)
        is_online(s);
    if (event->events & ORIEL_LINK_REFUSED)
        fail(s, oriel_client_reason(true, event->code));
    if ((event->events & ORIEL_LINK_FAILED) && oriel_signal_diagnose(&s->target, &s->inbox) < 0)
        fail(s, "no connection");
    if (event->events & ORIEL_LINK_DIAGNOSED)
        fail(s, event->text[0] ? event->text : "the broker is reached, but gives no answer to MQTT 5");
    if (event->events & ORIEL_LINK_LOST)
        fail(s, "the connection was lost");
}

static void run(struct subscriber *s) {
    snprintf(s->prefix, sizeof s->prefix, "oriel/v1/%.64s/d/", s->tenant);
    snprintf(s->client.down_topic, sizeof s->client.down_topic, "%s+/audit", s->prefix);
    s->client.target = &s->target;
    s->client.inbox = &s->inbox;
    s->client.device = ORIEL_CLI_COLLECTOR;
    connect_now(s);
    for (;;) {
        struct pollfd fd = {.fd = s->inbox.fd, .events = POLLIN};
        int64_t now = oriel_boottime();
        poll(&fd, 1, !s->next ? -1 : s->next <= now ? 0 : (int)((s->next - now) / ORIEL_MILLISECOND) + 1);
        struct oriel_inbox_link event;
        struct oriel_inbox_message message;
        oriel_inbox_drain(&s->inbox, &event);
        if (event.events)
            on_link(s, &event);
        while (oriel_inbox_take(&s->inbox, &message)) {
            on_message(s, &message);
            oriel_inbox_free(&message);
        }
        if (s->next && oriel_boottime() >= s->next)
            connect_now(s);
    }
}

int oriel_cli_audit_subscribe(const struct oriel_cli_audit *a) {
    static struct subscriber s;
    s.a = a;
    if (!a->store || !a->vkeys) {
        oriel_error("%s is missing", !a->store ? "--store, where the records are kept,"
                                               : "--vkeys, the owner's folder of the devices' verification keys,");
        return 2;
    }
    unsetenv("https_proxy"); /* Paho takes one with a scheme for a host name */
    unsetenv("http_proxy");
    if (mkdir(a->store, 0700) < 0 && access(a->store, W_OK) < 0) {
        oriel_error("cannot make %s: %m", a->store);
        return 1;
    }
    if (!load(&s) || oriel_inbox_init(&s.inbox) < 0)
        return 1;
    run(&s);
    return 1;
}
