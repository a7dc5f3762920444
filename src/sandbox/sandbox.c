/* See sandbox.h. */
#include "sandbox.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"

void oriel_sandbox_begin(const char *name) {
    static const struct rlimit none = {0, 0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, name); /* started by a descriptor, it may be called after that */
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &none);
}

int oriel_sandbox_load(const struct oriel_filter *filter, int log) {
    struct sock_filter code[BPF_MAXINSNS];
    memcpy(code, filter->code, filter->length * sizeof *code);
    for (unsigned i = 0; log && i < filter->length; i++)
        if (code[i].code == (BPF_RET | BPF_K) && code[i].k == SECCOMP_RET_KILL_PROCESS)
            code[i].k = SECCOMP_RET_LOG;
    struct sock_fprog program = {filter->length, code};
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    return result == 0 ? 0 : result < 0 ? -errno : -EBUSY; /* a thread that can't take it */
}

int oriel_sandbox_lock(enum oriel_process process) {
#ifdef ORIEL_SANITIZED
    oriel_warning("built with sanitizers: the system calls of this process are not locked");
    return 0;
#endif
    int log = getenv("ORIEL_SECCOMP_LOG") != NULL;
    if (log)
        oriel_warning("forbidden system calls are only logged here ([sandbox] violations=log)");
    prctl(PR_SET_DUMPABLE, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    return oriel_sandbox_load(&oriel_filters[ORIEL_STAGE_LOCK][process], log);
}
