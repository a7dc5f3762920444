/* oriel.h: liboriel, by which an HMI lets the person at the device decide who sees the screen.
 *
 * Speaks the provider protocol (src/hmi/PROVIDER.md) with Oriel's core over a unix socket. Needs libc only, makes no
 * thread and no loop of its own, never blocks: put oriel_fd() into the poll loop that you have and call
 * oriel_dispatch() when it is readable. That one descriptor also carries the library's timers.
 *
 * Callbacks are made from within oriel_dispatch() only, never from another function. A callback may call every function
 * of this header, oriel_free() and oriel_dispatch() (a nested loop) included. Pointers given to a callback are valid
 * until it returns.
 *
 * A handle belongs to one thread at a time. Distinct handles are independent. oriel_dispatch() needs 24 KiB of stack.
 *
 * Functions that return int give 0 or a negative errno value. All texts are UTF-8.
 *
 * What the HMI has to do:
 *   ask       show the prompt; once it is really on the screen oriel_shown(); 1 s later `live`: Allow acts from then
 *             on, so that a finger on its way to something else does not answer. Then, by the person's tap,
 *             oriel_allow_scopes() with what was left ticked, or oriel_deny(), which acts at once.
 *   session   starting, live, paused: show an indicator with a way to stop (oriel_stop()) and say so by
 *             oriel_set_indicator(). Oriel freezes the picture when the indicator is not visible for 2 s.
 *   chat, draw, face  if it likes: show what the agent writes, points at and draws, and their camera; answer by
 *             oriel_chat(). The agent's page offers only what the callbacks say that the HMI can show.
 *   always    keep the loop running. When oriel_dispatch() isn't called for 3 s while a prompt is open, the answer
 *             is no; in a session, the picture freezes after 2 s and the session ends after 10 s.
 */
#ifndef ORIEL_H
#define ORIEL_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define ORIEL_API __attribute__((visibility("default")))
#else
#define ORIEL_API
#endif

/* Where core listens unless its configuration ([consent] socket) says otherwise. */
#define ORIEL_DEFAULT_SOCKET "/run/oriel/consent.sock"

#define ORIEL_NAME_MAX 64  /* characters of the name given to oriel_new() */
#define ORIEL_NOTE_MAX 120 /* characters of the note given to oriel_call() */
#define ORIEL_SCOPES_MAX 8 /* scopes of one request */
#define ORIEL_CHAT_MAX 500 /* characters of a line of chat */
#define ORIEL_DRAW_MAX 32  /* points of one struct oriel_draw */
#define ORIEL_DRAW_END 65535

#define ORIEL_LIVE_AFTER_MS 1000 /* unless orield's configuration says otherwise ([consent] allow-after-ms) */

struct oriel;

/* The device as core knows it. */
struct oriel_device {
    const char *id;   /* "filler-1" */
    const char *name; /* "Filler 1" */
    bool online;      /* connected to the broker: support can be called */
    bool call;        /* the person's call for support is published */
};

enum oriel_ask_kind {
    ORIEL_ASK_REQUEST, /* for a session */
    ORIEL_ASK_MORE,    /* for `scopes` beside those of the session that is live */
    ORIEL_ASK_AGAIN,   /* whether the session may go on, with `scopes`; the picture is frozen until the answer */
};

/* Somebody asks to see the screen. Names come from core's records, not from the one who asks; `reason` is the agent's
 * own words: show it as a quotation. */
struct oriel_ask {
    const char *request; /* name of this request, for oriel_shown(), oriel_allow(), oriel_deny() */
    const char *agent;   /* "Anna Weber" */
    const char *company; /* "Fill & Cap GmbH" */
    const char *reason;
    const char *const *scopes; /* what is asked for, of those in PROVIDER.md: "view", "camera", "voice", … */
    size_t n_scopes;
    unsigned seconds; /* the session would last at most so long */
    unsigned timeout; /* seconds until core takes silence for no */
    enum oriel_ask_kind kind;
    const char *code; /* "048213": the agent's page shows the same; to compare by voice */
};

enum oriel_session_state {
    ORIEL_SESSION_STARTING, /* granted, no picture yet: show the indicator */
    ORIEL_SESSION_LIVE,     /* the picture flows */
    ORIEL_SESSION_ENDED,    /* take the indicator away */
    ORIEL_SESSION_PAUSED,   /* it does not flow, see `why`; the indicator stays */
};

struct oriel_session {
    const char *session; /* name of this session, for oriel_stop() */
    enum oriel_session_state state;
    const char *agent;         /* not when ended: "" */
    const char *company;       /* not when ended: "" */
    const char *const *scopes; /* not when ended: NULL */
    size_t n_scopes;
    unsigned seconds;   /* granted; 0 when ended */
    unsigned left;      /* of them now; count down yourself */
    const char *by;     /* when ended: "person", "local", "agent", "device"; else "" */
    const char *reason; /* when ended: "stopped", "hung-up", "expired" … as in PROTOCOL.md; else "" */
    const char *why;    /* when paused: "again" (the person is asked), "provider" (the HMI was silent), "indicator",
                         * "connection" (to the agent: it is lost, and tried again) */
    const char *camera; /* the camera that the agent looks through: show it; "": none */
};

/* A session of the past, of the device's record. */
struct oriel_past {
    unsigned index, of;  /* 0 is the newest. With `of` 0 there was none, and nothing else is set */
    const char *session; /* its name */
    const char *at;      /* when it began: "2026-11-26T07:00:00.000Z", UTC */
    const char *agent, *company, *reason;
    const char *const *scopes; /* in force at last */
    size_t n_scopes;
    unsigned seconds;       /* that it lasted; 0 while it lives */
    const char *by, *ended; /* as `by` and `reason` of an ended session, also "aborted"; "" while it lives */
};

/* How a call for support was dealt with, where no session followed. */
struct oriel_answer {
    const char *agent;   /* "Anna Weber" */
    const char *company; /* "Fill & Cap GmbH" */
    const char *note;    /* in the agent's words: "Called back: the sensor was dirty" */
    const char *at;      /* "2026-11-26T07:00:00.000Z", UTC */
};

enum oriel_draw_kind {
    ORIEL_DRAW_POINT,  /* the agent points there now: one point, which moves with the next. Fades within a second. */
    ORIEL_DRAW_MARK,   /* a ring around that place: one point */
    ORIEL_DRAW_STROKE, /* the next points of a line: of the line `stroke` before, or of a new one */
    ORIEL_DRAW_CLEAR,  /* all of it is to go */
};

/* x and y of the picture that the agent sees: 0 is its left or top edge, ORIEL_DRAW_END its right or bottom one. */
struct oriel_draw_point {
    unsigned short x, y;
};

/* In pixels, from the left and top edge. */
struct oriel_area {
    unsigned x, y, width, height;
};

/* What the agent shows on the picture. Draw it over the HMI for some seconds, so that it takes no input. */
struct oriel_draw {
    enum oriel_draw_kind kind;
    unsigned stroke;
    const struct oriel_draw_point *points;
    size_t n_points;
    struct oriel_area place; /* of the picture on the X screen, of which it may be one monitor; a width of 0: it is all
                                 of the display, or the surface that the HMI pushes */
};

/* A picture of the agent's camera: 4 bytes a pixel, blue, green, red, 255; the top row first. In memory that is shared
 * with the process that decodes it, read-only. Valid until the callback returns, which should be soon: the next picture
 * waits for it, and others are left out. Copy what is to be shown. */
struct oriel_face_picture {
    const void *pixels;
    unsigned width, height; /* at most 640x480 pixels in all, in either direction */
    unsigned stride;        /* bytes from one row to the next */
};

/* How it stands with the person's voice, while the scope "voice" is granted. */
struct oriel_voice {
    bool on;                   /* granted, and not paused */
    bool microphone, speaker;  /* there is one that works: show which of them is open */
    bool muted;                /* nothing of the microphone leaves: oriel_mute() */
    unsigned talking, hearing; /* how loud the person is, and what the speaker plays: 0 to 100 */
    const char *why;           /* what does not work, and why: a sentence; "": all does */
};

/* Every member but `size` may be NULL. `user` is what oriel_new() was given. */
struct oriel_callbacks {
    size_t size; /* sizeof(struct oriel_callbacks), so that the structure can grow */

    /* Connected to core, or something about the device changed. */
    void (*online)(struct oriel *oriel, const struct oriel_device *device, void *user);

    /* No connection: core is absent, went away, or refused us; `why` is a sentence for a log. Made once for each new
     * `why`; the library goes on trying, at least every 2 s. An open ask is withdrawn and a session ended before. */
    void (*closed)(struct oriel *oriel, const char *why, void *user);

    /* One at a time. Followed by your answer or by `withdraw`. */
    void (*ask)(struct oriel *oriel, const struct oriel_ask *ask, void *user);

    /* Take the prompt away: "timeout", "cancelled", "shutdown", or "disconnected" (from the library itself). */
    void (*withdraw)(struct oriel *oriel, const char *request, const char *why, void *user);

    /* A session begins, changes or ends. When the connection is lost the library itself reports the end, by "device"
     * for the reason "disconnected": core ends a session that nobody can stop. */
    void (*session)(struct oriel *oriel, const struct oriel_session *session, void *user);

    /* The person's call is published, or not any more (answered or taken back). */
    void (*call)(struct oriel *oriel, bool call, void *user);

    /* A line of the agent's, in a session: plain text of at most ORIEL_CHAT_MAX characters, without control or bidi
     * characters, of one paragraph. Each comes once and in order. Given: the agent's page offers text chat. */
    void (*chat)(struct oriel *oriel, const char *text, void *user);

    /* What the agent points at or draws, in a session, up to 80 times a second. Given: the agent's page offers it. */
    void (*draw)(struct oriel *oriel, const struct oriel_draw *draw, void *user);

    /* The agent's camera, under the scope "face", at most 30 pictures a second and none while the agent sends none:
     * take the last one away after 3 s. NULL: there are no more, because the scope, the session or the connection is
     * over. The size may change from one to the next. Given: the agent may offer it. */
    void (*face)(struct oriel *oriel, const struct oriel_face_picture *picture, void *user);
    /* The prompt has been on the screen for long enough, ORIEL_LIVE_AFTER_MS: enable Allow. */
    void (*live)(struct oriel *oriel, const char *request, void *user);

    /* The masks that oriel_set_masks() set last are in force: no picture is taken without them any more. What they hide
     * may be drawn now. */
    void (*masked)(struct oriel *oriel, void *user);

    /* Answers to oriel_past(), the newest first. */
    void (*past)(struct oriel *oriel, const struct oriel_past *past, void *user);

    /* Nothing can be recorded now, so every request is denied and nobody is asked: say so on the panel, in words of
     * your own; `why` is for a log. "": it can again. Told when it changes, and after `online` when it can't. */
    void (*record)(struct oriel *oriel, const char *why, void *user);

    /* The person's voice, at each change; with the loudness up to 5 times a second. */
    void (*voice)(struct oriel *oriel, const struct oriel_voice *voice, void *user);

    /* Support has dealt with the call: show what they noted, also to who comes back later. After `call`; again after
     * each `online` of a new connection until the next call. */
    void (*answered)(struct oriel *oriel, const struct oriel_answer *answer, void *user);
};

/* Makes a handle and begins to connect. `path` is core's socket (NULL: ORIEL_DEFAULT_SOCKET), `name` what core's log
 * calls this program. Both and `callbacks` are copied. Core need not run yet.
 * -EINVAL: callbacks without a size, an empty name or path. -ENAMETOOLONG: path over 107 bytes. -EMSGSIZE: name over
 * ORIEL_NAME_MAX. -EILSEQ: name is no UTF-8. -ENOMEM, -EMFILE, -ENFILE. *ret is set on success only. */
ORIEL_API int oriel_new(const char *path, const char *name, const struct oriel_callbacks *callbacks, void *user,
                        struct oriel **ret);

/* Closes the connection (an open ask: no; a live session ends) and frees the handle. NULL is allowed. */
ORIEL_API void oriel_free(struct oriel *oriel);

/* The descriptor to poll for reading (POLLIN). The same for the handle's whole life; owned by the handle: poll it, do
 * nothing else with it. */
ORIEL_API int oriel_fd(const struct oriel *oriel);

/* Does what is due and makes callbacks. Call it whenever oriel_fd() is readable; at other times it does no harm.
 * 0, also when there is no connection (that is told by `closed`). Negative values are reserved. */
ORIEL_API int oriel_dispatch(struct oriel *oriel);

/* Whether core has welcomed us and the connection stands. */
ORIEL_API bool oriel_connected(const struct oriel *oriel);

/* The prompt is on the screen now: drawn, not merely asked to be drawn.
 * -ENOENT: no such request is open (answered, withdrawn, or the connection was lost). -EALREADY: said before. */
ORIEL_API int oriel_shown(struct oriel *oriel, const char *request);

/* The person pressed Allow, for all that was asked. -ENOENT as above. -EPERM: oriel_shown() was not called, so nobody
 * can have seen it. -EAGAIN: it was called less than ORIEL_LIVE_AFTER_MS ago (`live` was not called); the question
 * stays open. */
ORIEL_API int oriel_allow(struct oriel *oriel, const char *request);

/* The same for those scopes that the person left ticked, at least one. -EINVAL: none, or one that was not asked for.
 * Without "view" a session has nothing to show: that is a no. */
ORIEL_API int oriel_allow_scopes(struct oriel *oriel, const char *request, const char *const *scopes, size_t n_scopes);

/* The person pressed Deny, or the HMI refuses by itself. -ENOENT as above. */
ORIEL_API int oriel_deny(struct oriel *oriel, const char *request);

/* The person pressed Stop. Works also while orield hangs: the picture is gone within some 20 ms, the session's end is
 * told by the callback. -ENOENT: no such session. */
ORIEL_API int oriel_stop(struct oriel *oriel, const char *session);

/* The person takes one scope away from the session; at once. "view": the session ends. -ENOENT: no such session. */
ORIEL_API int oriel_remove(struct oriel *oriel, const char *session, const char *scope);

/* The person writes a line to the agent of that session, which is not told back by `chat`. -ENOENT: no such session.
 * -EINVAL: empty. -EMSGSIZE: over ORIEL_CHAT_MAX. -EILSEQ: no UTF-8. -EAGAIN: faster than anybody types (8 lines a
 * second): keep it and try again. */
ORIEL_API int oriel_chat(struct oriel *oriel, const char *session, const char *text);

/* The person does not want to be heard now (true), or does again; without the scope "voice" nobody is heard anyway. For
 * push-to-talk call it as the button is pressed and released. -ENOENT: no such session. */
ORIEL_API int oriel_mute(struct oriel *oriel, const char *session, bool muted);

/* The person calls for support; `note` (NULL: none) says why. -ENOTCONN: not connected. -EMSGSIZE: over ORIEL_NOTE_MAX.
 * -EILSEQ: no UTF-8. */
ORIEL_API int oriel_call(struct oriel *oriel, const char *note);

/* The same with what the machine already knows, so that nobody has to say it again. Everything but `size` may be NULL
 * or 0. With `callback` (how to reach the person: "line 2, extension 221") the call stays until somebody answers it or
 * it is taken back, also when this program ends meanwhile; without, it lasts as long as the connection. */
struct oriel_call {
    size_t size; /* sizeof(struct oriel_call) */
    const char *note;
    const char *page;          /* what the HMI shows: at most 64 characters */
    const char *const *alarms; /* at most 8, of at most 80 characters */
    size_t n_alarms;
    const char *callback; /* at most 64 characters */
};
/* Also -EINVAL: no size, or more than 8 alarms. */
ORIEL_API int oriel_call_with(struct oriel *oriel, const struct oriel_call *call);

/* Takes the call back. -ENOTCONN. */
ORIEL_API int oriel_uncall(struct oriel *oriel);

/* Rectangles of the screen that no agent ever sees (a PIN pad, a recipe), painted over before anything is encoded: all
 * of them from now on, in place of those given before; beside those of orield's configuration. In a session they hold
 * from the next picture on (of a surface of the HMI's own: at once); what is given before one, from the first:
 * `masked` says when; draw what they hide after it. Told anew after each reconnect; orield keeps the last ones while
 * the HMI is away. -EINVAL: more than ORIEL_MASKS_MAX, one that is empty or beyond 4096 pixels. -EPIPE as below. */
struct oriel_mask {
    unsigned x, y, width, height; /* pixels of the X screen, the framebuffer, or the surface that the HMI pushes */
};
#define ORIEL_MASKS_MAX 16
ORIEL_API int oriel_set_masks(struct oriel *oriel, const struct oriel_mask *masks, size_t n_masks);

/* Pictures of the HMI's own, where orield's configuration says [capture] backend=hmi: then no X server or framebuffer
 * is looked at, and agents see the surface that is handed over here, and nothing else of the machine.
 *
 *   ownership  the pixels stay the HMI's. The library reads them, within oriel_set_surface(), oriel_damage() and
 *              oriel_dispatch() only, until another surface is set; at those moments they must be a whole picture. It
 *              copies what is damaged, and only while a session lives whose agent is looking; else nothing is read.
 *   threads    those of the handle: one at a time. Draw from another thread only if it can't draw during those calls.
 *   masks      of oriel_set_masks() are painted in the copy: from the next call on, what lies under them never leaves
 *              this process. Set the masks first, then draw the PIN pad, then say oriel_damage().
 *   memory     two pictures, for as long as a session lives.
 */
enum oriel_pixels {
    ORIEL_PIXELS_BGRX = 1,   /* 4 bytes a pixel: blue, green, red, one that is not looked at (cairo's RGB24, Qt's RGB32,
                              * LVGL's 32 bit colours, on little-endian machines) */
    ORIEL_PIXELS_RGB565 = 2, /* 2 bytes a pixel, little-endian: red in bits 15-11, green 10-5, blue 4-0 */
};
struct oriel_surface {
    size_t size;        /* sizeof(struct oriel_surface) */
    const void *pixels; /* the top row first */
    enum oriel_pixels format;
    unsigned width, height; /* each 16 to 4096 */
    unsigned stride;        /* bytes from one row to the next: at least those of a row, at most 65536 */
};
/* From now on this is what agents see; the structure is copied. NULL: nothing more is read, the agent keeps the last
 * picture. Other pixels of the same size and format (the HMI has two buffers and flips) cost nothing: say
 * oriel_damage() for what differs. Any time, best right after oriel_new(): a session whose HMI has handed over nothing
 * 5 s after it was granted ends. -EINVAL: no size or pixels, an unknown format, a side or stride out of bounds. -ENOMEM
 * and other errors of memfd_create(2), mmap(2): the agent keeps the last picture. */
ORIEL_API int oriel_set_surface(struct oriel *oriel, const struct oriel_surface *surface);

/* These parts of the surface were drawn anew; what lies outside of it is cut off. They may overlap, and there may be
 * many: they are joined. Say it when the picture is whole. Damage that comes faster than agents are shown pictures adds
 * up. -EINVAL: no surface is set, or NULL areas. */
ORIEL_API int oriel_damage(struct oriel *oriel, const struct oriel_area *areas, size_t n_areas);

/* Asks for the last sessions, at most 10; `past` tells them. -ENOTCONN. */
ORIEL_API int oriel_past(struct oriel *oriel);

/* Whether the indicator of a session can be seen on the panel at this moment. Say the truth: hidden behind another
 * window, minimized or on another page is false. Kept and reported once a second and at each change; false at first. */
ORIEL_API void oriel_set_indicator(struct oriel *oriel, bool visible);

/* oriel_shown, _allow, _deny, _stop, _chat, _call and _uncall also give -EPIPE when the connection broke in sending. */

#ifdef __cplusplus
}
#endif
#endif
