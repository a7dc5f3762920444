/* Makes the seccomp filters at build time:
 *
 *     compile LIST ARCHITECTURE OUTPUT.c
 *
 * reads syscalls.list (which says how it is written), lets libseccomp make a BPF program for each stage and process,
 * and writes them as C arrays. Policy: a name that libseccomp does not know, or a condition that is not below, is an
 * error; a call that the target's architecture does not have is left out. Done at build time, so that no process
 * carries libseccomp or spends time on it, and everybody can look at what the filters are. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "enter.h"
#include "sandbox.h"

static const char *const stage_names[] = {"launch", "lock"};
static const char *const process_names[] = {"core", "signal", "capture", "media", "egress", "camera", "voice"};

#define ARG(n, value)                                                                                                  \
    { n, SCMP_CMP_EQ, value, 0 }
#define BITS(n, mask, value)                                                                                           \
    { n, SCMP_CMP_MASKED_EQ, mask, value }

/* What stands in parentheses: several of a name are alternatives, the comparisons of one hold together. */
static const struct condition {
    const char *call, *name;
    struct scmp_arg_cmp compare[2];
    unsigned count;
} conditions[] = {
    {"socket", "unix", {ARG(0, AF_UNIX)}, 1},
    {"socket", "ip", {ARG(0, AF_INET), BITS(1, 0xf, SOCK_STREAM)}, 2},
    {"socket", "ip", {ARG(0, AF_INET), BITS(1, 0xf, SOCK_DGRAM)}, 2},
    {"socket", "ip", {ARG(0, AF_INET6), BITS(1, 0xf, SOCK_STREAM)}, 2},
    {"socket", "ip", {ARG(0, AF_INET6), BITS(1, 0xf, SOCK_DGRAM)}, 2},
    {"socket", "route", {ARG(0, AF_NETLINK), ARG(2, 0)}, 2},
    {"socketpair", "unix", {ARG(0, AF_UNIX)}, 1},
    {"clone", "thread", {BITS(0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM)}, 1},
    {"execveat", "program", {ARG(0, ORIEL_ENTER_FD), ARG(4, AT_EMPTY_PATH)}, 2},
    /* Not shared and anonymous at once: such memory is in no limit. */
    {"mmap", "own", {BITS(3, MAP_SHARED | MAP_ANONYMOUS, MAP_SHARED)}, 1},
    {"mmap", "own", {BITS(3, MAP_SHARED | MAP_ANONYMOUS, MAP_ANONYMOUS)}, 1},
    {"mmap", "own", {BITS(3, MAP_SHARED | MAP_ANONYMOUS, 0)}, 1},
    {"mmap", "data", {BITS(2, PROT_EXEC, 0), BITS(3, MAP_SHARED | MAP_ANONYMOUS, MAP_SHARED)}, 2},
    {"mmap", "data", {BITS(2, PROT_EXEC, 0), BITS(3, MAP_SHARED | MAP_ANONYMOUS, MAP_ANONYMOUS)}, 2},
    {"mmap", "data", {BITS(2, PROT_EXEC, 0), BITS(3, MAP_SHARED | MAP_ANONYMOUS, 0)}, 2},
    {"mmap2", "own", {BITS(3, MAP_SHARED | MAP_ANONYMOUS, MAP_SHARED)}, 1},
    {"mmap2", "own", {BITS(3, MAP_SHARED | MAP_ANONYMOUS, MAP_ANONYMOUS)}, 1},
    {"mmap2", "own", {BITS(3, MAP_SHARED | MAP_ANONYMOUS, 0)}, 1},
    {"mmap2", "data", {BITS(2, PROT_EXEC, 0), BITS(3, MAP_SHARED | MAP_ANONYMOUS, MAP_SHARED)}, 2},
    {"mmap2", "data", {BITS(2, PROT_EXEC, 0), BITS(3, MAP_SHARED | MAP_ANONYMOUS, MAP_ANONYMOUS)}, 2},
    {"mmap2", "data", {BITS(2, PROT_EXEC, 0), BITS(3, MAP_SHARED | MAP_ANONYMOUS, 0)}, 2},
    {"mprotect", "data", {BITS(2, PROT_EXEC, 0)}, 1},
    {"openat", "read", {BITS(2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)}, 1},
    {"open", "read", {BITS(1, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)}, 1},
    {"openat", "existing", {BITS(2, O_CREAT | O_TRUNC, 0)}, 1},
    {"open", "existing", {BITS(1, O_CREAT | O_TRUNC, 0)}, 1},
    {"prctl", "name", {ARG(0, PR_SET_NAME)}, 1},
    {"prctl", "name", {ARG(0, PR_GET_NAME)}, 1},
    {"prctl", "begin", {ARG(0, PR_SET_PDEATHSIG), ARG(1, SIGKILL)}, 2},
    {"prctl", "begin", {ARG(0, PR_SET_DUMPABLE), ARG(1, 0)}, 2},
    {"prctl", "begin", {ARG(0, PR_SET_NO_NEW_PRIVS)}, 1},
    {"prctl", "look", {ARG(0, PR_GET_DUMPABLE)}, 1},
    {"prctl", "look", {ARG(0, PR_CAPBSET_READ)}, 1},
    {"prlimit64", "look", {ARG(0, 0), ARG(2, 0)}, 2},
    {"prlimit64", "own", {ARG(0, 0)}, 1},
    {"ioctl", "queue", {ARG(1, FIONREAD)}, 1},
    {"ioctl", "queue", {ARG(1, TIOCOUTQ)}, 1},
    {"ioctl", "queue", {ARG(1, FIONBIO)}, 1},
    {"ioctl", "terminal", {ARG(1, 0x5401 /* TCGETS: is it a terminal? */)}, 1},
    {"ioctl", "interface", {ARG(1, 0x8912 /* SIOCGIFCONF */)}, 1},
    {"ioctl", "interface", {ARG(1, 0x8913 /* SIOCGIFFLAGS */)}, 1},
    {"ioctl", "interface", {ARG(1, 0x8915 /* SIOCGIFADDR */)}, 1},
    {"ioctl", "interface", {ARG(1, 0x8910 /* SIOCGIFNAME */)}, 1},
    {"ioctl", "interface", {ARG(1, 0x8933 /* SIOCGIFINDEX */)}, 1},
    {"ioctl", "camera", {BITS(1, 0xff00, 'V' << 8 /* all of V4L2 */)}, 1},
    {"ioctl", "sound", {BITS(1, 0xff00, 0x4100 /* SNDRV_PCM_IOCTL_… */)}, 1},
    {"ioctl", "sound", {BITS(1, 0xff00, 0x5500 /* SNDRV_CTL_IOCTL_… */)}, 1},
    {"ioctl", "framebuffer", {ARG(1, 0x4600 /* FBIOGET_VSCREENINFO */)}, 1},
    {"ioctl", "framebuffer", {ARG(1, 0x4602 /* FBIOGET_FSCREENINFO */)}, 1},
};

struct section {
    bool stage[ORIEL_STAGES], process[ORIEL_PROCESSES];
    uint32_t action;
};

static scmp_filter_ctx filters[ORIEL_STAGES][ORIEL_PROCESSES];
static unsigned calls[ORIEL_STAGES][ORIEL_PROCESSES];
static uint32_t architecture;
static unsigned line_number;

__attribute__((format(printf, 1, 2), noreturn)) static void stop(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "syscalls.list:%u: ", line_number);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static int find(const char *word, const char *const *names, int count) {
    for (int i = 0; i < count; i++)
        if (strcmp(word, names[i]) == 0)
            return i;
    return -1;
}

/* "launch signal media never" */
static void read_head(char *head, struct section *s) {
    *s = (struct section){.action = SCMP_ACT_ALLOW};
    char *rest;
    for (char *word = strtok_r(head, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        int stage = find(word, stage_names, ORIEL_STAGES), process = find(word, process_names, ORIEL_PROCESSES);
        if (stage >= 0)
            s->stage[stage] = true;
        else if (process >= 0)
            s->process[process] = true;
        else if (strcmp(word, "helpers") == 0)
            for (int i = ORIEL_PROCESS_SIGNAL; i < ORIEL_PROCESSES; i++)
                s->process[i] = true;
        else if (strcmp(word, "never") == 0)
            s->action = SCMP_ACT_KILL_PROCESS;
        else if (strcmp(word, "absent") == 0)
            s->action = SCMP_ACT_ERRNO(ENOSYS);
        else if (strcmp(word, "denied") == 0)
            s->action = SCMP_ACT_ERRNO(EACCES);
        else
            stop("'%s' is no stage, process or action", word);
    }
}

static void add_rule(const struct section *s, int number, const struct condition *c) {
    for (int stage = 0; stage < ORIEL_STAGES; stage++)
        for (int process = 0; process < ORIEL_PROCESSES; process++) {
            if (!s->stage[stage] || !s->process[process])
                continue;
            int result = seccomp_rule_add_array(filters[stage][process], s->action, number, c ? c->count : 0,
                                                c ? c->compare : NULL);
            if (result < 0 && result != -EEXIST && result != -EACCES) /* the latter: what it does anyway */
                stop("%s", strerror(-result));
            if (s->action == SCMP_ACT_ALLOW &&
                (!c || c == conditions || strcmp(c[-1].name, c->name) != 0 || strcmp(c[-1].call, c->call) != 0))
                calls[stage][process]++;
        }
}

/* "openat" or "openat(read)" */
static void add_word(const struct section *s, char *word) {
    char *name = strchr(word, '(');
    size_t length = strlen(word);
    if (name) {
        if (word[length - 1] != ')')
            stop("'%s' lacks its ')'", word);
        word[length - 1] = '\0';
        *name++ = '\0';
    }
    int number = seccomp_syscall_resolve_name_rewrite(architecture, word);
    if (number == __NR_SCMP_ERROR)
        stop("no system call is called '%s'", word);
    bool known = !name;
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions && name; i++)
        if (strcmp(conditions[i].call, word) == 0 && strcmp(conditions[i].name, name) == 0) {
            known = true;
            if (number >= 0)
                add_rule(s, number, &conditions[i]);
        }
    if (!known)
        stop("'%s' of %s is no condition that compile.c knows", name, word);
    if (!name && number >= 0)
        add_rule(s, number, NULL);
}

static void read_list(FILE *list) {
    struct section section = {0};
    char line[512];
    while (fgets(line, sizeof line, list)) {
        line_number++;
        line[strcspn(line, "#\n")] = '\0';
        char *text = line, *colon = strchr(line, ':'), *rest;
        if (colon) {
            *colon = '\0';
            read_head(line, &section);
            text = colon + 1;
        }
        for (char *word = strtok_r(text, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest))
            add_word(&section, word);
    }
}

static void make_filters(void) {
    for (int stage = 0; stage < ORIEL_STAGES; stage++)
        for (int process = 0; process < ORIEL_PROCESSES; process++) {
            scmp_filter_ctx f =
                seccomp_init(stage == ORIEL_STAGE_LAUNCH ? SCMP_ACT_ERRNO(ENOSYS) : SCMP_ACT_KILL_PROCESS);
            filters[stage][process] = f;
            if (!f || seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) < 0 ||
                seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0)
                stop("libseccomp refuses a filter");
            if (architecture != seccomp_arch_native() &&
                (seccomp_arch_add(f, architecture) < 0 || seccomp_arch_remove(f, seccomp_arch_native()) < 0))
                stop("libseccomp does not know the target's architecture");
        }
}

static void write_filter(FILE *out, int stage, int process) {
    FILE *bpf = tmpfile();
    if (!bpf || seccomp_export_bpf(filters[stage][process], fileno(bpf)) < 0)
        stop("libseccomp can't make the %s filter of %s", stage_names[stage], process_names[process]);
    rewind(bpf);
    struct sock_filter f;
    fprintf(out, "static const struct sock_filter %s_%s[] = {\n", stage_names[stage], process_names[process]);
    while (fread(&f, sizeof f, 1, bpf) == 1)
        fprintf(out, "    {0x%04x, %u, %u, 0x%08xu},\n", f.code, f.jt, f.jf, f.k);
    fputs("};\n", out);
    fclose(bpf);
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    FILE *list = fopen(argv[1], "r"), *out = fopen(argv[3], "w");
    architecture = seccomp_arch_resolve_name(argv[2]);
    if (!list || !out || !architecture) {
        fprintf(stderr, "compile: %s\n", architecture ? strerror(errno) : "libseccomp does not know this architecture");
        return 1;
    }
    make_filters();
    read_list(list);
    fputs("/* Made from syscalls.list by compile.c. */\n#include \"sandbox.h\"\n\n", out);
    for (int stage = 0; stage < ORIEL_STAGES; stage++)
        for (int process = 0; process < ORIEL_PROCESSES; process++)
            write_filter(out, stage, process);
    fputs("const struct oriel_filter oriel_filters[ORIEL_STAGES][ORIEL_PROCESSES] = {\n", out);
    for (int stage = 0; stage < ORIEL_STAGES; stage++)
        for (int process = 0; process < ORIEL_PROCESSES; process++)
            fprintf(out, "    [%1$d][%2$d] = {%3$s_%4$s, sizeof %3$s_%4$s / sizeof *%3$s_%4$s, %5$u},\n", stage,
                    process, stage_names[stage], process_names[process], calls[stage][process]);
    fputs("};\n", out);
    for (int stage = 0; stage < ORIEL_STAGES; stage++)
        for (int process = 0; process < ORIEL_PROCESSES; process++)
            seccomp_release(filters[stage][process]);
    fclose(list);
    return fclose(out) == 0 ? 0 : 1;
}
