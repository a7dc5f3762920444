/* core/config: every default, every refusal with its line and what is allowed, and the bytes that editors leave. */
#include "core_rig.h"

#include <stdio.h>

#include "config.h"
#include "frames.h"

#define NEEDED "[device]\nid=filler-1\ntenant=fill-cap\n[broker]\nurl=mqtts://broker.example:8883\n" /* five lines */

static struct oriel_config *good(const char *text) {
    g_autoptr(GError) error = NULL;
    struct oriel_config *c = oriel_config_parse("f", text, &error);
    if (!c)
        fail_msg("refused: %s", error->message);
    return c;
}

static void refused(const char *text, const char *message) {
    g_autoptr(GError) error = NULL;
    assert_null(oriel_config_parse("f", text, &error));
    assert_string_equal(error->message, message);
}

/* `key=value` as line 7 of a file that is good without it. */
static void value_refused(const char *group, const char *line, const char *allowed) {
    g_autofree char *text = g_strdup_printf(NEEDED "[%s]\n%s\n", group, line),
                    *message = g_strdup_printf("f:7: '%s' is not allowed: %s", line, allowed);
    refused(text, message);
}

static void value_taken(const char *group, const char *line) {
    g_autofree char *text = g_strdup_printf(NEEDED "[%s]\n%s\n", group, line);
    oriel_config_free(good(text));
}

static void test_defaults(void **state) {
    struct oriel_config *c = good(NEEDED);
    assert_string_equal(c->path, "f");
    assert_string_equal(c->device_id, "filler-1");
    assert_string_equal(c->device_key, "/etc/oriel/device.key");
    assert_string_equal(c->device_seal_key, "/etc/oriel/seal.key");
    assert_string_equal(c->credential, "/etc/oriel/device.jwt");
    assert_string_equal(c->tenant, "fill-cap");
    assert_string_equal(c->broker_url, "mqtts://broker.example:8883");
    const char *const empty[] = {c->site,          c->firmware,        c->broker_ca,          c->broker_key,
                                 c->broker_proxy,  c->capture_display, c->broker_certificate, c->helpers,
                                 c->consent_users, c->media_addresses, c->capture_xauthority, c->relay_proxy,
                                 c->relay_ca};
    for (gsize i = 0; i < G_N_ELEMENTS(empty); i++)
        assert_string_equal(empty[i], "");
    assert_string_equal(c->sandbox_without, "refuse");
    assert_string_equal(c->sandbox_violations, "kill");
    assert_string_equal(c->trust_directory, "/etc/oriel/trust.d");
    assert_string_equal(c->trust_state, "/var/lib/oriel/revoked");
    assert_string_equal(c->session_scopes, "view");
    assert_string_equal(c->consent_socket, "/run/oriel/consent.sock");
    assert_int_equal(c->consent_timeout, 60);
    assert_string_equal(c->control_socket, "/run/oriel/control.sock");
    assert_string_equal(c->capture_backend, "auto");
    assert_string_equal(c->media_path, "relay");
    assert_int_equal(c->relay_fallback_ms, 2000);
    assert_string_equal(c->capture_device, "/dev/fb0");
    assert_string_equal(c->capture_monitor, "");
    uint8_t masks[ORIEL_MASKS_MAX * ORIEL_RECT_SIZE];
    assert_int_equal(oriel_config_masks(c, masks), 0);
    assert_int_equal(c->media_bitrate, 4000);
    assert_int_equal(c->media_frame_rate, 30);
    assert_string_equal(c->media_exact, "yes");
    assert_int_equal(c->session_max_seconds, 28800);
    assert_string_equal(c->audit_directory, "/var/lib/oriel/audit");
    oriel_config_free(c);
    oriel_config_free(NULL);
}

static void test_every_key(void **state) {
    struct oriel_config *c = good(
        "# all of it\n[device]\n id = a \ntenant=b\nkey=/j\nseal-key=/k\ncredential=/l\nsite=Füller = 1\n"
        "firmware=4.2\n"
        "[broker]\nurl=wss://b.example/mqtt\nca=/a\ncertificate=/b\nkey=/c\nproxy=[::1]:3128\n[trust]\ndirectory=/d\n"
        "state=/m\n"
        "[consent]\nsocket=/e\nusers=hmi; 1000\ntimeout=5\n[control]\nsocket=/f\n"
        "[capture]\nbackend=x11\ndisplay=:1\nxauthority=/g\nmonitor=HDMI-1\ndevice=/dev/fb1\n"
        "masks=0,20,300x40; 1000,2000,1x2096;\n[media]\npath=direct\naddresses=10.0.0.1; "
        "fe80::1\nbitrate=100\n"
        "frame-rate=60\nexact=no\n[relay]\nproxy=proxy.example:3128\nca=/"
        "n\nfallback-ms=200\n[session]\nmax-seconds=30\nscopes=view; "
        "control;logs\n[audit]\ndirectory=/h\n[run]\nhelpers=/i");
    assert_string_equal(c->device_id, "a");
    assert_string_equal(c->tenant, "b");
    assert_string_equal(c->device_key, "/j");
    assert_string_equal(c->device_seal_key, "/k");
    assert_string_equal(c->credential, "/l");
    assert_string_equal(c->site, "Füller = 1");
    assert_string_equal(c->trust_state, "/m");
    assert_string_equal(c->session_scopes, "view; control;logs");
    assert_string_equal(c->firmware, "4.2");
    assert_string_equal(c->broker_url, "wss://b.example/mqtt");
    assert_string_equal(c->broker_ca, "/a");
    assert_string_equal(c->broker_certificate, "/b");
    assert_string_equal(c->broker_key, "/c");
    assert_string_equal(c->broker_proxy, "[::1]:3128");
    assert_string_equal(c->trust_directory, "/d");
    assert_string_equal(c->consent_socket, "/e");
    assert_string_equal(c->consent_users, "hmi; 1000");
    assert_int_equal(c->consent_timeout, 5);
    assert_string_equal(c->control_socket, "/f");
    assert_string_equal(c->capture_backend, "x11");
    assert_string_equal(c->capture_display, ":1");
    assert_string_equal(c->capture_xauthority, "/g");
    assert_string_equal(c->media_path, "direct");
    assert_string_equal(c->capture_monitor, "HDMI-1");
    assert_string_equal(c->capture_device, "/dev/fb1");
    uint8_t masks[ORIEL_MASKS_MAX * ORIEL_RECT_SIZE];
    assert_int_equal(oriel_config_masks(c, masks), 2);
    assert_memory_equal(masks, "\0\0\x14\0\x2c\x01\x28\0\xe8\x03\xd0\x07\x01\0\x30\x08", 16);
    assert_string_equal(c->media_addresses, "10.0.0.1; fe80::1");
    assert_string_equal(c->relay_proxy, "proxy.example:3128");
    assert_string_equal(c->relay_ca, "/n");
    assert_int_equal(c->relay_fallback_ms, 200);
    assert_int_equal(c->media_bitrate, 100);
    assert_int_equal(c->media_frame_rate, 60);
    assert_string_equal(c->media_exact, "no");
    assert_int_equal(c->session_max_seconds, 30);
    assert_string_equal(c->audit_directory, "/h");
    assert_string_equal(c->helpers, "/i");
    oriel_config_free(c);
}

static void test_numbers(void **state) {
    static const struct {
        const char *group, *key;
        int min, max;
    } numbers[] = {{"consent", "timeout", 5, 600},
                   {"media", "bitrate", 100, 50000},
                   {"media", "frame-rate", 1, 60},
                   {"relay", "fallback-ms", 200, 10000},
                   {"session", "max-seconds", 30, 28800}};
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        const char *key = numbers[i].key;
        g_autofree char *allowed = g_strdup_printf("a whole number from %d to %d", numbers[i].min, numbers[i].max);
        const int outside[] = {numbers[i].min - 1, numbers[i].max + 1}, inside[] = {numbers[i].min, numbers[i].max};
        for (int k = 0; k < 2; k++) {
            g_autofree char *bad = g_strdup_printf("%s=%d", key, outside[k]),
                            *fine = g_strdup_printf("%s=%d", key, inside[k]);
            value_refused(numbers[i].group, bad, allowed);
            value_taken(numbers[i].group, fine);
        }
        static const char *const odd[] = {"", "-5", "+60", "0x40", "6e1", "60.0", "60 s", "18446744073709551676"};
        for (gsize k = 0; k < G_N_ELEMENTS(odd); k++) {
            g_autofree char *line = g_strdup_printf("%s=%s", key, odd[k]);
            value_refused(numbers[i].group, line, allowed);
        }
    }
}

static void test_ids_and_texts(void **state) {
    static const char *const ids[] = {"", "Filler", "-a", "a-", "a/b", "a+", "a#", "é"};
    for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
        g_autofree char *text = g_strdup_printf("[device]\nid=%s\n", ids[i]),
                        *message = g_strdup_printf(
                            "f:2: 'id=%s' is not allowed: 1 to 64 of a-z, 0-9 and '-', not '-' at an end", ids[i]);
        refused(text, message);
    }
    g_autofree char *x64 = g_strnfill(64, 'x'), *x65 = g_strnfill(65, 'x'),
                    *id64 = g_strdup_printf("[device]\nid=%s\ntenant=%s\n[broker]\nurl=mqtts://h", x64, x64),
                    *id65 = g_strdup_printf("[device]\nid=%s", x65);
    oriel_config_free(good(id64));
    assert_null(oriel_config_parse("f", id65, NULL));
    g_autofree char *name64 = g_strdup_printf("firmware=%s", x64);
    value_taken("device", name64);
    refused(NEEDED "[device]\nsite=a\x1b[2Jb\n",
            "f:7: 'site=a\x1b[2Jb' is not allowed: at most 64 characters, none of them a control character");
    g_autofree char *long_name = g_strdup_printf(NEEDED "[device]\nsite=%s\n", x65);
    g_autoptr(GError) error = NULL;
    assert_null(oriel_config_parse("f", long_name, &error));
    assert_true(g_str_has_prefix(error->message, "f:7: 'site=xxx"));
    assert_true(
        g_str_has_suffix(error->message, "' is not allowed: at most 64 characters, none of them a control character"));
}

static void test_broker(void **state) {
    static const char *const bad[] = {"",
                                      "broker.example:8883",
                                      "mqtt://broker.example",
                                      "ws://10.0.0.1/mqtt",
                                      "mqtt://127.0.0.1.example",
                                      "https://broker.example",
                                      "mqtts://",
                                      "mqtts://:8883",
                                      "mqtts://h:0",
                                      "mqtts://h:65536",
                                      "mqtts://h:x",
                                      "mqtts://h/path",
                                      "mqtts://user:word@h",
                                      "wss://h/mqtt?a=b",
                                      "wss://h/mqtt#a",
                                      "mqtts://h h"};
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strdup_printf("[broker]\nurl=%s", bad[i]),
                        *message = g_strdup_printf("f:2: 'url=%s' is not allowed: mqtts://host:port or "
                                                   "wss://host:port/path; mqtt:// and ws:// for loopback only",
                                                   bad[i]);
        refused(text, message);
    }
    static const char *const fine[] = {"mqtts://h",         "mqtts://h:1/",
                                       "wss://h:443/a/b",   "mqtt://127.0.0.1:1883",
                                       "mqtt://[::1]:1883", "ws://localhost:8080/mqtt"};
    for (gsize i = 0; i < G_N_ELEMENTS(fine); i++) {
        g_autofree char *text = g_strdup_printf("[device]\nid=a\ntenant=b\n[broker]\nurl=%s", fine[i]);
        oriel_config_free(good(text));
    }
    static const char *const proxies[] = {
        "proxy=host",           "proxy=host:0", "proxy=host:http", "proxy=host:65536", "proxy=http://host:3128",
        "proxy=user@host:3128", "proxy=:",      "proxy=a b:1"};
    for (gsize i = 0; i < G_N_ELEMENTS(proxies); i++)
        value_refused("broker", proxies[i], "host:port");
    value_taken("broker", "proxy=host.example:3128");
    value_taken("broker", "proxy=");
}

static void test_paths(void **state) {
    static const char *const paths[][2] = {{"trust", "directory"}, {"trust", "state"},       {"device", "key"},
                                           {"device", "seal-key"}, {"device", "credential"}, {"audit", "directory"}};
    static const char *const sockets[] = {"consent", "control"};
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *relative = g_strdup_printf("%s=here", paths[i][1]),
                        *empty = g_strdup_printf("%s=", paths[i][1]);
        value_refused(paths[i][0], relative, "an absolute path");
        value_refused(paths[i][0], empty, "an absolute path"); /* or it would be the root, or the working directory */
    }
    g_autofree char *p106 = g_strnfill(106, 'p');
    for (gsize i = 0; i < G_N_ELEMENTS(sockets); i++) {
        value_refused(sockets[i], "socket=a.sock", "an absolute path of at most 107 bytes");
        value_refused(sockets[i], "socket=", "an absolute path of at most 107 bytes");
        g_autofree char *fits = g_strdup_printf("socket=/%s", p106),
                        *text = g_strdup_printf(NEEDED "[%s]\nsocket=/x%s", sockets[i], p106);
        value_taken(sockets[i], fits);
        assert_null(oriel_config_parse("f", text, NULL));
    }
    value_refused("broker", "ca=ca.pem", "an absolute path");
    value_refused("broker", "certificate=./c", "an absolute path");
    value_refused("broker", "key=~/k", "an absolute path");
    value_refused("capture", "xauthority=x", "an absolute path");
    value_refused("run", "helpers=build", "an absolute path");
    value_refused("sandbox", "without-namespaces=yes", "one of refuse|run-unprotected");
    value_refused("sandbox", "violations=off", "one of kill|log");
    value_taken("broker", "ca=");
}

static void test_lists_and_choices(void **state) {
    value_refused("capture", "backend=wayland", "one of auto|x11|fbdev|hmi|test");
    value_refused("capture", "backend=", "one of auto|x11|fbdev|hmi|test");
    value_refused("capture", "backend=auto|x11", "one of auto|x11|fbdev|hmi|test");
    value_refused("media", "addresses=host.example", "IP addresses joined by ';'");
    value_refused("media", "addresses=10.0.0.1,10.0.0.2", "IP addresses joined by ';'");
    value_refused("media", "addresses=10.0.0.256", "IP addresses joined by ';'");
    value_taken("media", "path=direct\naddresses=10.0.0.1;;::1;");
    value_refused("media", "path=turn", "one of relay|direct");
    value_refused("media", "path=", "one of relay|direct");
    value_refused("relay", "proxy=http://p:1", "host:port");
    value_refused("relay", "ca=ca.pem", "an absolute path");
    value_refused("consent", "users=hmi,root", "user names or numbers joined by ';'");
    value_refused("consent", "users=a b", "user names or numbers joined by ';'");
    value_taken("consent", "users=hmi;1000;svc_x.y-z;");
    static const char *const scopes[] = {"scopes=", "scopes=;", "scopes=view,control", "scopes=talk", "scopes=View"};
    for (gsize i = 0; i < G_N_ELEMENTS(scopes); i++)
        value_refused("session", scopes[i], "view, camera, voice, face, control, logs joined by ';'");
    value_taken("session", "scopes=view;control;");
}

static void test_masks(void **state) {
    static const char *const bad[] = {"1,2,3",      "1,2,3x",      "1,2,3x4x",        "1,2,0x4",    "1,2,4x0",
                                      "-1,2,3x4",   "1 ,2,3x4",    "1,2,3X4",         "4090,0,7x7", "0,0,4097x1",
                                      "0,4096,1x1", "99999,0,1x1", "1,2,3x4,5,6,7x8", "1,2,3x4;x",  "0x1,2,3x4"};
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *line = g_strdup_printf("masks=%s", bad[i]);
        value_refused(
            "capture", line,
            "rectangles x,y,WIDTHxHEIGHT in pixels, joined by ';', at most 32, none of them empty or beyond 4096");
    }
    GString *many = g_string_new("masks=");
    for (int i = 0; i < ORIEL_MASKS_MAX; i++)
        g_string_append(many, "0,0,1x1;");
    value_taken("capture", many->str);
    g_string_append(many, "0,0,1x1");
    g_autofree char *text = g_strdup_printf(NEEDED "[capture]\n%s\n", many->str);
    assert_null(oriel_config_parse("f", text, NULL));
    g_string_free(many, TRUE);
    value_taken("capture", "masks=");
    value_taken("capture", "masks=0,0,4096x4096");
}

static void test_lines(void **state) {
    const char *groups =
        "[device], [broker], [trust], [consent], [control], [capture], [camera], [media], [voice], [relay], [session], "
        "[unattended], [audit], [sandbox], [run]";
    g_autofree char *no_group = g_strdup_printf("f:1: 'id' stands before any group; start with one of %s", groups),
                    *unknown = g_strdup_printf("f:6: no group 'devices'; allowed: %s", groups),
                    *nothing = g_strdup_printf("f:6: no group ''; allowed: %s", groups),
                    *comment = g_strdup_printf("f:6: no group 'device] # c'; allowed: %s", groups);
    refused("id=a\n", no_group);
    refused(NEEDED "[devices]\n", unknown);
    refused(NEEDED "[]\n", nothing);
    refused(NEEDED "[\n", nothing);
    refused(NEEDED "[device] # c\n", comment);
    refused(NEEDED "nonsense\n", "f:6: expected [group], key=value or # comment");
    refused(NEEDED "; c\n", "f:6: expected [group], key=value or # comment");
    refused(NEEDED "Url=x\n", "f:6: no key 'Url' in [broker]; allowed: url, ca, certificate, key, proxy");
    refused(NEEDED "=x\n", "f:6: no key '' in [broker]; allowed: url, ca, certificate, key, proxy");
    refused(NEEDED "name[de]=x\n", "f:6: no key 'name[de]' in [broker]; allowed: url, ca, certificate, key, proxy");
    refused(NEEDED "[session]\nmax=1", "f:7: no key 'max' in [session]; allowed: max-seconds, scopes");
    refused(NEEDED "[device]\nname=x",
            "f:7: no key 'name' in [device]; allowed: id, tenant, key, seal-key, credential, site, firmware");
    refused(NEEDED "\n# c\nurl=mqtts://h\n", "f:8: 'url' was given in line 5 already");
    refused(NEEDED "[device]\nid=filler-1\n", "f:7: 'id' was given in line 2 already");
    refused("", "f: 'id' in [device] is missing and has no default");
    refused("[device]\nid=a\n", "f: 'tenant' in [device] is missing and has no default");
    refused("[device]\nid=a\ntenant=b\n", "f: 'url' in [broker] is missing and has no default");
    oriel_config_free(good(NEEDED "[device]\n[device]\n\n\t \n   # c\n\tsite = x\n"));
}

/* For nobody in particular is for nobody. */
static void test_a_key_switch_names_its_vendors(void **state) {
    static const char *const said = "f: 'switch' in [unattended] needs 'switch-vendors': for whom it opens the panel";
    refused(NEEDED "[unattended]\nswitch=/dev/gpiochip0:17\n", said);
    refused(NEEDED "[unattended]\nswitch=/dev/gpiochip0:17\nswitch-vendors= ; \n", said);
    value_taken("unattended", "switch=/dev/gpiochip0:17:low\nswitch-vendors=fill-cap; nozzles\nswitch-kind=button");
    value_refused("unattended", "switch=gpio17", "/dev/gpiochipN:LINE, with :low when the switch pulls it to ground");
    value_refused("unattended", "switch-vendors=Fill", "ids of vendors joined by ';'");
    value_refused("unattended", "switch-minutes=481", "a whole number from 1 to 480");
    value_refused("unattended", "clock=maybe", "one of synchronised|local");
}

/* Addresses are of the path that has them; which of the two lines is first does not matter. */
static void test_addresses_of_a_direct_path(void **state) {
    static const char *const said =
        "f: 'addresses' in [media] belongs to path=direct; with path=relay media has no address of its own";
    refused(NEEDED "[media]\naddresses=10.0.0.1\n", said);
    refused(NEEDED "[media]\naddresses=10.0.0.1\npath=relay\n", said);
    oriel_config_free(good(NEEDED "[media]\naddresses=10.0.0.1\npath=direct\n"));
    oriel_config_free(good(NEEDED "[media]\naddresses=\n"));
}

static void test_what_editors_leave(void **state) {
    oriel_config_free(good("[device]\r\nid=a\r\n\r\ntenant=b\r\n[broker]\r\nurl=mqtts://h\r\n"));
    refused("\xef\xbb\xbf" NEEDED, "f:1: starts with a byte order mark; save it as UTF-8 without one");
    refused(NEEDED "# gr\xfc\xdf\n", "f:6: not UTF-8 text");
    g_autofree char *flood = g_strnfill(1 << 20, 'x'), *value = g_strdup_printf("[device]\nid=%s", flood),
                    *name = g_strdup_printf("[device]\n%s=1", flood), *bare = g_strdup_printf("[device]\n%s", flood),
                    *group = g_strdup_printf("[%s]", flood), *early = g_strdup_printf("%s=1", flood);
    const char *const texts[] = {value, name, bare, group, early};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(oriel_config_parse("f", texts[i], &error));
        assert_true(g_str_has_prefix(error->message, i < 3 ? "f:2: " : "f:1: "));
        assert_true(strlen(error->message) < 400); /* else the log would cut off what is allowed */
    }
}

static void test_files(void **state) {
    char *folder = rig_folder();
    g_autofree char *path = g_build_filename(folder, "oriel.conf", NULL);
    struct oriel_config *c;
    g_autoptr(GError) missing = NULL, directory = NULL, nul = NULL, value = NULL;
    assert_null(oriel_config_load(path, &missing));
    assert_non_null(strstr(missing->message, path));
    assert_non_null(strstr(missing->message, "No such file or directory"));
    assert_null(oriel_config_load(folder, &directory));
    assert_non_null(strstr(directory->message, folder));
    g_file_set_contents(path, "[device]\nid=a\0b\n", 16, NULL);
    assert_null(oriel_config_load(path, &nul));
    g_autofree char *expected = g_strdup_printf("%s:2: a NUL byte; the file must be UTF-8 text", path);
    assert_string_equal(nul->message, expected);
    g_file_set_contents(path, NEEDED "[consent]\ntimeout=1\n", -1, NULL);
    assert_null(oriel_config_load(path, &value));
    g_autofree char *line = g_strdup_printf("%s:7: 'timeout=1' is not allowed: a whole number from 5 to 600", path);
    assert_string_equal(value->message, line);
    g_file_set_contents(path, NEEDED, -1, NULL);
    assert_non_null(c = oriel_config_load(path, NULL));
    assert_string_equal(c->path, path);
    oriel_config_free(c);
    rig_remove(folder);
}

/* The man page names every key that there is. */
static void test_the_manual_is_complete(void **state) {
    static const char *const keys[] = {
        "id",         "tenant",      "key",         "seal-key", "credential", "site",        "firmware",
        "url",        "ca",          "certificate", "proxy",    "directory",  "state",       "socket",
        "users",      "timeout",     "backend",     "display",  "xauthority", "addresses",   "bitrate",
        "frame-rate", "max-seconds", "scopes",      "helpers",  "path",       "fallback-ms", "without-namespaces",
        "violations", "exact"};
    g_autofree char *manual = NULL;
    assert_true(g_file_get_contents(SOURCE_ROOT "/man/oriel.conf.5.scd", &manual, NULL, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *marked = g_strdup_printf("*%s*", keys[i]);
        if (!strstr(manual, marked))
            fail_msg("the manual does not tell of '%s'", keys[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_ids_and_texts),
        cmocka_unit_test(test_broker),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_lists_and_choices),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_a_key_switch_names_its_vendors),
        cmocka_unit_test(test_addresses_of_a_direct_path),
        cmocka_unit_test(test_what_editors_leave),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_the_manual_is_complete),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
