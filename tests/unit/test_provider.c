/* core/provider: who may connect, one at a time, and what each breach of PROVIDER.md leads to. Real sockets, and a
 * process of another user where the tests run as root. */
#include "core_rig.h"

#include "clock.h"
#include "core_media.h"
#include "provider.h"

#define HASH "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"
#define NEEDS_CHAT "chat needs exactly t, session (its id) and text (1 to 500 characters)"
#define HELLO "{\"t\":\"hello\",\"v\":1,\"name\":\"HMI\"}"

static char *folder, *path;
static struct oriel_provider *provider;
static GString *events;

static void note(const char *format, ...) G_GNUC_PRINTF(1, 2);

static void note(const char *format, ...) {
    va_list args;
    if (events->len)
        g_string_append_c(events, ' ');
    va_start(args, format);
    g_string_append_vprintf(events, format, args);
    va_end(args);
}

static void on_connected(void *user, const char *name) {
    note("connected:%s", name);
    oriel_provider_send(provider, json_pack("{s:s}", "t", "welcome"));
}

static void on_lost(void *user, bool invalid, const char *detail) {
    assert_false(oriel_provider_connected(provider));
    assert_false(oriel_provider_send(provider, json_object())); /* from inside a callback, too */
    note(invalid ? "invalid:%s" : "lost:%s", detail);
}

static void on_shown(void *user, const char *request) {
    note("shown:%.4s", request);
}

static void on_decision(void *user, const char *request, const json_t *scopes) {
    note("%s:%.4s", scopes ? "allow" : "deny", request);
    for (size_t i = 0; i < json_array_size(scopes); i++)
        note("+%s", json_string_value(json_array_get(scopes, i)));
}

static void on_remove(void *user, const char *session, const char *scope) {
    note("remove:%.4s:%s", session, scope);
}

static void on_masks(void *user, const uint8_t *bytes, guint count) {
    note("masks:%u", count);
}

static bool saw_indicator;
static guint beats;

static void on_alive(void *user, bool indicator) {
    saw_indicator = indicator;
    beats++;
}

static void on_stop(void *user, const char *session) {
    note("stop:%.4s", session);
}

static void on_call(void *user, const json_t *help) {
    g_autofree char *text = help ? json_dumps(help, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII) : NULL;
    note("call:%s", text ? text : "(taken back)");
}

static void on_chat(void *user, const char *session, const char *text) {
    note("chat:%.4s:%s", session, text);
}

static void on_sessions(void *user) {
    note("sessions");
}

static const struct oriel_provider_events callbacks = {on_connected, on_lost,     on_shown, on_decision,
                                                       on_stop,      on_remove,   on_alive, on_masks,
                                                       on_call,      on_sessions, on_chat};

static void listen_for(const char *users) {
    g_autoptr(GError) error = NULL;
    provider = oriel_provider_new(path, users, &callbacks, NULL, &error);
    if (!provider)
        fail_msg("%s", error->message);
}

static void expect(const char *expected) {
    bool came = rig_until(strcmp(events->str, expected) == 0, 20);
    if (!came)
        assert_string_equal(events->str, expected);
    g_string_truncate(events, 0);
}

static int greeted(void) {
    int fd = rig_connect(path);
    rig_send(fd, HELLO);
    expect("connected:HMI");
    assert_true(oriel_provider_connected(provider));
    assert_receives(fd, "{\"t\":\"welcome\"}");
    return fd;
}

static void test_every_message(void **state) {
    listen_for("");
    assert_false(oriel_provider_connected(provider));
    assert_false(oriel_provider_send(provider, json_object()));
    int fd = greeted();
    rig_send(fd, "{\"t\":\"shown\",\"request\":\"" HASH "\"}");
    rig_send(fd, "{\"t\":\"decision\",\"request\":\"" HASH "\",\"allow\":false}");
    rig_send(fd, "{\"t\":\"decision\",\"allow\":true,\"request\":\"" HASH "\",\"scopes\":[\"view\",\"logs\"]}");
    rig_send(fd, "{\"t\":\"state\",\"indicator\":true}");
    rig_send(fd, "{\"t\":\"remove\",\"session\":\"" HASH "\",\"scope\":\"logs\"}");
    rig_send(fd, "{\"t\":\"masks\",\"masks\":\"600,300,200x180; 0,0,90x20\"}");
    rig_send(fd, "{\"t\":\"stop\",\"session\":\"" HASH "\"}");
    rig_send(fd, "{\"t\":\"call\",\"note\":\"Jam\\n at\xe2\x80\xae capper\"}");
    rig_send(fd, "{\"t\":\"call\",\"note\":\"\"}");
    rig_send(fd,
             "{\"t\":\"call\",\"note\":\"x\",\"page\":\"Alarms\",\"alarms\":[\"A\\n1\",\"\"],\"callback\":\"221\"}");
    rig_send(fd, "{\"t\":\"uncall\"}");
    expect("shown:n4bQ deny:n4bQ allow:n4bQ +view +logs remove:n4bQ:logs masks:2 stop:n4bQ "
           "call:{\"note\":\"Jam at capper\"} call:{\"note\":\"\"} "
           "call:{\"alarms\":[\"A 1\"],\"callback\":\"221\",\"note\":\"x\",\"page\":\"Alarms\"} call:(taken back)");
    assert_true(saw_indicator);
    assert_int_equal(beats, 1);
    close(fd);
    expect("lost:it ended");
    close(greeted()); /* the next one */
    expect("lost:it ended");
}

static void test_breaches(void **state) {
    static const struct {
        const char *packet, *why;
    } breaches[] = {
        {"yes", "not JSON: '[' or '{' expected near 'yes' at byte 3"},
        {"[]", "not a JSON object"},
        {"{\"t\":\"state\",\"indicator\":true}{}", "not JSON: end of file expected near '{' at byte 31"},
        {"{\"t\":\"state\",\"t\":\"state\"}", "not JSON: duplicate object key near '\"t\"' at byte 16"},
        {"{\"t\":\"\\u0000\"}",
         "not JSON: \\u0000 is not allowed without JSON_ALLOW_NUL near '\"\\u0000\"' at byte 13"},
        {"{}", "a message without t"},
        {"{\"t\":1}", "a message without t"},
        {"{\"t\":\"remember\"}", "an unknown t"},
        {"{\"t\":\"ask\"}", "an unknown t"},
        {HELLO, "a second hello"},
        {"{\"t\":\"shown\",\"request\":\"abc\"}", "shown needs exactly t and request (the hash asked for)"},
        {"{\"t\":\"shown\",\"request\":\"" HASH "\",\"x\":1}",
         "shown needs exactly t and request (the hash asked for)"},
        {"{\"t\":\"shown\"}", "shown needs exactly t and request (the hash asked for)"},
        {"{\"t\":\"decision\",\"request\":\"" HASH "\",\"allow\":1}",
         "decision needs exactly t, request (the hash asked for), allow (true or false) and, with true, scopes "
         "(those left ticked)"},
        {"{\"t\":\"decision\",\"request\":\"" HASH "\",\"allow\":\"true\"}",
         "decision needs exactly t, request (the hash asked for), allow (true or false) and, with true, scopes "
         "(those left ticked)"},
        {"{\"t\":\"decision\",\"request\":\"" HASH "\"}",
         "decision needs exactly t, request (the hash asked for), allow (true or false) and, with true, scopes "
         "(those left ticked)"},
        {"{\"t\":\"decision\",\"request\":\"" HASH "\",\"allow\":true,\"scopes\":[]}",
         "decision needs exactly t, request (the hash asked for), allow (true or false) and, with true, scopes "
         "(those left ticked)"},
        {"{\"t\":\"decision\",\"request\":null,\"allow\":true}",
         "decision needs exactly t, request (the hash asked for), allow (true or false) and, with true, scopes "
         "(those left ticked)"},
        {"{\"t\":\"decision\",\"request\":\"" HASH "\",\"allow\":true}",
         "decision needs exactly t, request (the hash asked for), allow (true or false) and, with true, scopes "
         "(those left ticked)"},
        {"{\"t\":\"decision\",\"request\":\"" HASH "\",\"allow\":true,\"scopes\":[\"view\",\"view\"]}",
         "decision needs exactly t, request (the hash asked for), allow (true or false) and, with true, scopes "
         "(those left ticked)"},
        {"{\"t\":\"decision\",\"request\":\"" HASH "\",\"allow\":true,\"scopes\":[\"everything\"]}",
         "decision needs exactly t, request (the hash asked for), allow (true or false) and, with true, scopes "
         "(those left ticked)"},
        {"{\"t\":\"remove\",\"session\":\"" HASH "\"}", "remove needs exactly t, session (its id) and scope"},
        {"{\"t\":\"remove\",\"session\":\"" HASH "\",\"scope\":1}",
         "remove needs exactly t, session (its id) and scope"},
        {"{\"t\":\"state\"}", "state needs exactly t and indicator (true or false)"},
        {"{\"t\":\"state\",\"indicator\":1}", "state needs exactly t and indicator (true or false)"},
        {"{\"t\":\"stop\",\"session\":\"\"}", "stop needs exactly t and session (its id)"},
        {"{\"t\":\"call\"}",
         "call needs t and note (at most 120 characters), and may have page (64), alarms (8 of 80), callback (64)"},
        {"{\"t\":\"call\",\"note\":\"\",\"alarms\":[1]}",
         "call needs t and note (at most 120 characters), and may have page (64), alarms (8 of 80), callback (64)"},
        {"{\"t\":\"call\",\"note\":\"\",\"alarms\":[1,2,3,4,5,6,7,8,9]}",
         "call needs t and note (at most 120 characters), and may have page (64), alarms (8 of 80), callback (64)"},
        {"{\"t\":\"call\",\"note\":\"\",\"recipe\":\"secret\"}",
         "call needs t and note (at most 120 characters), and may have page (64), alarms (8 of 80), callback (64)"},
        {"{\"t\":\"masks\",\"masks\":\"0,0,0x0\"}",
         "masks needs exactly t and masks (x,y,WIDTHxHEIGHT joined by ';', at most 16)"},
        {"{\"t\":\"masks\",\"masks\":\"1,1,1x1;1,1,1x1;1,1,1x1;1,1,1x1;1,1,1x1;1,1,1x1;1,1,1x1;1,1,1x1;1,1,1x1;1,1,1x1;"
         "1,1,1x1;1,"
         "1,1x1;1,1,1x1;1,1,1x1;1,1,1x1;1,1,1x1;1,1,1x1\"}",
         "masks needs exactly t and masks (x,y,WIDTHxHEIGHT joined by ';', at most 16)"},
        {"{\"t\":\"uncall\",\"note\":\"\"}", "uncall needs exactly t"},
        {"{\"t\":\"chat\",\"session\":\"" HASH "\",\"text\":\"\"}", NEEDS_CHAT},
        {"{\"t\":\"chat\",\"session\":\"S\",\"text\":\"a\"}", NEEDS_CHAT},
        {"{\"t\":\"chat\",\"text\":\"a\"}", NEEDS_CHAT},
        {"{\"t\":\"chat\",\"session\":\"" HASH "\",\"text\":\"a\",\"to\":\"anna\"}", NEEDS_CHAT},
    };
    listen_for("");
    for (gsize i = 0; i < G_N_ELEMENTS(breaches); i++) {
        int fd = greeted();
        rig_send(fd, breaches[i].packet);
        g_autofree char *packet = rig_receive(fd);
        json_t *refused = json_loads(packet, 0, NULL);
        assert_string_equal(json_string_value(json_object_get(refused, "t")), "refused");
        assert_string_equal(json_string_value(json_object_get(refused, "why")), breaches[i].why);
        json_decref(refused);
        assert_receives(fd, "(end)");
        g_autofree char *expected = g_strdup_printf("invalid:%s", breaches[i].why);
        expect(expected);
        close(fd);
    }
}

static void test_too_long(void **state) {
    listen_for("");
    g_autofree char *text = g_strnfill(9000, ' '), *note_121 = g_strnfill(121, 'x'),
                    *call = g_strdup_printf("{\"t\":\"call\",\"note\":\"%s\"}", note_121);
    int fd = greeted();
    rig_send(fd, text);
    expect("invalid:message of 9000 bytes, at most 8192 are allowed");
    close(fd);
    fd = greeted();
    rig_send(fd, call);
    expect("invalid:call needs t and note (at most 120 characters), and may have page (64), alarms (8 of 80), callback "
           "(64)");
    close(fd);
    fd = greeted();
    rig_send(fd, ""); /* an empty packet looks like an end, and is taken for one */
    expect("lost:it ended");
    close(fd);
}

static void test_chat(void **state) {
    listen_for("");
    int fd = rig_connect(path);
    rig_send(fd, "{\"t\":\"hello\",\"v\":1,\"name\":\"HMI\",\"can\":[\"chat\",\"sing\",\"draw\"]}");
    expect("connected:HMI");
    assert_int_equal(oriel_provider_can(provider), ORIEL_PANEL_CHAT | ORIEL_PANEL_DRAW);
    assert_receives(fd, "{\"t\":\"welcome\"}");
    rig_send(fd, "{\"t\":\"chat\",\"session\":\"" HASH "\",\"text\":\"Ja\"}");
    expect("chat:n4bQ:Ja");
    for (int i = 0; i < 40; i++)
        send(fd, "{\"t\":\"chat\",\"session\":\"" HASH "\",\"text\":\"x\"}",
             strlen("{\"t\":\"chat\",\"session\":\"" HASH "\",\"text\":\"x\"}"), MSG_NOSIGNAL);
    assert_true(rig_until(!oriel_provider_connected(provider), 20));
    assert_non_null(strstr(events->str, "invalid:chat came too fast: at most 8 lines a second"));
    assert_int_equal(oriel_provider_can(provider), 0);
    g_string_truncate(events, 0);
    close(fd);
}

static void test_before_hello(void **state) {
    static const char *const firsts[] = {"garbage",
                                         "{\"t\":\"state\",\"indicator\":true}",
                                         "{\"t\":\"decision\",\"request\":\"" HASH "\",\"allow\":true}",
                                         "{\"t\":\"hello\",\"v\":2,\"name\":\"HMI\"}",
                                         "{\"t\":\"hello\",\"v\":1}",
                                         "{\"t\":\"hello\",\"v\":1,\"name\":\"HMI\",\"uid\":0}",
                                         "{\"t\":\"hello\",\"v\":1,\"name\":\"HMI\",\"can\":\"chat\"}",
                                         "{\"t\":\"hello\",\"v\":1,\"name\":\"HMI\",\"can\":[1]}",
                                         "{\"t\":\"hello\",\"v\":1,\"name\":"
                                         "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}"};
    listen_for("");
    for (gsize i = 0; i < G_N_ELEMENTS(firsts); i++) {
        int fd = rig_connect(path);
        rig_send(fd, firsts[i]);
        g_autofree char *packet = rig_receive(fd);
        assert_true(g_str_has_prefix(packet, "{\"t\":\"refused\",\"why\":\""));
        assert_receives(fd, "(end)");
        assert_false(oriel_provider_connected(provider));
        close(fd);
    }
    expect(""); /* who never was cannot be lost, and decided nothing */
    close(greeted());
    expect("lost:it ended");
}

static void test_hello_is_late(void **state) {
    listen_for("");
    int fd = rig_connect(path);
    assert_receives(fd, "{\"t\":\"refused\",\"why\":\"no hello within 2 s\"}");
    assert_receives(fd, "(end)");
    close(fd);
    expect("");
    close(greeted()); /* the place is free again */
    expect("lost:it ended");
}

static void test_one_at_a_time(void **state) {
    listen_for("");
    int first = greeted(), second = rig_connect(path);
    rig_send(second, HELLO);
    assert_receives(second, "{\"t\":\"refused\",\"why\":\"another provider is connected\"}");
    assert_receives(second, "(end)");
    close(second);
    rig_send(first, "{\"t\":\"uncall\"}");
    expect("call:(taken back)"); /* the first one is untouched */
    close(first);
    expect("lost:it ended");
}

static void test_silence(void **state) {
    listen_for("");
    int fd = greeted();
    oriel_clock_advance(10 * ORIEL_SECOND); /* nobody watches: it may be silent */
    rig_send(fd, "{\"t\":\"state\",\"indicator\":false}");
    rig_until(false, 0.05);
    oriel_provider_watch(provider, true);
    oriel_provider_watch(provider, true);
    oriel_clock_advance(2 * ORIEL_SECOND);
    rig_until(false, 0.3);
    expect("");
    rig_send(fd, "{\"t\":\"state\",\"indicator\":true}");
    rig_until(false, 0.05);
    oriel_clock_advance(2 * ORIEL_SECOND);
    rig_until(false, 0.3);
    expect(""); /* counted from the last one */
    oriel_clock_advance(ORIEL_SECOND);
    expect("lost:it was silent for 3 s");
    assert_receives(fd, "(end)");
    close(fd);
    fd = greeted();
    oriel_provider_watch(provider, false);
    oriel_clock_advance(10 * ORIEL_SECOND);
    rig_until(false, 0.3);
    expect("");
    close(fd);
    expect("lost:it ended");
}

static void test_one_that_never_reads(void **state) {
    listen_for("");
    int fd = greeted(), sent = 0;
    gint64 start = g_get_monotonic_time();
    while (oriel_provider_send(provider, json_pack("{s:s}", "t", "online")) && sent < 100000)
        sent++;
    assert_in_range(sent, 1, 99999);
    assert_true(g_get_monotonic_time() - start < 20 * G_USEC_PER_SEC);
    assert_string_equal(events->str, ""); /* told from the loop, not from inside the send */
    assert_false(oriel_provider_send(provider, json_object()));
    expect("lost:it does not read its messages");
    close(fd);
    close(greeted());
    expect("lost:it ended");
}

static void test_killed(void **state) {
    listen_for("");
    int fd = greeted();
    close(fd);
    expect("lost:it ended");
    oriel_provider_watch(provider, true);
    rig_until(false, 0.3);
    expect(""); /* once */
}

static mode_t mode_of_socket(void) {
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void test_users(void **state) {
    if (getuid() != 0)
        skip(); /* another user is needed */
    listen_for("");
    assert_int_equal(mode_of_socket(), 0600);
    assert_int_equal(rig_wait(rig_stranger(path, HELLO, "")), 3); /* the file does not let it */
    oriel_provider_free(provider);
    listen_for("daemon;0");
    assert_int_equal(mode_of_socket(), 0666);
    assert_int_equal(rig_wait(rig_stranger(path, HELLO, "this user may not be the consent provider")), 0);
    expect("");
    close(greeted());
    expect("lost:it ended");
    oriel_provider_free(provider);
    listen_for("65534");
    int own = rig_connect(path); /* not even root, when another one is named */
    assert_receives(own, "{\"t\":\"refused\",\"why\":\"this user may not be the consent provider\"}");
    close(own);
    pid_t pid = rig_stranger(path, HELLO, "welcome");
    expect("connected:HMI");
    oriel_provider_free(provider); /* ends the stranger, which waits for more */
    provider = NULL;
    assert_int_equal(rig_wait(pid), 0);
}

static void test_unknown_users(void **state) {
    static const char *const lists[] = {"no-such-user", "0;no-such-user", "4294967295", "99999999999", "-1"};
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(oriel_provider_new(path, lists[i], &callbacks, NULL, &error));
        assert_true(g_str_has_prefix(error->message, "[consent] users: no user '"));
        assert_int_equal(access(path, F_OK), -1); /* nothing listens */
    }
    listen_for(" ; ");
}

static void test_the_socket_file(void **state) {
    g_autoptr(GError) in_use = NULL, file = NULL, no_path = NULL, too_long = NULL;
    listen_for("");
    assert_null(oriel_provider_new(path, "", &callbacks, NULL, &in_use));
    g_autofree char *expected = g_strdup_printf("%s is in use; another orield runs with this configuration", path);
    assert_string_equal(in_use->message, expected);
    rig_settle();
    close(greeted()); /* the first one works on */
    expect("lost:it ended");
    oriel_provider_free(provider);
    provider = NULL;
    assert_int_equal(access(path, F_OK), -1); /* taken away at the end */
    pid_t pid = fork();                       /* one that is killed leaves its file behind */
    if (pid == 0) {
        listen_for("");
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(rig_wait(pid), -SIGKILL);
    assert_int_equal(access(path, F_OK), 0);
    listen_for("");
    close(greeted());
    expect("lost:it ended");
    oriel_provider_free(provider);
    provider = NULL;
    g_file_set_contents(path, "mine", -1, NULL);
    assert_null(oriel_provider_new(path, "", &callbacks, NULL, &file));
    assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR)); /* somebody's file stays */
    g_unlink(path);
    assert_null(oriel_provider_new("", "", &callbacks, NULL, &no_path));
    assert_non_null(strstr(no_path->message, "is empty or over 107 bytes"));
    g_autofree char *p108 = g_strnfill(108, '/');
    assert_null(oriel_provider_new(p108, "", &callbacks, NULL, &too_long));
    assert_non_null(strstr(too_long->message, "is empty or over 107 bytes"));
}

static int set_up(void **state) {
    folder = rig_folder();
    path = g_build_filename(folder, "consent.sock", NULL);
    events = g_string_new(NULL);
    return 0;
}

static int connect_by_lines(const char *lines) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, lines, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void write_text(int fd, const char *text) {
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    rig_settle();
}

/* The same messages as lines, in whatever parts they come. */
static void test_lines(void **state) {
    g_autofree char *lines = g_build_filename(folder, "lines.sock", NULL);
    g_autoptr(GError) error = NULL;
    listen_for("");
    assert_true(oriel_provider_add_lines(provider, lines, &error));
    int fd = connect_by_lines(lines);
    for (const char *c = HELLO "\n"; *c; c++) {
        const char one[] = {*c, '\0'};
        write_text(fd, one);
    }
    expect("connected:HMI");
    char answer[32] = "";
    assert_int_equal(read(fd, answer, sizeof answer - 1), 16);
    assert_string_equal(answer, "{\"t\":\"welcome\"}\n");
    write_text(fd,
               "{\"t\":\"shown\",\"request\":\"" HASH "\"}\n{\"t\":\"stop\",\"session\":\"" HASH "\"}\n{\"t\":\"un");
    expect("shown:n4bQ stop:n4bQ");
    write_text(fd, "call\"}\n");
    expect("call:(taken back)");
    assert_false(oriel_provider_send_fd(provider, json_object(), 0)); /* there is no way for a descriptor */
    assert_true(oriel_provider_connected(provider));
    /* One at a time, whichever way it came. */
    int other = rig_connect(path);
    assert_receives(other, "{\"t\":\"refused\",\"why\":\"another provider is connected\"}");
    close(other);
    /* What is no message is the end, and what came with it is not looked at; the next one starts afresh. */
    write_text(fd, "\n{\"t\":\"uncall\"}\n");
    assert_false(oriel_provider_connected(provider));
    assert_true(g_str_has_prefix(events->str, "invalid:") && !strstr(events->str, "call"));
    g_string_truncate(events, 0);
    close(fd);
    fd = connect_by_lines(lines);
    g_autofree char *long_line = g_strnfill(9000, 'x');
    write_text(fd, HELLO "\n");
    expect("connected:HMI");
    write_text(fd, long_line);
    rig_settle();
    assert_false(oriel_provider_connected(provider));
    close(fd);
    /* What a dead one left half said is not the next one's. */
    g_string_truncate(events, 0);
    fd = connect_by_lines(lines);
    write_text(fd, HELLO "\n{\"t\":");
    expect("connected:HMI");
    close(fd);
    expect("lost:it ended");
    fd = connect_by_lines(lines);
    write_text(fd, HELLO "\n{\"t\":\"uncall\"}\n");
    expect("connected:HMI call:(taken back)");
    close(fd);
    expect("lost:it ended");
}

static int tear_down(void **state) {
    oriel_provider_free(provider);
    provider = NULL;
    g_string_free(events, TRUE);
    g_clear_pointer(&path, g_free);
    rig_remove(folder);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_every_message),        TEST(test_breaches),      TEST(test_too_long),      TEST(test_chat),
        TEST(test_before_hello),         TEST(test_hello_is_late), TEST(test_one_at_a_time), TEST(test_silence),
        TEST(test_one_that_never_reads), TEST(test_killed),        TEST(test_users),         TEST(test_unknown_users),
        TEST(test_the_socket_file),      TEST(test_lines),
    };
    rig_settle(); /* GLib's own fds are open before they are counted */
    int before = rig_open_fds(), result = cmocka_run_group_tests_name("provider", tests, NULL, NULL);
    return result ? result : rig_open_fds() != before;
}
