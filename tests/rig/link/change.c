/* change.h says what. */
#include "change.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { NUMBER, TIME, FLAG };

static const struct key {
    const char *name;
    enum kind kind;
    size_t at;
    double most;
} keys[] = {
#define KEY(name, kind, field, most)                                                                                   \
    { name, kind, offsetof(struct lane_settings, field), most }
    KEY("rate", NUMBER, rate, 1e10),
    KEY("delay", TIME, delay, 60000),
    KEY("jitter", TIME, jitter, 60000),
    KEY("queue", TIME, queue_time, 6e4),
    KEY("bytes", NUMBER, queue_bytes, LANE_MOST_BYTES),
    KEY("loss", NUMBER, loss, 1),
    KEY("bad", NUMBER, bad, 0.99),
    KEY("length", NUMBER, length, 1e6),
    KEY("harm", NUMBER, harm, 1),
    KEY("reorder", NUMBER, reorder, 1),
    KEY("late", TIME, late, 60000),
    KEY("hold", FLAG, hold, 1),
    KEY("cut", FLAG, cut, 1),
#undef KEY
};
_Static_assert(sizeof keys / sizeof *keys == CHANGE_KEYS, "one of the keys has no place in struct change");

static const char *parse_setting(struct change *change, char *word) {
    static char why[160];
    char *value = strchr(word, '='), *end;
    if (value)
        *value++ = 0;
    for (unsigned i = 0; i < CHANGE_KEYS; i++) {
        if (strcmp(word, keys[i].name) != 0)
            continue;
        double to = value && *value ? strtod(value, &end) : NAN;
        if (isnan(to) || *end || to < 0 || to > keys[i].most || (keys[i].kind == FLAG && to != 0 && to != 1)) {
            snprintf(why, sizeof why, "%s=%.40s: a number from 0 to %.12g", word, value ? value : "", keys[i].most);
            return why;
        }
        change->named |= 1u << i;
        change->to[i] = to;
        return NULL;
    }
    snprintf(why, sizeof why, "there is nothing to set that is called '%.40s'", word);
    return why;
}

const char *change_parse(struct change *change, char *text) {
    static const char *const who[] = {"", "up", "down", "both"};
    char *rest = NULL, *word = strtok_r(text, " ", &rest);
    *change = (struct change){0};
    for (unsigned i = 1; word && i < 4; i++)
        if (strcmp(word, who[i]) == 0)
            change->lanes = i;
    if (!change->lanes)
        return "which direction? up, down or both";
    while ((word = strtok_r(NULL, " ", &rest))) {
        const char *why = parse_setting(change, word);
        if (why)
            return why;
    }
    return NULL;
}

void change_apply(const struct change *change, struct lane *lanes[LANES], int64_t now) {
    for (unsigned l = 0; l < LANES; l++) {
        if (!(change->lanes & 1u << l))
            continue;
        struct lane_settings settings = *lane_settings(lanes[l]);
        for (unsigned i = 0; i < CHANGE_KEYS; i++) {
            char *at = (char *)&settings + keys[i].at;
            if (!(change->named & 1u << i))
                continue;
            if (keys[i].kind == NUMBER)
                *(double *)(void *)at = change->to[i];
            else if (keys[i].kind == TIME)
                *(int64_t *)(void *)at = (int64_t)(change->to[i] * 1e6);
            else
                *(bool *)at = change->to[i] != 0;
        }
        lane_set(lanes[l], &settings, now);
    }
}

struct line {
    struct line *next;
    int64_t at;
    struct change change;
};

struct script {
    struct line *first;
};

struct script *script_new(void) {
    return calloc(1, sizeof(struct script));
}

void script_clear(struct script *script) {
    for (struct line *line; (line = script->first);) {
        script->first = line->next;
        free(line);
    }
}

void script_add(struct script *script, int64_t at, const struct change *change) {
    struct line **place = &script->first, *line = malloc(sizeof *line);
    assert(line);
    while (*place && (*place)->at <= at)
        place = &(*place)->next;
    *line = (struct line){*place, at, *change};
    *place = line;
}

int64_t script_next(const struct script *script) {
    return script->first ? script->first->at : LANE_NEVER;
}

void script_run(struct script *script, struct lane *lanes[LANES], int64_t now) {
    for (struct line *line; (line = script->first) && line->at <= now;) {
        script->first = line->next;
        change_apply(&line->change, lanes, line->at);
        free(line);
    }
}
