/* See route.h. */
#include "route.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"

#define APART (250 * ORIEL_MILLISECOND)

void oriel_route_begin(struct oriel_route *r, int64_t life, int64_t now) {
    r->found = false;
    r->begun = 0;
    r->next = now;
    r->deadline = now + life;
    r->reached = ORIEL_PATH_CONNECTING;
    r->error[0] = '\0';
}

static void begin_address(struct oriel_route *r, int64_t now) {
    const struct sockaddr *address = (const struct sockaddr *)&r->addresses.list[r->begun];
    struct oriel_path *p = oriel_path_new(r->server, r->proxy, r->context, address, now);
    if (!p)
        snprintf(r->error, sizeof r->error, "no memory");
    r->paths[r->begun++] = p;
    r->next = now + APART;
}

/* Steps what runs; how many still run. Those that have failed are gone; the reason of the one that got furthest stays.
 */
static unsigned step_paths(struct oriel_route *r, int64_t now, bool *proven) {
    unsigned running = 0;
    for (size_t i = 0; i < r->begun; i++) {
        struct oriel_path *p = r->paths[i];
        if (!p)
            continue;
        if (p->state != ORIEL_PATH_PROVEN && p->state != ORIEL_PATH_FAILED)
            oriel_path_step(p, now);
        *proven |= p->state == ORIEL_PATH_PROVEN;
        if (p->state == ORIEL_PATH_FAILED) {
            if (p->reached >= r->reached)
                memcpy(r->error, p->error, sizeof r->error);
            r->reached = p->reached > r->reached ? p->reached : r->reached;
            oriel_path_free(p);
            r->paths[i] = NULL;
        } else {
            running++;
        }
    }
    return running;
}

int oriel_route_step(struct oriel_route *r, struct oriel_resolver *resolver, int64_t now) {
    if (!r->found) {
        int found = oriel_resolver_find(resolver, r->proxy ? r->proxy : r->server, &r->addresses, r->error);
        if (found < 0)
            return -1;
        r->found = found == 1;
    }
    bool proven = false;
    unsigned running = step_paths(r, now, &proven);
    while (!proven && r->found && r->begun < r->addresses.count && (running == 0 || now >= r->next)) {
        begin_address(r, now);
        running = step_paths(r, now, &proven);
    }
    if (proven)
        return 1;
    if (r->found && running == 0 && r->begun == r->addresses.count)
        return -1;
    if (now < r->deadline)
        return 0;
    if (!r->found || (running && !r->error[0]))
        snprintf(r->error, sizeof r->error, r->found ? "no answer" : "its name was not found in time");
    return -1;
}

int64_t oriel_route_time(const struct oriel_route *r) {
    int64_t time = r->deadline;
    if (r->found && r->begun < r->addresses.count && r->next < time)
        time = r->next;
    for (size_t i = 0; i < r->begun; i++)
        if (r->paths[i] && oriel_path_time(r->paths[i]) < time)
            time = oriel_path_time(r->paths[i]);
    return time;
}

struct oriel_path *oriel_route_take(struct oriel_route *r) {
    for (size_t i = 0; i < r->begun; i++) {
        struct oriel_path *p = r->paths[i];
        if (p && p->state == ORIEL_PATH_PROVEN) {
            r->paths[i] = NULL;
            return p;
        }
    }
    return NULL;
}

void oriel_route_end(struct oriel_route *r) {
    for (size_t i = 0; i < r->begun; i++) {
        oriel_path_free(r->paths[i]);
        r->paths[i] = NULL;
    }
    r->begun = 0;
}
