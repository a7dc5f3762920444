/* Core and its launcher (src/launch): the only process that may start programs. It lives as long as core. */
#ifndef ORIEL_IPC_CORE_LAUNCH_H
#define ORIEL_IPC_CORE_LAUNCH_H

#include "channel.h"

/* Core to the launcher. */
enum {
    /* u a number that core chooses · u kind (index into the launcher's table) · u which of the kind's paths it sees,
     * from 1 in the order of the plan, 0: all · fd: the helper's control channel. Answered by STARTED or FAILED. */
    ORIEL_LAUNCH_START = 1,
};

/* The launcher to core. */
enum {
    /* u 1: helpers run in a sandbox, 0: this machine can't make one · s why not. First, once. */
    ORIEL_LAUNCH_READY = 1,
    /* u number · fd: a pidfd of the program itself, for killing it */
    ORIEL_LAUNCH_STARTED = 2,
    /* u number · s why it can't be started and what to do. Nothing runs, no ENDED follows. */
    ORIEL_LAUNCH_FAILED = 3,
    /* u number · u how the program ended, as of wait(2). Nothing of it is left. */
    ORIEL_LAUNCH_ENDED = 4,
    /* s "person" or "local": somebody has stopped the session by the stop socket. Comes before the ends of the helpers,
     * which were killed in this moment. */
    ORIEL_LAUNCH_STOPPED = 5,
};

static const struct oriel_ipc_type oriel_core_to_launch_types[] = {
    {ORIEL_LAUNCH_START, "start", "uuu", 1},
};
static const struct oriel_ipc_type oriel_launch_to_core_types[] = {
    {ORIEL_LAUNCH_READY, "ready", "us", 0},    {ORIEL_LAUNCH_STARTED, "started", "u", 1},
    {ORIEL_LAUNCH_FAILED, "failed", "us", 0},  {ORIEL_LAUNCH_ENDED, "ended", "uu", 0},
    {ORIEL_LAUNCH_STOPPED, "stopped", "s", 0},
};
static const struct oriel_ipc_table oriel_core_to_launch __attribute__((unused)) = {
    "core to launcher", oriel_core_to_launch_types, sizeof oriel_core_to_launch_types / sizeof(struct oriel_ipc_type)};
static const struct oriel_ipc_table oriel_launch_to_core __attribute__((unused)) = {
    "launcher to core", oriel_launch_to_core_types, sizeof oriel_launch_to_core_types / sizeof(struct oriel_ipc_type)};

#endif
