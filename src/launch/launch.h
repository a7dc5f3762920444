/* The launcher: the one process of Oriel that may start programs, each in a sandbox of its own (SANDBOX.md).
 *
 * Policy: core forks it before anything else happens, and from then on can neither start a program itself nor say what
 * is started: over the channel (ipc/core_launch.h) it names a kind, and programs, paths, devices and networks of a kind
 * were fixed by the configuration at the fork. It has no part in what helpers do, and reads nothing but core's channel
 * and the stop socket (stopper.h), on which every helper of a session is killed at once, whatever core does meanwhile.
 * It dies with core, and helpers die with it. libc only.
 *
 * A helper is started through bubblewrap (namespaces, a read-only tree of little but libraries) and oriel-enter
 * (limits, the launch filter); its descriptors are 0 /dev/null, 1 and 2 the log, 3 its control channel. Limits: 16 at a
 * time. */
#ifndef ORIEL_LAUNCH_H
#define ORIEL_LAUNCH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "sandbox.h"
#include "stopper.h"

struct oriel_launch_kind {
    enum oriel_process process;
    const char *program;            /* file name in the helpers' directory */
    const char *const *environment; /* names that are passed on, NULL-terminated */
    bool network;                   /* the machine's; else loopback only, of its own */
    bool names;                     /* also what names and certificates are looked up in */
    unsigned data;                  /* MiB of memory of its own at most */
    unsigned tasks;                 /* threads at most */
    unsigned file;                  /* MiB that a file (a memfd) may have */
    const char *plugins;            /* the folder of its GStreamer plugins, beside it; NULL: none */
};

/* A file, directory or device of the machine that a kind sees, at the same place; what is not there is left out. */
struct oriel_launch_path {
    enum oriel_process process;
    const char *path;
    bool device; /* may be opened as a device; else read-only */
};

struct oriel_launch_plan {
    const char *helpers; /* directory of the programs and of oriel-enter */
    const struct oriel_launch_kind *kinds;
    size_t kind_count;
    const struct oriel_launch_path *paths;
    size_t path_count;
    const char *refusals[ORIEL_PROCESSES]; /* why a kind can't be started as configured, NULL: it can */
    bool network[ORIEL_PROCESSES];         /* the machine's network, too, by configuration */
    bool unprotected;                      /* where there is no sandbox, run without one */
    bool log;                              /* forbidden calls are logged only */
    struct oriel_launch_stop stop;         /* who may stop sessions without core */
};

extern const struct oriel_launch_kind oriel_launch_kinds[ORIEL_PROCESSES]; /* by enum oriel_process */

/* Forks it. The channel, or -errno. The caller is single-threaded, and `plan` need not outlive the call. */
int oriel_launch_fork(const struct oriel_launch_plan *plan);

/* ---- inside the launcher, and for `oriel doctor` ---- */

enum { ORIEL_LAUNCH_ARGUMENTS = 192, ORIEL_LAUNCH_TEXT = 8192 };

/* A command line, with the memory of its words. */
struct oriel_launch_command {
    char *words[ORIEL_LAUNCH_ARGUMENTS + 1];
    unsigned count;
    char text[ORIEL_LAUNCH_TEXT];
    size_t used;
    bool overflow;
};

/* How a kind is started. `which`: of its paths it sees this one alone, counted from 1; 0: all. `program` NULL only
 * looks whether the sandbox stands (oriel-enter ends with ORIEL_ENTER_GOOD).
 */
void oriel_launch_command(struct oriel_launch_command *command, const struct oriel_launch_plan *plan,
                          const struct oriel_launch_kind *kind, unsigned which, bool sandbox, const char *program);
/* Where the private plugins of a kind are, with their registry; false: there are none. */
bool oriel_launch_plugins(const struct oriel_launch_plan *plan, const struct oriel_launch_kind *kind,
                          char folder[PATH_MAX]);
/* Runs that look. True: it stands. Else `why` says what failed. */
bool oriel_launch_probe(const struct oriel_launch_plan *plan, const struct oriel_launch_kind *kind, bool sandbox,
                        char *why, size_t size);

#endif
