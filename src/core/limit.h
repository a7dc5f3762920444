/* How many messages of agents are opened: opening costs a key agreement, a hello some more and the reading of a trust
 * file, and whoever may write to the device's topic may write as fast as the network goes.
 * Policy: a bucket for each agent, so that one that floods uses up its own, and one for all, so that many do not use up
 * the device. A hello takes 4, anything else 1. An agent's holds 256 and gets 16 a second: 64 hellos at once, then 4 a
 * second, while a session's whole exchange is some 40 messages. That for all holds 512 and gets 64 a second; the agent
 * of the live session does not take from it. A vendor's revocations have a bucket like an agent's. Times are boot time.
 * Limits: 64 agents; the one with the fullest bucket makes room. One thread. */
#ifndef ORIEL_LIMIT_H
#define ORIEL_LIMIT_H

#include <glib.h>
#include <stdbool.h>

struct oriel_limit;

struct oriel_limit *oriel_limit_new(void);
void oriel_limit_free(struct oriel_limit *limit);
/* False: this message is not to be opened. `live`: it is of the live session, and takes nothing from what is for all.
 */
bool oriel_limit_take(struct oriel_limit *limit, const char *agent, bool hello, bool live);

#endif
