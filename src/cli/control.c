/* `oriel status` and `oriel stop`: talks to orield over its control socket. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli.h"
#include "config.h"
#include "json.h"
#include "log.h"
#include "stop.h"

enum { REPLY_MAX = 64 * 1024, PATIENCE = 5 };

/* The caller frees; NULL after saying why. */
static char *socket_path(const struct oriel_cli *cli) {
    if (cli->socket)
        return g_strdup(cli->socket);
    g_autoptr(GError) error = NULL;
    struct oriel_config *config = oriel_config_load(cli->config, &error);
    if (!config) {
        oriel_error("%s", error->message);
        return NULL;
    }
    char *path = g_strdup(config->control_socket);
    oriel_config_free(config);
    return path;
}

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        oriel_error("the socket path '%s' is too long", path);
        return -1;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = PATIENCE};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    oriel_error("orield cannot be reached at %s: %s%s", path, strerror(errno),
                errno == ENOENT || errno == ECONNREFUSED ? "; does it run, with this configuration?"
                : errno == EACCES                        ? "; only root and orield's own user may"
                                                         : "");
    close(fd);
    return -1;
}

json_t *oriel_cli_ask(const struct oriel_cli *cli, const char *op) {
    return oriel_cli_ask_with(cli, op, json_object());
}

bool oriel_cli_runs(const struct oriel_cli *cli) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_autofree char *path = socket_path(cli);
    _cleanup_close_ int fd = path ? socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0) : -1;
    if (!path || strlen(path) >= sizeof address.sun_path)
        return false;
    strcpy(address.sun_path, path);
    return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 || (errno != ENOENT && errno != ECONNREFUSED);
}

json_t *oriel_cli_ask_with(const struct oriel_cli *cli, const char *op, json_t *members) {
    _cleanup_free_ char *path = socket_path(cli);
    _cleanup_close_ int fd = path ? connect_to(path) : -1;
    json_object_set_new(members, "op", json_string(op));
    _cleanup_free_ char *request = oriel_json_encode(members);
    json_decref(members);
    if (fd < 0)
        return NULL;
    static char reply[REPLY_MAX];
    ssize_t n = send(fd, request, strlen(request), MSG_NOSIGNAL) < 0 ? -1 : recv(fd, reply, sizeof reply, 0);
    if (n <= 0) {
        oriel_error("orield does not answer: %s", n == 0 ? "it closed the connection" : strerror(errno));
        return NULL;
    }
    char error[ORIEL_JSON_ERROR_SIZE];
    json_t *value = oriel_json_decode(reply, (size_t)n, sizeof reply, error);
    if (!value) {
        oriel_error("orield's answer cannot be read: %s", error);
    } else if (!json_is_true(json_object_get(value, "ok"))) {
        const char *why = oriel_json_text(value, "error");
        oriel_error("orield refuses: %s", why ? why : "it does not say why");
        json_decref(value);
        value = NULL;
    }
    return value;
}

static const char *text(const json_t *object, const char *name) {
    const char *value = oriel_json_text(object, name);
    return value ? value : "";
}

static void print_session(const json_t *s) {
    char left[16];
    oriel_cli_duration(oriel_json_integer(s, "left", 0), left);
    printf("agent     %s (%s): “%s”\n", text(s, "agent"), text(s, "company"), text(s, "reason"));
    if (*text(s, "session"))
        printf("left      %s\n", left);
    if (strcmp(text(s, "by"), "switch") == 0)
        puts("granted   by the key switch: nobody was asked");
    else if (strcmp(text(s, "by"), "owner") == 0)
        puts("granted   by the owner's authorisation: nobody was asked");
    const json_t *f = json_object_get(s, "figures");
    if (f)
        printf("picture   %lldx%lld, %lld frames/s, %lld kbit/s, %.1f %% lost, round trip %lld ms\n",
               oriel_json_integer(f, "width", 0), oriel_json_integer(f, "height", 0), oriel_json_integer(f, "fps", 0),
               oriel_json_integer(f, "kbps", 0), json_number_value(json_object_get(f, "loss_percent")),
               oriel_json_integer(f, "rtt_ms", 0));
}

/* What opens the panel without a person, and whether it can. */
static void print_unattended(const json_t *s) {
    const json_t *window = json_object_get(s, "window");
    char left[16];
    oriel_cli_duration(oriel_json_integer(window, "left", 0), left);
    if (*text(window, "broken"))
        printf("switch    opens nothing: it can't be read any more: %s\n", text(window, "broken"));
    else if (oriel_json_integer(window, "left", 0))
        printf("switch    the panel is open, nobody is asked, for %s\n", left);
    else if (window)
        puts("switch    closed");
    if (*text(s, "authorise_why"))
        printf("owner     no authorisation holds: %s\n", text(s, "authorise_why"));
}

/* The caller frees; NULL when the configuration can't be read (said later, when it is needed for the rest). */
static char *stop_path(const struct oriel_cli *cli) {
    if (cli->socket) {
        g_autofree char *folder = g_path_get_dirname(cli->socket);
        return g_build_filename(folder, "stop.sock", NULL);
    }
    struct oriel_config *config = oriel_config_load(cli->config, NULL);
    char *path = config ? g_strdup(config->stop_socket) : NULL;
    oriel_config_free(config);
    return path;
}

/* Whether Stop would work is looked at from here: who would not answer can't say so. */
static void add_stop_faults(const struct oriel_cli *cli, json_t *s) {
    g_autofree char *path = stop_path(cli), *stop = path ? oriel_cli_stop_fault(path) : NULL;
    struct oriel_config *config = cli->socket ? NULL : oriel_config_load(cli->config, NULL);
    g_autofree char *line = config ? oriel_cli_line_fault(config) : NULL;
    oriel_config_free(config);
    if (stop)
        json_object_set_new(s, "stop_why", json_string(stop));
    if (line)
        json_object_set_new(s, "line_why", json_string(line));
}

int oriel_cli_status(const struct oriel_cli *cli) {
    json_t *s = oriel_cli_ask(cli, "status");
    if (!s)
        return 1;
    add_stop_faults(cli, s);
    if (cli->json) {
        json_dumpf(s, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        char uptime[16];
        oriel_cli_duration(oriel_json_integer(s, "uptime", 0), uptime);
        printf("device    %s (%s), up %s, Oriel %s\n", text(s, "device"), text(s, "name"), uptime, text(s, "version"));
        if (json_is_true(json_object_get(s, "online")))
            puts("broker    connected");
        else
            printf("broker    not connected%s%s\n", *text(s, "offline_why") ? ": " : "", text(s, "offline_why"));
        puts(json_is_true(json_object_get(s, "consent"))
                 ? "consent   the person can be asked"
                 : "consent   no consent program is connected: every request is denied");
        if (json_object_get(s, "collected"))
            printf("audit     the collector has %lld of %lld records\n", oriel_json_integer(s, "collected", 0),
                   oriel_json_integer(s, "records", 0));
        if (*text(s, "audit_why"))
            printf("audit     every request is denied: %s\n", text(s, "audit_why"));
        print_unattended(s);
        if (*text(s, "stop_why"))
            printf("stop      WOULD NOT WORK while orield hangs: %s\n", text(s, "stop_why"));
        if (*text(s, "line_why"))
            printf("stop      NOT BY THE LINE: %s\n", text(s, "line_why"));
        if (json_is_true(json_object_get(s, "call")))
            puts("call      the person calls for support");
        printf("session   %s\n", strcmp(text(s, "status"), "ready") == 0 ? "none" : text(s, "status"));
        if (json_object_get(s, "session"))
            print_session(json_object_get(s, "session"));
    }
    json_decref(s);
    return 0;
}

static void print_stopped(const struct oriel_cli *cli, bool stopped) {
    if (cli->json)
        printf("{\"stopped\":%s}\n", stopped ? "true" : "false");
    else
        puts(stopped ? "stopped" : "there was nothing to stop");
}

/* The picture first, by the stop socket, which needs no orield; then orield, for what has no helper (a prompt). */
int oriel_cli_stop(const struct oriel_cli *cli) {
    struct oriel_stop_result r = {0};
    _cleanup_free_ char *path = stop_path(cli);
    int code = path ? oriel_stop_session(path, 's', &r) : -ENOENT;
    if (code == 0 && r.hard) {
        print_stopped(cli, true);
        oriel_warning("the launcher did not answer and was killed; orield has to be started again");
        return 0;
    }
    json_t *reply = oriel_cli_ask(cli, "stop");
    bool stopped = reply ? json_is_true(json_object_get(reply, "stopped")) : false;
    json_decref(reply);
    if (!reply && code != 0)
        return 1;
    if (!reply)
        oriel_warning("nothing is seen any more, but orield itself is not well");
    print_stopped(cli, stopped || r.killed);
    return 0;
}
