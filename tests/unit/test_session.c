/* core/session: every step of the machine by its effects, in their order. The effects are recorded as words in a list;
 * what is sent is held to the schemas. Any step can be made to fail. */
#include "core_rig.h"

#include "clock.h"
#include "session.h"

#define HASH "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"
#define OTHER "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
#define FOREIGN_PRINT "FF:07:0E:15:1C:23:2A:31:38:3F:46:4D:54:5B:62:69:70:77:7E:85:8C:93:9A:A1:A8:AF:B6:BD:C4:CB:D2:D9"
#define PRINT "00:07:0E:15:1C:23:2A:31:38:3F:46:4D:54:5B:62:69:70:77:7E:85:8C:93:9A:A1:A8:AF:B6:BD:C4:CB:D2:D9"

static struct oriel_session *session;
static json_t *view;                                /* what the person leaves ticked */
static struct oriel_peer *anna, *anna_again, *bert; /* two exchanges of one agent, and one of another */
static GString *effects;                            /* since the last expect() */
static guint records, fail_record, fail_records_from;
static struct oriel_peer *whom; /* hears what is sent */
static int said_path;           /* of what the agent says */
static guint renewal;           /* what media answers with its offer */
static bool fail_ask, fail_prepare, fail_launch, launched;
static char id[ORIEL_HASH_SIZE];
static json_int_t end_bytes, end_chat; /* of the last record of an end */
static json_t *live_addresses;         /* of the last record of live, or NULL */

static void effect(const char *format, ...) G_GNUC_PRINTF(1, 2);

static void effect(const char *format, ...) {
    va_list args;
    if (effects->len)
        g_string_append_c(effects, ' ');
    va_start(args, format);
    g_string_append_vprintf(effects, format, args);
    va_end(args);
}

#define expect(expected)                                                                                               \
    do {                                                                                                               \
        assert_string_equal(effects->str, expected);                                                                   \
        g_string_truncate(effects, 0);                                                                                 \
    } while (0)

/* ---- effects ---- */

/* The disk answers at once, or, while it is a `slow_disk`, when answer_disk() says so. */
static bool slow_disk, fail_untold;
static GArray *waiting; /* tickets */

static void record(void *user, const char *event, json_t *m, guint64 ticket) {
    assert_non_null(m);
    const char *reason = oriel_json_text(m, "reason"), *by = oriel_json_text(m, "by");
    records++;
    if (by && (strcmp(event, "decision") == 0 || strcmp(event, "grant") == 0)) {
        assert_int_equal(oriel_json_integer(m, "use", 0), strcmp(by, "owner") == 0 ? 3 : 0);
        effect("record:%s(%s)", event, by);
    } else if (strcmp(event, "decision") == 0)
        effect("record:decision(%s)", json_is_true(json_object_get(m, "allow")) ? "allow" : reason);
    else if (strcmp(event, "end") == 0)
        effect("record:end(%s,%s)", by, reason);
    else
        effect("record:%s", event);
    if (strcmp(event, "live") == 0) {
        json_decref(live_addresses);
        live_addresses = json_incref(json_object_get(m, "addresses"));
    }
    if (strcmp(event, "end") == 0)
        end_bytes = oriel_json_integer(m, "bytes", -1);
    if (strcmp(event, "end") == 0)
        end_chat = oriel_json_integer(m, "chat", -1);
    if (strcmp(event, "grant") == 0)
        assert_true(oriel_is_hash(oriel_json_text(m, "session")));
    json_decref(m);
    bool good = records != fail_record && (!fail_records_from || records < fail_records_from) && !fail_untold;
    fail_untold = !good && !ticket;
    if (ticket && slow_disk)
        g_array_append_val(waiting, ticket);
    else if (ticket)
        oriel_session_recorded(session, ticket, good);
}

static void answer_disk(bool good) {
    GArray *tickets = waiting;
    waiting = g_array_new(FALSE, FALSE, sizeof(guint64));
    for (guint i = 0; i < tickets->len; i++)
        oriel_session_recorded(session, g_array_index(tickets, guint64, i), good);
    g_array_unref(tickets);
}

static void send_message(void *user, const struct oriel_peer *peer, enum oriel_message_type type, json_t *m) {
    assert_ptr_equal(peer, whom);
    assert_non_null(m);
    char error[ORIEL_JSON_ERROR_SIZE] = "";
    g_autofree char *bytes = oriel_message_encode(type, json_incref(m), error);
    assert_string_equal(error, "");
    assert_non_null(bytes);
    const char *reason = oriel_json_text(m, "reason"), *name = oriel_message_name(type);
    int seq = (int)oriel_json_integer(m, "seq", -1);
    if (type == ORIEL_MESSAGE_DENIAL)
        effect("send:denial(%s)", reason);
    else if (type == ORIEL_MESSAGE_PROGRESS)
        effect("send:progress(%s)", oriel_json_text(m, "stage"));
    else if (type == ORIEL_MESSAGE_END)
        effect("send:end#%d(%s,%s)", seq, oriel_json_text(m, "by"), reason);
    else if (seq >= 0)
        effect("send:%s#%d", name, seq);
    else
        effect("send:%s", name);
    json_decref(m);
}

static char question[ORIEL_HASH_SIZE]; /* the last one in mid-session */
static guint question_timeout;

static char *joined(const json_t *list) {
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < json_array_size(list); i++)
        g_string_append_printf(text, "%s%s", i ? "+" : "", json_string_value(json_array_get(list, i)));
    return g_string_free(text, FALSE);
}

static bool ask(void *user, const struct oriel_session_question *q) {
    g_autofree char *scopes = joined(q->scopes);
    if (q->kind == ORIEL_QUESTION_REQUEST) {
        effect("ask");
        assert_string_equal(q->hash, HASH);
        assert_int_equal(q->timeout, 60);
    } else {
        effect("ask-%s:%s", q->kind == ORIEL_QUESTION_MORE ? "more" : "again", scopes);
        g_strlcpy(question, q->hash, sizeof question);
        question_timeout = q->timeout;
    }
    return !fail_ask;
}

static const char *outcome; /* of the last request that was settled */

static void settled(void *user, const struct oriel_session_request *request, const char *reason) {
    assert_string_equal(request->vendor, "fill-cap");
    outcome = reason ? reason : "allowed";
}

static void freeze(void *user, bool on) {
    effect(on ? "freeze" : "thaw");
}

static void withdraw(void *user, const char *hash, const char *why) {
    assert_true(strcmp(hash, HASH) == 0 || strcmp(hash, question) == 0);
    effect("withdraw:%s", why);
}

static void early(void *user, const char *hash, guint ms) {
    assert_true(strcmp(hash, HASH) == 0 || strcmp(hash, question) == 0);
    effect("early:%u", ms);
}

static void announce(void *user, const char *state, const char *by, const char *reason) {
    effect(by ? "announce:%s(%s,%s)" : "announce:%s", state, by, reason);
    assert_int_equal(by != NULL, strcmp(state, "ended") == 0);
}

static bool prepare(void *user) {
    effect("prepare");
    return !fail_prepare;
}

static void discard(void *user) {
    effect("discard");
}

static bool launch(void *user, const struct oriel_session_request *request) {
    effect("launch");
    assert_string_equal(request->fingerprint, PRINT);
    assert_true(oriel_is_hash(oriel_session_id(session)));
    launched = !fail_launch;
    return launched;
}

static char *granted_scopes;

static void granted(void *user, const json_t *scopes) {
    g_free(granted_scopes);
    granted_scopes = json_dumps(scopes, JSON_COMPACT);
}

static void camera(void *user) {
    effect("camera");
}

static bool has_egress;

static bool reroute(void *user) {
    effect("reroute");
    return has_egress;
}

static void page_joined(void *user, const char *fingerprint) {
    effect("joined:%.2s", fingerprint);
}

static void renew(void *user, guint number) {
    effect("renew");
    renewal = number;
}

static void answer(void *user, const char *sdp) {
    effect("answer:%s", sdp);
}

static void candidate(void *user, guint mline, const char *text) {
    effect("candidate:%u:%s", mline, text);
}

static bool panel_there;

static bool tell(void *user, json_t *message) {
    g_autofree char *text = json_dumps(message, JSON_COMPACT);
    assert_string_equal(oriel_json_text(message, "session"), oriel_session_id(session));
    if (panel_there && strcmp(oriel_json_text(message, "t"), "chat") == 0)
        effect("tell:%s", oriel_json_text(message, "text"));
    else if (panel_there)
        effect("draw:%s(%s)", oriel_json_text(message, "kind"), oriel_json_text(message, "points"));
    json_decref(message);
    return panel_there;
}

static void say(void *user, const char *text) {
    effect("say:%s", text);
}

static void heard(void *user, guint number) {
    effect("heard:%u", number);
}

static void kill_helpers(void *user) {
    effect("kill");
}

static const char *const states[] = {"idle", "asking", "starting", "connecting", "live", "ending"};

static void changed(void *user) {
    effect("changed:%s", states[oriel_session_state(session)]);
}

static gint64 armed;

static void arm(void *user, gint64 deadline) {
    armed = deadline;
    double seconds = deadline ? (double)(deadline - oriel_boottime()) / 1e9 : 0;
    effect("arm:%d", (int)(seconds + 0.5));
}

static const struct oriel_session_ops ops = {
    .record = record,
    .send = send_message,
    .ask = ask,
    .withdraw = withdraw,
    .early = early,
    .prepare = prepare,
    .discard = discard,
    .settled = settled,
    .freeze = freeze,
    .announce = announce,
    .launch = launch,
    .granted = granted,
    .camera = camera,
    .renew = renew,
    .reroute = reroute,
    .joined = page_joined,
    .answer = answer,
    .candidate = candidate,
    .tell = tell,
    .say = say,
    .heard = heard,
    .kill = kill_helpers,
    .changed = changed,
    .arm = arm,
};

/* ---- steps ---- */

static const char *asked_scopes; /* NULL: view */
static bool long_grant;
static const char *granter; /* "switch" or "owner": nobody is asked */

static void request(void) {
    struct oriel_session_request r = {.hash = HASH,
                                      .peer = oriel_peer_ref(anna),
                                      .vendor = g_strdup("fill-cap"),
                                      .company = g_strdup("Fill & Cap GmbH"),
                                      .name = g_strdup("Anna Weber"),
                                      .reason = g_strdup("Capper jams"),
                                      .scopes =
                                          asked_scopes ? json_loads(asked_scopes, 0, NULL) : json_pack("[s]", "view"),
                                      .seconds = long_grant ? 28800 : 600,
                                      .by = granter,
                                      .authorisation = g_strdup(g_strcmp0(granter, "owner") == 0 ? OTHER : NULL),
                                      .use = g_strcmp0(granter, "owner") == 0 ? 3 : 0,
                                      .fingerprint = g_strdup(PRINT)};
    oriel_session_ask(session, &r);
    assert_null(r.peer); /* taken over */
}

static void offer(void) {
    oriel_session_offer(session, renewal, PRINT, "v=0 offer");
}

static void ready(void) {
    oriel_session_capture_ready(session, "test", 1280, 720);
}

/* Brings a fresh session into `state` and forgets the effects. */
static void reach(enum oriel_session_state state) {
    if (state >= ORIEL_SESSION_ASKING)
        request();
    if (state >= ORIEL_SESSION_STARTING) {
        oriel_session_shown(session, HASH);
        oriel_session_decide(session, HASH, view);
        memcpy(id, oriel_session_id(session), sizeof id);
    }
    if (state >= ORIEL_SESSION_CONNECTING) {
        offer();
        ready();
    }
    if (state >= ORIEL_SESSION_LIVE)
        oriel_session_live(session);
    if (state == ORIEL_SESSION_ENDING)
        oriel_session_stop(session, "person", "stopped");
    assert_int_equal(oriel_session_state(session), state);
    g_string_truncate(effects, 0);
}

/* A second goes by, and the timer rings when it is due, as the device's does. */
static void second(void) {
    oriel_clock_advance(ORIEL_SECOND);
    if (armed && oriel_boottime() >= armed)
        oriel_session_tick(session);
}

/* Time goes by, with a provider that says every second that the indicator is visible. */
static void beats(guint seconds) {
    for (guint i = 0; i < seconds; i++) {
        gsize before = effects->len;
        second();
        oriel_session_provider_alive(session, true);
        if (g_str_has_prefix(effects->str + before + (before ? 1 : 0), "arm:") &&
            !strchr(effects->str + before + 1, ' '))
            g_string_truncate(effects, before); /* nothing but the timer */
    }
}

static void message_from(const struct oriel_peer *peer, json_t *m) {
    assert_non_null(m);
    enum oriel_message_type type;
    char error[ORIEL_JSON_ERROR_SIZE] = "";
    g_autofree char *bytes = oriel_json_encode(m);
    json_t *checked = oriel_message_decode(bytes, strlen(bytes), &type, error);
    assert_string_equal(error, "");
    oriel_session_message(session, peer, type, checked);
    json_decref(checked);
    json_decref(m);
}

static json_t *sdp(int seq, const char *type, const char *text) {
    return json_pack("{s:i, s:s, s:s, s:i, s:i, s:s, s:s}", "v", 1, "typ", "sdp", "session", id, "seq", seq, "path",
                     said_path, "type", type, "sdp", text);
}

static json_t *ice(int seq, const char *text) {
    return json_pack("{s:i, s:s, s:s, s:i, s:i, s:s, s:i}", "v", 1, "typ", "ice", "session", id, "seq", seq, "path",
                     said_path, "candidate", text, "mline", 0);
}

static json_t *end(int seq, const char *by, const char *reason) {
    return json_pack("{s:i, s:s, s:s, s:i, s:s, s:s}", "v", 1, "typ", "end", "session", id, "seq", seq, "by", by,
                     "reason", reason);
}

/* ---- the story ---- */

static void test_the_whole_story_in_order(void **state) {
    assert_string_equal(oriel_session_status(session), "ready");
    assert_null(oriel_session_request(session));
    request();
    expect("record:request ask changed:asking arm:60 prepare");
    assert_string_equal(oriel_session_status(session), "asking");
    assert_string_equal(oriel_session_request(session)->name, "Anna Weber");
    assert_string_equal(oriel_session_id(session), "");
    oriel_session_shown(session, HASH);
    expect("record:prompt send:progress(shown)");
    oriel_session_decide(session, HASH, view);
    expect("record:decision(allow) record:grant changed:starting announce:starting launch arm:2 "
           "send:progress(allowed)");
    assert_string_equal(oriel_session_status(session), "live");
    assert_int_equal(oriel_session_left(session), 600);
    oriel_session_local_candidate(session, 0, "candidate:early");
    offer();
    expect("");
    ready();
    expect("record:media-start send:grant send:sdp#0 changed:connecting arm:2 send:ice#1");
    memcpy(id, oriel_session_id(session), sizeof id);
    oriel_session_local_candidate(session, 0, "");
    expect("send:ice#2");
    message_from(anna, sdp(0, "answer", "v=0"));
    message_from(anna, ice(1, "candidate:1"));
    expect("answer:v=0 candidate:0:candidate:1");
    beats(10);
    oriel_session_live(session);
    expect("record:live arm:2 changed:live announce:live");
    assert_int_equal(oriel_session_left(session), 590);
    message_from(anna, end(2, "agent", "hung-up"));
    expect(
        "kill arm:0 announce:ended(agent,hung-up) send:end#3(agent,hung-up) record:end(agent,hung-up) changed:ending");
    assert_string_equal(oriel_session_status(session), "live");
    assert_int_equal(oriel_session_left(session), 0);
    oriel_session_helpers_gone(session);
    expect("arm:0 changed:idle");
    assert_null(oriel_session_request(session));
    assert_string_equal(oriel_session_id(session), "");
}

static void test_capture_ready_before_the_offer(void **state) {
    reach(ORIEL_SESSION_STARTING);
    ready();
    expect("");
    offer();
    expect("record:media-start send:grant send:sdp#0 changed:connecting arm:2");
    ready(); /* once more: nothing */
    offer();
    expect("");
}

/* ---- every event in every state ---- */

static void stop_by_person(void) {
    oriel_session_stop(session, "person", "stopped");
}

static void stop_by_shell(void) {
    oriel_session_stop(session, "local", "stopped");
}

static void shut_down(void) {
    oriel_session_stop(session, "device", "shutdown");
}

static void lose_provider(void) {
    oriel_session_provider_lost(session, "it ended");
}

static void invalid_provider(void) { /* as device.c tells it */
    oriel_session_provider_invalid(session, "garbage");
    oriel_session_provider_lost(session, "garbage");
}

static void deny(void) {
    oriel_session_decide(session, HASH, NULL);
}

static void allow_unshown(void) {
    oriel_session_decide(session, HASH, view);
}

static void decide_other(void) {
    oriel_session_decide(session, OTHER, view);
}

static void deny_other(void) {
    oriel_session_decide(session, OTHER, NULL);
}

static void cancel(void) {
    oriel_session_cancel(session, anna, HASH);
}

static void cancel_by_other(void) {
    oriel_session_cancel(session, bert, HASH);
}

static void cancel_by_another_exchange(void) {
    oriel_session_cancel(session, anna_again, HASH);
}

static void cancel_other(void) {
    oriel_session_cancel(session, anna, OTHER);
}

static void fail_capture(void) {
    oriel_session_failed(session, "capture-failed", "no display");
}

static void fail_media(void) {
    oriel_session_failed(session, "media-failed", "it ended");
}

static void forged(void) {
    oriel_session_failed(session, "fingerprint", "another certificate");
}

static void peer_lost(void) {
    oriel_session_failed(session, "peer-lost", NULL);
}

static void late(void) {
    oriel_clock_advance(61 * ORIEL_SECOND);
    oriel_session_tick(session);
}

static void very_late(void) {
    oriel_clock_advance(601 * ORIEL_SECOND);
    oriel_session_tick(session);
}

static void early_tick(void) {
    oriel_session_tick(session);
    g_string_truncate(effects, 0); /* it arms the timer again */
}

static void gone(void) {
    oriel_session_helpers_gone(session);
}

static void hang_up(void) {
    message_from(anna, end(0, "agent", "hung-up"));
}

static void hang_up_by_another_exchange(void) {
    message_from(anna_again, end(0, "agent", "hung-up"));
}

static void taken_back(void) {
    oriel_session_revoked(session);
}

static void hang_up_by_other(void) {
    message_from(bert, end(0, "agent", "hung-up"));
}

static void end_by_person(void) { /* said by the agent */
    message_from(anna, end(0, "person", "stopped"));
}

static void offer_by_agent(void) {
    message_from(anna, sdp(0, "offer", "v=0"));
}

/* What must follow: "withdrawal,denial" in ASKING, a denial in STARTING, an end by somebody with a grant; NULL:
 * nothing. */
static const struct {
    const char *name;
    void (*happens)(void);
    const char *asking, *starting, *by, *reason; /* of CONNECTING and LIVE */
} events[] = {
    {"stop_by_person", stop_by_person, "cancelled,cancelled", "cancelled", "person", "stopped"},
    {"stop_by_shell", stop_by_shell, "cancelled,cancelled", "cancelled", "local", "stopped"},
    {"shut_down", shut_down, "shutdown,cancelled", "cancelled", "device", "shutdown"},
    {"lose_provider", lose_provider, "cancelled,provider-lost", NULL, NULL, NULL}, /* a session is frozen by it */
    {"invalid_provider", invalid_provider, "cancelled,provider-invalid", NULL, NULL, NULL},
    {"deny", deny, ",denied", NULL, NULL, NULL},
    {"allow_unshown", allow_unshown, "cancelled,provider-invalid", NULL, NULL, NULL},
    {"decide_other", decide_other, "cancelled,provider-invalid", NULL, NULL, NULL},
    {"deny_other", deny_other, "cancelled,provider-invalid", NULL, NULL, NULL},
    {"cancel", cancel, "cancelled,cancelled", "cancelled", "agent", "hung-up"},
    {"cancel_by_other", cancel_by_other, NULL, NULL, NULL, NULL},
    {"cancel_by_another_exchange", cancel_by_another_exchange, NULL, NULL, NULL, NULL},
    {"cancel_other", cancel_other, NULL, NULL, NULL, NULL},
    {"fail_capture", fail_capture, NULL, "capture-failed", "device", "capture-failed"},
    {"fail_media", fail_media, NULL, "media-failed", "device", "media-failed"},
    {"forged", forged, NULL, "media-failed", "device", "fingerprint"},
    {"peer_lost", peer_lost, NULL, "media-failed", "device", "peer-lost"},
    {"very_late", very_late, "timeout,timeout", "capture-failed", "device", "expired"},
    {"early_tick", early_tick, NULL, NULL, NULL, NULL},
    {"gone", gone, NULL, NULL, NULL, NULL}, /* helpers_gone ends ENDING only: see below */
    {"hang_up", hang_up, NULL, NULL, "agent", "hung-up"},
    {"hang_up_by_other", hang_up_by_other, NULL, NULL, NULL, NULL},
    {"hang_up_by_another_exchange", hang_up_by_another_exchange, NULL, NULL, NULL, NULL},
    {"revoke", taken_back, "cancelled,revoked", "revoked", "device", "revoked"},
    {"end_by_person", end_by_person, NULL, NULL, "device", "protocol"},
    {"offer_by_agent", offer_by_agent, NULL, NULL, "device", "protocol"},
};

static int set_up(void **state);
static int tear_down(void **state);

/* The effects that event `i` must have in state `s`, in their order. */
static char *expected_effects(gsize i, enum oriel_session_state s) {
    if (s == ORIEL_SESSION_ASKING && events[i].asking) {
        g_auto(GStrv) parts = g_strsplit(events[i].asking, ",", 2);
        return g_strdup_printf("%s%s%srecord:decision(%s) discard send:denial(%s) arm:0 changed:idle",
                               *parts[0] ? "withdraw:" : "", parts[0], *parts[0] ? " " : "", parts[1], parts[1]);
    }
    /* Before the grant left there is no `end` for the agent, but there is one for the panel and the log. */
    if (s == ORIEL_SESSION_STARTING && events[i].starting) {
        const char *by = events[i].happens == very_late ? "device" : events[i].by;
        const char *reason = events[i].happens == very_late ? "capture-failed" : events[i].reason;
        return g_strdup_printf("kill arm:0 announce:ended(%s,%s) send:denial(%s) record:end(%s,%s) changed:ending", by,
                               reason, events[i].starting, by, reason);
    }
    if ((s == ORIEL_SESSION_CONNECTING || s == ORIEL_SESSION_LIVE) && events[i].by)
        return g_strdup_printf("kill arm:0 announce:ended(%s,%s) send:end#1(%s,%s) record:end(%s,%s) changed:ending",
                               events[i].by, events[i].reason, events[i].by, events[i].reason, events[i].by,
                               events[i].reason);
    if (events[i].happens == lose_provider || events[i].happens == invalid_provider)
        return g_strdup(s == ORIEL_SESSION_STARTING ? "freeze record:pause announce:paused arm:10"
                        : s == ORIEL_SESSION_CONNECTING || s == ORIEL_SESSION_LIVE
                            ? "freeze record:pause announce:paused send:update#1 arm:10"
                            : "");
    return g_strdup(s == ORIEL_SESSION_ENDING && events[i].happens == gone ? "arm:0 changed:idle" : "");
}

static void test_every_event_in_every_state(void **state) {
    for (gsize i = 0; i < G_N_ELEMENTS(events); i++)
        for (enum oriel_session_state s = ORIEL_SESSION_IDLE; s <= ORIEL_SESSION_ENDING; s++) {
            memcpy(id, OTHER, sizeof id); /* messages in states that have no id yet */
            reach(s);
            events[i].happens();
            if (events[i].happens == very_late && (s == ORIEL_SESSION_IDLE || s == ORIEL_SESSION_ENDING))
                g_string_truncate(effects, 0); /* a stray timer: only armed anew */
            g_autofree char *expected = expected_effects(i, s);
            if (strcmp(effects->str, expected) != 0)
                fail_msg("%s in state %s: '%s' instead of '%s'", events[i].name, states[s], effects->str, expected);
            enum oriel_session_state then = s == ORIEL_SESSION_ASKING && *expected ? ORIEL_SESSION_IDLE
                                            : s == ORIEL_SESSION_ENDING && events[i].happens == gone
                                                ? ORIEL_SESSION_IDLE
                                            : strstr(expected, "freeze") ? s
                                            : *expected                  ? ORIEL_SESSION_ENDING
                                                                         : s;
            assert_int_equal(oriel_session_state(session), then);
            tear_down(NULL);
            set_up(NULL);
        }
}

static void test_deadlines(void **state) {
    reach(ORIEL_SESSION_STARTING);
    ready();
    oriel_clock_advance(16 * ORIEL_SECOND);
    oriel_session_tick(session); /* the picture is there, media is not */
    expect("kill arm:0 announce:ended(device,media-failed) send:denial(media-failed) record:end(device,media-failed) "
           "changed:ending");
    gone();
    reach(ORIEL_SESSION_CONNECTING);
    late();
    expect("kill arm:0 announce:ended(device,peer-lost) send:end#1(device,peer-lost) record:end(device,peer-lost) "
           "changed:ending");
    gone();
    reach(ORIEL_SESSION_LIVE);
    beats(599);
    expect("");
    beats(1);
    expect("kill arm:0 announce:ended(device,expired) send:end#1(device,expired) record:end(device,expired) "
           "changed:ending");
}

/* ---- consent ---- */

static void test_shown(void **state) {
    oriel_session_shown(session, HASH); /* of nothing */
    expect("");
    reach(ORIEL_SESSION_ASKING);
    oriel_session_shown(session, OTHER);
    expect("");
    oriel_session_shown(session, HASH);
    oriel_session_shown(session, HASH);
    expect("record:prompt send:progress(shown)");
}

static void test_decisions_that_come_again_or_late(void **state) {
    reach(ORIEL_SESSION_STARTING);
    oriel_session_decide(session, HASH, view);
    oriel_session_decide(session, HASH, NULL);
    oriel_session_decide(session, OTHER, view);
    oriel_session_shown(session, HASH);
    expect("");
    stop_by_person();
    gone();
    reach(ORIEL_SESSION_ASKING);
    oriel_session_shown(session, HASH);
    late();
    g_string_truncate(effects, 0);
    oriel_session_decide(session, HASH, view);
    expect("");
    assert_false(oriel_session_state(session) != ORIEL_SESSION_IDLE);
    /* The same request again: what was shown before was another prompt. */
    reach(ORIEL_SESSION_ASKING);
    oriel_session_decide(session, HASH, view);
    expect("withdraw:cancelled record:decision(provider-invalid) discard send:denial(provider-invalid) arm:0 "
           "changed:idle");
}

static void test_no_provider(void **state) {
    fail_ask = true;
    request();
    expect("record:request ask record:decision(no-provider) send:denial(no-provider) arm:0 changed:idle");
}

static void test_prepare_fails(void **state) {
    fail_prepare = true;
    request();
    expect("record:request ask changed:asking arm:60 prepare withdraw:cancelled record:decision(media-failed) discard "
           "send:denial(media-failed) arm:0 changed:idle");
}

static void test_launch_fails(void **state) {
    fail_launch = true;
    request();
    oriel_session_shown(session, HASH);
    g_string_truncate(effects, 0);
    oriel_session_decide(session, HASH, view);
    expect("record:decision(allow) record:grant changed:starting announce:starting launch "
           "kill arm:0 announce:ended(device,media-failed) send:denial(media-failed) record:end(device,media-failed) "
           "changed:ending");
    gone();
    expect("arm:0 changed:idle");
}

/* ---- the record comes first ---- */

static void play_to_live(void) {
    request();
    oriel_session_shown(session, HASH);
    oriel_session_decide(session, HASH, view);
    offer();
    ready();
    oriel_session_live(session);
}

static void test_each_record_that_fails(void **state) {
    static const char *const expected[] = {
        "record:request send:denial(audit) arm:0 changed:idle",
        "record:prompt withdraw:cancelled discard send:denial(audit) arm:0 changed:idle",
        "record:decision(allow) record:grant withdraw:cancelled discard send:denial(audit) arm:0 changed:idle",
        "record:grant withdraw:cancelled discard send:denial(audit) arm:0 changed:idle",
        "record:media-start kill arm:0 announce:ended(device,audit) send:denial(audit) record:end(device,audit) "
        "changed:ending",
        "record:live kill arm:0 announce:ended(device,audit) send:end#1(device,audit) record:end(device,audit) "
        "changed:ending",
    };
    for (int forever = 0; forever < 2; forever++) /* the disk is full for a moment, or stays so */
        for (guint n = 1; n <= G_N_ELEMENTS(expected); n++) {
            *(forever ? &fail_records_from : &fail_record) = n;
            play_to_live();
            assert_true(g_str_has_suffix(effects->str, expected[n - 1]));
            assert_int_equal(launched, n > 4);
            assert_int_equal(strstr(effects->str, "send:grant") != NULL, n > 5);
            assert_int_equal(strstr(effects->str, "announce:live") != NULL, false);
            if (n > 4)
                gone();
            assert_int_equal(oriel_session_state(session), ORIEL_SESSION_IDLE);
            tear_down(NULL);
            set_up(NULL);
        }
}

static void test_a_no_needs_no_record(void **state) {
    void (*const no[])(void) = {deny, late, lose_provider, stop_by_person, cancel, decide_other};
    for (gsize i = 0; i < G_N_ELEMENTS(no); i++) {
        reach(ORIEL_SESSION_ASKING);
        fail_records_from = 1;
        no[i]();
        assert_non_null(strstr(effects->str, "send:denial("));
        assert_int_equal(oriel_session_state(session), ORIEL_SESSION_IDLE);
        tear_down(NULL);
        set_up(NULL);
    }
    reach(ORIEL_SESSION_LIVE);
    fail_records_from = 1;
    stop_by_person(); /* neither does a stop */
    expect("kill arm:0 announce:ended(person,stopped) send:end#1(person,stopped) record:end(person,stopped) "
           "changed:ending");
}

/* ---- messages of the agent ---- */

static void test_out_of_order_and_again(void **state) {
    reach(ORIEL_SESSION_CONNECTING);
    message_from(anna, ice(2, "c2"));
    message_from(anna, ice(1, "c1"));
    message_from(anna, ice(2, "c2 again, other"));
    expect("");
    message_from(anna, sdp(0, "answer", "v=0"));
    expect("answer:v=0 candidate:0:c1 candidate:0:c2");
    message_from(anna, sdp(0, "answer", "v=0"));
    message_from(anna, ice(1, "c1"));
    message_from(anna, ice(2, "c2"));
    expect("");
    message_from(anna, ice(3, ""));
    expect("candidate:0:");
}

/* ---- without a connection ---- */

static void live_and_lost(void) {
    play_to_live();
    memcpy(id, oriel_session_id(session), sizeof id);
    g_string_truncate(effects, 0);
    oriel_session_lost(session, "the agent's page has been silent for 4 s");
    expect("record:lost announce:paused arm:2 reroute");
    assert_string_equal(oriel_session_paused(session), "connection");
}

static json_t *of_page(const char *typ, int seq) {
    json_t *m = json_pack("{s:i, s:s, s:s, s:i}", "v", 1, "typ", typ, "session", id, "seq", seq);
    if (strcmp(typ, "renew") == 0)
        json_object_set_new(m, "path", json_integer(said_path));
    return m;
}

static void say_of_page(const char *typ, enum oriel_message_type type, int seq) {
    json_t *m = of_page(typ, seq);
    oriel_session_message(session, anna, type, m);
    json_decref(m);
}

static void test_lost_and_found(void **state) {
    live_and_lost();
    oriel_session_lost(session, "media again"); /* nothing more is tried than that, for a moment */
    expect("arm:2");
    oriel_session_renew(session); /* egress has found another way */
    expect("arm:2 renew");
    offer();
    expect("send:sdp#1 changed:connecting arm:2");
    beats(20);
    oriel_session_live(session);
    expect("record:live arm:2 changed:live announce:live");
    assert_string_equal(oriel_session_paused(session), "");
    beats(100); /* the limit was that of the outage */
    expect("");
}

static void test_lost_for_too_long(void **state) {
    live_and_lost();
    oriel_session_renew(session);
    offer();
    g_string_truncate(effects, 0);
    beats(59);
    expect("");
    beats(1);
    expect("kill arm:0 announce:ended(device,peer-lost) send:end#2(device,peer-lost) record:end(device,peer-lost) "
           "changed:ending");
}

static void test_lost_before_the_first_picture(void **state) {
    reach(ORIEL_SESSION_CONNECTING);
    oriel_session_lost(session, "no network path works");
    expect("kill arm:0 announce:ended(device,peer-lost) send:end#1(device,peer-lost) record:end(device,peer-lost) "
           "changed:ending");
}

static void test_stopped_while_lost(void **state) {
    live_and_lost();
    stop_by_person();
    expect("kill arm:0 announce:ended(person,stopped) send:end#1(person,stopped) record:end(person,stopped) "
           "changed:ending");
}

static void test_without_egress_media_renews_by_itself(void **state) {
    has_egress = false;
    play_to_live();
    g_string_truncate(effects, 0);
    oriel_session_lost(session, "silent");
    expect("record:lost announce:paused arm:2 reroute arm:2 renew");
}

static void test_the_page_asks_for_another_path(void **state) {
    play_to_live();
    memcpy(id, oriel_session_id(session), sizeof id);
    g_string_truncate(effects, 0);
    say_of_page("renew", ORIEL_MESSAGE_RENEW, 0);
    expect("record:lost announce:paused arm:2 reroute");
    say_of_page("renew", ORIEL_MESSAGE_RENEW, 1); /* sooner than that is of use */
    expect("arm:2");
    oriel_session_renew(session);
    offer();
    g_string_truncate(effects, 0);
    beats(5);
    say_of_page("renew", ORIEL_MESSAGE_RENEW, 2); /* of the path before: the answer is on its way */
    expect("");
}

static void test_the_page_is_left(void **state) {
    play_to_live();
    memcpy(id, oriel_session_id(session), sizeof id);
    g_string_truncate(effects, 0);
    say_of_page("away", ORIEL_MESSAGE_AWAY, 65535); /* whatever is missing before it */
    expect("record:lost announce:paused arm:2");
    oriel_session_lost(session, "it closed the connection"); /* nobody is there to offer anything */
    expect("arm:2");
    beats(9);
    expect("");
    beats(1);
    expect("kill arm:0 announce:ended(device,peer-lost) send:end#1(device,peer-lost) record:end(device,peer-lost) "
           "changed:ending");
}

/* The last path came up when nobody was there any more: the limit is that of a page that was left. */
static void test_the_page_is_left_while_a_path_comes_up(void **state) {
    live_and_lost();
    oriel_session_renew(session);
    offer();
    slow_disk = true;
    oriel_session_live(session);
    guint64 ticket = g_array_index(waiting, guint64, waiting->len - 1);
    g_string_truncate(effects, 0);
    say_of_page("away", ORIEL_MESSAGE_AWAY, 65535);
    expect("arm:2");
    oriel_session_recorded(session, ticket, true);
    expect("");
    oriel_session_lost(session, "it closed the connection");
    expect("arm:2");
    beats(10);
    assert_non_null(strstr(effects->str, "end(device,peer-lost)"));
}

static void test_a_page_joins_its_session_again(void **state) {
    live_and_lost();
    g_autofree char *session_id = g_strdup(id);
    whom = anna_again; /* hears of it by the new exchange, with numbers of its own */
    assert_null(oriel_session_rejoin(session, anna_again, session_id, OTHER, FOREIGN_PRINT));
    expect("record:rejoin arm:2 send:rejoined joined:FF reroute");
    oriel_session_renew(session);
    offer();
    expect("arm:2 renew send:sdp#0 changed:connecting arm:2");
    message_from(anna, end(0, "agent", "hung-up")); /* the old exchange is dead */
    expect("");
    said_path = 2;
    message_from(anna_again, sdp(0, "answer", "v=0"));
    expect("answer:v=0");
    oriel_session_live(session);
    expect("record:live arm:2 changed:live announce:live");
    assert_true(oriel_session_is_joined_by(session, OTHER));
    assert_string_equal(oriel_session_request(session)->fingerprint, FOREIGN_PRINT);
}

static void test_who_joins(void **state) {
    play_to_live();
    memcpy(id, oriel_session_id(session), sizeof id);
    assert_string_equal(oriel_session_rejoin(session, anna_again, id, OTHER, PRINT), "busy"); /* it is connected */
    oriel_session_lost(session, "silent");
    assert_string_equal(oriel_session_rejoin(session, bert, id, OTHER, PRINT), "expired");
    assert_string_equal(oriel_session_rejoin(session, anna_again, HASH, OTHER, PRINT), "expired");
    stop_by_person();
    assert_string_equal(oriel_session_rejoin(session, anna_again, id, OTHER, PRINT), "expired");
    gone();
    assert_string_equal(oriel_session_rejoin(session, anna_again, id, OTHER, PRINT), "expired");
}

static struct oriel_peer *peer(const char *agent);

/* A name is nobody: of the same agent and vendor, by the key that was granted, and only while the grant holds. */
static void test_who_is_not_the_agent_of_the_session(void **state) {
    struct oriel_peer *enrolled_anew = peer("anna"), *of_another_vendor = peer("anna");
    live_and_lost();
    g_strlcpy(enrolled_anew->key_id, "another key", sizeof enrolled_anew->key_id);
    g_free(of_another_vendor->vendor);
    of_another_vendor->vendor = g_strdup("another-vendor");
    assert_string_equal(oriel_session_rejoin(session, enrolled_anew, id, OTHER, PRINT), "expired");
    assert_string_equal(oriel_session_rejoin(session, of_another_vendor, id, OTHER, PRINT), "expired");
    expect("");
    oriel_peer_unref(enrolled_anew);
    oriel_peer_unref(of_another_vendor);
}

static void test_who_joins_too_late(void **state) {
    live_and_lost(); /* the outage's limit */
    beats(60);
    assert_non_null(strstr(effects->str, "end(device,peer-lost)"));
    g_string_truncate(effects, 0);
    assert_string_equal(oriel_session_rejoin(session, anna_again, id, OTHER, PRINT), "expired");
    expect("");
}

/* What was granted does not last longer by being joined, again and again. */
static void test_who_joins_after_the_time_that_was_granted(void **state) {
    live_and_lost();
    for (guint i = 1; i <= 11; i++) {
        char hash[sizeof OTHER];
        memcpy(hash, OTHER, sizeof hash);
        hash[0] = (char)('a' + i);
        beats(50);
        whom = anna_again;
        assert_null(oriel_session_rejoin(session, anna_again, id, hash, PRINT));
        assert_true(oriel_session_left(session) <= 600 - 50 * i);
        g_string_truncate(effects, 0);
    }
    beats(50);
    assert_non_null(strstr(effects->str, "end(device,expired)"));
    g_string_truncate(effects, 0);
    assert_string_equal(oriel_session_rejoin(session, anna_again, id, OTHER, PRINT), "expired");
    expect("");
}

/* The yes to the page waits for the record; the person does not. */
static void test_stopped_while_somebody_joins(void **state) {
    live_and_lost();
    slow_disk = true;
    assert_null(oriel_session_rejoin(session, anna_again, id, OTHER, FOREIGN_PRINT));
    guint64 ticket = g_array_index(waiting, guint64, waiting->len - 1);
    stop_by_person();
    g_string_truncate(effects, 0);
    oriel_session_recorded(session, ticket, true);
    expect("");
}

/* While the log is slow, the connection is there again: it is taken from nobody. */
static void test_found_while_somebody_joins(void **state) {
    live_and_lost();
    oriel_session_renew(session);
    offer();
    slow_disk = true;
    assert_null(oriel_session_rejoin(session, anna_again, id, OTHER, PRINT));
    assert_string_equal(oriel_session_rejoin(session, anna_again, id, HASH, PRINT), "busy");
    oriel_session_live(session);
    g_string_truncate(effects, 0);
    guint64 first = g_array_index(waiting, guint64, 0), second = g_array_index(waiting, guint64, 1);
    oriel_session_recorded(session, second, true);
    g_string_truncate(effects, 0);
    whom = anna_again;
    oriel_session_recorded(session, first, true);
    expect("send:denial(busy)");
    whom = anna;
    assert_false(oriel_session_is_joined_by(session, OTHER));
    message_from(anna, end(0, "agent", "hung-up"));
    assert_non_null(strstr(effects->str, "announce:ended(agent,hung-up)"));
}

/* ---- a new path under the same grant ---- */

static void test_a_new_path(void **state) {
    play_to_live();
    memcpy(id, oriel_session_id(session), sizeof id);
    g_string_truncate(effects, 0);
    oriel_session_renew(session);
    oriel_session_local_candidate(session, 0, "candidate:of the old path");
    expect("record:lost announce:paused arm:2 renew");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_LIVE); /* until there is something to answer */
    offer();
    expect("send:sdp#1 changed:connecting arm:2");
    offer(); /* nobody asked for it */
    expect("");
    oriel_session_local_candidate(session, 0, "candidate:of the new path");
    expect("send:ice#2");
    /* What the agent said before it heard of the new path is of no use, but counts. */
    message_from(anna, ice(0, "candidate:0"));
    message_from(anna, sdp(1, "answer", "v=0"));
    expect("");
    said_path = 2;
    message_from(anna, sdp(2, "answer", "v=0"));
    expect("answer:v=0");
    oriel_session_live(session);
    expect("record:live arm:2 changed:live announce:live");
}

static void test_a_path_that_was_not_offered(void **state) {
    play_to_live();
    memcpy(id, oriel_session_id(session), sizeof id);
    g_string_truncate(effects, 0);
    said_path = 2;
    message_from(anna, sdp(0, "answer", "v=0"));
    assert_non_null(strstr(effects->str, "announce:ended(device,protocol)"));
}

static void test_a_new_path_has_the_certificate_of_the_grant(void **state) {
    play_to_live();
    oriel_session_renew(session);
    g_string_truncate(effects, 0);
    oriel_session_offer(session, renewal, FOREIGN_PRINT, "v=0 offer");
    assert_non_null(strstr(effects->str, "announce:ended(device,media-failed)"));
}

static void test_a_new_path_before_the_grant_left(void **state) {
    request();
    oriel_session_shown(session, HASH);
    oriel_session_decide(session, HASH, view);
    oriel_session_local_candidate(session, 0, "candidate:of the old path");
    offer();
    g_string_truncate(effects, 0);
    oriel_session_renew(session);
    expect("renew");
    ready();
    expect(""); /* the offer that there was belongs to the old path */
    offer();
    expect("record:media-start send:grant send:sdp#0 changed:connecting arm:2");
}

/* Media has read only the first of the two when it says its offer. */
static void test_an_offer_of_the_renewal_before_the_last(void **state) {
    play_to_live();
    oriel_session_renew(session);
    oriel_session_renew(session);
    g_string_truncate(effects, 0);
    oriel_session_offer(session, renewal - 1, PRINT, "v=0 stale");
    oriel_session_local_candidate(session, 0, "candidate:of the stale one");
    oriel_session_live(session);
    expect("");
    offer();
    expect("send:sdp#1 changed:connecting arm:2");
    oriel_session_renew(session);
    expect("arm:2 renew");
    oriel_session_live(session); /* of the path before */
    expect("");
}

/* An egress that says again and again that it has found another way. */
static void test_renewals_that_media_does_not_answer(void **state) {
    play_to_live();
    for (int i = 1; i < 64; i++)
        oriel_session_renew(session);
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_LIVE);
    g_string_truncate(effects, 0);
    oriel_session_renew(session);
    assert_non_null(strstr(effects->str, "announce:ended(device,media-failed)"));
}

static void test_not_more_than_64_paths(void **state) {
    play_to_live();
    for (int i = 1; i < 64; i++) {
        oriel_session_renew(session);
        offer();
        assert_int_equal(oriel_session_state(session), ORIEL_SESSION_CONNECTING);
    }
    g_string_truncate(effects, 0);
    oriel_session_renew(session);
    assert_non_null(strstr(effects->str, "announce:ended(device,media-failed)"));
}

static void test_early_ones_are_held_up_to_64(void **state) {
    reach(ORIEL_SESSION_CONNECTING);
    message_from(anna, ice(63, "c63"));
    message_from(anna, ice(64, "too early: dropped"));
    message_from(anna, ice(65535, "too early: dropped"));
    message_from(anna, sdp(0, "answer", "v=0"));
    expect("answer:v=0");
    for (int i = 1; i < 63; i++)
        message_from(anna, ice(i, "c"));
    assert_true(g_str_has_suffix(effects->str, "candidate:0:c candidate:0:c63"));
    g_string_truncate(effects, 0);
    message_from(anna, ice(64, ""));
    expect("candidate:0:");
}

static void test_an_end_does_not_wait(void **state) {
    reach(ORIEL_SESSION_LIVE);
    message_from(anna, ice(3, "what came before it is lost"));
    message_from(anna, end(500, "agent", "hung-up"));
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ENDING);
}

static void test_not_more_than_64_candidates(void **state) {
    reach(ORIEL_SESSION_LIVE);
    for (int i = 0; i < 64; i++)
        message_from(anna, ice(i, "c"));
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_LIVE);
    g_string_truncate(effects, 0);
    message_from(anna, ice(64, "c"));
    expect("kill arm:0 announce:ended(device,protocol) send:end#1(device,protocol) record:end(device,protocol) "
           "changed:ending");
}

static void test_a_second_answer(void **state) {
    reach(ORIEL_SESSION_CONNECTING);
    message_from(anna, sdp(0, "answer", "v=0"));
    expect("answer:v=0");
    message_from(anna, sdp(1, "answer", "v=0"));
    expect("kill arm:0 announce:ended(device,protocol) send:end#1(device,protocol) record:end(device,protocol) "
           "changed:ending");
    message_from(anna, sdp(2, "answer", "v=0"));
    expect("");
}

static void test_messages_of_others_and_of_other_sessions(void **state) {
    reach(ORIEL_SESSION_LIVE);
    message_from(bert, sdp(0, "answer", "v=0"));
    message_from(bert, ice(0, "c"));
    message_from(anna_again, sdp(0, "answer", "v=0"));
    message_from(anna_again, ice(0, "c"));
    char mine[ORIEL_HASH_SIZE];
    memcpy(mine, id, sizeof mine);
    memcpy(id, OTHER, sizeof id);
    message_from(anna, sdp(0, "answer", "v=0"));
    message_from(anna, end(0, "agent", "hung-up"));
    expect("");
    memcpy(id, mine, sizeof id);
    message_from(anna, sdp(0, "answer", "v=0")); /* nothing of that took a number */
    expect("answer:v=0");
}

/* ---- helpers ---- */

static void test_what_no_message_could_carry(void **state) {
    g_autofree char *long_sdp = g_strnfill(8193, 'a'), *controls = g_strnfill(4000, '\x01'),
                    *long_candidate = g_strnfill(513, 'c');
    const char *const offers[] = {long_sdp, controls, ""};
    for (gsize i = 0; i < G_N_ELEMENTS(offers); i++) {
        reach(ORIEL_SESSION_STARTING);
        oriel_session_offer(session, renewal, PRINT, offers[i]);
        expect("kill arm:0 announce:ended(device,media-failed) send:denial(media-failed) "
               "record:end(device,media-failed) changed:ending");
        gone();
    }
    reach(ORIEL_SESSION_STARTING);
    oriel_session_local_candidate(session, 0, long_candidate);
    offer();
    ready();
    oriel_session_local_candidate(session, 0, long_candidate);
    expect("record:media-start send:grant send:sdp#0 changed:connecting arm:2");
}

static void test_media_that_floods_with_candidates(void **state) {
    reach(ORIEL_SESSION_STARTING);
    for (int i = 0; i < 40; i++)
        oriel_session_local_candidate(session, 0, "c");
    offer();
    ready();
    for (int i = 0; i < 70000; i++)
        oriel_session_local_candidate(session, 0, "c");
    assert_true(g_str_has_suffix(effects->str, "send:ice#64"));
    g_string_truncate(effects, 0);
    stop_by_person(); /* the end still has a number of its own */
    expect("kill arm:0 announce:ended(person,stopped) send:end#65(person,stopped) record:end(person,stopped) "
           "changed:ending");
}

static void say_everything(void) {
    oriel_session_capture_ready(session, "test", 1, 1);
    oriel_session_offer(session, renewal, PRINT, "late offer");
    oriel_session_local_candidate(session, 0, "late");
    oriel_session_live(session);
    oriel_session_stats(session, json_pack("{s:i}", "bytes", 7));
    oriel_session_failed(session, "media-failed", "late");
    message_from(anna, sdp(0, "answer", "late"));
    message_from(anna, ice(1, "late"));
}

static void test_nothing_of_a_dead_session_reaches_the_next(void **state) {
    const enum oriel_session_state quiet[] = {ORIEL_SESSION_ENDING, ORIEL_SESSION_IDLE, ORIEL_SESSION_ASKING};
    for (gsize i = 0; i < G_N_ELEMENTS(quiet); i++) {
        reach(ORIEL_SESSION_LIVE);
        message_from(anna, sdp(0, "answer", "v=0"));
        for (int k = 1; k <= 64; k++) { /* as many of both as one session may have */
            message_from(anna, ice(k, "c"));
            oriel_session_local_candidate(session, 0, "c");
        }
        message_from(anna, ice(69, "early")); /* held, and never to be seen again */
        oriel_session_stats(session, json_pack("{s:i}", "bytes", 1000));
        stop_by_person();
        if (quiet[i] != ORIEL_SESSION_ENDING)
            gone();
        if (quiet[i] == ORIEL_SESSION_ASKING)
            request();
        g_string_truncate(effects, 0);
        say_everything();
        expect("");
        if (quiet[i] == ORIEL_SESSION_ENDING)
            gone();
        if (quiet[i] != ORIEL_SESSION_ASKING)
            request();
        oriel_session_shown(session, HASH);
        oriel_session_decide(session, HASH, view);
        assert_string_not_equal(oriel_session_id(session), id);
        memcpy(id, oriel_session_id(session), sizeof id);
        g_string_truncate(effects, 0);
        offer(); /* capture is not ready, whatever the last one said */
        expect("");
        assert_null(oriel_session_figures(session));
        ready();
        expect("record:media-start send:grant send:sdp#0 changed:connecting arm:2");
        message_from(anna, sdp(0, "answer", "v=0"));
        expect("answer:v=0");
        for (int k = 1; k <= 64; k++) {
            message_from(anna, ice(k, "c"));
            oriel_session_local_candidate(session, 0, "c");
        }
        assert_true(g_str_has_suffix(effects->str, "candidate:0:c send:ice#64"));
        assert_int_equal(oriel_session_state(session), ORIEL_SESSION_CONNECTING);
        tear_down(NULL);
        set_up(NULL);
    }
}

static void test_figures_reach_the_record(void **state) {
    reach(ORIEL_SESSION_LIVE);
    oriel_session_stats(session, json_pack("{s:i}", "bytes", 1));
    oriel_session_stats(session, json_pack("{s:i}", "bytes", 12345));
    assert_int_equal(oriel_json_integer(oriel_session_figures(session), "bytes", 0), 12345);
    stop_by_person();
    assert_int_equal(end_bytes, 12345);
    gone();
    assert_null(oriel_session_figures(session));
}

static void test_chat(void **state) {
    reach(ORIEL_SESSION_STARTING);
    oriel_session_chat(session, 1, "before anything");
    oriel_session_say(session, "before anything");
    expect("");
    stop_by_person();
    gone();
    reach(ORIEL_SESSION_LIVE);
    panel_there = true;
    oriel_session_chat(session, 1, " Is the\n guard \u202eclosed?\u200b");
    expect("tell:Is the guard closed? heard:1");
    oriel_session_chat(session, 2, "\u200b\u202e"); /* nothing of it can be seen */
    expect("heard:2");
    oriel_session_say(session, "Yes\x1b[2J it is");
    expect("say:Yes[2J it is");
    oriel_session_say(session, " \u200b ");
    expect("");
    panel_there = false;
    oriel_session_provider_lost(session, "it ended");
    g_string_truncate(effects, 0);
    oriel_session_chat(session, 3, "a");
    oriel_session_chat(session, 4, "\u200b");
    oriel_session_chat(session, 5, "b");
    expect("");
    panel_there = true;
    oriel_session_provider_connected(session);
    expect("tell:a heard:3 heard:4 tell:b heard:5");
    stop_by_person();
    assert_int_equal(end_chat, 4);
    gone();
    reach(ORIEL_SESSION_LIVE);
    panel_there = false;
    for (guint i = 1; i <= 100; i++) /* a page that knows no measure */
        oriel_session_chat(session, i, "x");
    stop_by_person();
    gone();
    assert_int_equal(end_chat, 0);
    reach(ORIEL_SESSION_LIVE);
    panel_there = true;
    oriel_session_provider_connected(session); /* what waited died with its session */
    expect("");
}

static void test_drawing(void **state) {
    static const uint8_t points[] = {1, 0, 2, 0, 0xff, 0xff, 0, 1};
    uint8_t many[33 * 4] = {0};
    reach(ORIEL_SESSION_LIVE);
    panel_there = true;
    assert_true(oriel_session_draw(session, 3, 7, points, 8));
    assert_true(oriel_session_draw(session, 1, 0, points, 4));
    assert_true(oriel_session_draw(session, 2, 0, points, 4));
    assert_true(oriel_session_draw(session, 4, 0, points, 0));
    expect("draw:stroke(1,2 65535,256) draw:point(1,2) draw:mark(1,2) draw:clear()");
    assert_false(oriel_session_draw(session, 0, 0, points, 4));
    assert_false(oriel_session_draw(session, 5, 0, points, 4));
    assert_false(oriel_session_draw(session, 1, 0, points, 8));
    assert_false(oriel_session_draw(session, 1, 0, points, 0));
    assert_false(oriel_session_draw(session, 3, 0, points, 7));
    assert_false(oriel_session_draw(session, 3, 0, points, 0));
    assert_false(oriel_session_draw(session, 4, 0, points, 4));
    assert_false(oriel_session_draw(session, 3, 0, many, sizeof many));
    oriel_session_provider_lost(session, "it ended"); /* the picture stands still */
    g_string_truncate(effects, 0);
    assert_true(oriel_session_draw(session, 1, 0, points, 4));
    expect("");
}

static void test_words_of_helpers_are_cut(void **state) {
    g_autofree char *flood = g_strnfill(60000, 'x');
    reach(ORIEL_SESSION_LIVE);
    oriel_session_failed(session, "media-failed", flood); /* the schema is checked in send_message() */
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ENDING);
    gone();
    reach(ORIEL_SESSION_STARTING);
    oriel_session_failed(session, "capture-failed", "\xff\xfe\x1b[2J no display");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ENDING);
}

static void test_two_hundred_sessions(void **state) {
    for (int i = 0; i < 200; i++) {
        reach(ORIEL_SESSION_LIVE);
        message_from(anna, ice(3, "early"));
        oriel_session_stats(session, json_object());
        stop_by_person();
        gone();
        assert_int_equal(oriel_session_state(session), ORIEL_SESSION_IDLE);
    }
}

static struct oriel_peer *peer(const char *agent) {
    struct oriel_peer *p = oriel_peer_new();
    p->agent = g_strdup(agent);
    p->vendor = g_strdup("fill-cap");
    return p;
}

/* ---- the rules of consent while a session lives ---- */

static void ask_for_more(const char *scopes) {
    struct oriel_session_request r = {.hash = OTHER,
                                      .peer = oriel_peer_ref(anna),
                                      .vendor = g_strdup("fill-cap"),
                                      .company = g_strdup("Fill & Cap GmbH"),
                                      .name = g_strdup("Anna Weber"),
                                      .reason = g_strdup("Shall I press Reset?"),
                                      .scopes = json_loads(scopes, 0, NULL),
                                      .seconds = 600,
                                      .fingerprint = g_strdup(PRINT)};
    const char *no = oriel_session_more(session, &r);
    if (no)
        effect("no:%s", no);
    oriel_session_request_clear(&r);
}

static void decide(const char *hash, const char *scopes) {
    json_t *list = scopes ? json_loads(scopes, 0, NULL) : NULL;
    oriel_session_decide(session, hash, list);
    json_decref(list);
}

static void expect_scopes(const char *expected) {
    g_autofree char *scopes = joined(oriel_session_request(session)->scopes);
    assert_string_equal(scopes, expected);
}

static void request_for(const char *scopes) {
    asked_scopes = scopes;
    request();
    asked_scopes = NULL;
    oriel_session_shown(session, HASH);
    g_string_truncate(effects, 0);
}

static void test_rule_scopes_can_be_unticked_and_only_shrink(void **state) {
    request_for("[\"view\", \"control\", \"logs\"]");
    decide(HASH, "[\"logs\", \"view\"]");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_STARTING);
    expect_scopes("view+logs");
    stop_by_person();
    gone();
    request_for("[\"view\"]"); /* what nobody asked for can't be given */
    decide(HASH, "[\"view\", \"control\"]");
    expect("withdraw:cancelled record:decision(provider-invalid) discard send:denial(provider-invalid) arm:0 "
           "changed:idle");
    request_for("[\"view\", \"logs\"]"); /* without the picture there is no session */
    decide(HASH, "[\"logs\"]");
    expect("record:decision(denied) discard send:denial(denied) arm:0 changed:idle");
    assert_string_equal(outcome, "denied");
}

/* A finger that was on its way to something else (attack 13). */
static void test_rule_allow_counts_a_second_after_it_was_shown(void **state) {
    static const struct oriel_session_rules slow = {60, 1000, 1800, 300, 60};
    oriel_session_free(session);
    session = oriel_session_new(&ops, NULL, &slow);
    request_for("[\"view\"]");
    decide(HASH, "[\"view\"]");
    expect("record:early early:1000");
    oriel_clock_advance(999 * ORIEL_MILLISECOND);
    oriel_session_shown(session, HASH); /* saying it again changes nothing */
    decide(HASH, "[\"view\"]");         /* nor does hammering on it fill the log */
    expect("early:1");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ASKING);
    oriel_clock_advance(ORIEL_MILLISECOND);
    decide(HASH, "[\"view\"]");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_STARTING);
    offer();
    ready();
    oriel_session_live(session);
    g_string_truncate(effects, 0);
    ask_for_more("[\"camera\"]");
    oriel_session_shown(session, OTHER);
    g_string_truncate(effects, 0);
    decide(OTHER, "[\"camera\"]");
    expect("record:early early:1000");
    expect_scopes("view");
    decide(OTHER, NULL); /* a no counts at once */
    expect("record:decision(denied) send:denial(denied) arm:2");
    ask_for_more("[\"camera\"]");
    oriel_session_shown(session, OTHER);
    oriel_clock_advance(ORIEL_SECOND);
    decide(OTHER, "[\"camera\"]");
    expect_scopes("view+camera");
    stop_by_person();
    gone();
    request_for("[\"view\"]");
    decide(HASH, NULL);
    expect("record:decision(denied) discard send:denial(denied) arm:0 changed:idle");
}

/* ---- without a person ---- */

static void reach_unattended(const char *by) {
    granter = by;
    request();
    granter = NULL;
    g_autofree char *expected = g_strdup_printf("record:request prepare record:decision(%s) record:grant(%s) "
                                                "changed:starting announce:starting launch arm:15 "
                                                "send:progress(allowed)",
                                                by, by);
    expect(expected);
    offer();
    ready();
    oriel_session_live(session);
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_LIVE);
    g_string_truncate(effects, 0);
}

/* There is no indicator and nobody to ask again; but there is an end. */
static void test_unattended_it_lives_without_a_provider(void **state) {
    reach_unattended("owner");
    oriel_session_provider_lost(session, "it ended");
    oriel_session_provider_alive(session, false); /* a panel that came by */
    oriel_session_provider_lost(session, "it ended");
    for (guint i = 0; i < 599; i++)
        second();
    expect("arm:600 arm:600"); /* of the panel that went */
    assert_string_equal(oriel_session_paused(session), "");
    second();
    assert_non_null(strstr(effects->str, "record:end(device,expired)"));
}

static void test_unattended_who_turns_the_key_back_ends_it(void **state) {
    reach_unattended("switch");
    oriel_session_window_closed(session, "person", "the key was turned back");
    assert_non_null(strstr(effects->str, "record:end(person,stopped)"));
    gone();
    reach(ORIEL_SESSION_LIVE); /* what a person granted has nothing to do with it */
    oriel_session_window_closed(session, "person", "the key was turned back");
    expect("");
    stop_by_person();
    gone();
    g_string_truncate(effects, 0);
    reach_unattended("owner");
    oriel_session_window_closed(session, "person", "the key was turned back");
    expect("");
    stop_by_person(); /* Stop is Stop */
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ENDING);
}

/* Nobody turned anything: the person is not named as who stopped it. */
static void test_unattended_a_broken_switch_ends_it_as_the_device(void **state) {
    reach_unattended("switch");
    oriel_session_window_closed(session, "device", "the key switch can't be read any more");
    assert_non_null(strstr(effects->str, "record:end(device,stopped)"));
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ENDING);
}

static void test_unattended_nothing_a_provider_says_grants_it(void **state) {
    slow_disk = true;
    granter = "switch";
    request();
    granter = NULL;
    expect("record:request");
    oriel_session_shown(session, HASH);
    oriel_session_decide(session, HASH, view);
    oriel_session_decide(session, HASH, NULL);
    oriel_session_provider_invalid(session, "nonsense");
    oriel_session_provider_lost(session, "it ended");
    expect("");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ASKING);
    oriel_session_window_closed(session, "person", "the key was turned back");
    expect("record:decision(cancelled) send:denial(cancelled) arm:0 changed:idle");
    answer_disk(true);
    expect("");
    slow_disk = false;
}

/* What can't be recorded is not granted; the use is spent all the same. */
static void test_unattended_without_a_record(void **state) {
    for (guint n = 1; n <= 3; n++) {
        records = 0;
        fail_record = n;
        granter = "owner";
        request();
        granter = NULL;
        fail_record = 0;
        assert_false(launched);
        assert_string_equal(outcome, "audit");
        if (oriel_session_state(session) == ORIEL_SESSION_ENDING)
            gone();
        assert_int_equal(oriel_session_state(session), ORIEL_SESSION_IDLE);
        assert_null(strstr(effects->str, "launch"));
    }
}

static void test_rule_removing_a_scope_is_a_tap(void **state) {
    request_for("[\"view\", \"control\"]");
    decide(HASH, "[\"view\", \"control\"]");
    offer();
    ready();
    oriel_session_live(session);
    g_string_truncate(effects, 0);
    oriel_session_remove(session, "logs"); /* not there */
    expect("");
    fail_records_from = 1; /* taking away never waits for the log */
    oriel_session_remove(session, "control");
    expect("announce:live send:update#1 record:scopes");
    expect_scopes("view");
    oriel_session_remove(session, "view");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ENDING);
}

/* The panel says that a camera is on before anybody sees by it, and where the agent's picture lies on its display. */
static void test_camera_and_place_are_on_the_panel(void **state) {
    reach(ORIEL_SESSION_LIVE);
    g_string_truncate(effects, 0);
    slow_disk = true;
    oriel_session_camera(session, "Nozzle");
    assert_string_equal(oriel_session_camera_name(session), "");
    expect("record:camera");
    answer_disk(true);
    expect("announce:live camera");
    assert_string_equal(oriel_session_camera_name(session), "Nozzle");
    oriel_session_camera(session, NULL);
    expect("record:camera announce:live");
    assert_string_equal(oriel_session_camera_name(session), "");
    oriel_session_camera(session, "Belt"); /* and off before that is on record */
    oriel_session_camera(session, NULL);
    answer_disk(true);
    expect("record:camera record:camera");
    slow_disk = false;
    oriel_session_place(session, 1280, 0, 1920, 1080);
    oriel_session_place(session, 1280, 0, 1920, 1080);
    expect("announce:live");
    assert_string_equal(oriel_session_placed(session), "1280,0 1920x1080");
    oriel_session_place(session, 70000, 0, 1920, 1080); /* no place of a display */
    expect("announce:live");
    assert_string_equal(oriel_session_placed(session), "");
}

static void test_rule_adding_a_scope_asks_again(void **state) {
    reach(ORIEL_SESSION_LIVE);
    memcpy(id, oriel_session_id(session), sizeof id);
    assert_true(oriel_session_is_more(session, anna_again, id));
    assert_false(oriel_session_is_more(session, bert, id));
    assert_false(oriel_session_is_more(session, anna, OTHER));
    ask_for_more("[\"view\"]");
    expect("no:not-allowed");
    ask_for_more("[\"view\", \"control\"]");
    expect("arm:2 record:request ask-more:control");
    assert_int_equal(question_timeout, 60);
    ask_for_more("[\"logs\"]"); /* and the first stays */
    expect("no:busy");
    decide(OTHER, "[\"control\"]"); /* nobody can have seen it: no */
    expect("withdraw:cancelled record:decision(provider-invalid) send:denial(provider-invalid) arm:2");
    expect_scopes("view");
    ask_for_more("[\"control\"]");
    oriel_session_shown(session, OTHER);
    expect("arm:2 record:request ask-more:control record:prompt send:progress(shown)");
    decide(OTHER, NULL);
    expect("record:decision(denied) send:denial(denied) arm:2");
    expect_scopes("view");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_LIVE); /* the session goes on as it was */
    ask_for_more("[\"control\", \"logs\"]");
    oriel_session_shown(session, OTHER);
    g_string_truncate(effects, 0);
    decide(OTHER, "[\"control\"]");
    expect("arm:2 record:decision(allow) send:progress(allowed) announce:live send:update#1 arm:2");
    expect_scopes("view+control");
    ask_for_more("[\"logs\"]");
    g_string_truncate(effects, 0);
    beats(59);
    expect("");
    beats(1);
    expect("withdraw:timeout record:decision(timeout) send:denial(timeout) arm:1 arm:1 arm:2");
}

static void test_more_ends_with_the_session(void **state) {
    reach(ORIEL_SESSION_LIVE);
    ask_for_more("[\"control\"]");
    g_string_truncate(effects, 0);
    stop_by_person();
    expect("kill withdraw:cancelled send:denial(cancelled) arm:0 announce:ended(person,stopped) "
           "send:end#1(person,stopped) record:end(person,stopped) changed:ending");
}

static void reach_again(void) {
    long_grant = true;
    reach(ORIEL_SESSION_LIVE);
    long_grant = false;
    beats(1799);
    expect("");
    beats(1);
    assert_true(g_str_has_prefix(effects->str, "freeze record:pause announce:paused send:update#1 ask-again:view"));
    g_string_truncate(effects, 0);
    assert_string_equal(oriel_session_paused(session), "again");
    assert_int_equal(question_timeout, 300);
}

static void test_rule_asked_again_every_30_minutes(void **state) {
    reach_again();
    oriel_session_shown(session, question);
    expect("record:prompt");
    decide(question, "[\"view\"]");
    expect("arm:2 record:decision(allow) arm:2 record:resume thaw announce:live send:update#2");
    beats(1799);
    expect("");
    beats(1);
    assert_non_null(strstr(effects->str, "ask-again:view"));
    g_string_truncate(effects, 0);
    oriel_session_shown(session, question);
    decide(question, NULL);
    expect("record:prompt record:decision(denied) kill arm:0 announce:ended(person,stopped) "
           "send:end#4(person,stopped) record:end(person,stopped) changed:ending");
}

static void test_rule_no_answer_in_5_minutes_ends(void **state) {
    reach_again();
    oriel_session_shown(session, question);
    g_string_truncate(effects, 0);
    beats(299);
    expect("");
    assert_string_equal(oriel_session_paused(session), "again"); /* frozen all the time */
    beats(1);
    expect("record:decision(timeout) withdraw:timeout kill arm:0 announce:ended(device,not-renewed) "
           "send:end#2(device,not-renewed) record:end(device,not-renewed) changed:ending");
}

static void test_rule_heartbeat_lost_2_s_paused_10_s_ended(void **state) {
    reach(ORIEL_SESSION_LIVE);
    beats(3);
    second();
    expect("");
    second();
    expect("freeze record:pause announce:paused send:update#1 arm:8");
    assert_string_equal(oriel_session_paused(session), "provider");
    oriel_session_provider_alive(session, true);
    expect("record:resume thaw announce:live send:update#2 arm:2");
    for (int i = 0; i < 9; i++)
        second();
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_LIVE);
    g_string_truncate(effects, 0);
    second();
    expect("kill arm:0 announce:ended(device,provider-lost) send:end#4(device,provider-lost) "
           "record:end(device,provider-lost) changed:ending");
}

static void test_rule_an_indicator_that_is_not_visible_pauses(void **state) {
    reach(ORIEL_SESSION_LIVE);
    for (int i = 0; i < 2; i++) {
        second();
        oriel_session_provider_alive(session, false);
    }
    g_string_truncate(effects, 0);
    for (int i = 0; i < 30; i++) { /* it stays so, and it does not end: the person is there and can stop it */
        oriel_clock_advance(ORIEL_SECOND / 2);
        oriel_session_tick(session);
        oriel_session_provider_alive(session, false);
    }
    assert_string_equal(oriel_session_paused(session), "indicator");
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_LIVE);
    assert_null(strstr(effects->str, "thaw"));
    g_string_truncate(effects, 0);
    oriel_session_provider_alive(session, true);
    expect("record:resume thaw announce:live send:update#2 arm:2");
}

static void test_a_provider_that_comes_back(void **state) {
    reach(ORIEL_SESSION_LIVE);
    lose_provider();
    expect("freeze record:pause announce:paused send:update#1 arm:10");
    oriel_session_provider_connected(session);
    expect(""); /* a connection is no heartbeat */
    oriel_session_provider_alive(session, false);
    assert_string_equal(oriel_session_paused(session), "indicator"); /* nothing is seen before the indicator is */
    assert_null(strstr(effects->str, "thaw"));
    oriel_session_provider_alive(session, true);
    assert_string_equal(oriel_session_paused(session), "");
    tear_down(NULL);
    set_up(NULL);
    reach_again();
    lose_provider(); /* while it asks again: the next one asks anew */
    g_string_truncate(effects, 0);
    oriel_session_provider_connected(session);
    expect("ask-again:view");
    decide(question, "[\"view\"]"); /* which it has not shown */
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_ENDING);
}

static void test_no_picture_again_without_a_record(void **state) {
    reach_again();
    oriel_session_shown(session, question);
    fail_record = records + 2; /* the decision is recorded, that it goes on is not */
    decide(question, "[\"view\"]");
    assert_null(strstr(effects->str, "thaw"));
    assert_non_null(strstr(effects->str, "record:end(device,audit)"));
}

/* ---- addresses ---- */

static void test_addresses_are_recorded_only_where_it_is_configured(void **state) {
    static const struct oriel_session_rules with = {60, 0, 1800, 300, 60, true};
    for (int i = 0; i < 2; i++) {
        if (i) {
            oriel_session_free(session);
            session = oriel_session_new(&ops, NULL, &with);
        }
        reach(ORIEL_SESSION_CONNECTING);
        message_from(anna, ice(0, "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host"));
        message_from(anna, ice(1, "candidate:2 1 udp 2122260223 192.0.2.7 50001 typ host"));
        message_from(anna, ice(2, "candidate:3 1 udp 41885695 2001:db8::7 50002 typ relay"));
        message_from(anna, ice(3, ""));
        oriel_session_live(session);
        g_autofree char *text = live_addresses ? joined(live_addresses) : g_strdup("none");
        assert_string_equal(text, i ? "192.0.2.7+2001:db8::7" : "none");
    }
    json_decref(live_addresses);
    live_addresses = NULL;
}

/* ---- while the disk is slow ---- */

static void test_a_slow_disk_holds_up_each_step(void **state) {
    slow_disk = true;
    request();
    expect("record:request");
    assert_string_equal(oriel_session_status(session), "asking"); /* for others, who are busy */
    answer_disk(true);
    expect("ask changed:asking arm:60 prepare");
    oriel_session_shown(session, HASH);
    oriel_session_decide(session, HASH, view); /* the person does not wait for the disk */
    expect("record:prompt record:decision(allow) record:grant");
    answer_disk(true);
    expect("send:progress(shown) changed:starting announce:starting launch arm:2 send:progress(allowed)");
    ready();
    offer();
    oriel_session_renew(session); /* the way out changes meanwhile */
    expect("record:media-start renew");
    answer_disk(true);
    expect(""); /* the offer of before is void */
    offer();
    expect("send:grant send:sdp#0 changed:connecting arm:2");
    oriel_session_live(session);
    oriel_session_live(session);
    g_string_truncate(effects, 0);
    answer_disk(true);
    expect("arm:2 changed:live announce:live");
}

static void test_a_stop_does_not_wait_for_a_slow_disk(void **state) {
    static const char *const expected[] = {
        "withdraw:cancelled record:decision(cancelled) send:denial(cancelled) arm:0 changed:idle",
        "withdraw:cancelled record:decision(cancelled) discard send:denial(cancelled) arm:0 changed:idle",
        "kill arm:0 announce:ended(person,stopped) send:denial(cancelled) record:end(person,stopped) changed:ending",
        "kill arm:0 announce:ended(person,stopped) send:denial(cancelled) record:end(person,stopped) changed:ending",
        "kill arm:0 announce:ended(person,stopped) send:end#1(person,stopped) record:end(person,stopped) "
        "changed:ending",
    };
    for (guint n = 0; n < G_N_ELEMENTS(expected); n++) {
        slow_disk = n == 0;
        request();
        slow_disk = n <= 1;
        if (n >= 1)
            oriel_session_shown(session, HASH);
        slow_disk = n <= 2;
        if (n >= 2)
            oriel_session_decide(session, HASH, view);
        slow_disk = true;
        if (n == 3)
            ready(), offer();
        if (n == 4) {
            slow_disk = false;
            ready(), offer();
            slow_disk = true;
            oriel_session_live(session);
        }
        assert_int_equal(waiting->len, 1);
        g_string_truncate(effects, 0);
        stop_by_person();
        expect(expected[n]);
        answer_disk(true); /* too late for anything */
        expect("");
        gone();
        assert_int_equal(oriel_session_state(session), ORIEL_SESSION_IDLE);
        tear_down(NULL);
        set_up(NULL);
    }
}

static void test_what_comes_while_an_answer_is_written(void **state) {
    asked_scopes = "[\"view\", \"control\"]";
    json_array_append_new(view, json_string("control"));
    reach_again();
    asked_scopes = NULL;
    oriel_session_shown(session, question);
    slow_disk = true;
    decide(question, "[\"view\", \"control\"]");
    g_string_truncate(effects, 0);
    decide(question, "[\"view\"]"); /* once is enough */
    oriel_session_provider_connected(session);
    beats(400); /* the time for an answer is over, but there was one */
    assert_int_equal(oriel_session_state(session), ORIEL_SESSION_LIVE);
    assert_null(strstr(effects->str, "thaw"));
    oriel_session_remove(session, "control");
    answer_disk(true);
    assert_null(strstr(effects->str, "thaw")); /* that it goes on is a record, too */
    answer_disk(true);
    assert_non_null(strstr(effects->str, "thaw"));
    g_autofree char *scopes = joined(oriel_session_request(session)->scopes);
    assert_string_equal(scopes, "view"); /* what was taken away meanwhile does not come back */
}

static void test_a_new_pause_while_the_end_of_one_is_written(void **state) {
    reach(ORIEL_SESSION_LIVE);
    lose_provider();
    slow_disk = true;
    oriel_session_provider_connected(session);
    oriel_session_provider_alive(session, true);
    lose_provider();
    g_string_truncate(effects, 0);
    answer_disk(true);
    assert_null(strstr(effects->str, "thaw"));
    assert_string_equal(oriel_session_paused(session), "provider");
    oriel_session_provider_alive(session, true);
    answer_disk(true);
    assert_non_null(strstr(effects->str, "thaw"));
}

static void test_a_disk_that_does_not_answer(void **state) {
    for (enum oriel_session_state s = ORIEL_SESSION_ASKING; s <= ORIEL_SESSION_LIVE; s++) {
        reach(s);
        oriel_session_unrecorded(session, "it does not answer");
        assert_non_null(strstr(effects->str, "(audit)") ? effects->str : strstr(effects->str, "(device,audit)"));
        gone();
        assert_int_equal(oriel_session_state(session), ORIEL_SESSION_IDLE);
        tear_down(NULL);
        set_up(NULL);
    }
}

static int set_up(void **state) {
    anna = peer("anna");
    anna_again = peer("anna");
    whom = anna;
    has_egress = true;
    bert = peer("bert");
    effects = g_string_new(NULL);
    records = fail_record = fail_records_from = 0;
    said_path = 1;
    renewal = 0;
    fail_ask = fail_prepare = fail_launch = launched = slow_disk = fail_untold = false;
    waiting = g_array_new(FALSE, FALSE, sizeof(guint64));
    static const struct oriel_session_rules rules = {60, 0, 1800, 300, 60};
    session = oriel_session_new(&ops, NULL, &rules);
    view = json_pack("[s]", "view");
    return 0;
}

static int tear_down(void **state) {
    oriel_session_free(session);
    session = NULL;
    assert_int_equal(anna->references, 1); /* nothing holds on to the agent of a session that is over */
    oriel_peer_unref(anna);
    oriel_peer_unref(anna_again);
    oriel_peer_unref(bert);
    json_decref(view);
    g_string_free(effects, TRUE);
    g_array_unref(waiting);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_whole_story_in_order),
        TEST(test_capture_ready_before_the_offer),
        TEST(test_every_event_in_every_state),
        TEST(test_deadlines),
        TEST(test_shown),
        TEST(test_decisions_that_come_again_or_late),
        TEST(test_no_provider),
        TEST(test_prepare_fails),
        TEST(test_launch_fails),
        TEST(test_each_record_that_fails),
        TEST(test_a_no_needs_no_record),
        TEST(test_out_of_order_and_again),
        TEST(test_a_new_path),
        TEST(test_lost_and_found),
        TEST(test_lost_for_too_long),
        TEST(test_lost_before_the_first_picture),
        TEST(test_stopped_while_lost),
        TEST(test_without_egress_media_renews_by_itself),
        TEST(test_the_page_asks_for_another_path),
        TEST(test_the_page_is_left),
        TEST(test_the_page_is_left_while_a_path_comes_up),
        TEST(test_a_page_joins_its_session_again),
        TEST(test_who_joins),
        TEST(test_who_is_not_the_agent_of_the_session),
        TEST(test_who_joins_too_late),
        TEST(test_who_joins_after_the_time_that_was_granted),
        TEST(test_stopped_while_somebody_joins),
        TEST(test_found_while_somebody_joins),
        TEST(test_a_path_that_was_not_offered),
        TEST(test_a_new_path_has_the_certificate_of_the_grant),
        TEST(test_a_new_path_before_the_grant_left),
        TEST(test_an_offer_of_the_renewal_before_the_last),
        TEST(test_renewals_that_media_does_not_answer),
        TEST(test_not_more_than_64_paths),
        TEST(test_early_ones_are_held_up_to_64),
        TEST(test_an_end_does_not_wait),
        TEST(test_not_more_than_64_candidates),
        TEST(test_a_second_answer),
        TEST(test_messages_of_others_and_of_other_sessions),
        TEST(test_what_no_message_could_carry),
        TEST(test_media_that_floods_with_candidates),
        TEST(test_nothing_of_a_dead_session_reaches_the_next),
        TEST(test_figures_reach_the_record),
        TEST(test_chat),
        TEST(test_drawing),
        TEST(test_words_of_helpers_are_cut),
        TEST(test_two_hundred_sessions),
        TEST(test_rule_scopes_can_be_unticked_and_only_shrink),
        TEST(test_rule_allow_counts_a_second_after_it_was_shown),
        TEST(test_unattended_it_lives_without_a_provider),
        TEST(test_unattended_who_turns_the_key_back_ends_it),
        TEST(test_unattended_a_broken_switch_ends_it_as_the_device),
        TEST(test_unattended_nothing_a_provider_says_grants_it),
        TEST(test_unattended_without_a_record),
        TEST(test_rule_removing_a_scope_is_a_tap),
        TEST(test_rule_adding_a_scope_asks_again),
        TEST(test_more_ends_with_the_session),
        TEST(test_rule_asked_again_every_30_minutes),
        TEST(test_rule_no_answer_in_5_minutes_ends),
        TEST(test_rule_heartbeat_lost_2_s_paused_10_s_ended),
        TEST(test_rule_an_indicator_that_is_not_visible_pauses),
        TEST(test_a_provider_that_comes_back),
        TEST(test_camera_and_place_are_on_the_panel),
        TEST(test_no_picture_again_without_a_record),
        TEST(test_addresses_are_recorded_only_where_it_is_configured),
        TEST(test_a_slow_disk_holds_up_each_step),
        TEST(test_a_stop_does_not_wait_for_a_slow_disk),
        TEST(test_what_comes_while_an_answer_is_written),
        TEST(test_a_new_pause_while_the_end_of_one_is_written),
        TEST(test_a_disk_that_does_not_answer),
    };
    oriel_session_free(NULL);
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
