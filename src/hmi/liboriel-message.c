/* liboriel-message.c: what core says.
 *
 * A packet is checked whole before anything is told. One that is not as PROVIDER.md says ends the connection (for an
 * open ask that means no); unknown kinds and unknown members are ignored. What is late (a withdrawal of a request
 * already answered, the end of a session already ended) is no error.
 */
#include "liboriel.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Calls the HMI, if it wants to know. The handle may be freed by it: look at `freed` afterwards. */
#define TELL(o, callback, ...)                                                                                         \
    do {                                                                                                               \
        if ((o)->callbacks.callback)                                                                                   \
            (o)->callbacks.callback(o, __VA_ARGS__, (o)->user);                                                        \
    } while (0)

static const char *const bad = "a member is missing or of the wrong type";

static const char *get_id(const struct oriel_packet *json, const char *name) {
    const char *id = oriel_packet_string(json, name);

    return id && *id && strlen(id) <= ORIEL_ID_MAX ? id : NULL;
}

static bool get_seconds(const struct oriel_packet *json, const char *name, unsigned *ret) {
    int64_t value;

    if (!oriel_packet_integer(json, name, 0, INT_MAX, &value))
        return false;
    *ret = (unsigned)value;
    return true;
}

static bool get_scopes(const struct oriel_packet *json, const char *const **ret, size_t *n) {
    const struct oriel_packet_member *member = oriel_packet_find(json, "scopes");

    if (!member || member->type != ORIEL_PACKET_ARRAY || member->n_array == 0)
        return false;
    *ret = member->array;
    *n = member->n_array;
    return true;
}

static bool keep_scopes(struct oriel *o, const struct oriel_ask *ask) {
    if (ask->n_scopes > ORIEL_SCOPES_MAX)
        return false;
    for (size_t i = 0; i < ask->n_scopes; i++) {
        if (strlen(ask->scopes[i]) > ORIEL_SCOPE_MAX)
            return false;
        strcpy(o->scopes[i], ask->scopes[i]);
    }
    o->n_scopes = ask->n_scopes;
    return true;
}

/* Absent, it is a request: so it was before there were others. */
static bool get_kind(const struct oriel_packet *json, enum oriel_ask_kind *ret) {
    const char *kind = oriel_packet_string(json, "kind");

    *ret = kind && !strcmp(kind, "more")    ? ORIEL_ASK_MORE
           : kind && !strcmp(kind, "again") ? ORIEL_ASK_AGAIN
                                            : ORIEL_ASK_REQUEST;
    return !kind || *ret != ORIEL_ASK_REQUEST || !strcmp(kind, "request");
}

static void tell_online(struct oriel *o) {
    const struct oriel_device device = {.id = o->device, .name = o->device_name, .online = o->online, .call = o->call};

    TELL(o, online, &device);
}

static const char *on_welcome(struct oriel *o, const struct oriel_packet *json) {
    const char *device = oriel_packet_string(json, "device"), *name = oriel_packet_string(json, "name"),
               *stop = oriel_packet_string(json, "stop");
    int64_t version;

    if (o->link != LINK_HELLO)
        return "welcome twice";
    if (!oriel_packet_integer(json, "v", 1, 1, &version))
        return "Oriel speaks another version of the protocol than 1";
    if (!device || !name || !oriel_packet_boolean(json, "online", &o->online) ||
        !oriel_packet_boolean(json, "call", &o->call))
        return bad;
    o->stop[0] = '\0';
    if (stop && strlen(stop) < sizeof o->stop)
        strcpy(o->stop, stop);
    free(o->device);
    free(o->device_name);
    o->device = strdup(device);
    o->device_name = strdup(name);
    if (!o->device || !o->device_name)
        return "out of memory";
    o->link = LINK_UP;
    o->told[0] = '\0';
    oriel_link_settled(o);
    tell_online(o);
    return NULL;
}

static const char *on_online(struct oriel *o, const struct oriel_packet *json) {
    if (!oriel_packet_boolean(json, "online", &o->online))
        return bad;
    tell_online(o);
    return NULL;
}

static const char *on_ask(struct oriel *o, const struct oriel_packet *json) {
    struct oriel_ask ask = {
        .request = get_id(json, "request"),
        .agent = oriel_packet_string(json, "agent"),
        .company = oriel_packet_string(json, "company"),
        .reason = oriel_packet_string(json, "reason"),
        .code = oriel_packet_string(json, "code"),
    };

    ask.code = ask.code ? ask.code : "";
    if (!ask.request || !ask.agent || !ask.company || !ask.reason || !get_scopes(json, &ask.scopes, &ask.n_scopes) ||
        !get_seconds(json, "seconds", &ask.seconds) || !get_seconds(json, "timeout", &ask.timeout) ||
        !get_kind(json, &ask.kind))
        return bad;
    if (o->asked)
        return "asks while another request is open";
    if (!keep_scopes(o, &ask))
        return "too many scopes, or too long a name of one";
    o->asked = true;
    o->shown = false;
    o->live_at = o->resend_at = 0;
    o->n_allowed = 0;
    if (!get_seconds(json, "allow_after", &o->allow_after))
        o->allow_after = ORIEL_LIVE_AFTER_MS; /* an older core has no say */
    snprintf(o->request, sizeof o->request, "%s", ask.request);
    TELL(o, ask, &ask);
    return NULL;
}

/* Core counts from when it has read `shown`. The person's Allow was not too soon by our clock: it is said again. */
static const char *on_early(struct oriel *o, const struct oriel_packet *json) {
    const char *request = get_id(json, "request");
    unsigned ms;

    if (!request || !get_seconds(json, "ms", &ms))
        return bad;
    if (o->n_allowed && !strcmp(request, o->request))
        o->resend_at = oriel_link_now() + ms * UINT64_C(1000000);
    return NULL;
}

static const char *on_masked(struct oriel *o, const struct oriel_packet *json) {
    if (o->masks_open == 0 || --o->masks_open > 0)
        return NULL; /* others were set meanwhile */
    if (o->callbacks.masked)
        o->callbacks.masked(o, o->user);
    return NULL;
}

static const char *on_withdraw(struct oriel *o, const struct oriel_packet *json) {
    const char *request = get_id(json, "request"), *why = oriel_packet_string(json, "why");

    if (!request || !why)
        return bad;
    if (!strcmp(request, o->request))
        o->n_allowed = o->resend_at = 0;
    if (o->asked && !strcmp(request, o->request)) {
        o->asked = false;
        TELL(o, withdraw, request, why);
    }
    return NULL;
}

static const char *on_session_ended(struct oriel *o, const struct oriel_packet *json, struct oriel_session *session) {
    session->state = ORIEL_SESSION_ENDED;
    session->agent = session->company = "";
    session->by = oriel_packet_string(json, "by");
    session->reason = oriel_packet_string(json, "reason");
    if (!session->by || !session->reason)
        return bad;
    if (o->in_session && !strcmp(session->session, o->session)) {
        o->in_session = false;
        oriel_push_end(o);
        oriel_face_end(o);
        TELL(o, session, session);
    }
    return NULL;
}

/* "1280,0 1920x1080"; "" and absent: nobody knows. */
static bool get_place(const struct oriel_packet *json, struct oriel_area *place) {
    const char *text = oriel_packet_string(json, "place");
    int used = 0;

    *place = (struct oriel_area){0};
    return !text || !*text ||
           (sscanf(text, "%5u,%5u %5ux%5u%n", &place->x, &place->y, &place->width, &place->height, &used) == 4 &&
            !text[used] && place->width && place->height);
}

static const char *on_session(struct oriel *o, const struct oriel_packet *json) {
    struct oriel_session session = {
        .session = get_id(json, "session"), .by = "", .reason = "", .why = "", .camera = ""};
    const char *state = oriel_packet_string(json, "state");

    if (!session.session || !state)
        return bad;
    if (!strcmp(state, "ended"))
        return on_session_ended(o, json, &session);
    if (!strcmp(state, "live"))
        session.state = ORIEL_SESSION_LIVE;
    else if (!strcmp(state, "paused"))
        session.state = ORIEL_SESSION_PAUSED;
    else if (strcmp(state, "starting"))
        return "a session in an unknown state";
    session.agent = oriel_packet_string(json, "agent");
    session.company = oriel_packet_string(json, "company");
    session.why = session.state == ORIEL_SESSION_PAUSED ? oriel_packet_string(json, "why") : "";
    session.camera = oriel_packet_string(json, "camera");
    if (!session.camera)
        session.camera = ""; /* an Oriel of before */
    if (!session.why)
        return bad;
    if (!session.agent || !session.company || !get_scopes(json, &session.scopes, &session.n_scopes) ||
        !get_seconds(json, "seconds", &session.seconds) || !get_seconds(json, "left", &session.left) ||
        !get_place(json, &o->place))
        return bad;
    if (o->in_session && strcmp(session.session, o->session))
        return "two sessions at once";
    o->in_session = true;
    snprintf(o->session, sizeof o->session, "%s", session.session);
    TELL(o, session, &session);
    return NULL;
}

static const char *on_call(struct oriel *o, const struct oriel_packet *json) {
    if (!oriel_packet_boolean(json, "call", &o->call))
        return bad;
    TELL(o, call, o->call);
    return NULL;
}

/* Whether `session` is the one that lives; what was on its way as it ended is dropped. */
static bool of_session(const struct oriel *o, const char *session) {
    return o->in_session && !strcmp(session, o->session);
}

static const char *on_chat(struct oriel *o, const struct oriel_packet *json) {
    const char *session = get_id(json, "session"), *said = oriel_packet_string(json, "text");

    if (!session || !said)
        return bad;
    if (of_session(o, session))
        TELL(o, chat, said);
    return NULL;
}

/* "x,y x,y": their number, or -1. */
static int get_points(const char *list, struct oriel_draw_point points[ORIEL_DRAW_MAX]) {
    int n = 0;

    while (*list) {
        unsigned x, y;
        int used = 0;

        if (n == ORIEL_DRAW_MAX || sscanf(list, "%5u,%5u%n", &x, &y, &used) != 2 || x > ORIEL_DRAW_END ||
            y > ORIEL_DRAW_END)
            return -1;
        points[n++] = (struct oriel_draw_point){(unsigned short)x, (unsigned short)y};
        list += used;
        if (*list && *list++ != ' ')
            return -1;
    }
    return n;
}

static const char *on_draw(struct oriel *o, const struct oriel_packet *json) {
    static const char *const kinds[] = {"point", "mark", "stroke", "clear"};
    const char *session = get_id(json, "session"), *kind = oriel_packet_string(json, "kind"),
               *list = oriel_packet_string(json, "points");
    struct oriel_draw_point points[ORIEL_DRAW_MAX];
    struct oriel_draw draw = {.points = points, .place = o->place};
    int64_t stroke;
    int n = list ? get_points(list, points) : -1;

    if (!session || !kind || n < 0 || !oriel_packet_integer(json, "stroke", 0, UINT32_MAX, &stroke))
        return bad;
    while (draw.kind <= ORIEL_DRAW_CLEAR && strcmp(kind, kinds[draw.kind]))
        draw.kind++;
    if (draw.kind > ORIEL_DRAW_CLEAR)
        return NULL; /* of a later Oriel */
    if ((draw.kind == ORIEL_DRAW_CLEAR) != (n == 0))
        return bad;
    draw.stroke = (unsigned)stroke;
    draw.n_points = (size_t)n;
    if (of_session(o, session))
        TELL(o, draw, &draw);
    return NULL;
}

static const char *on_past(struct oriel *o, const struct oriel_packet *json) {
    struct oriel_past past = {.session = "", .at = "", .agent = "", .company = "", .reason = "", .by = "", .ended = ""};
    const struct {
        const char *name, **value;
    } texts[] = {{"session", &past.session}, {"at", &past.at}, {"agent", &past.agent}, {"company", &past.company},
                 {"reason", &past.reason},   {"by", &past.by}, {"ended", &past.ended}};

    if (!get_seconds(json, "index", &past.index) || !get_seconds(json, "of", &past.of))
        return bad;
    if (past.of) {
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            if (!(*texts[i].value = oriel_packet_string(json, texts[i].name)))
                return bad;
        if (past.index >= past.of || !get_seconds(json, "seconds", &past.seconds))
            return bad;
        get_scopes(json, &past.scopes, &past.n_scopes);
    }
    TELL(o, past, &past);
    return NULL;
}

static const char *on_record(struct oriel *o, const struct oriel_packet *json) {
    const char *why = oriel_packet_string(json, "why");

    if (!why)
        return bad;
    TELL(o, record, why);
    return NULL;
}

static const char *on_answered(struct oriel *o, const struct oriel_packet *json) {
    struct oriel_answer answer = {.agent = oriel_packet_string(json, "agent"),
                                  .company = oriel_packet_string(json, "company"),
                                  .note = oriel_packet_string(json, "note"),
                                  .at = oriel_packet_string(json, "at")};

    if (!answer.agent || !answer.company || !answer.note || !answer.at)
        return bad;
    TELL(o, answered, &answer);
    return NULL;
}

static const char *on_voice(struct oriel *o, const struct oriel_packet *json) {
    const char *session = get_id(json, "session");
    struct oriel_voice voice = {.why = oriel_packet_string(json, "why")};
    int64_t talking, hearing;

    if (!session || !voice.why || !oriel_packet_boolean(json, "on", &voice.on) ||
        !oriel_packet_boolean(json, "microphone", &voice.microphone) ||
        !oriel_packet_boolean(json, "speaker", &voice.speaker) || !oriel_packet_boolean(json, "muted", &voice.muted) ||
        !oriel_packet_integer(json, "talking", 0, 100, &talking) ||
        !oriel_packet_integer(json, "hearing", 0, 100, &hearing))
        return bad;
    voice.talking = (unsigned)talking;
    voice.hearing = (unsigned)hearing;
    if (of_session(o, session))
        TELL(o, voice, &voice);
    return NULL;
}

static const char *handle(struct oriel *o, const char *t, const struct oriel_packet *json) {
    static const struct {
        const char *t;
        const char *(*handle)(struct oriel *o, const struct oriel_packet *json);
    } kinds[] = {
        {"online", on_online},     {"ask", on_ask},   {"withdraw", on_withdraw}, {"session", on_session},
        {"call", on_call},         {"chat", on_chat}, {"draw", on_draw},         {"early", on_early},
        {"masked", on_masked},     {"past", on_past}, {"record", on_record},     {"voice", on_voice},
        {"answered", on_answered},
    };

    if (!strcmp(t, "welcome"))
        return on_welcome(o, json);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(t, kinds[i].t))
            return o->link == LINK_UP ? kinds[i].handle(o, json) : "speaks before its welcome";
    return NULL;
}

void oriel_message(struct oriel *o, const char *data, size_t size, int fd) {
    struct oriel_packet json;
    const char *error = NULL, *t = NULL;
    char why[200];

    if (oriel_packet_read(&json, data, size, &error) == 0) {
        t = oriel_packet_string(&json, "t");
        if (!t) {
            error = "a packet without \"t\"";
        } else if (!strcmp(t, "refused")) {
            const char *said = oriel_packet_string(&json, "why");

            snprintf(why, sizeof why, "refused: %.160s", said ? said : "no reason given");
            oriel_link_break(o, why);
        } else if (!strcmp(t, "frames") && fd >= 0 && o->link == LINK_UP) {
            oriel_push_begin(o, fd);
            fd = -1;
        } else if (!strcmp(t, "face") && fd >= 0 && o->link == LINK_UP) {
            oriel_face_begin(o, fd);
            fd = -1;
        } else {
            error = handle(o, t, &json);
        }
    }
    if (fd >= 0)
        close(fd); /* nothing else brings one */
    if (error && !o->freed) {
        snprintf(why, sizeof why, "protocol: %.40s%s%s", t ? t : "", t ? ": " : "", error);
        oriel_link_break(o, why);
    }
}

void oriel_tell_live(struct oriel *o) {
    char request[sizeof o->request];

    if (!o->live_at || oriel_link_now() < o->live_at)
        return;
    o->live_at = 0;
    memcpy(request, o->request, sizeof request);
    if (o->asked)
        TELL(o, live, request);
}

void oriel_tell_broken(struct oriel *o) {
    char request[sizeof o->request], id[sizeof o->session], why[sizeof o->why];
    struct oriel_session session = {
        .session = id,
        .state = ORIEL_SESSION_ENDED,
        .agent = "",
        .company = "",
        .by = "device",
        .reason = "disconnected",
        .why = "",
    };
    bool asked = o->asked, in_session = o->in_session;

    if (!o->broken)
        return;
    /* All is taken down before anything is told: a callback may run a nested dispatch that connects anew. */
    o->broken = o->asked = o->in_session = false;
    o->live_at = 0;
    memcpy(request, o->request, sizeof request);
    memcpy(id, o->session, sizeof id);
    if (asked)
        TELL(o, withdraw, request, "disconnected");
    if (in_session && !o->freed)
        TELL(o, session, &session);
    if (!o->freed && o->link == LINK_DOWN && strcmp(o->told, o->why)) {
        memcpy(why, o->why, sizeof why);
        memcpy(o->told, why, sizeof why);
        TELL(o, closed, why);
    }
}
