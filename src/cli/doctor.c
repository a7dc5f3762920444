/* `oriel doctor`: what it looks at, and how it says it (doctor.h). */
#include "doctor.h"

#include <errno.h>
#include <gio/gio.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cameras.h"
#include "choice.h"
#include "cli.h"
#include "plan.h"
#include "trust.h"
#include "voice_choice.h"

enum { PATIENCE = 5 }; /* seconds for the broker */

static const char *const verdicts[] = {"good", "weak", "bad"};

void oriel_doctor_report(struct oriel_doctor *d, const char *check, enum oriel_verdict verdict, const char *remedy,
                         const char *format, ...) {
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    json_array_append_new(d->found, json_pack("{s:s, s:s, s:s, s:s*}", "check", check, "verdict", verdicts[verdict],
                                              "text", valid, "remedy", remedy));
    d->worst = MAX(d->worst, verdict);
}

/* ---- files ---- */

static void check_secret(struct oriel_doctor *d, const char *check, const char *path) {
    struct stat st;
    if (!*path)
        return;
    if (stat(path, &st) < 0)
        oriel_doctor_report(d, check, ORIEL_BAD,
                            errno == ENOENT ? "oriel provision install" : "run this as orield's user", "%s: %s", path,
                            g_strerror(errno));
    else if (st.st_mode & 077)
        oriel_doctor_report(d, check, ORIEL_BAD, "chmod 600, and owned by orield's user",
                            "%s can be read by others (mode %o)", path, st.st_mode & 07777);
    else
        oriel_doctor_report(d, check, ORIEL_GOOD, NULL, "%s is its owner's alone", path);
}

/* What decides over others must not be theirs to write. */
static void check_unwritable(struct oriel_doctor *d, const char *check, const char *path) {
    struct stat st;
    if (stat(path, &st) < 0)
        oriel_doctor_report(d, check, ORIEL_BAD, "oriel provision install", "%s: %s", path, g_strerror(errno));
    else if (st.st_mode & 022)
        oriel_doctor_report(d, check, ORIEL_BAD, "chmod go-w", "%s can be written by others (mode %o)", path,
                            st.st_mode & 07777);
    else
        oriel_doctor_report(d, check, ORIEL_GOOD, NULL, "%s", path);
}

static void check_files(struct oriel_doctor *d) {
    const struct oriel_config *c = d->config;
    check_unwritable(d, "configuration", c->path);
    check_unwritable(d, "vendors", c->trust_directory);
    check_secret(d, "signing key", c->device_key);
    check_secret(d, "sealing key", c->device_seal_key);
    check_secret(d, "broker key", c->broker_key);
    check_secret(d, "audit key", c->audit_key);
    g_autofree char *above = g_path_get_dirname(c->audit_directory);
    const char *writable = access(c->audit_directory, F_OK) == 0 ? c->audit_directory : above;
    if (access(writable, W_OK) == 0)
        oriel_doctor_report(d, "audit log", ORIEL_GOOD, NULL, "%s can be written", c->audit_directory);
    else
        oriel_doctor_report(d, "audit log", ORIEL_BAD,
                            "make it, owned by orield's user, mode 0700; or run this as that user",
                            "%s: %s; without the log there are no sessions", writable, g_strerror(errno));
}

/* ---- what is spoken to ---- */

static void check_broker(struct oriel_doctor *d) {
    const struct oriel_config *c = d->config;
    g_autoptr(GUri) uri = g_uri_parse(c->broker_url, G_URI_FLAGS_NONE, NULL);
    const char *scheme = g_uri_get_scheme(uri);
    guint16 otherwise = strcmp(scheme, "mqtts") == 0 ? 8883
                        : strcmp(scheme, "wss") == 0 ? 443
                        : strcmp(scheme, "ws") == 0  ? 80
                                                     : 1883;
    guint16 port = g_uri_get_port(uri) > 0 ? (guint16)g_uri_get_port(uri) : otherwise;
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GError) error = NULL;
    g_socket_client_set_timeout(client, PATIENCE);
    g_socket_client_set_enable_proxy(client, FALSE);
    g_autoptr(GSocketConnection) connection =
        *c->broker_proxy ? g_socket_client_connect_to_host(client, c->broker_proxy, 8080, NULL, &error)
                         : g_socket_client_connect_to_host(client, g_uri_get_host(uri), port, NULL, &error);
    const char *via = *c->broker_proxy ? " (its proxy was asked)" : "";
    if (connection)
        oriel_doctor_report(d, "broker", ORIEL_GOOD, NULL, "%s takes connections%s", c->broker_url, via);
    else
        oriel_doctor_report(d, "broker", ORIEL_BAD,
                            "look at [broker] url and proxy in oriel.conf, and at the network's firewall", "%s%s: %s",
                            c->broker_url, via, error->message);
}

/* Who may ask, and whether their media has a way: a session that would be refused for want of it should not be the
 * first to say so. */
static void check_vendors(struct oriel_doctor *d) {
    const struct oriel_config *c = d->config;
    bool relay = strcmp(c->media_path, "relay") == 0;
    struct oriel_trust *trust = oriel_trust_new(c);
    g_autoptr(GPtrArray) all = oriel_trust_all(trust);
    if (all->len == 0)
        oriel_doctor_report(d, "who may ask", ORIEL_BAD, "oriel provision trust, into trust.d",
                            "nobody: no good file in %s", c->trust_directory);
    for (guint i = 0; i < all->len; i++) {
        const struct oriel_vendor *v = g_ptr_array_index(all, i);
        g_autofree char *check = g_strdup_printf("vendor %s", v->id);
        if (relay && !v->turn)
            oriel_doctor_report(d, check, ORIEL_BAD,
                                "\"turn\" in its trust file, or [media] path=direct for a trusted LAN",
                                "%s: no TURN server; its sessions are refused", v->label);
        else
            oriel_doctor_report(d, check, ORIEL_GOOD, NULL, "%s; media %s", v->label,
                                relay ? "goes through its TURN servers" : "goes directly, over the LAN");
    }
    oriel_trust_free(trust);
    if (relay && *c->relay_ca && access(c->relay_ca, R_OK) < 0)
        oriel_doctor_report(d, "CA of TURN servers", ORIEL_BAD, "[relay] ca in oriel.conf; let orield's user read it",
                            "%s: %s", c->relay_ca, g_strerror(errno));
}

/* What capture would choose, and why: asked of the same function. */
static void check_screen(struct oriel_doctor *d) {
    const struct oriel_config *c = d->config;
    struct oriel_capture_choice choice;
    oriel_capture_choose(&(struct oriel_capture_wish){.backend = c->capture_backend,
                                                      .display = c->capture_display,
                                                      .xauthority = c->capture_xauthority,
                                                      .device = c->capture_device},
                         &choice);
    if (choice.network) /* said with the sandbox */
        return;
    if (strcmp(choice.backend, "test") == 0)
        oriel_doctor_report(d, "screen", ORIEL_WEAK, "[capture] backend=auto", "a test pattern is shown, no screen");
    else if (!*choice.backend)
        oriel_doctor_report(d, "screen", ORIEL_BAD, "[capture] in oriel.conf(5)", "%s", choice.why);
    else if (!choice.found)
        oriel_doctor_report(d, "screen", ORIEL_BAD, "start it, or name another in [capture] of oriel.conf",
                            "%s: %s; it does not answer now", choice.backend, choice.why);
    else
        oriel_doctor_report(d, "screen", ORIEL_GOOD, NULL, "%s: %s", choice.backend, choice.why);
    for (unsigned i = 0; i < choice.file_count; i++)
        if (choice.files[i].kind == ORIEL_FILE_COOKIE && *c->capture_xauthority &&
            access(choice.files[i].path, R_OK) < 0)
            oriel_doctor_report(d, "X authority", ORIEL_BAD, "let orield's user read it", "%s: %s",
                                choice.files[i].path, g_strerror(errno));
}

/* Those that an agent could be shown, and what else is there and why not. */
static void check_cameras(struct oriel_doctor *d) {
    const struct oriel_config *c = d->config;
    struct oriel_camera_place places[ORIEL_CAMERAS_MAX];
    struct oriel_camera_found found;
    int count = oriel_camera_places(c->camera_devices, places);
    bool any = false, automatic = strcmp(c->camera_devices, "auto") == 0;
    for (int i = 0; i < count; i++) {
        bool good = oriel_camera_look(&places[i], &found);
        any |= good;
        if (good)
            oriel_doctor_report(d, "camera", ORIEL_GOOD, NULL, "%s%s%s", found.name, *places[i].path ? ", " : "",
                                places[i].path);
        else if (!automatic || access(places[i].path, F_OK) == 0)
            oriel_doctor_report(d, "camera", ORIEL_WEAK, "[camera] devices in oriel.conf(5)", "%s: %s", places[i].path,
                                found.why);
    }
    if (!any && !*c->camera_devices)
        oriel_doctor_report(d, "camera", ORIEL_GOOD, NULL, "none, as configured");
    else if (!any && automatic)
        oriel_doctor_report(d, "camera", ORIEL_GOOD, NULL, "none is plugged in");
}

/* Which microphone and speaker, or why none. Only for a device that may grant `voice`. */
static void check_sound(struct oriel_doctor *d) {
    const struct oriel_config *c = d->config;
    struct oriel_voice_choice choice;
    g_auto(GStrv) scopes = g_strsplit(c->session_scopes, ";", -1);
    if (!g_strv_contains((const gchar *const *)scopes, "voice"))
        return;
    oriel_voice_choose(&(struct oriel_voice_wish){c->voice_backend, c->voice_server}, &choice);
    bool there = choice.device ? access(choice.path, R_OK) == 0 && !strstr(choice.why, "no card")
                               : access(choice.server, R_OK | W_OK) == 0;
    if (!*choice.backend || !there)
        oriel_doctor_report(
            d, "sound", ORIEL_WEAK, "[voice] in oriel.conf(5); it is looked for again in each session", "%s%s",
            choice.why, *choice.server && access(choice.server, F_OK) == 0 ? ", and does not let this user in" : "");
    else
        oriel_doctor_report(d, "sound", ORIEL_GOOD, NULL, "%s; microphone %s, speaker %s", choice.why,
                            *c->voice_microphone ? c->voice_microphone : "as it is set there",
                            *c->voice_speaker ? c->voice_speaker : "as it is set there");
}

/* ---- saying it ---- */

static void print(const struct oriel_doctor *d) {
    static const char *const marks[] = {"good", "WEAK", "BAD "};
    size_t i;
    json_t *one;
    json_array_foreach(d->found, i, one) {
        const char *verdict = json_string_value(json_object_get(one, "verdict"));
        const char *remedy = json_string_value(json_object_get(one, "remedy"));
        size_t v = 0;
        while (strcmp(verdicts[v], verdict) != 0)
            v++;
        printf("%s  %-26s %s\n", marks[v], json_string_value(json_object_get(one, "check")),
               json_string_value(json_object_get(one, "text")));
        if (remedy)
            printf("      %-26s > %s\n", "", remedy);
    }
    printf("%s\n", d->worst == ORIEL_GOOD   ? "All is well."
                   : d->worst == ORIEL_WEAK ? "Sessions work; what is WEAK could be better."
                                            : "What is BAD keeps sessions from working.");
}

int oriel_cli_doctor(const struct oriel_cli *cli) {
    struct oriel_doctor d = {.found = json_array()};
    g_autoptr(GError) error = NULL;
    struct oriel_config *config = oriel_config_load(cli->config, &error);
    d.config = config;
    if (config) {
        oriel_plan_find_helpers(config);
        check_files(&d);
        check_broker(&d);
        check_vendors(&d);
        check_screen(&d);
        check_cameras(&d);
        check_sound(&d);
    } else {
        oriel_doctor_report(&d, "configuration", ORIEL_BAD, "oriel.conf(5); --config names another file", "%s",
                            error->message);
    }
    oriel_doctor_stop(&d);
    oriel_doctor_sandbox(&d);
    if (cli->json) {
        json_dumpf(d.found, stdout, JSON_INDENT(1));
        putchar('\n');
    } else {
        print(&d);
    }
    json_decref(d.found);
    oriel_config_free(config);
    return d.worst == ORIEL_BAD ? 1 : 0;
}
