/* Tells an estimator what was written down (pipelines/rate/record.h), as it was told, without a network. What it would
 * have had sent otherwise was not sent: so what it says is of the network as that was used. */
#ifndef RATE_REPLAY_H
#define RATE_REPLAY_H

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "twcc.h"

#define TENTH (ORIEL_MILLISECOND / 10)
#define TICK (25 * ORIEL_MILLISECOND)

struct replay {
    struct oriel_budget *budget;
    struct oriel_estimator *estimator;
    int64_t began, now, ticked, remote, page;
    uint16_t number, probe;
    uint64_t sent;   /* RTP packets */
    double recorded; /* the estimate as it was told then */
    /* Each tick. */
    void (*each)(struct replay *r, void *user);
    void *user;
};

/* Numbers of the one that are known of. */
static void replay_start(struct replay *r, const char *word) {
    double start = 0, max = 0;
    if (sscanf(word, "=%lf,%lf", &start, &max) != 2)
        fail_msg("no beginning: %s", word);
    r->recorded = start;
    if (r->estimator) {
        oriel_estimator_renew(r->estimator, r->now);
        return;
    }
    r->budget = oriel_budget_new(start, r->now);
    r->estimator = oriel_estimator_new(r->budget, start, max, r->now);
}

static void replay_pass(struct replay *r, int64_t time) {
    for (int64_t to = r->now + time; r->now < to;) {
        r->now = MIN(to, r->ticked + TICK);
        if (r->now < r->ticked + TICK)
            return;
        r->ticked = r->now;
        if (!r->estimator)
            continue;
        oriel_estimator_tick(r->estimator, r->now);
        if (r->each)
            r->each(r, r->user);
    }
}

static void replay_sent(struct replay *r, const char *word) {
    char *end;
    uint32_t bytes = (uint32_t)strtoul(word + 1, &end, 10);
    unsigned long count = *end == '*' ? strtoul(end + 1, &end, 10) : 1;
    enum oriel_budget_class class = *word == 'a'   ? ORIEL_BUDGET_AUDIO
                                    : *word == 'r' ? ORIEL_BUDGET_RETRANSMISSION
                                                   : ORIEL_BUDGET_VIDEO;
    for (r->sent += count; count; count--) {
        int64_t due;
        uint16_t probe = r->probe ? oriel_estimator_probe(r->estimator, r->now, &due) : 0;
        oriel_budget_spend(r->budget, class, bytes + ORIEL_TWCC_OVERHEAD, r->now);
        if (probe)
            oriel_estimator_probe_sent(r->estimator, probe, bytes + ORIEL_TWCC_OVERHEAD, r->now);
        const struct oriel_rate_packet sent = {.class = class, .bytes = bytes, .probe = probe, .sent = r->now};
        oriel_estimator_sent(r->estimator, r->number++, &sent);
    }
}

static void replay_heard(struct replay *r, const char *word) {
    enum { MOST = 8192 };
    static struct oriel_rate_heard list[MOST];
    char *at;
    size_t count = 0;
    uint16_t number = (uint16_t)strtoul(word + 1, &at, 10);
    while (*at && count < MOST) {
        at++; /* `:` or `,` */
        if (*at == '#') {
            number = (uint16_t)strtoul(at + 1, &at, 10);
            continue;
        }
        struct oriel_rate_heard *h = &list[count++];
        *h = (struct oriel_rate_heard){.number = number++, .lost = at[0] == '-' && (!at[1] || at[1] == ',')};
        if (h->lost)
            at++;
        else
            r->remote += strtol(at, &at, 10) * (ORIEL_MILLISECOND / 4);
        h->remote = r->remote;
    }
    oriel_estimator_heard(r->estimator, list, count, r->now);
}

static void replay_acked(struct replay *r, const char *word) {
    enum { MOST = 1024 };
    static struct oriel_budget_ack acks[MOST];
    char *at = (char *)word;
    size_t count = 0;
    while (*at && count < MOST) {
        struct oriel_budget_ack *a = &acks[count++];
        *a = (struct oriel_budget_ack){.bytes = (uint32_t)strtoul(at + 1, &at, 10)};
        a->sent = r->now - strtol(at + 1, &at, 10) * TENTH;
        a->lost = at[1] == '-' && (!at[2] || at[2] == ';');
        if (a->lost)
            at += 2;
        else
            r->page += strtol(at + 1, &at, 10) * TENTH;
        a->arrived = r->page;
    }
    oriel_budget_acked(r->budget, acks, count, r->now);
}

static void replay_word(struct replay *r, const char *word) {
    if (*word == '=') {
        replay_start(r, word);
        return;
    }
    if (*word == '+') {
        replay_pass(r, strtol(word + 1, NULL, 10) * TENTH);
        return;
    }
    if (!r->estimator)
        fail_msg("'%s' before a beginning", word);
    const unsigned long value = strtoul(word + 1, NULL, 10);
    switch (*word) {
    case '#':
        r->number = (uint16_t)value;
        break;
    case 'p':
        r->probe = (uint16_t)value;
        break;
    case 'a':
    case 'r':
    case 'v':
        replay_sent(r, word);
        break;
    case 't':
        oriel_budget_spend(r->budget, ORIEL_BUDGET_TILES, value, r->now);
        break;
    case 'w':
        oriel_budget_wait(r->budget, ORIEL_BUDGET_VIDEO, value ? 1 << 30 : 0);
        break;
    case 'h':
        replay_heard(r, word);
        break;
    case 'k':
        replay_acked(r, word);
        break;
    case 'e':
        r->recorded = (double)value * 1e3;
        break;
    default:
        fail_msg("a word that nobody knows: %s", word);
    }
}

/* All of it; lines that begin with a semicolon are for people. */
static void replay_all(struct replay *r, const char *text) {
    r->began = r->now = r->ticked = 1000 * ORIEL_SECOND;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GString) all = g_string_new(NULL);
    for (char **line = lines; *line; line++) {
        if (**line == ';')
            continue;
        /* A word that ends so goes on. */
        if (all->len && !strchr(",;", all->str[all->len - 1]))
            g_string_append_c(all, ' ');
        g_string_append(all, *line);
    }
    g_auto(GStrv) words = g_strsplit(all->str, " ", -1);
    for (char **word = words; *word; word++)
        if (**word)
            replay_word(r, *word);
}

static void replay_end(struct replay *r) {
    oriel_estimator_free(r->estimator);
    oriel_budget_free(r->budget);
    *r = (struct replay){0};
}

#endif
