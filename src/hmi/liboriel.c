/* liboriel.c: the public functions of liboriel; what they promise is said in oriel.h. */
#include "liboriel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* So many packets a dispatch: a core that floods must not starve the HMI's other work. */
#define PACKETS_A_DISPATCH 32

/* What PROVIDER.md says of a call. */
#define CALL_TEXT_MAX 64
#define CALL_ALARMS_MAX 8
#define CALL_ALARM_MAX 80
#define MASK_END 4096
#define CHAT_SPAN UINT64_C(1000000000)
#define CHATS_A_SPAN 8

static void destroy(struct oriel *o) {
    oriel_push_end(o);
    oriel_face_end(o);
    oriel_link_close(o);
    free(o->device);
    free(o->device_name);
    free(o);
}

int oriel_new(const char *path, const char *name, const struct oriel_callbacks *callbacks, void *user,
              struct oriel **ret) {
    struct oriel *o;
    int r;

    if (!path)
        path = ORIEL_DEFAULT_SOCKET;
    if (!name || !*name || !*path || !callbacks || callbacks->size == 0 || !ret)
        return -EINVAL;
    if (strlen(path) >= sizeof o->path)
        return -ENAMETOOLONG;
    r = oriel_utf8_length(name);
    if (r < 0)
        return r;
    if (r > ORIEL_NAME_MAX)
        return -EMSGSIZE;
    o = calloc(1, sizeof *o);
    if (!o)
        return -ENOMEM;
    /* A program built against an older header has fewer callbacks, one built against a newer has more. */
    memcpy(&o->callbacks, callbacks, callbacks->size < sizeof o->callbacks ? callbacks->size : sizeof o->callbacks);
    o->user = user;
    o->push.socket = o->push.memory = o->face.socket = -1;
    strcpy(o->path, path);
    strcpy(o->name, name);
    r = oriel_link_open(o);
    if (r < 0) {
        destroy(o);
        return r;
    }
    oriel_link_arm(o);
    *ret = o;
    return 0;
}

void oriel_free(struct oriel *oriel) {
    if (!oriel)
        return;
    if (oriel->depth == 0) {
        destroy(oriel);
        return;
    }
    /* From a callback: the connection ends now, the memory goes when the outermost dispatch returns. */
    oriel->freed = true;
    oriel_push_end(oriel);
    oriel_face_end(oriel);
    oriel_link_close(oriel);
}

int oriel_fd(const struct oriel *oriel) {
    return oriel->epoll;
}

int oriel_dispatch(struct oriel *oriel) {
    char data[ORIEL_PACKET_SIZE];

    oriel->depth++;
    if (!oriel->freed)
        oriel_link_tick(oriel);
    for (int i = 0; i < PACKETS_A_DISPATCH && !oriel->freed; i++) {
        int fd, n = oriel_link_receive(oriel, data, &fd);

        if (n == 0)
            break;
        oriel_message(oriel, data, (size_t)n, fd);
    }
    if (!oriel->freed)
        oriel_push_dispatch(oriel);
    if (!oriel->freed)
        oriel_face_dispatch(oriel);
    if (!oriel->freed)
        oriel_tell_live(oriel);
    if (!oriel->freed)
        oriel_tell_broken(oriel);
    if (!oriel->freed)
        oriel_link_arm(oriel);
    if (--oriel->depth == 0 && oriel->freed)
        destroy(oriel);
    return 0;
}

bool oriel_connected(const struct oriel *oriel) {
    return oriel->link == LINK_UP;
}

static bool is_open(const struct oriel *o, const char *request) {
    return o->link == LINK_UP && o->asked && request && !strcmp(request, o->request);
}

int oriel_shown(struct oriel *oriel, const char *request) {
    struct oriel_packet_writer packet;
    int r;

    if (!is_open(oriel, request))
        return -ENOENT;
    if (oriel->shown)
        return -EALREADY;
    oriel_packet_begin(&packet);
    oriel_packet_put_string(&packet, "t", "shown");
    oriel_packet_put_string(&packet, "request", request);
    r = oriel_link_send(oriel, &packet);
    if (r == 0) {
        oriel->shown = true;
        oriel->live_at = oriel_link_now() + oriel->allow_after * UINT64_C(1000000);
        oriel_link_arm(oriel);
    }
    return r;
}

/* The name as we keep it; NULL: it was not asked for. */
static const char *find_asked(const struct oriel *o, const char *scope) {
    for (size_t i = 0; scope && i < o->n_scopes; i++)
        if (!strcmp(o->scopes[i], scope))
            return o->scopes[i];
    return NULL;
}

static int allow(struct oriel *o, const char *request, const char *const *scopes, size_t n) {
    const char *found[ORIEL_SCOPES_MAX];
    int r;

    if (!is_open(o, request))
        return -ENOENT;
    if (!o->shown)
        return -EPERM;
    if (n == 0 || n > o->n_scopes)
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        found[i] = find_asked(o, scopes[i]);
        if (!found[i])
            return -EINVAL;
    }
    if (o->live_at && oriel_link_now() < o->live_at)
        return -EAGAIN;
    memcpy(o->allowed, found, n * sizeof *found);
    o->n_allowed = n;
    r = oriel_link_send_allow(o);
    if (r == 0)
        o->asked = false;
    return r;
}

int oriel_allow(struct oriel *oriel, const char *request) {
    const char *scopes[ORIEL_SCOPES_MAX];

    for (size_t i = 0; i < oriel->n_scopes; i++)
        scopes[i] = oriel->scopes[i];
    return allow(oriel, request, scopes, oriel->n_scopes);
}

int oriel_allow_scopes(struct oriel *oriel, const char *request, const char *const *scopes, size_t n_scopes) {
    return scopes ? allow(oriel, request, scopes, n_scopes) : -EINVAL;
}

int oriel_deny(struct oriel *oriel, const char *request) {
    struct oriel_packet_writer packet;
    int r;

    if (!is_open(oriel, request))
        return -ENOENT;
    oriel_packet_begin(&packet);
    oriel_packet_put_string(&packet, "t", "decision");
    oriel_packet_put_string(&packet, "request", request);
    oriel_packet_put_boolean(&packet, "allow", false);
    r = oriel_link_send(oriel, &packet);
    if (r == 0)
        oriel->asked = false;
    return r;
}

int oriel_stop(struct oriel *oriel, const char *session) {
    struct oriel_packet_writer packet;
    int r;

    if (oriel->link != LINK_UP || !oriel->in_session || !session || strcmp(session, oriel->session))
        return -ENOENT;
    oriel_packet_begin(&packet);
    oriel_packet_put_string(&packet, "t", "stop");
    oriel_packet_put_string(&packet, "session", session);
    r = oriel_link_send(oriel, &packet);
    oriel_link_stop(oriel);
    return r;
}

int oriel_remove(struct oriel *oriel, const char *session, const char *scope) {
    struct oriel_packet_writer packet;

    if (oriel->link != LINK_UP || !oriel->in_session || !session || !scope || strcmp(session, oriel->session))
        return -ENOENT;
    oriel_packet_begin(&packet);
    oriel_packet_put_string(&packet, "t", "remove");
    oriel_packet_put_string(&packet, "session", session);
    oriel_packet_put_string(&packet, "scope", scope);
    return oriel_link_send(oriel, &packet);
}

/* Core takes twice as many before it calls them a flood. */
static bool too_fast(struct oriel *o) {
    uint64_t time = oriel_link_now();

    if (time - o->chat_at > CHAT_SPAN) {
        o->chat_at = time;
        o->chats = 0;
    }
    return o->chats++ >= CHATS_A_SPAN;
}

int oriel_chat(struct oriel *oriel, const char *session, const char *text) {
    struct oriel_packet_writer packet;
    int r = text ? oriel_utf8_length(text) : 0;

    if (oriel->link != LINK_UP || !oriel->in_session || !session || strcmp(session, oriel->session))
        return -ENOENT;
    if (r <= 0)
        return r < 0 ? r : -EINVAL;
    if (r > ORIEL_CHAT_MAX)
        return -EMSGSIZE;
    if (too_fast(oriel))
        return -EAGAIN;
    oriel_packet_begin(&packet);
    oriel_packet_put_string(&packet, "t", "chat");
    oriel_packet_put_string(&packet, "session", session);
    oriel_packet_put_string(&packet, "text", text);
    return oriel_link_send(oriel, &packet);
}

int oriel_mute(struct oriel *oriel, const char *session, bool muted) {
    struct oriel_packet_writer packet;

    if (oriel->link != LINK_UP || !oriel->in_session || !session || strcmp(session, oriel->session))
        return -ENOENT;
    oriel_packet_begin(&packet);
    oriel_packet_put_string(&packet, "t", "mute");
    oriel_packet_put_string(&packet, "session", session);
    oriel_packet_put_boolean(&packet, "muted", muted);
    return oriel_link_send(oriel, &packet);
}

/* 0, or what is wrong with it. */
static int check_text(const char *text, int max) {
    int length = text ? oriel_utf8_length(text) : 0;

    return length < 0 ? length : length > max ? -EMSGSIZE : 0;
}

static int check_call(const struct oriel_call *call) {
    int r = check_text(call->note, ORIEL_NOTE_MAX);

    r = r ? r : check_text(call->page, CALL_TEXT_MAX);
    r = r ? r : check_text(call->callback, CALL_TEXT_MAX);
    if (call->n_alarms > CALL_ALARMS_MAX || (call->n_alarms && !call->alarms))
        return -EINVAL;
    for (size_t i = 0; !r && i < call->n_alarms; i++)
        r = call->alarms[i] ? check_text(call->alarms[i], CALL_ALARM_MAX) : -EINVAL;
    return r;
}

int oriel_call_with(struct oriel *oriel, const struct oriel_call *given) {
    struct oriel_packet_writer packet;
    struct oriel_call call = {0};
    int r;

    if (!given || given->size == 0)
        return -EINVAL;
    memcpy(&call, given, given->size < sizeof call ? given->size : sizeof call);
    r = check_call(&call);
    if (r < 0)
        return r;
    if (oriel->link != LINK_UP)
        return -ENOTCONN;
    oriel_packet_begin(&packet);
    oriel_packet_put_string(&packet, "t", "call");
    oriel_packet_put_string(&packet, "note", call.note ? call.note : "");
    if (call.page)
        oriel_packet_put_string(&packet, "page", call.page);
    if (call.n_alarms)
        oriel_packet_put_strings(&packet, "alarms", call.alarms, call.n_alarms);
    if (call.callback)
        oriel_packet_put_string(&packet, "callback", call.callback);
    return oriel_link_send(oriel, &packet);
}

int oriel_call(struct oriel *oriel, const char *note) {
    return oriel_call_with(oriel, &(struct oriel_call){.size = sizeof(struct oriel_call), .note = note});
}

int oriel_uncall(struct oriel *oriel) {
    struct oriel_packet_writer packet;

    if (oriel->link != LINK_UP)
        return -ENOTCONN;
    oriel_packet_begin(&packet);
    oriel_packet_put_string(&packet, "t", "uncall");
    return oriel_link_send(oriel, &packet);
}

int oriel_past(struct oriel *oriel) {
    struct oriel_packet_writer packet;

    if (oriel->link != LINK_UP)
        return -ENOTCONN;
    oriel_packet_begin(&packet);
    oriel_packet_put_string(&packet, "t", "sessions");
    return oriel_link_send(oriel, &packet);
}

int oriel_set_masks(struct oriel *oriel, const struct oriel_mask *masks, size_t n_masks) {
    struct oriel_mask old[ORIEL_MASKS_MAX];
    size_t n_old;

    if (n_masks > ORIEL_MASKS_MAX || (n_masks && !masks))
        return -EINVAL;
    for (size_t i = 0; i < n_masks; i++) {
        const struct oriel_mask *m = &masks[i];

        if (!m->width || !m->height || m->x > MASK_END || m->y > MASK_END || m->width > MASK_END - m->x ||
            m->height > MASK_END - m->y)
            return -EINVAL;
    }
    n_old = oriel->n_masks;
    memcpy(old, oriel->masks, sizeof old);
    oriel->n_masks = n_masks;
    for (size_t i = 0; i < n_masks; i++)
        oriel->masks[i] = masks[i];
    oriel->masks_given = true;
    oriel_push_masks(oriel, old, n_old);
    return oriel->link == LINK_DOWN ? 0 : oriel_link_send_masks(oriel);
}

void oriel_set_indicator(struct oriel *oriel, bool visible) {
    if (oriel->indicator == visible)
        return;
    oriel->indicator = visible;
    if (oriel->link != LINK_DOWN)
        oriel_link_send_state(oriel);
}
