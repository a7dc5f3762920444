/* See record.h. */
#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "json.h"
#include "note.h"

static const char *const common[] = {"seq", "time", "boot_time", "clock", "prev", "event", NULL};

void oriel_record_prev(const struct oriel_tree_hash *leaf, char out[ORIEL_RECORD_PREV_SIZE]) {
    oriel_base64_encode(leaf->bytes, (ORIEL_RECORD_PREV_SIZE - 1) / 4 * 3, out);
}

static char *refuse(char error[ORIEL_SCHEMA_ERROR_SIZE], const char *why) {
    snprintf(error, ORIEL_SCHEMA_ERROR_SIZE, "%s", why);
    return NULL;
}

void oriel_record_now(struct oriel_record_time *out) {
    oriel_wall_time(out->time);
    out->boot_time = (double)(oriel_boottime() / ORIEL_MILLISECOND) / 1000.0;
    out->clock = oriel_wall_source();
}

char *oriel_record_compose(uint64_t seq, const char *prev, const char *event, json_t *members,
                           const struct oriel_record_time *at, size_t *length, char error[ORIEL_SCHEMA_ERROR_SIZE]) {
    struct oriel_record_time now;
    if (!at)
        oriel_record_now(&now);
    at = at ? at : &now;
    char *line = malloc(ORIEL_RECORD_MAX + 1);
    _cleanup_free_ char *rest = NULL;
    if (!members)
        refuse(error, "members that are no JSON");
    else if (oriel_schema_check(event, members, NULL, error) &&
             !(rest = json_dumps(members, JSON_COMPACT | JSON_REAL_PRECISION(15))))
        refuse(error, "members that are no JSON");
    json_decref(members);
    int n = 0;
    if (line && rest) {
        bool more = rest[1] != '}';
        n = snprintf(line, ORIEL_RECORD_MAX,
                     "{\"seq\":%llu,\"time\":\"%s\",\"boot_time\":%.3f,\"clock\":\"%s\",\"prev\":\"%s\","
                     "\"event\":\"%s\"%s%s",
                     (unsigned long long)seq, at->time, at->boot_time, at->clock, prev, event, more ? "," : "",
                     rest + 1);
        if (n >= ORIEL_RECORD_MAX) /* its end has to fit, too */
            n = refuse(error, "record too long") != NULL;
    }
    if (n > 0) {
        *length = (size_t)n;
        return line;
    }
    free(line);
    return NULL;
}

struct cursor {
    const char *start, *at, *end;
};

static bool literal(struct cursor *c, const char *text) {
    for (; *text; text++, c->at++)
        if (c->at == c->end || *c->at != *text)
            return false;
    return true;
}

/* As many of `set` as there are, at least one and fewer than `size`. */
static bool run(struct cursor *c, const char *set, char *out, size_t size) {
    size_t n = 0;
    while (c->at < c->end && n + 1 < size && *c->at && strchr(set, *c->at))
        out[n++] = *c->at++;
    out[n] = '\0';
    return n > 0;
}

#define DIGITS "0123456789"
#define SMALL "abcdefghijklmnopqrstuvwxyz"
#define LARGE "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool peek(struct cursor *c, struct oriel_record_head *h) {
    char number[24], clock[8];
    if (!literal(c, "{\"seq\":") || !run(c, DIGITS, number, 17))
        return false;
    h->seq = strtoull(number, NULL, 10);
    if (!literal(c, ",\"time\":\"") || !run(c, DIGITS "-:.TZ", h->time, sizeof h->time) || strlen(h->time) != 24 ||
        !literal(c, "\",\"boot_time\":") || !run(c, DIGITS ".", number, sizeof number))
        return false;
    h->boot_time = strtod(number, NULL);
    return literal(c, ",\"clock\":\"") && run(c, SMALL, clock, sizeof clock) && literal(c, "\",\"prev\":\"") &&
           run(c, DIGITS SMALL LARGE "+/", h->prev, sizeof h->prev) && strlen(h->prev) == sizeof h->prev - 1 &&
           literal(c, "\",\"event\":\"") && run(c, SMALL "-", h->event, sizeof h->event) && literal(c, "\"");
}

bool oriel_record_peek(const char *line, size_t length, struct oriel_record_head *h) {
    struct cursor c = {line, line, line + length};
    memset(h, 0, sizeof *h);
    bool good = length < ORIEL_RECORD_MAX && peek(&c, h) && line[length - 1] == '}';
    if (!good && c.at == c.end && length)
        c.at = c.end - 1;
    h->bad = (size_t)(c.at - c.start);
    return good && h->seq > 0;
}

json_t *oriel_record_parse(const char *line, size_t length, char error[ORIEL_SCHEMA_ERROR_SIZE]) {
    struct oriel_record_head head;
    json_t *record = oriel_json_decode(line, length, ORIEL_RECORD_MAX, error);
    if (record && oriel_record_peek(line, length, &head) && oriel_schema_check(head.event, record, common, error))
        return record;
    if (record && !error[0])
        refuse(error, "not the beginning of a record");
    json_decref(record);
    return NULL;
}
