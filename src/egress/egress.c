/* See egress.h. */
#include "egress.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clock.h"
#include "core_egress.h"
#include "log.h"
#include "network.h"
#include "race.h"
#include "bridge.h"
#include "route.h"

enum {
    /* core, the network's changes, the inside socket, names, and all addresses of all servers */
    POLL_MAX = 4 + ORIEL_SERVERS_MAX * ORIEL_ADDRESSES_MAX,
    FALLBACK_MIN = 200,
    FALLBACK_MAX = 60000,
    PAUSE_DOUBLINGS = 4,
    WORDS_SIZE = 1024,
};

#define PAUSE_MIN (100 * ORIEL_MILLISECOND)
#define PAUSE_MAX ORIEL_SECOND
/* A way of the first search has 8 s; of later ones 4 times what it took then: what was lost on a cut cable is sent anew
 * soon after it is whole. */
#define LIFE_MAX (8 * ORIEL_SECOND)
#define LIFE_MIN ORIEL_SECOND
/* Between two searches beside a path that is up, after one that changed nothing. */
#define SEARCH_AGAIN (200 * ORIEL_MILLISECOND)
#define BELIEF (3 * ORIEL_SECOND)
/* What a path in doubt has more at least, when another works. */
#define GRACE_MIN (200 * ORIEL_MILLISECOND)
/* TURN permissions are refreshed every 4 minutes at the latest: a media that has said nothing for longer is gone. */
#define SILENCE_MAX (300 * ORIEL_SECOND)

enum state { NOT_STARTED, RACING, UP, PAUSED, ENDED };

struct egress {
    int control, status;
    enum state state;
    struct oriel_server servers[ORIEL_SERVERS_MAX], proxy;
    size_t count;
    oriel_tls_context *context;
    int64_t fallback;
    int remembered;      /* the server that worked last; -1: none */
    unsigned generation; /* of the path that is, or was last */
    unsigned pauses;     /* since there was one */
    int64_t since;       /* when this search for a path began */
    int64_t pause_end;
    struct oriel_resolver resolver;
    struct oriel_race race;
    struct oriel_route routes[ORIEL_SERVERS_MAX];
    struct oriel_bridge bridge;
    int network;              /* tells of its changes; -1: it can't be watched */
    bool searching, moved;    /* beside the path that is up; its network has moved */
    int64_t search_at;        /* not before */
    struct oriel_path *spare; /* proven, beside the path that is up */
    int64_t spare_until;      /* so long the other may still be heard */
    int64_t took;             /* the last search that found a path */
    struct oriel_counters told;
    int64_t told_at;
    struct pollfd polled[POLL_MAX];
    size_t polled_count, network_slot, resolver_slot, inside_slot;
    struct oriel_ipc_message message;
};

#define tell(e, ...)                                                                                                   \
    do {                                                                                                               \
        if (oriel_ipc_send((e)->control, &oriel_egress_to_core, __VA_ARGS__) < 0)                                      \
            (e)->state = ENDED; /* core does not read: it is gone, or about to end us */                               \
    } while (0)

static void fail(struct egress *e, const char *detail) {
    char words[WORDS_SIZE];
    snprintf(words, sizeof words, "%s", detail);
    for (char *c = words; *c; c++) /* core takes UTF-8 only, and a quoted setting may be anything, cut anywhere */
        if (*c < ' ' || *c > '~')
            *c = '?';
    oriel_error("%s", words);
    tell(e, ORIEL_EGRESS_FAILED, words);
    e->state = ENDED;
    e->status = EXIT_FAILURE;
}

/* ---- the race for a path ---- */

static void begin_search(struct egress *e, int64_t now) {
    oriel_race_begin(&e->race, e->count, e->remembered, e->fallback, now);
}

static void begin_race(struct egress *e, int64_t now) {
    begin_search(e, now);
    e->state = RACING;
}

static void end_race(struct egress *e) {
    for (size_t i = 0; i < e->count; i++)
        oriel_route_end(&e->routes[i]);
    oriel_resolver_forget(&e->resolver);
}

static void pause_a_little(struct egress *e, int64_t now) {
    int64_t pause = PAUSE_MIN << (e->pauses < PAUSE_DOUBLINGS ? e->pauses : PAUSE_DOUBLINGS);
    uint16_t off;
    if (getrandom(&off, sizeof off, 0) != sizeof off)
        off = 0;
    pause = pause < PAUSE_MAX ? pause : PAUSE_MAX;
    e->pauses++;
    e->pause_end = now + pause - pause / 4 + (int64_t)(off % 1024) * pause / 2048;
    e->state = PAUSED;
}

/* Why no server could be reached. Who got furthest comes first: that tells most, and readers may cut the text. */
static void explain(const struct egress *e, char out[WORDS_SIZE]) {
    int at = snprintf(out, WORDS_SIZE, "no TURN server can be reached");
    const char *between = ": ";
    for (int reached = ORIEL_PATH_PROVING; reached >= ORIEL_PATH_CONNECTING; reached--)
        for (size_t i = 0; i < e->count && at < WORDS_SIZE; i++) {
            const struct oriel_route *r = &e->routes[i];
            char server[ORIEL_EGRESS_TEXT_SIZE];
            if ((int)r->reached != reached)
                continue;
            oriel_server_describe(r->server, server);
            at += snprintf(out + at, WORDS_SIZE - (size_t)at, "%s%s%s%s: %s", between, server,
                           r->proxy ? " through proxy " : "", r->proxy ? r->proxy->host : "", r->error);
            between = "; ";
        }
}

static void race_lost(struct egress *e, int64_t now) {
    char words[WORDS_SIZE];
    explain(e, words);
    end_race(e);
    if (e->state == UP) {
        e->searching = false;
        e->search_at = now + SEARCH_AGAIN;
        return;
    }
    if (!e->generation) {
        fail(e, words);
        return;
    }
    oriel_warning("%s", words);
    pause_a_little(e, now);
    tell(e, ORIEL_EGRESS_LOST, words, (uint32_t)e->generation);
}

static void take_path(struct egress *e, struct oriel_path *path, int64_t now) {
    char words[ORIEL_EGRESS_TEXT_SIZE];
    if (!oriel_bridge_open(&e->bridge, path, e->generation == 0, now, words)) {
        fail(e, words);
        return;
    }
    oriel_path_describe(path, words);
    e->remembered = (int)(path->server - e->servers);
    e->moved = false;
    e->generation++;
    e->pauses = 0;
    e->state = UP;
    uint32_t took = (uint32_t)((now - e->since) / ORIEL_MILLISECOND);
    oriel_info("path %u: %s, after %u ms", e->generation, words, took);
    tell(e, ORIEL_EGRESS_PATH, oriel_transport_name(path->server->transport), words, path->server->uri, took,
         (uint32_t)e->generation);
}

static void race_won(struct egress *e, int winner, int64_t now) {
    struct oriel_path *path = oriel_route_take(&e->routes[winner]);
    end_race(e);
    e->took = now - e->race.began;
    if (e->state != UP) {
        take_path(e, path, now);
        return;
    }
    int64_t usual = oriel_bridge_usual(&e->bridge);
    e->searching = false;
    e->spare = path;
    e->spare_until = e->moved ? now : now + (usual > GRACE_MIN ? usual : GRACE_MIN);
}

static int64_t life(const struct egress *e) {
    int64_t time = 4 * e->took;
    return !e->generation || time > LIFE_MAX ? LIFE_MAX : time > LIFE_MIN ? time : LIFE_MIN;
}

/* Begins what is due and lets all that has begun go on, until that changes nothing. */
static void race(struct egress *e, int64_t now) {
    for (bool changed = true; changed;) {
        changed = false;
        for (int i; (i = oriel_race_start(&e->race, now)) >= 0;) {
            oriel_route_begin(&e->routes[i], life(e), now);
            e->race.ways[i] = ORIEL_WAY_BEGUN;
        }
        for (size_t i = 0; i < e->count; i++) {
            int result = e->race.ways[i] == ORIEL_WAY_BEGUN ? oriel_route_step(&e->routes[i], &e->resolver, now) : 0;
            if (result == 0)
                continue;
            oriel_race_note(&e->race, i, result > 0, now);
            if (result < 0)
                oriel_route_end(&e->routes[i]);
            changed = true;
        }
    }
    int winner = oriel_race_winner(&e->race, now);
    if (winner >= 0)
        race_won(e, winner, now);
    else if (winner == ORIEL_RACE_LOST)
        race_lost(e, now);
}

/* ---- a path in doubt ---- */

static void end_search(struct egress *e) {
    if (e->searching)
        end_race(e);
    e->searching = false;
    oriel_path_free(e->spare);
    e->spare = NULL;
}

static void close_path(struct egress *e) {
    end_search(e);
    e->moved = false;
    oriel_bridge_close(&e->bridge);
}

/* The spare one has waited long enough: the other is silent. */
static void decide(struct egress *e, int64_t now) {
    struct oriel_path *path = e->spare;
    e->spare = NULL;
    if (e->moved || e->bridge.fed) {
        oriel_warning("path %u is silent, and another works", e->generation);
        oriel_bridge_close(&e->bridge);
        take_path(e, path, now);
        return;
    }
    oriel_path_free(path);
    oriel_bridge_believe(&e->bridge);
    e->search_at = now + BELIEF;
}

/* When to look again whether the path is in doubt. */
static int64_t doubt_time(const struct egress *e) {
    if (e->spare)
        return e->spare_until;
    int64_t doubt = e->moved ? 0 : oriel_bridge_doubt(&e->bridge);
    return e->searching ? INT64_MAX : doubt > e->search_at ? doubt : e->search_at;
}

static void doubt(struct egress *e, int64_t now) {
    if (!e->moved && now < oriel_bridge_doubt(&e->bridge)) {
        end_search(e);
    } else if (e->spare && now >= e->spare_until) {
        decide(e, now);
    } else if (!e->spare && !e->searching && now >= e->search_at) {
        e->since = now;
        begin_search(e, now);
        e->searching = true;
    }
}

static bool race_moved(const struct egress *e) {
    for (size_t i = 0; i < e->count; i++)
        for (size_t k = 0; k < e->routes[i].begun; k++) {
            const struct oriel_path *p = e->routes[i].paths[k];
            if (p && e->race.ways[i] == ORIEL_WAY_BEGUN && oriel_network_moved(oriel_path_fd(p)))
                return true;
        }
    return false;
}

/* What was tried may have been tried in another network; an address that was checked or renewed changes nothing. */
static void network_changed(struct egress *e, int64_t now) {
    oriel_network_clear(e->network);
    if (e->state == PAUSED) {
        begin_race(e, now);
    } else if (e->state == RACING && race_moved(e)) {
        end_race(e);
        begin_race(e, now);
    } else if (e->state == UP && oriel_network_moved(oriel_path_fd(e->bridge.path))) {
        oriel_info("the network of path %u has moved", e->generation);
        end_search(e);
        e->moved = true;
        e->search_at = now;
    }
}

/* ---- core's messages ---- */

static bool configure(struct egress *e, const struct oriel_ipc_message *m, char error[ORIEL_EGRESS_TEXT_SIZE]) {
    const char *proxy = m->fields[1].bytes;
    uint64_t fallback = m->fields[6].number;
    bool secure = false;
    e->count = oriel_parse_servers(m->fields[0].bytes, e->servers, error);
    if (!e->count || (*proxy && !oriel_parse_proxy(proxy, &e->proxy, error)))
        return false;
    if (fallback < FALLBACK_MIN || fallback > FALLBACK_MAX) {
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "a fallback of %u ms is not between %d and %d", (unsigned)fallback,
                 FALLBACK_MIN, FALLBACK_MAX);
        return false;
    }
    struct oriel_turn_credentials *c = &e->bridge.credentials;
    if (m->fields[4].length >= sizeof c->username || m->fields[5].length >= sizeof c->password) {
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "a user name or password at the TURN servers is longer than %d",
                 ORIEL_TURN_CREDENTIAL_MAX);
        return false;
    }
    strcpy(c->username, m->fields[4].bytes);
    strcpy(c->password, m->fields[5].bytes);
    e->fallback = (int64_t)fallback * ORIEL_MILLISECOND;
    e->remembered = -1;
    for (size_t i = 0; i < e->count; i++) {
        secure |= e->servers[i].transport == ORIEL_TLS;
        if (strcmp(e->servers[i].uri, m->fields[3].bytes) == 0)
            e->remembered = (int)i;
    }
    if (secure && !(e->context = oriel_tls_context_new(m->fields[2].bytes, error)))
        return false;
    for (size_t i = 0; i < e->count; i++)
        e->routes[i] = (struct oriel_route){.server = &e->servers[i],
                                            .proxy = *proxy && e->servers[i].transport != ORIEL_UDP ? &e->proxy : NULL,
                                            .context = e->context};
    return true;
}

static void on_start(struct egress *e, int64_t now) {
    char error[ORIEL_EGRESS_TEXT_SIZE];
    int inside = oriel_ipc_take_fd(&e->message, 0);
    e->bridge.inside = inside;
    if (!oriel_bridge_check(inside, error) || !configure(e, &e->message, error)) {
        fail(e, error);
        return;
    }
    e->since = now;
    begin_race(e, now);
}

static void on_renew(struct egress *e, int64_t now) {
    if (e->state != UP) /* there will be another path anyway */
        return;
    close_path(e);
    e->since = now;
    begin_race(e, now);
}

static void on_control(struct egress *e, int64_t now) {
    while (e->state != ENDED) {
        int result = oriel_ipc_receive(e->control, &oriel_core_to_egress, &e->message);
        if (result == -EAGAIN)
            return;
        bool start = result == 1 && e->message.type->id == ORIEL_EGRESS_START;
        if (result < 0 || (result == 1 && start != (e->state == NOT_STARTED))) {
            oriel_error("core broke the protocol '%s'", oriel_core_to_egress.name);
            e->status = EXIT_FAILURE;
        }
        if (result != 1 || e->status)
            e->state = ENDED;
        else if (start)
            on_start(e, now);
        else
            on_renew(e, now);
        if (result == 1)
            oriel_ipc_message_clear(&e->message);
    }
}

/* ---- the loop ---- */

static size_t add_fd(struct egress *e, int fd, short events) {
    e->polled[e->polled_count] = (struct pollfd){.fd = fd, .events = events};
    return e->polled_count++;
}

/* What poll(2) is asked for. */
static bool races(const struct egress *e) {
    return e->state == RACING || (e->state == UP && e->searching);
}

static void collect_fds(struct egress *e) {
    e->polled_count = 0;
    add_fd(e, e->control, POLLIN);
    e->network_slot = add_fd(e, e->network, POLLIN);
    if (races(e)) {
        e->resolver_slot = add_fd(e, e->resolver.fd, POLLIN);
        for (size_t i = 0; i < e->count; i++)
            for (size_t k = 0; k < e->routes[i].begun; k++) {
                struct oriel_path *p = e->routes[i].paths[k];
                if (p && e->race.ways[i] == ORIEL_WAY_BEGUN)
                    add_fd(e, oriel_path_fd(p), oriel_path_events(p));
            }
    }
    if (e->state == UP) {
        e->inside_slot = add_fd(e, e->bridge.inside, POLLIN);
        e->bridge.path->slot = add_fd(e, oriel_path_fd(e->bridge.path), oriel_path_events(e->bridge.path));
    }
}

static bool counters_differ(const struct oriel_counters *a, const struct oriel_counters *b) {
    return a->bytes_out != b->bytes_out || a->bytes_in != b->bytes_in || a->dropped_out != b->dropped_out ||
           a->dropped_in != b->dropped_in || a->refused != b->refused;
}

static int64_t earlier(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t next_time(const struct egress *e, int64_t now) {
    int64_t time = INT64_MAX;
    if (e->state == PAUSED)
        time = e->pause_end;
    if (races(e)) {
        time = oriel_race_time(&e->race, now);
        for (size_t i = 0; i < e->count; i++)
            if (e->race.ways[i] == ORIEL_WAY_BEGUN)
                time = earlier(time, oriel_route_time(&e->routes[i]));
    }
    if (e->state == UP)
        time =
            earlier(earlier(time, doubt_time(e)), earlier(oriel_bridge_time(&e->bridge), e->bridge.sent + SILENCE_MAX));
    if (e->state != NOT_STARTED) {
        struct oriel_counters c = oriel_bridge_counters(&e->bridge);
        if (counters_differ(&c, &e->told))
            time = earlier(time, e->told_at + ORIEL_SECOND);
    }
    return time;
}

static void tell_counters(struct egress *e, int64_t now) {
    struct oriel_counters c = oriel_bridge_counters(&e->bridge);
    if (!counters_differ(&c, &e->told) || now - e->told_at < ORIEL_SECOND)
        return;
    e->told = c;
    e->told_at = now;
    uint32_t delay, delay_max;
    oriel_delay_take(&e->bridge.delay, &delay, &delay_max);
    int result = oriel_ipc_send(e->control, &oriel_egress_to_core, ORIEL_EGRESS_STATS, c.bytes_out, c.bytes_in,
                                c.dropped_out, c.dropped_in, c.refused, delay, delay_max);
    if (result < 0 && result != -EAGAIN)
        e->state = ENDED;
}

static void bridge(struct egress *e, int64_t now) {
    char why[ORIEL_EGRESS_TEXT_SIZE], path[ORIEL_EGRESS_TEXT_SIZE], words[WORDS_SIZE];
    if (!oriel_bridge_inside(&e->bridge, e->polled[e->inside_slot].revents, now)) {
        fail(e, "media has broken its socket");
        return;
    }
    if (now - e->bridge.sent >= SILENCE_MAX) {
        fail(e, "media has sent nothing for 5 minutes");
        return;
    }
    if (oriel_bridge_outside(&e->bridge, e->polled[e->bridge.path->slot].revents, now, why))
        return;
    oriel_path_describe(e->bridge.path, path);
    close_path(e);
    snprintf(words, sizeof words, "%s: %s", path, why);
    oriel_warning("path %u is lost: %s", e->generation, words);
    e->since = now;
    pause_a_little(e, now);
    tell(e, ORIEL_EGRESS_LOST, words, (uint32_t)e->generation);
}

static void turn(struct egress *e) {
    collect_fds(e);
    int64_t now = oriel_monotonic(), time = next_time(e, now);
    struct timespec left, *timeout = NULL;
    if (time != INT64_MAX) {
        int64_t wait = time > now ? time - now : 0;
        left = (struct timespec){.tv_sec = wait / ORIEL_SECOND, .tv_nsec = wait % ORIEL_SECOND};
        timeout = &left;
    }
    if (ppoll(e->polled, e->polled_count, timeout, NULL) < 0 && errno != EINTR) {
        fail(e, "poll(2) does not work");
        return;
    }
    /* Core has hung up: nothing of media's leaves any more, be it on its way. */
    if (e->polled[0].revents & POLLHUP) {
        e->state = ENDED;
        return;
    }
    now = oriel_monotonic();
    enum state before = e->state;
    bool raced = races(e);
    if (raced && e->polled[e->resolver_slot].revents)
        oriel_resolver_clear(&e->resolver);
    if (e->network >= 0 && before != NOT_STARTED && e->polled[e->network_slot].revents)
        network_changed(e, now);
    if (before == UP)
        bridge(e, now);
    if (raced && races(e))
        race(e, now);
    if (e->state == UP)
        doubt(e, now);
    if (before == PAUSED && e->state == PAUSED && now >= e->pause_end)
        begin_race(e, now);
    if (e->state != ENDED && e->polled[0].revents)
        on_control(e, now);
    if (e->state != ENDED && e->state != NOT_STARTED)
        tell_counters(e, now);
}

int oriel_egress_run(int control) {
    static struct egress egress;
    struct egress *e = &egress;
    e->control = control;
    e->bridge.inside = -1;
    e->network = oriel_network_watch();
    if (e->network < 0)
        oriel_warning("changes of the network are noticed late: %s", strerror(-e->network));
    if (!oriel_resolver_init(&e->resolver)) {
        fail(e, "no eventfd(2)");
        return e->status;
    }
    while (e->state != ENDED)
        turn(e);
    close_path(e);
    return e->status;
}
