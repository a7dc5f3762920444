/* options.h: what the command line of oriel-panel says. */
#pragma once

#include "text.h"

#include <stdbool.h>

enum page { PAGE_OVERVIEW, PAGE_ALARMS, PAGE_TREND, PAGE_RECIPE, PAGE_SERVICE, PAGES };

extern const char *const page_names[PAGES]; /* as --page takes them */

struct options {
    const char *socket; /* NULL: the default of liboriel */
    bool push;          /* hand over our own picture */
    bool windowed, still, print_geometry;
    int width, height; /* 0: the monitor's */
    enum page page;
    enum text_language language;
    unsigned seed;
};

/* -1: go on. Else the exit status: help or version was printed (0), or a mistake was explained on stderr (2). */
int options_parse(struct options *options, int argc, char **argv);
