/* options.c: see options.h. What is wrong is refused with what is allowed; nothing is guessed. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const page_names[PAGES] = {"overview", "alarms", "trend", "recipe", "service"};

static const struct option known[] = {
    {"socket", required_argument, NULL, 's'},
    {"windowed", no_argument, NULL, 'w'},
    {"width", required_argument, NULL, 'W'},
    {"height", required_argument, NULL, 'H'},
    {"page", required_argument, NULL, 'p'},
    {"language", required_argument, NULL, 'l'},
    {"still", no_argument, NULL, 't'},
    {"seed", required_argument, NULL, 'e'},
    {"print-geometry", no_argument, NULL, 'g'},
    {"push", no_argument, NULL, 'P'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {0},
};

static const char help[] = "oriel-panel: the HMI of a bottle filler, with consent to remote support\n\n"
                           "  --socket PATH      consent socket of orield\n"
                           "  --windowed         a window in place of the full screen\n"
                           "  --width N          width of the window, 640 to 7680\n"
                           "  --height N         height of the window, 400 to 4320\n"
                           "  --page NAME        overview, alarms, trend, recipe or service\n"
                           "  --language CODE    en, de, fr, es or zh\n"
                           "  --still            nothing moves: no animation, no clock, no countdown\n"
                           "  --seed N           another course of the simulation, 0 to 4294967295\n"
                           "  --push             hand Oriel this panel's own picture, for [capture] backend=hmi\n"
                           "  --print-geometry   tell on stdout where the buttons of consent are, and what happens\n"
                           "  --help, --version\n";

static int refuse(const char *what, const char *value, const char *allowed) {
    fprintf(stderr, "oriel-panel: %s '%s': %s\n", what, value, allowed);
    return 2;
}

static bool number(const char *text, unsigned long min, unsigned long max, unsigned long *ret) {
    char *end;

    errno = 0;
    *ret = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno && *ret >= min && *ret <= max;
}

static int take(struct options *o, int option, const char *value) {
    unsigned long n;
    int found;

    switch (option) {
    case 's':
        if (!*value || strlen(value) > 107)
            return refuse("--socket", value, "must be a path of 1 to 107 bytes");
        o->socket = value;
        break;
    case 'P':
        o->push = true;
        break;
    case 'w':
        o->windowed = true;
        break;
    case 'W':
        if (!number(value, 640, 7680, &n))
            return refuse("--width", value, "must be a number from 640 to 7680");
        o->width = (int)n;
        break;
    case 'H':
        if (!number(value, 400, 4320, &n))
            return refuse("--height", value, "must be a number from 400 to 4320");
        o->height = (int)n;
        break;
    case 'p':
        for (found = 0; found < PAGES && strcmp(value, page_names[found]); found++)
            ;
        if (found == PAGES)
            return refuse("--page", value, "must be overview, alarms, trend, recipe or service");
        o->page = (enum page)found;
        break;
    case 'l':
        found = text_find_language(value);
        if (found < 0)
            return refuse("--language", value, "must be en, de, fr, es or zh");
        o->language = (enum text_language)found;
        break;
    case 't':
        o->still = true;
        break;
    case 'e':
        if (!number(value, 0, 4294967295, &n))
            return refuse("--seed", value, "must be a number from 0 to 4294967295");
        o->seed = (unsigned)n;
        break;
    case 'g':
        o->print_geometry = true;
        break;
    case 'h':
        fputs(help, stdout);
        return 0;
    case 'v':
        puts("oriel-panel " ORIEL_VERSION);
        return 0;
    }
    return -1;
}

int options_parse(struct options *options, int argc, char **argv) {
    *options = (struct options){.seed = 1};
    opterr = 0;
    for (;;) {
        int at = optind, option = getopt_long(argc, argv, ":", known, NULL), r;

        if (option == -1)
            break;
        if (option == ':')
            return refuse("option", argv[at], "needs a value; see --help");
        if (option == '?') {
            refuse("unknown option", argv[at], "what is allowed:");
            fputs(help, stderr);
            return 2;
        }
        r = take(options, option, optarg);
        if (r >= 0)
            return r;
    }
    if (optind < argc)
        return refuse("unexpected argument", argv[optind], "there are only options; see --help");
    return -1;
}
