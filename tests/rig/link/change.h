/* Changes of the emulated link, as a command or a script says them:
 *
 *     up|down|both [KEY=VALUE …]
 *
 *   rate=BIT/S   delay=MS   jitter=MS   queue=MS   bytes=N   loss=0…1   bad=0…1 length=PACKETS harm=0…1
 *   reorder=0…1 late=MS   hold=0|1   cut=0|1
 *
 * What is not named stays as it is. lane.h says what each is. */
#pragma once
#include "lane.h"

enum { UP, DOWN, LANES, CHANGE_KEYS = 13 };

struct change {
    unsigned lanes;         /* 1 << UP, 1 << DOWN */
    unsigned named;         /* 1 << index of a key */
    double to[CHANGE_KEYS]; /* as it was written */
};

/* NULL, or what is wrong with it. The text is cut into words. */
const char *change_parse(struct change *change, char *text);
void change_apply(const struct change *change, struct lane *lanes[LANES], int64_t now);

/* Changes that wait for their time. */
struct script;
struct script *script_new(void);
void script_clear(struct script *script);
void script_add(struct script *script, int64_t at, const struct change *change);
int64_t script_next(const struct script *script);
/* What was due by now, each at its own time. */
void script_run(struct script *script, struct lane *lanes[LANES], int64_t now);
