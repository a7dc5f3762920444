/* liboriel.h: what the library's own files share.
 *
 *   liboriel.c          the public functions: what the HMI says
 *   liboriel-link.c     socket, timers, reconnecting: bytes in and out
 *   liboriel-face.c     the agent's camera, as frames in shared memory
 *   liboriel-message.c  what core says: checked, then told by callbacks
 *   liboriel-push.c     the HMI's own pictures, into shared memory for capture (src/ipc/frames.h)
 *
 * Two rules keep it safe against callbacks that do anything: functions of the HMI never call back (a broken connection
 * is marked and told by the next dispatch), and after each callback `freed` is looked at before the handle is touched.
 */
#pragma once

#include "packet.h"
#include "oriel.h"

#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#define ORIEL_SCOPE_MAX 31 /* bytes of a scope's name */
#define ORIEL_ID_MAX 64    /* bytes of a request's or a session's name */

enum link_state {
    LINK_DOWN,  /* waiting for `retry_at` */
    LINK_HELLO, /* hello is sent; welcome must come before `welcome_by` */
    LINK_UP,
};

enum { ORIEL_PUSH_BUFFERS = 2, ORIEL_PUSH_AREAS = 16 };

/* Parts of the surface, within it and not empty. */
struct oriel_damage {
    unsigned n;
    struct oriel_area areas[ORIEL_PUSH_AREAS];
};

struct oriel_push {
    struct oriel_surface surface; /* pixels NULL: none */
    int socket;                   /* to capture; -1: no session, or it is not for us to show */
    int memory;                   /* memfd of the buffers; -1: none */
    uint8_t *shared;              /* mapped */
    size_t buffer_size;           /* bytes of one */
    unsigned stride;
    uint32_t generation;
    bool running; /* capture asks for pictures */
    struct {
        bool away; /* capture has it */
        struct oriel_damage stale;
    } buffers[ORIEL_PUSH_BUFFERS];
    struct oriel_damage damage; /* not told yet */
    uint64_t changed;           /* since when; 0: no damage */
};

struct oriel_face {
    int socket; /* to media; -1: not granted, or nobody wants it */
    uint8_t *shared;
    size_t size; /* bytes of a buffer */
    unsigned count, width, height, stride;
    uint32_t generation;
    bool busy, shown, gone; /* in the callback; it has had a picture; it is to be told that there are no more */
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
    unsigned masks_open;  /* sent, and not confirmed yet */
    bool asked, shown;    /* `request` is open; oriel_shown() was said of it */
    uint64_t live_at;     /* when Allow begins to act; 0: told, or nothing is shown */
    unsigned allow_after; /* ms, as core says */
    /* The Allow that was sent, in case core, which read `shown` later than it was said, finds it early. */
    const char *allowed[ORIEL_SCOPES_MAX]; /* of `scopes` */
    size_t n_allowed;                      /* 0: none */
    uint64_t resend_at;                    /* 0: not */
    char request[ORIEL_ID_MAX + 1];
    char scopes[ORIEL_SCOPES_MAX][ORIEL_SCOPE_MAX + 1]; /* asked for */
    size_t n_scopes;
    bool in_session;
    uint64_t chat_at; /* when the last lines of chat went, ns, and how many of that second */
    unsigned chats;
    char session[ORIEL_ID_MAX + 1];
    struct oriel_area place; /* of its picture */
    bool online, call;
    char *device, *device_name;                           /* from welcome */
    char stop[sizeof((struct sockaddr_un *)0)->sun_path]; /* the stop socket, from welcome; may be empty */

    struct oriel_push push;
    struct oriel_face face;

    unsigned depth; /* nested oriel_dispatch() */
    bool freed;     /* oriel_free() was called in a callback */
};

/* liboriel-link.c */
int oriel_link_open(struct oriel *o);     /* makes epoll and timer; 0 or negative errno */
void oriel_link_close(struct oriel *o);   /* closes all descriptors */
void oriel_link_settled(struct oriel *o); /* welcomed: the next end is retried quickly again */
void oriel_link_arm(struct oriel *o);     /* sets the timer to what is due next */
void oriel_link_tick(struct oriel *o);    /* connects, sends `state`, gives up waiting: what is due */
/* Bytes of one packet (buffer of ORIEL_PACKET_SIZE), 0: none. *ret_fd: what came with it, the caller's; -1: nothing. */
int oriel_link_receive(struct oriel *o, char *data, int *ret_fd);
/* The same of any socket; its length even if it is longer than `size`. *ret_whole: neither it nor what came with it is
 * cut. */
ssize_t oriel_link_receive_from(int socket, void *packet, size_t size, int *ret_fd, bool *ret_whole);
/* Numbers of the frame protocol: little-endian. */
uint32_t oriel_wire_get(const uint8_t *bytes);
void oriel_wire_put(uint8_t *to, uint64_t value, unsigned bytes);
int oriel_link_watch(struct oriel *o, int fd);           /* oriel_fd() shows that it is readable; 0 or negative errno */
void oriel_link_break(struct oriel *o, const char *why); /* ends the connection; told by the next dispatch */
uint64_t oriel_link_now(void);                           /* CLOCK_MONOTONIC, ns */
int oriel_link_send(struct oriel *o, struct oriel_packet_writer *packet);
int oriel_link_send_state(struct oriel *o);
int oriel_link_send_masks(struct oriel *o);
int oriel_link_send_allow(struct oriel *o); /* `allowed` for `request` */
void oriel_link_stop(struct oriel *o);      /* by the stop socket: works also while core hangs */

/* liboriel-push.c */
void oriel_push_begin(struct oriel *o, int socket); /* a session's capture is there; takes the descriptor */
void oriel_push_end(struct oriel *o);               /* no session: nothing is read or kept any more */
void oriel_push_dispatch(struct oriel *o);          /* what capture says */
void oriel_push_masks(struct oriel *o, const struct oriel_mask *old, size_t n_old); /* they are others now */

/* liboriel-face.c */
void oriel_face_begin(struct oriel *o, int socket); /* owns it */
void oriel_face_end(struct oriel *o);               /* told by the next dispatch */
void oriel_face_dispatch(struct oriel *o);

/* liboriel-message.c */
/* One packet from core; `fd` came with it: taken or closed. */
void oriel_message(struct oriel *o, const char *data, size_t size, int fd);
void oriel_tell_live(struct oriel *o);   /* Allow begins to act */
void oriel_tell_broken(struct oriel *o); /* makes the callbacks that an end needs */
