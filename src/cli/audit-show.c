/* `oriel audit show` and `oriel sessions`: the log for people. Reads it as files, without checking it (that is
 * verify's), so that also what is left of a damaged one can be looked at.
 *
 * A request and all that came of it is a story; the log has one at a time, since a device has one session at a time.
 * Other records stand between the stories. Filters choose stories; with one set, records of no story are left out. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "cleanup.h"
#include "json.h"
#include "log.h"

enum { STORY_MAX = 256 };

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

static bool read_segment(int directory, const char *name, bool optional,
                         void (*each)(void *user, const json_t *record, const char *line), void *user) {
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT && optional)
        return true;
    _cleanup_(close_file) FILE *f = fd >= 0 ? fdopen(fd, "re") : NULL;
    if (!f) {
        oriel_error("cannot read %s: %s", name, strerror(errno));
        return false;
    }
    _cleanup_free_ char *line = NULL;
    size_t size = 0, number = 0;
    for (ssize_t n; (n = getline(&line, &size, f)) > 0;) {
        char error[ORIEL_JSON_ERROR_SIZE];
        number++;
        bool whole = line[n - 1] == '\n';
        line[n - whole] = '\0';
        json_t *record = oriel_json_decode(line, strlen(line), ORIEL_RECORD_MAX, error);
        if (record)
            each(user, record, line);
        else
            oriel_warning("%s:%zu: %s", name, number, whole ? error : "the last line is torn");
        json_decref(record);
    }
    return true;
}

bool oriel_cli_read_audit(const struct oriel_cli *cli, void (*each)(void *user, const json_t *record, const char *line),
                          void *user) {
    _cleanup_free_ struct oriel_log_segment *segments = NULL;
    size_t count = 0;
    _cleanup_close_ int directory = oriel_cli_audit_open(cli);
    if (directory < 0)
        return false;
    if (!oriel_log_segments(directory, &segments, &count)) {
        oriel_error("cannot read the log: %s", strerror(errno));
        return false;
    }
    for (size_t i = 0; i < count; i++)
        if (segments[i].hashes)
            oriel_warning("records %llu and on were dropped after their export; their proofs are in %s",
                          (unsigned long long)segments[i].first, segments[i].name);
        else if (!read_segment(directory, segments[i].name, false, each, user))
            return false;
    return read_segment(directory, ORIEL_LOG_CURRENT, count > 0, each, user); /* a collector's store has none */
}

/* ---- sentences ---- */

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

static const char *why_paused(const char *reason) {
    return strcmp(reason, "again") == 0       ? "the person is asked whether it may go on"
           : strcmp(reason, "provider") == 0  ? "the panel's program was silent"
           : strcmp(reason, "indicator") == 0 ? "its indicator was not to be seen"
                                              : reason;
}

static void print_scopes(const json_t *r) {
    size_t i;
    json_t *scope;
    printf("the person took %s away; left:", text(r, "removed"));
    json_array_foreach(json_object_get(r, "scopes"), i, scope) printf(" %s", json_string_value(scope));
}

static bool is_common(const char *name) {
    static const char *const common[] = {"seq", "time", "boot_time", "clock", "prev", "event"};
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (strcmp(common[i], name) == 0)
            return true;
    return false;
}

/* The members that no sentence above tells. */
static void print_members(const json_t *r) {
    const char *name, *separator = "";
    json_t *value;
    json_object_foreach((json_t *)r, name, value) {
        if (is_common(name))
            continue;
        _cleanup_free_ char *dumped = json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        printf("%s%s %s", separator, name, dumped ? dumped : json_string_value(value));
        separator = ", ";
    }
}

static void print_record(const json_t *r, const char *indent) {
    const char *event = text(r, "event");
    printf("%5lld  %.10s %.8s  %s%-12s ", oriel_json_integer(r, "seq", 0), text(r, "time"),
           strlen(text(r, "time")) > 11 ? text(r, "time") + 11 : "", indent, event);
    if (strcmp(event, "request") == 0)
        print_request(r);
    else if (strcmp(event, "decision") == 0)
        print_decision(r);
    else if (strcmp(event, "end") == 0)
        print_end(r);
    else if (strcmp(event, "prompt") == 0)
        printf("the person sees the prompt");
    else if (strcmp(event, "grant") == 0)
        printf("session %s is granted", text(r, "session"));
    else if (strcmp(event, "lost") == 0)
        printf("the connection is lost; another path is tried");
    else if (strcmp(event, "rejoin") == 0)
        printf("the agent's page was loaded anew, and joins the session again");
    else if (strcmp(event, "pause") == 0)
        printf("the picture stands still: %s", why_paused(text(r, "reason")));
    else if (strcmp(event, "resume") == 0)
        printf("the picture goes on");
    else if (strcmp(event, "scopes") == 0)
        print_scopes(r);
    else if (strcmp(event, "media-start") == 0)
        printf("media begins%s%s", *text(r, "relay") ? ", through " : "", text(r, "relay"));
    else if (strcmp(event, "live") == 0)
        printf("the picture flows (%s)", text(r, "transport"));
    else if (strcmp(event, "aborted") == 0)
        printf("the session was cut off: orield or the device stopped without a word");
    else
        print_members(r);
    if (oriel_json_text(r, "detail") && strcmp(event, "refused") != 0)
        printf(" (%s)", text(r, "detail"));
    putchar('\n');
}

/* ---- stories ---- */

struct story {
    const struct oriel_cli *cli;
    const struct oriel_cli_audit *filter; /* NULL: none */
    void (*told)(struct story *s, const char *outcome, double seconds);
    json_t *request; /* NULL: between stories */
    json_t *records[STORY_MAX];
    size_t length, count;
    bool granted;
};

static void clear(struct story *s) {
    for (size_t i = 0; i < s->length; i++)
        json_decref(s->records[i]);
    s->length = 0;
    s->request = NULL;
    s->granted = false;
}

static void finish(struct story *s, const char *outcome, double seconds) {
    if (s->request)
        s->told(s, outcome, seconds);
    clear(s);
}

static bool is_filtered(const struct oriel_cli_audit *f) {
    return f && (f->vendor || f->agent || f->outcome);
}

/* Times compare as texts: RFC 3339 in UTC, of which the user may give the beginning. */
static bool is_in_time(const struct oriel_cli_audit *f, const json_t *r) {
    const char *time = text(r, "time");
    return !f || ((!f->since || strcmp(time, f->since) >= 0) &&
                  (!f->until || strncmp(time, f->until, strlen(f->until)) <= 0));
}

static void print_one(const struct story *s, const json_t *r, const char *indent) {
    if (s->cli->json) {
        json_dumpf(r, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
        putchar('\n');
    } else {
        print_record(r, indent);
    }
}

static void follow(void *user, const json_t *r, const char *line) {
    struct story *s = user;
    const char *event = text(r, "event");
    char outcome[96];
    if (strcmp(event, "request") == 0) {
        finish(s, "no end recorded", 0);
        s->request = (json_t *)r;
    }
    if (!oriel_cli_audit_is_step(event) || !s->request) {
        if (strcmp(event, "boot") == 0)
            finish(s, "aborted", 0);
        if (s->filter && !is_filtered(s->filter) && is_in_time(s->filter, r))
            print_one(s, r, "");
        return;
    }
    if (s->length < STORY_MAX)
        s->records[s->length++] = json_incref((json_t *)r);
    if (strcmp(event, "decision") == 0 && !json_is_true(json_object_get(r, "allow"))) {
        finish(s, text(r, "reason"), 0);
    } else if (strcmp(event, "grant") == 0) {
        s->granted = true;
    } else if (strcmp(event, "aborted") == 0) {
        finish(s, "aborted", 0);
    } else if (strcmp(event, "end") == 0) {
        snprintf(outcome, sizeof outcome, "%s by %s", text(r, "reason"), text(r, "by"));
        finish(s, outcome, json_number_value(json_object_get(r, "seconds")));
    }
}

static int tell(struct story *s, const struct oriel_cli *cli) {
    if (!oriel_cli_read_audit(cli, follow, s)) {
        clear(s);
        return 1;
    }
    finish(s, s->granted ? "running, or cut off" : "being asked, or cut off", 0);
    return 0;
}

static void print_story(struct story *s, const char *outcome, double seconds) {
    const struct oriel_cli_audit *f = s->filter;
    if ((f->vendor && strcmp(text(s->request, "vendor"), f->vendor) != 0) ||
        (f->agent && strcmp(text(s->request, "agent"), f->agent) != 0) ||
        (f->outcome && !strstr(outcome, f->outcome)) || !is_in_time(f, s->request))
        return;
    for (size_t i = 0; i < s->length; i++)
        print_one(s, s->records[i], i ? "  " : "");
    s->count++;
}

static void print_line(void *user, const json_t *r, const char *line) {
    if (is_in_time(user, r))
        puts(line);
}

int oriel_cli_audit_show(const struct oriel_cli_audit *a) {
    if (a->json && !is_filtered(a)) /* as it was written, in its order */
        return oriel_cli_read_audit(a->cli, print_line, (void *)a) ? 0 : 1;
    struct story s = {.cli = a->cli, .filter = a, .told = print_story};
    return tell(&s, a->cli);
}

static void print_session(struct story *s, const char *outcome, double seconds) {
    char duration[16];
    const json_t *r = s->request;
    oriel_cli_duration((long long)seconds, duration);
    s->count++;
    if (s->cli->json) {
        json_t *out = json_pack("{s:O, s:O, s:O, s:O, s:O, s:s, s:f}", "time", json_object_get(r, "time"), "vendor",
                                json_object_get(r, "vendor"), "agent", json_object_get(r, "agent"), "name",
                                json_object_get(r, "name"), "reason", json_object_get(r, "reason"), "outcome", outcome,
                                "seconds", seconds);
        json_dumpf(out, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(out);
        return;
    }
    printf("%.10s %.8s  %8s  %-28s  %s of %s: “%s”\n", text(r, "time"),
           strlen(text(r, "time")) > 11 ? text(r, "time") + 11 : "", duration, outcome, text(r, "name"),
           text(r, "vendor"), text(r, "reason"));
}

int oriel_cli_sessions(const struct oriel_cli *cli) {
    struct story s = {.cli = cli, .told = print_session};
    int status = tell(&s, cli);
    if (status == 0 && !s.count && !cli->json)
        puts("no session was asked for yet");
    return status;
}
