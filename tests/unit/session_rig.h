/* What the tests of core's session machine share: a machine whose effects are recorded as words in a list, in their
 * order, while what is sent is held to the schemas; any step can be made to fail, and the disk to be slow; and the
 * steps that bring a session into each state. For tests only; one thread. */
#ifndef ORIEL_TESTS_SESSION_RIG_H
#define ORIEL_TESTS_SESSION_RIG_H

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

__attribute__((unused)) static void answer_disk(bool good) {
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

__attribute__((unused)) static char *joined(const json_t *list) {
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

__attribute__((unused)) static void request(void) {
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

__attribute__((unused)) static void offer(void) {
    oriel_session_offer(session, renewal, PRINT, "v=0 offer");
}

__attribute__((unused)) static void ready(void) {
    oriel_session_capture_ready(session, "test", 1280, 720);
}

/* Brings a fresh session into `state` and forgets the effects. */
__attribute__((unused)) static void reach(enum oriel_session_state state) {
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
__attribute__((unused)) static void second(void) {
    oriel_clock_advance(ORIEL_SECOND);
    if (armed && oriel_boottime() >= armed)
        oriel_session_tick(session);
}

/* Time goes by, with a provider that says every second that the indicator is visible. */
__attribute__((unused)) static void beats(guint seconds) {
    for (guint i = 0; i < seconds; i++) {
        gsize before = effects->len;
        second();
        oriel_session_provider_alive(session, true);
        if (g_str_has_prefix(effects->str + before + (before ? 1 : 0), "arm:") &&
            !strchr(effects->str + before + 1, ' '))
            g_string_truncate(effects, before); /* nothing but the timer */
    }
}

__attribute__((unused)) static void message_from(const struct oriel_peer *peer, json_t *m) {
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

__attribute__((unused)) static json_t *sdp(int seq, const char *type, const char *text) {
    return json_pack("{s:i, s:s, s:s, s:i, s:i, s:s, s:s}", "v", 1, "typ", "sdp", "session", id, "seq", seq, "path",
                     said_path, "type", type, "sdp", text);
}

__attribute__((unused)) static json_t *ice(int seq, const char *text) {
    return json_pack("{s:i, s:s, s:s, s:i, s:i, s:s, s:i}", "v", 1, "typ", "ice", "session", id, "seq", seq, "path",
                     said_path, "candidate", text, "mline", 0);
}

__attribute__((unused)) static json_t *end(int seq, const char *by, const char *reason) {
    return json_pack("{s:i, s:s, s:s, s:i, s:s, s:s}", "v", 1, "typ", "end", "session", id, "seq", seq, "by", by,
                     "reason", reason);
}

/* ---- what the person does, and what goes wrong ---- */

__attribute__((unused)) static void stop_by_person(void) {
    oriel_session_stop(session, "person", "stopped");
}

__attribute__((unused)) static void lose_provider(void) {
    oriel_session_provider_lost(session, "it ended");
}

__attribute__((unused)) static void deny(void) {
    oriel_session_decide(session, HASH, NULL);
}

__attribute__((unused)) static void decide_other(void) {
    oriel_session_decide(session, OTHER, view);
}

__attribute__((unused)) static void decide(const char *hash, const char *scopes) {
    json_t *list = scopes ? json_loads(scopes, 0, NULL) : NULL;
    oriel_session_decide(session, hash, list);
    json_decref(list);
}

__attribute__((unused)) static void cancel(void) {
    oriel_session_cancel(session, anna, HASH);
}

__attribute__((unused)) static void late(void) {
    oriel_clock_advance(61 * ORIEL_SECOND);
    oriel_session_tick(session);
}

__attribute__((unused)) static void gone(void) {
    oriel_session_helpers_gone(session);
}

/* ---- on the way to somewhere ---- */

__attribute__((unused)) static void play_to_live(void) {
    request();
    oriel_session_shown(session, HASH);
    oriel_session_decide(session, HASH, view);
    offer();
    ready();
    oriel_session_live(session);
}

__attribute__((unused)) static void request_for(const char *scopes) {
    asked_scopes = scopes;
    request();
    asked_scopes = NULL;
    oriel_session_shown(session, HASH);
    g_string_truncate(effects, 0);
}

__attribute__((unused)) static void expect_scopes(const char *expected) {
    g_autofree char *scopes = joined(oriel_session_request(session)->scopes);
    assert_string_equal(scopes, expected);
}

__attribute__((unused)) static void ask_for_more(const char *scopes) {
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

__attribute__((unused)) static void reach_again(void) {
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

/* ---- a fresh one ---- */

static struct oriel_peer *peer(const char *agent) {
    struct oriel_peer *p = oriel_peer_new();
    p->agent = g_strdup(agent);
    p->vendor = g_strdup("fill-cap");
    return p;
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

#endif
