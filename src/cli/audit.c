/* `oriel audit show` and `oriel sessions`: read the log as a file, so they work while orield does not run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "cli.h"
#include "config.h"
#include "json.h"
#include "log.h"

enum { RECORD_MAX = 4096 };

void oriel_cli_duration(long long seconds, char out[16]) {
    unsigned all = seconds < 0 ? 0 : seconds > 99999 * 3600LL ? 99999 * 3600U : (unsigned)seconds;
    if (all >= 3600)
        snprintf(out, 16, "%u:%02u:%02u", all / 3600, all / 60 % 60, all % 60);
    else
        snprintf(out, 16, "%u:%02u", all / 60, all % 60);
}

static void close_file(FILE **f) {
    if (*f)
        fclose(*f);
}

bool oriel_cli_read_audit(const struct oriel_cli *cli, void (*each)(void *user, const json_t *record, const char *line),
                          void *user) {
    g_autofree char *directory = g_strdup(cli->directory);
    if (!directory) {
        g_autoptr(GError) error = NULL;
        struct oriel_config *config = oriel_config_load(cli->config, &error);
        if (!config) {
            oriel_error("%s", error->message);
            return false;
        }
        directory = g_strdup(config->audit_directory);
        oriel_config_free(config);
    }
    g_autofree char *path = g_build_filename(directory, "audit.jsonl", NULL);
    _cleanup_(close_file) FILE *f = fopen(path, "re");
    if (!f) {
        oriel_error("cannot read %s: %s", path, strerror(errno));
        return false;
    }
    _cleanup_free_ char *line = NULL;
    size_t size = 0, number = 0;
    for (ssize_t n; (n = getline(&line, &size, f)) > 0;) {
        char error[ORIEL_JSON_ERROR_SIZE];
        number++;
        bool whole = line[n - 1] == '\n';
        line[n - whole] = '\0';
        json_t *record = oriel_json_decode(line, strlen(line), RECORD_MAX, error);
        if (record)
            each(user, record, line);
        else
            oriel_warning("%s:%zu: %s", path, number, whole ? error : "the last line is torn");
        json_decref(record);
    }
    return true;
}

static const char *text(const json_t *r, const char *name) {
    const char *value = oriel_json_text(r, name);
    return value ? value : "";
}

static void print_request(const json_t *r) {
    char seconds[16];
    oriel_cli_duration(oriel_json_integer(r, "seconds", 0), seconds);
    printf("%s (%s of %s) asks for %s: “%s”", text(r, "name"), text(r, "agent"), text(r, "vendor"), seconds,
           text(r, "reason"));
}

static void print_decision(const json_t *r) {
    if (json_is_true(json_object_get(r, "allow")))
        printf("the person allowed it");
    else if (strcmp(text(r, "reason"), "denied") == 0)
        printf("the person denied it");
    else
        printf("denied: %s", text(r, "reason"));
}

static void print_end(const json_t *r) {
    char seconds[16];
    oriel_cli_duration((long long)json_number_value(json_object_get(r, "seconds")), seconds);
    printf("%s by the %s after %s, %lld bytes sent", text(r, "reason"), text(r, "by"), seconds,
           oriel_json_integer(r, "bytes", 0));
}

/* The members that no sentence above tells. */
static void print_members(const json_t *r) {
    static const char *const common[] = {"seq", "time", "boot_time", "event", NULL};
    const char *name, *separator = "";
    json_t *value;
    json_object_foreach((json_t *)r, name, value) {
        if (g_strv_contains(common, name))
            continue;
        _cleanup_free_ char *dumped = json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        printf("%s%s %s", separator, name, dumped ? dumped : json_string_value(value));
        separator = ", ";
    }
}

static void show_record(void *user, const json_t *r, const char *line) {
    const struct oriel_cli *cli = user;
    if (cli->json) {
        puts(line);
        return;
    }
    const char *event = text(r, "event");
    printf("%5lld  %.10s %.8s  %-12s ", oriel_json_integer(r, "seq", 0), text(r, "time"),
           strlen(text(r, "time")) > 11 ? text(r, "time") + 11 : "", event);
    if (strcmp(event, "request") == 0)
        print_request(r);
    else if (strcmp(event, "decision") == 0)
        print_decision(r);
    else if (strcmp(event, "end") == 0)
        print_end(r);
    else if (strcmp(event, "prompt") == 0)
        printf("the person sees the prompt");
    else if (strcmp(event, "live") == 0)
        printf("the picture flows");
    else
        print_members(r);
    if (oriel_json_text(r, "detail") && strcmp(event, "refused") != 0)
        printf(" (%s)", text(r, "detail"));
    putchar('\n');
}

int oriel_cli_audit_show(const struct oriel_cli *cli) {
    return oriel_cli_read_audit(cli, show_record, (void *)cli) ? 0 : 1;
}

/* One session or request at a time is open in the log, so the newest request is what a later record tells of. */
struct story {
    const struct oriel_cli *cli;
    json_t *request;
    bool granted;
    size_t count;
};

static void finish(struct story *s, const char *outcome, double seconds) {
    if (!s->request)
        return;
    char duration[16];
    oriel_cli_duration((long long)seconds, duration);
    if (s->cli->json) {
        json_t *out =
            json_pack("{s:O, s:O, s:O, s:O, s:O, s:s, s:f}", "time", json_object_get(s->request, "time"), "vendor",
                      json_object_get(s->request, "vendor"), "agent", json_object_get(s->request, "agent"), "name",
                      json_object_get(s->request, "name"), "reason", json_object_get(s->request, "reason"), "outcome",
                      outcome, "seconds", seconds);
        json_dumpf(out, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(out);
    } else {
        printf("%.10s %.8s  %8s  %-28s  %s of %s: “%s”\n", text(s->request, "time"), text(s->request, "time") + 11,
               duration, outcome, text(s->request, "name"), text(s->request, "vendor"), text(s->request, "reason"));
    }
    json_decref(s->request);
    s->request = NULL;
    s->granted = false;
    s->count++;
}

static void follow(void *user, const json_t *r, const char *line) {
    struct story *s = user;
    const char *event = text(r, "event");
    char outcome[96];
    if (strcmp(event, "request") == 0) {
        finish(s, "no end recorded", 0);
        s->request = strlen(text(r, "time")) > 11 ? json_incref((json_t *)r) : NULL;
    } else if (strcmp(event, "boot") == 0) {
        finish(s, "aborted", 0);
    } else if (strcmp(event, "decision") == 0 && !json_is_true(json_object_get(r, "allow"))) {
        finish(s, text(r, "reason"), 0);
    } else if (strcmp(event, "grant") == 0) {
        s->granted = true;
    } else if (strcmp(event, "end") == 0) {
        snprintf(outcome, sizeof outcome, "%s by %s", text(r, "reason"), text(r, "by"));
        finish(s, outcome, json_number_value(json_object_get(r, "seconds")));
    }
}

int oriel_cli_sessions(const struct oriel_cli *cli) {
    struct story s = {.cli = cli};
    if (!oriel_cli_read_audit(cli, follow, &s))
        return 1;
    finish(&s, s.granted ? "running, or cut off" : "being asked, or cut off", 0);
    if (!s.count && !cli->json)
        puts("no session was asked for yet");
    return 0;
}
