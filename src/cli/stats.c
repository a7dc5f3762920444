/* `oriel stats`: the figures of the running session, a line a second, until it ends. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "json.h"

enum { LINES_A_HEADER = 20 };

static const char *const stages[] = {"capture", "convert", "encode", "packetize", "egress"};
enum { STAGES = sizeof stages / sizeof *stages };

/* Of the way, in words for who looks at it. */
static const char *const words[][2] = {{"start", "unknown yet"},
                                       {"free", "fast enough"},
                                       {"full", "at its limit"},
                                       {"queuing", "slowing down"},
                                       {"silent", "no answer"}};

static void print_header(void) {
    printf("%11s %5s %8s %6s %7s  %-27s  %-14s", "", "", "", "", "round", "---- the way ----", "since the start");
    puts("     ---- on the device, ms: median, most of the second ----");
    printf("%11s %5s %8s %6s %7s  %7s %6s %-12s  %8s %5s ", "size", "fps", "kbit/s", "loss", "trip", "takes", "queue",
           "state", "repaired", "whole");
    for (int i = 0; i < STAGES; i++)
        printf(" %15s", stages[i]);
    putchar('\n');
}

static double milliseconds(const json_t *pair, size_t index) {
    return json_number_value(json_array_get(pair, index)) / 1000;
}

static const char *in_words(const char *state) {
    for (size_t i = 0; state && i < sizeof words / sizeof *words; i++)
        if (strcmp(state, words[i][0]) == 0)
            return words[i][1];
    return state ? state : "";
}

static void print_line(const json_t *f) {
    char size[24];
    snprintf(size, sizeof size, "%lldx%lld", oriel_json_integer(f, "width", 0), oriel_json_integer(f, "height", 0));
    printf("%11s %5lld %8lld %5.1f%% %4lld ms ", size, oriel_json_integer(f, "fps", 0),
           oriel_json_integer(f, "kbps", 0), json_number_value(json_object_get(f, "loss_percent")),
           oriel_json_integer(f, "rtt_ms", 0));
    const json_t *way = json_object_get(f, "way");
    printf(" %7lld %3lld ms %-12s  %8lld %5lld ", oriel_json_integer(way, "kbps", 0),
           oriel_json_integer(way, "queue_ms", 0) + oriel_json_integer(way, "waiting_ms", 0),
           in_words(oriel_json_text(way, "state")), oriel_json_integer(way, "recoveries", 0),
           oriel_json_integer(way, "keyframes", 0));
    const json_t *trace = json_object_get(f, "stages_us");
    for (int i = 0; i < STAGES; i++) {
        const json_t *pair = json_object_get(trace, stages[i]);
        if (milliseconds(pair, 1) > 0)
            printf(" %7.2f %7.2f", milliseconds(pair, 0), milliseconds(pair, 1));
        else
            printf(" %15s", "-"); /* nothing changed */
    }
    putchar('\n');
}

/* The figures of a session that is live: a new reference, or NULL. `*reached` says whether orield answered. */
static json_t *ask(const struct oriel_cli *cli, bool *reached) {
    json_t *status = oriel_cli_ask(cli, "status");
    *reached = status != NULL;
    json_t *figures = json_incref(json_object_get(json_object_get(status, "session"), "figures"));
    json_decref(status);
    return figures;
}

int oriel_cli_stats(const struct oriel_cli *cli) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    bool reached;
    json_t *figures = ask(cli, &reached);
    if (!reached)
        return 1;
    if (!figures) {
        fputs("oriel: no session is live; figures come with the first picture\n", stderr);
        return 1;
    }
    for (unsigned line = 0; figures; line++) {
        if (cli->json) {
            json_dumpf(figures, stdout, JSON_COMPACT);
            putchar('\n');
        } else {
            if (line % LINES_A_HEADER == 0)
                print_header();
            print_line(figures);
        }
        json_decref(figures);
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        figures = ask(cli, &reached);
    }
    return reached ? 0 : 1;
}
