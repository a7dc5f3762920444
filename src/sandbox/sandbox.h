/* What a process of Oriel takes from itself: the second half of its sandbox (src/launch/SANDBOX.md has the whole).
 *
 * Policy: two seccomp filters for each process, both made at build time from syscalls.list. The *launch* filter is put
 * on by oriel-enter before the program runs, so it holds for whatever lies there under the program's name. The *lock*
 * is taken by the program itself, when all is loaded that it will need and before it reads a byte of somebody else:
 * then only the calls on its list are left, and any other kills the process (SECCOMP_RET_KILL_PROCESS, all threads:
 * TSYNC). A process that can't take its lock must end.
 *
 * Limits: in a build with sanitizers (which make calls of their own) the lock is not taken. With
 * ORIEL_SECCOMP_LOG in the environment (oriel.conf: [sandbox] violations=log) what the lock forbids is let through and
 * written to the kernel's log: for finding what a new library needs, never for use. */
#ifndef ORIEL_SANDBOX_H
#define ORIEL_SANDBOX_H

#include <linux/filter.h>

enum oriel_process {
    ORIEL_PROCESS_CORE,
    ORIEL_PROCESS_SIGNAL,
    ORIEL_PROCESS_CAPTURE,
    ORIEL_PROCESS_MEDIA,
    ORIEL_PROCESS_EGRESS,
    ORIEL_PROCESS_CAMERA,
    ORIEL_PROCESS_VOICE,
    ORIEL_PROCESSES,
};

enum oriel_stage { ORIEL_STAGE_LAUNCH, ORIEL_STAGE_LOCK, ORIEL_STAGES };

struct oriel_filter {
    const struct sock_filter *code;
    unsigned short length;
    unsigned short calls; /* that it lets through, for those who count */
};

/* First thing of a helper's main(): its name, death with its parent, no core dumps, no ptrace by its own user. */
void oriel_sandbox_begin(const char *name);
/* From here on only the system calls on the list of `process`; for every thread, for good. 0 or -errno. */
int oriel_sandbox_lock(enum oriel_process process);

/* For oriel-enter and `oriel doctor`. */
extern const struct oriel_filter oriel_filters[ORIEL_STAGES][ORIEL_PROCESSES];
/* Loads it for all threads of this process; needs no_new_privs. `log`: what it kills is logged and let through instead.
 */
int oriel_sandbox_load(const struct oriel_filter *filter, int log);

#endif
