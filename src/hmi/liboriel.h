/* liboriel.h: what the library's own files share.
 *
 *   liboriel.c          the public functions: what the HMI says
 *   liboriel-link.c     socket, timers, reconnecting: bytes in and out
 *   liboriel-message.c  what core says: checked, then told by callbacks
 *
 * Two rules keep it safe against callbacks that do anything: functions of the HMI never call back (a broken connection
 * is marked and told by the next dispatch), and after each callback `freed` is looked at before the handle is touched.
 */
#pragma once

#include "packet.h"
#include "oriel.h"

#include <stdint.h>
#include <sys/un.h>

#define ORIEL_SCOPE_MAX 31 /* bytes of a scope's name */
#define ORIEL_ID_MAX 64    /* bytes of a request's or a session's name */

enum link_state {
    LINK_DOWN,  /* waiting for `retry_at` */
    LINK_HELLO, /* hello is sent; welcome must come before `welcome_by` */
    LINK_UP,
};

struct oriel {
    struct oriel_callbacks callbacks;
    void *user;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    char name[ORIEL_NAME_MAX * 4 + 1];

    int epoll, timer, socket;
    enum link_state link;
    uint64_t retry_at, welcome_by, state_at; /* CLOCK_MONOTONIC, ns */
    unsigned backoff;                        /* ms */

    bool broken;    /* the connection ended and `closed` was not told yet */
    char why[200];  /* of the last end */
    char told[200]; /* the last `why` given to `closed`; empty once connected */

    bool indicator;
    struct oriel_mask masks[ORIEL_MASKS_MAX];
    size_t n_masks;
    bool masks_given;
    bool asked, shown; /* `request` is open; oriel_shown() was said of it */
    char request[ORIEL_ID_MAX + 1];
    char scopes[ORIEL_SCOPES_MAX][ORIEL_SCOPE_MAX + 1]; /* asked for */
    size_t n_scopes;
    bool in_session;
    uint64_t chat_at; /* when the last lines of chat went, ns, and how many of that second */
    unsigned chats;
    char session[ORIEL_ID_MAX + 1];
    bool online, call;
    char *device, *device_name;                           /* from welcome */
    char stop[sizeof((struct sockaddr_un *)0)->sun_path]; /* the stop socket, from welcome; may be empty */

    unsigned depth; /* nested oriel_dispatch() */
    bool freed;     /* oriel_free() was called in a callback */
};

/* liboriel-link.c */
int oriel_link_open(struct oriel *o);                /* makes epoll and timer; 0 or negative errno */
void oriel_link_close(struct oriel *o);              /* closes all descriptors */
void oriel_link_settled(struct oriel *o);            /* welcomed: the next end is retried quickly again */
void oriel_link_arm(struct oriel *o);                /* sets the timer to what is due next */
void oriel_link_tick(struct oriel *o);               /* connects, sends `state`, gives up waiting: what is due */
int oriel_link_receive(struct oriel *o, char *data); /* bytes of one packet (buffer of ORIEL_PACKET_SIZE), 0: none */
void oriel_link_break(struct oriel *o, const char *why); /* ends the connection; told by the next dispatch */
uint64_t oriel_link_now(void);                           /* CLOCK_MONOTONIC, ns */
int oriel_link_send(struct oriel *o, struct oriel_packet_writer *packet);
int oriel_link_send_state(struct oriel *o);
int oriel_link_send_masks(struct oriel *o);
void oriel_link_stop(struct oriel *o); /* by the stop socket: works also while core hangs */

/* liboriel-message.c */
void oriel_message(struct oriel *o, const char *data, size_t size); /* one packet from core */
void oriel_tell_broken(struct oriel *o);                            /* makes the callbacks that an end needs */
