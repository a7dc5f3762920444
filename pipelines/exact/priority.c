/* See priority.h. In a file of its own, because the kernel's header and libc's define the same things. The call is
 * sched_setattr and not setpriority because media's filter of system calls lets that one through. */
#include "priority.h"

#include <linux/sched/types.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NORMAL = 0, NICE = 5 };

void oriel_step_back(void) {
    struct sched_attr lower = {.size = sizeof lower, .sched_policy = NORMAL, .sched_nice = NICE};
    syscall(SYS_sched_setattr, 0, &lower, 0);
}
