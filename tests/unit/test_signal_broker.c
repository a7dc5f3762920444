/* oriel-signal against a real mosquitto, set up by `oriel provision` as an owner would. The test
 * plays orield on a socketpair; agents are clients on the WebSocket listener; one more listener, without access rules,
 * is there to do what no agent may. Every device runs with a proxy in its environment that must be ignored. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "core_signal.h"
#include "inbox.h"

#define PREFIX "oriel/v1/demo/"
#define STATE_TOPIC PREFIX "d/filler-1/state"
#define ORIEL BUILD_ROOT "/oriel"
#define WILL "{\"online\":false}"

static char dir[] = "/tmp/oriel-signal-XXXXXX";
static int device_port, agent_port, admin_port;
static pid_t broker;
static struct oriel_ipc_message message;

/* --- files and processes --- */

#define AGENT_PASSWORD "of-the-enrolment"

static const char *path(const char *name) {
    static char paths[8][256];
    static unsigned next;
    char *p = paths[next++ % 8];
    snprintf(p, sizeof paths[0], "%s/%s", dir, name);
    return p;
}

static char *read_file(const char *name) {
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return strdup("");
    char *text = calloc(1, 65536);
    ssize_t n = read(fd, text, 65535);
    close(fd);
    assert_true(n >= 0);
    return text;
}

static pid_t spawn(char *const argv[], const char *log) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    pid_t pid;
    assert_int_equal(posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static int wait_exit(pid_t pid) {
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void run(char *const argv[]) {
    if (wait_exit(spawn(argv, path("run.log"))) != 0)
        fail_msg("%s: %s", argv[0], read_file(path("run.log")));
}

static int free_port(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    close(fd);
    return ntohs(a.sin_port);
}

/* --- broker --- */

static void provision_broker(void) {
    char ports[2][8], agent_password[256];
    snprintf(ports[0], sizeof ports[0], "%d", device_port);
    snprintf(ports[1], sizeof ports[1], "%d", agent_port);
    snprintf(agent_password, sizeof agent_password, "%s", path("anna"));
    FILE *password = fopen(agent_password, "we");
    fputs(AGENT_PASSWORD "\n", password);
    fclose(password);
    run((char *[]){ORIEL, "provision", "broker", "--out", (char *)path("broker"), "--owner", (char *)path("certs"),
                   "--tenant", "demo", "--device-port", ports[0], "--agent-port", ports[1], "--console", dir, "--user",
                   getuid() == 0 ? "root" : "nobody", NULL});
    for (int i = 0; i < 2; i++)
        run((char *[]){ORIEL, "provision", "broker-agent", "--broker", (char *)path("broker"), "--id",
                       i ? "berta" : "anna", "--password", agent_password, NULL});
    FILE *more = fopen(path("broker/mosquitto.conf"), "ae");
    fprintf(more, "\nlistener %d 127.0.0.1\nallow_anonymous true\n", admin_port);
    fclose(more);
}

/* An owner and the certificate of its device, in one folder. */
static void provision_owner(const char *name) {
    run((char *[]){ORIEL, "provision", "owner", "--out", (char *)path(name), "--id", "plant", "--name", "Plant", NULL});
    run((char *[]){ORIEL, "provision", "certificate", "--owner", (char *)path(name), "--device", "filler-1", "--tenant",
                   "demo", "--out", (char *)path(name), NULL});
}

static void start_broker(void) {
    broker = spawn((char *[]){"mosquitto", "-c", (char *)path("broker/mosquitto.conf"), NULL}, path("mosquitto.log"));
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)admin_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < 500; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int result = connect(fd, (struct sockaddr *)&a, sizeof a);
        close(fd);
        if (result == 0)
            return;
        usleep(10000);
    }
    fail_msg("mosquitto does not start: %s", read_file(path("mosquitto.log")));
}

static void stop_broker(void) {
    if (broker)
        kill(broker, SIGKILL);
    if (broker)
        wait_exit(broker);
    broker = 0;
}

/* Issues the certificate `in` again: with another end, and without its names when `renamed`. */
static void reissue(const char *in, const char *out, long ends_in, bool renamed) {
    FILE *f = fopen(in, "re"), *k = fopen(path("certs/ca.key"), "re"), *o = fopen(out, "we");
    X509 *certificate = PEM_read_X509(f, NULL, NULL, NULL);
    EVP_PKEY *key = PEM_read_PrivateKey(k, NULL, NULL, NULL);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -7 * 86400);
    X509_gmtime_adj(X509_getm_notAfter(certificate), ends_in);
    int at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
    if (renamed && at >= 0) {
        X509_EXTENSION_free(X509_delete_ext(certificate, at));
        X509_NAME *name = X509_NAME_new();
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"elsewhere", -1, -1, 0);
        X509_set_subject_name(certificate, name);
        X509_NAME_free(name);
    }
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_X509(o, certificate), 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
    fclose(f);
    fclose(k);
    fclose(o);
}

/* --- device: the test is its orield --- */

struct device {
    pid_t pid;
    int fd;
    char log[256];
};

static pid_t running[64]; /* a test that fails leaves nobody who would take the next device's client id */
static unsigned running_count;

static struct device start_program(char *const argv[]) {
    static int count;
    struct device d;
    int pair[2];
    snprintf(d.log, sizeof d.log, "%s/device-%d.log", dir, count++);
    assert_int_equal(oriel_ipc_pair(pair), 0);
    d.fd = pair[0];
    d.pid = fork();
    if (d.pid == 0) {
        int log = open(d.log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(log, 2);
        dup2(pair[1], 3);
        setenv("https_proxy", "http://127.0.0.1:1", 1);
        setenv("http_proxy", "http://127.0.0.1:1", 1);
        execv(BUILD_ROOT "/oriel-signal", argv);
        _exit(127);
    }
    close(pair[1]);
    running[running_count++ % 64] = d.pid;
    return d;
}

static void configure(struct device *d, const char *url, const char *ca, const char *certificate, const char *key) {
    assert_int_equal(oriel_ipc_send(d->fd, &oriel_core_to_signal, ORIEL_SIGNAL_CONFIGURE, url, ca, certificate, key, "",
                                    "demo", "filler-1", WILL, strlen(WILL), 0U),
                     0);
}

static void publish_state(struct device *d, const char *state) {
    assert_int_equal(oriel_ipc_send(d->fd, &oriel_core_to_signal, ORIEL_SIGNAL_STATE, state, strlen(state)), 0);
}

static struct device start_device(const char *ca, const char *certificate, const char *key) {
    struct device d = start_program((char *[]){"oriel-signal", NULL});
    char url[64];
    snprintf(url, sizeof url, "mqtts://localhost:%d", device_port);
    configure(&d, url, path(ca), path(certificate), path(key));
    publish_state(&d, "{\"n\":1}");
    return d;
}

static struct device start_good_device(void) {
    return start_device("certs/ca.pem", "certs/filler-1.pem", "certs/filler-1.key");
}

/* The next message into `message`; NULL after `ms` without one, or when signal has gone. */
static const struct oriel_ipc_type *receive(struct device *d, int ms) {
    struct pollfd p = {.fd = d->fd, .events = POLLIN};
    oriel_ipc_message_clear(&message);
    if (poll(&p, 1, ms) <= 0)
        return NULL;
    int result = oriel_ipc_receive(d->fd, &oriel_signal_to_core, &message);
    assert_true(result >= 0);
    return result ? message.type : NULL;
}

static void expect_within(struct device *d, int ms, uint16_t id) {
    const struct oriel_ipc_type *type = receive(d, ms);
    if (!type || type->id != id)
        fail_msg("expected message %d, got %s (%s); log: %s", id, type ? type->name : "nothing",
                 type && type->id == ORIEL_SIGNAL_ONLINE ? message.fields[1].bytes : "", read_file(d->log));
}

static void expect(struct device *d, uint16_t id) {
    expect_within(d, 20000, id);
}

static void expect_online(struct device *d) {
    expect_within(d, 40000, ORIEL_SIGNAL_ONLINE);
    if (message.fields[0].number != 1)
        fail_msg("offline: %s", message.fields[1].bytes);
}

static void expect_offline(struct device *d, const char *why) {
    expect(d, ORIEL_SIGNAL_ONLINE);
    if (message.fields[0].number != 0 || !strstr(message.fields[1].bytes, why))
        fail_msg("expected '%s', got '%s'", why, message.fields[1].bytes);
}

static void expect_received(struct device *d, const char *agent, const char *payload) {
    expect(d, ORIEL_SIGNAL_RECEIVED);
    assert_string_equal(message.fields[0].bytes, agent);
    assert_int_equal(message.fields[1].length, strlen(payload));
    assert_memory_equal(message.fields[1].bytes, payload, strlen(payload));
}

static int log_lines(struct device *d) {
    char *text = read_file(d->log);
    int n = 0;
    for (char *c = text; *c; c++)
        n += *c == '\n';
    free(text);
    return n;
}

static void expect_log(struct device *d, const char *line) {
    for (int i = 0; i < 2000; i++) {
        char *text = read_file(d->log);
        bool found = strstr(text, line) != NULL;
        free(text);
        if (found)
            return;
        usleep(10000);
    }
    fail_msg("no '%s' in the log: %s", line, read_file(d->log));
}

static void end_device(struct device *d) {
    close(d->fd);
    int64_t start = oriel_monotonic();
    assert_int_equal(wait_exit(d->pid), 0);
    assert_true(oriel_monotonic() - start < 15 * ORIEL_SECOND);
}

/* --- agents and the administrator --- */

static struct oriel_inbox agent_inbox, admin_inbox;
static MQTTAsync agent, admin;

static int on_message(void *context, char *topic, int length, MQTTAsync_message *m) {
    oriel_inbox_put(context, topic, (size_t)length, m);
    return 1;
}

static void on_done(void *context, MQTTAsync_successData *data) {
    oriel_inbox_put_link(context, 0, ORIEL_LINK_CONNECTED, 0, NULL);
}

static void await_done(struct oriel_inbox *inbox) {
    struct oriel_inbox_link link = {0};
    struct pollfd p = {.fd = inbox->fd, .events = POLLIN};
    while (!link.events) {
        assert_int_equal(poll(&p, 1, 20000), 1);
        oriel_inbox_drain(inbox, &link);
    }
}

static MQTTAsync connect_client(struct oriel_inbox *inbox, const char *scheme, int port, const char *name) {
    MQTTAsync client;
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    char url[64];
    snprintf(url, sizeof url, "%s://127.0.0.1:%d", scheme, port);
    assert_int_equal(oriel_inbox_init(inbox), 0);
    assert_int_equal(MQTTAsync_create(&client, url, name, MQTTCLIENT_PERSISTENCE_NONE, NULL), 0);
    assert_int_equal(MQTTAsync_setCallbacks(client, inbox, NULL, on_message, NULL), 0);
    options.username = name;
    options.password = AGENT_PASSWORD;
    options.onSuccess = on_done;
    options.context = inbox;
    options.maxInflight = 1000;
    assert_int_equal(MQTTAsync_connect(client, &options), 0);
    return client; /* await_done says when it is connected */
}

static void connect_clients(void) {
    agent = connect_client(&agent_inbox, "ws", agent_port, "anna");
    admin = connect_client(&admin_inbox, "tcp", admin_port, "admin");
    await_done(&agent_inbox);
    await_done(&admin_inbox);
    MQTTAsync_responseOptions done = {.struct_id = "MQTR", .onSuccess = on_done, .context = &agent_inbox};
    char *topics[] = {PREFIX "d/+/state", PREFIX "a/anna/#"};
    assert_int_equal(MQTTAsync_subscribeMany(agent, 2, topics, (int[]){1, 1}, &done), 0);
    await_done(&agent_inbox);
}

static void publish(MQTTAsync client, const char *topic, const char *payload, size_t length, bool retained) {
    assert_int_equal(MQTTAsync_send(client, topic, (int)length, payload, 1, retained, NULL), 0);
}

static void say(const char *topic, const char *payload) {
    publish(agent, topic, payload, strlen(payload), false);
}

/* The agent sees `payload` on `topic`, after whatever else; says whether it was retained. */
static bool agent_sees(const char *topic, const char *payload) {
    int64_t deadline = oriel_monotonic() + 20 * ORIEL_SECOND;
    while (oriel_monotonic() < deadline) {
        struct oriel_inbox_message m;
        struct oriel_inbox_link link;
        struct pollfd p = {.fd = agent_inbox.fd, .events = POLLIN};
        while (oriel_inbox_take(&agent_inbox, &m)) {
            bool same = strcmp(m.topic, topic) == 0 && (size_t)m.message->payloadlen == strlen(payload) &&
                        memcmp(m.message->payload, payload, strlen(payload)) == 0;
            bool retained = m.message->retained;
            oriel_inbox_free(&m);
            if (same)
                return retained;
        }
        poll(&p, 1, 100);
        oriel_inbox_drain(&agent_inbox, &link);
    }
    fail_msg("the agent does not see %s on %s", payload, topic);
    return false;
}

/* What a client that comes now finds retained. */
static void assert_retained_state(const char *payload) {
    char *topics[] = {STATE_TOPIC};
    assert_int_equal(MQTTAsync_unsubscribeMany(agent, 1, (char *[]){PREFIX "d/+/state"}, NULL), 0);
    assert_int_equal(MQTTAsync_subscribeMany(agent, 1, topics, (int[]){1}, NULL), 0);
    assert_true(agent_sees(STATE_TOPIC, payload));
}

/* --- tests --- */

static void test_round_trip(void **state) {
    struct device d = start_good_device();
    expect_online(&d);
    agent_sees(STATE_TOPIC, "{\"n\":1}");
    say(PREFIX "d/filler-1/dn/anna", "héllo");
    expect_received(&d, "anna", "héllo");
    assert_int_equal(oriel_ipc_send(d.fd, &oriel_core_to_signal, ORIEL_SIGNAL_SEND, "anna", "answer", strlen("answer")),
                     0);
    assert_false(agent_sees(PREFIX "a/anna/d/filler-1", "answer"));
    publish_state(&d, "{\"n\":2}");
    agent_sees(STATE_TOPIC, "{\"n\":2}");
    assert_null(receive(&d, 200)); /* our own state read back is not stale */
    expect_log(&d, "(MQTT 5)");
    end_device(&d);
    agent_sees(STATE_TOPIC, WILL);
    assert_retained_state(WILL);
}

static void test_will_when_killed(void **state) {
    struct device d = start_good_device();
    expect_online(&d);
    agent_sees(STATE_TOPIC, "{\"n\":1}");
    kill(d.pid, SIGKILL);
    agent_sees(STATE_TOPIC, WILL);
    close(d.fd);
    assert_int_equal(wait_exit(d.pid), 1000 + SIGKILL);
}

static void test_what_is_dropped(void **state) {
    static char big[ORIEL_INBOX_PAYLOAD_MAX + 2];
    memset(big, 'x', sizeof big - 1);
    publish(admin, PREFIX "d/filler-1/dn/anna", "old", 3, true);
    struct device d = start_good_device();
    expect_online(&d);
    publish(admin, PREFIX "d/filler-1/dn/Anna", "bad id", 6, false);
    publish(admin, PREFIX "d/filler-1/dn/anna-", "bad id", 6, false);
    publish(admin, PREFIX "d/filler-1/dn/anna", big, sizeof big - 1, false);
    publish(admin, PREFIX "d/filler-1/dn/anna", big, sizeof big - 2, false);
    publish(admin, PREFIX "d/filler-1/dn/anna", "", 0, true); /* clears the retained one, and arrives */
    expect(&d, ORIEL_SIGNAL_RECEIVED);
    assert_int_equal(message.fields[1].length, ORIEL_INBOX_PAYLOAD_MAX);
    expect_received(&d, "anna", "");
    expect_log(&d, "1 were larger than 64 KiB");
    expect_log(&d, "1 were retained");
    expect_log(&d, "2 came on a topic that is not ours");
    end_device(&d);
}

/* Another agent's name in the topic: the broker's access list stops it (and mosquitto ends that agent's connection). */
static void test_forged_sender(void **state) {
    static struct oriel_inbox inbox;
    struct device d = start_good_device();
    expect_online(&d);
    MQTTAsync forger = connect_client(&inbox, "ws", agent_port, "berta");
    await_done(&inbox);
    publish(forger, PREFIX "d/filler-1/dn/anna", "forged", 6, false);
    assert_null(receive(&d, 200));
    MQTTAsync_destroy(&forger);
    close(inbox.fd);
    say(PREFIX "d/filler-1/dn/anna", "true");
    expect_received(&d, "anna", "true");
    end_device(&d);
}

static void test_stale_state(void **state) {
    struct device d = start_good_device();
    expect_online(&d);
    agent_sees(STATE_TOPIC, "{\"n\":1}");
    usleep(50000);
    publish(admin, STATE_TOPIC, "{\"late\":\"will\"}", strlen("{\"late\":\"will\"}"), true);
    expect(&d, ORIEL_SIGNAL_STALE);
    assert_int_equal(message.fields[0].length, strlen("{\"late\":\"will\"}"));
    publish_state(&d, "{\"n\":3}");
    agent_sees(STATE_TOPIC, "{\"n\":3}");
    assert_null(receive(&d, 300));
    assert_retained_state("{\"n\":3}");
    end_device(&d);
}

static long resident_kib(pid_t pid) {
    char name[64], *text, *line;
    snprintf(name, sizeof name, "/proc/%d/status", pid);
    text = read_file(name);
    line = strstr(text, "VmRSS:");
    long kib = line ? strtol(line + 6, NULL, 10) : -1;
    free(text);
    return kib;
}

static void test_flood(void **state) {
    enum { FLOOD = 10000, SIZE = 1000 };
    static char payload[SIZE];
    struct device d = start_good_device();
    expect_online(&d);
    long before = resident_kib(d.pid);
    assert_true(before > 0);
    memset(payload, 'f', sizeof payload);
    for (int i = 0; i < FLOOD; i++) /* nobody reads the channel meanwhile */
        assert_int_equal(MQTTAsync_send(admin, PREFIX "d/filler-1/dn/anna", SIZE, payload, 0, 0, NULL), 0);
    expect_log(&d, "messages dropped: ");
    int arrived = 0, quiet = 0;
    bool last = false;
    publish(admin, PREFIX "d/filler-1/dn/anna", "last", 4, false); /* the broker delivers in order: all is over then */
    while (!last && quiet < 30) {
        const struct oriel_ipc_type *type = receive(&d, 100);
        quiet = type ? 0 : quiet + 1;
        last = type && message.fields[1].length == 4;
        arrived += type != NULL;
        if (quiet == 10) /* `last` itself was dropped with the flood */
            publish(admin, PREFIX "d/filler-1/dn/anna", "last", 4, false);
    }
    assert_true(last);
    assert_true(arrived < FLOOD);
    /* while one floods and nobody reads, what another says waits */
    for (int i = 0; i < 2000; i++)
        assert_int_equal(MQTTAsync_send(admin, PREFIX "d/filler-1/dn/anna", SIZE, payload, 0, 0, NULL), 0);
    publish(admin, PREFIX "d/filler-1/dn/berta", "berta", 5, false);
    usleep(500000);
    for (last = false, quiet = 0; !last && quiet < 20;) {
        const struct oriel_ipc_type *type = receive(&d, 100);
        quiet = type ? 0 : quiet + 1;
        last = type && strcmp(message.fields[0].bytes, "berta") == 0;
    }
    assert_true(last);
#ifndef __SANITIZE_ADDRESS__ /* it keeps freed memory */
    assert_true(resident_kib(d.pid) - before < 4096);
#endif
    assert_true(log_lines(&d) <= 2); /* connected, dropped */
    end_device(&d);
}

static void expect_never_connects(struct device *d, const char *why) {
    expect_offline(d, why);
    assert_null(receive(d, 300));
    assert_int_equal(log_lines(d), 1);
    end_device(d);
}

static void test_certificates_that_are_refused(void **state) {
    provision_owner("other");
    reissue(path("certs/filler-1.pem"), path("expired.pem"), -86400, false);
    struct device wrong_ca = start_device("other/ca.pem", "certs/filler-1.pem", "certs/filler-1.key");
    struct device expired = start_device("certs/ca.pem", "expired.pem", "certs/filler-1.key");
    struct device no_key = start_device("certs/ca.pem", "certs/filler-1.pem", "none.key");
    struct device wrong_key = start_device("certs/ca.pem", "certs/filler-1.pem", "other/filler-1.key");
    struct device stranger = start_device("certs/ca.pem", "other/filler-1.pem", "other/filler-1.key");
    expect_never_connects(&expired, "expired.pem expired on 20");
    expect_never_connects(&no_key, "none.key: No such file or directory");
    expect_never_connects(&wrong_key, "does not belong to certificate");
    expect_never_connects(&wrong_ca, "(localhost) is not signed by a CA of ");
    expect_never_connects(&stranger, "the broker refuses this device's certificate");
}

static void test_broker_certificates_that_are_refused(void **state) {
    stop_broker();
    assert_int_equal(rename(path("broker/broker.pem"), path("good.pem")), 0);
    reissue(path("good.pem"), path("broker/broker.pem"), -86400, false);
    start_broker();
    struct device d = start_good_device();
    expect_never_connects(&d, "the broker's certificate (localhost) expired on 20");
    stop_broker();
    reissue(path("good.pem"), path("broker/broker.pem"), 86400, true);
    start_broker();
    d = start_good_device();
    expect_never_connects(&d, "the broker's certificate (elsewhere) is not for 'localhost'");
    stop_broker();
    assert_int_equal(rename(path("good.pem"), path("broker/broker.pem")), 0);
}

/* Runs with the broker down, and leaves it up. */
static void test_broker_comes_and_goes(void **state) {
    struct device d = start_good_device();
    expect_offline(&d, "Connection refused");
    assert_null(receive(&d, 800)); /* some more attempts, and not a word */
    assert_int_equal(log_lines(&d), 1);
    end_device(&d);
    start_broker();
    d = start_good_device();
    expect_online(&d);
    stop_broker();
    expect_offline(&d, "the connection was lost");
    publish_state(&d, "{\"n\":4}");
    start_broker();
    do /* an attempt may have met the closed port */
        expect_within(&d, 8000, ORIEL_SIGNAL_ONLINE);
    while (message.fields[0].number == 0);
    connect_clients();
    agent_sees(STATE_TOPIC, "{\"n\":4}");
    expect_log(&d, "connected to");
    end_device(&d);
}

/* A broker of MQTT 3.1.1 only; no such one is in Debian, so its bytes are played here (MQTT 3.1.1, section 3). */
static void test_falls_back_to_3_1_1(void **state) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&a, size), 0);
    assert_int_equal(listen(listener, 4), 0);
    getsockname(listener, (struct sockaddr *)&a, &size);
    struct device d = start_program((char *[]){"oriel-signal", NULL});
    char url[64];
    unsigned char packet[512];
    snprintf(url, sizeof url, "mqtt://127.0.0.1:%d", ntohs(a.sin_port));
    configure(&d, url, "", "", "");
    for (int level = 5; level >= 4; level--) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        assert_true(recv(fd, packet, sizeof packet, 0) > 20);
        assert_memory_equal(packet + 4, "MQTT", 4);
        assert_int_equal(packet[8], level);
        assert_int_equal(packet[9], 0x2e); /* clean, will, QoS 1, retained */
        send(fd, level == 5 ? "\x20\2\0\1" : "\x20\2\0\0", 4, MSG_NOSIGNAL);
        if (level == 4) {
            assert_true(recv(fd, packet, sizeof packet, 0) > 60); /* SUBSCRIBE */
            send(fd, (char[]){(char)0x90, 4, (char)packet[2], (char)packet[3], 1, 1}, 6, MSG_NOSIGNAL);
            expect_online(&d);
            expect_log(&d, "(MQTT 3.1.1)");
        }
        close(fd);
    }
    close(listener);
    expect_offline(&d, "the connection was lost");
    end_device(&d);
}

static void test_contract(void **state) {
    struct device d = start_program((char *[]){"oriel-signal", "--help", NULL});
    assert_int_equal(wait_exit(d.pid), 2);
    expect_log(&d, "is started by orield");
    close(d.fd);
    d = start_program((char *[]){"oriel-signal", NULL});
    configure(&d, "mqtt://broker.example:1883", "", "", "");
    expect_offline(&d, "has no TLS");
    configure(&d, "mqtt://localhost", "", "", "");
    assert_int_equal(wait_exit(d.pid), 1);
    expect_log(&d, "not one of the contract");
    close(d.fd);
    d = start_program((char *[]){"oriel-signal", NULL});
    publish_state(&d, "{}"); /* before CONFIGURE */
    assert_int_equal(wait_exit(d.pid), 1);
    close(d.fd);
}

static int end_all(void **state) {
    for (unsigned i = 0; i < running_count && i < 64; i++)
        if (waitpid(running[i], NULL, WNOHANG) == 0) {
            kill(running[i], SIGKILL);
            wait_exit(running[i]);
        }
    running_count = 0;
    return 0;
}

static int set_up(void **state) {
    if (!mkdtemp(dir))
        return -1;
    device_port = free_port();
    agent_port = free_port();
    admin_port = free_port();
    provision_owner("certs");
    provision_broker();
    run((char *[]){"mosquitto_passwd", "-b", "-c", (char *)path("passwords"), "anna", AGENT_PASSWORD, NULL});
    run((char *[]){"mosquitto_passwd", "-b", (char *)path("passwords"), "berta", AGENT_PASSWORD, NULL});
    start_broker();
    connect_clients();
    return 0;
}

static int tear_down(void **state) {
    stop_broker();
    run((char *[]){"rm", "-rf", dir, NULL});
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_round_trip, end_all),
        cmocka_unit_test_teardown(test_will_when_killed, end_all),
        cmocka_unit_test_teardown(test_what_is_dropped, end_all),
        cmocka_unit_test_teardown(test_forged_sender, end_all),
        cmocka_unit_test_teardown(test_stale_state, end_all),
        cmocka_unit_test_teardown(test_flood, end_all),
        cmocka_unit_test_teardown(test_certificates_that_are_refused, end_all),
        cmocka_unit_test_teardown(test_broker_certificates_that_are_refused, end_all),
        cmocka_unit_test_teardown(test_broker_comes_and_goes, end_all),
        cmocka_unit_test_teardown(test_falls_back_to_3_1_1, end_all),
        cmocka_unit_test_teardown(test_contract, end_all),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    unsetenv("http_proxy");
    unsetenv("https_proxy");
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
