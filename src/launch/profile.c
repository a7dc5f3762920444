/* What each kind of helper sees: the command line that puts it into its sandbox. See launch.h and SANDBOX.md. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launch.h"

static const char *const capture_environment[] = {"LANG",       "JOURNAL_STREAM", "ORIEL_DEBUG", "DISPLAY",
                                                  "XAUTHORITY", "HOME",           NULL};
static const char *const voice_environment[] = {"LANG",         "JOURNAL_STREAM", "ORIEL_DEBUG", "XDG_RUNTIME_DIR",
                                                "PULSE_SERVER", "HOME",           NULL};
static const char *const media_environment[] = {"LANG", "JOURNAL_STREAM", "ORIEL_DEBUG", "ORIEL_RECORD_WAY", NULL};
/* TLS looks at the latter two; proxies come from the configuration only. */
static const char *const online_environment[] = {"LANG",          "JOURNAL_STREAM", "ORIEL_DEBUG",
                                                 "SSL_CERT_FILE", "SSL_CERT_DIR",   NULL};

/* `data` is four times of what was measured in use, or more; a 4096x4096 screen makes four buffers of 64 MiB. */
const struct oriel_launch_kind oriel_launch_kinds[ORIEL_PROCESSES] = {
    [ORIEL_PROCESS_SIGNAL] = {ORIEL_PROCESS_SIGNAL, "oriel-signal", online_environment, true, true, 64, 16, 0},
    [ORIEL_PROCESS_CAPTURE] = {ORIEL_PROCESS_CAPTURE, "oriel-capture", capture_environment, false, false, 192, 16, 512},
    [ORIEL_PROCESS_MEDIA] = {ORIEL_PROCESS_MEDIA, "oriel-media", media_environment, false, false, 768, 96, 8, "gst"},
    [ORIEL_PROCESS_CAMERA] = {ORIEL_PROCESS_CAMERA, "oriel-camera", media_environment, false, false, 256, 16, 512},
    [ORIEL_PROCESS_EGRESS] = {ORIEL_PROCESS_EGRESS, "oriel-egress", online_environment, true, true, 64, 16, 0},
    [ORIEL_PROCESS_VOICE] = {ORIEL_PROCESS_VOICE, "oriel-voice", voice_environment, false, false, 256, 32, 80,
                             "gst-voice"},
};

static void add(struct oriel_launch_command *c, const char *word) {
    size_t size = strlen(word) + 1;
    if (c->count >= ORIEL_LAUNCH_ARGUMENTS || size > sizeof c->text - c->used) {
        c->overflow = true;
        return;
    }
    c->words[c->count++] = memcpy(c->text + c->used, word, size);
    c->words[c->count] = NULL;
    c->used += size;
}

#define ADD(c, ...)                                                                                                    \
    do {                                                                                                               \
        const char *const words_[] = {__VA_ARGS__};                                                                    \
        for (size_t i_ = 0; i_ < sizeof words_ / sizeof *words_; i_++)                                                 \
            add(c, words_[i_]);                                                                                        \
    } while (0)

static void add_number(struct oriel_launch_command *c, unsigned number) {
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    add(c, text);
}

/* As the machine has it: a link stays a link. */
static void add_library_folder(struct oriel_launch_command *c, const char *path) {
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof target - 1);
    if (n > 0) {
        target[n] = '\0';
        ADD(c, "--symlink", target, path);
    } else {
        ADD(c, "--ro-bind-try", path, path);
    }
}

/* Where libraries are: on a system with one folder an architecture that one alone, else the usual ones. */
static void add_libraries(struct oriel_launch_command *c) {
    static const char *const usual[] = {"/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib"};
    if (access(LIBRARY_FOLDER, F_OK) == 0) {
        ADD(c, "--ro-bind", LIBRARY_FOLDER, LIBRARY_FOLDER, "--ro-bind-try", "/usr/lib64", "/usr/lib64",
            "--ro-bind-try", "/usr/local/lib", "/usr/local/lib");
    } else {
        for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
            add_library_folder(c, usual[i]);
    }
    add_library_folder(c, "/lib");
    add_library_folder(c, "/lib64");
    ADD(c, "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache");
}

static void add_names(struct oriel_launch_command *c) {
    static const char *const files[] = {"/etc/resolv.conf",
                                        "/etc/hosts",
                                        "/etc/nsswitch.conf",
                                        "/etc/host.conf",
                                        "/etc/gai.conf",
                                        "/etc/services",
                                        "/etc/ssl/certs",
                                        "/etc/ssl/openssl.cnf",
                                        "/etc/pki/tls",
                                        "/usr/lib/ssl",
                                        "/usr/share/ca-certificates",
                                        "/usr/local/share/ca-certificates"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        ADD(c, "--ro-bind-try", files[i], files[i]);
    const char *file = getenv("SSL_CERT_FILE"), *folder = getenv("SSL_CERT_DIR");
    if (file)
        ADD(c, "--ro-bind-try", file, file);
    if (folder)
        ADD(c, "--ro-bind-try", folder, folder);
}

/* GStreamer's plugins: the private directory beside the program, where their registry knows them. */
bool oriel_launch_plugins(const struct oriel_launch_plan *plan, const struct oriel_launch_kind *kind,
                          char folder[PATH_MAX]) {
    char beside[PATH_MAX], registry[PATH_MAX + 16];
    if ((size_t)snprintf(beside, sizeof beside, "%s/%s", plan->helpers, kind->plugins) >= sizeof beside ||
        !realpath(beside, folder))
        return false;
    snprintf(registry, sizeof registry, "%s/registry.bin", folder);
    return access(registry, R_OK) == 0;
}

static void add_tree(struct oriel_launch_command *c, const struct oriel_launch_plan *plan,
                     const struct oriel_launch_kind *kind, unsigned which) {
    unsigned own = 0;
    add_libraries(c);
    ADD(c, "--dev-bind", "/dev/null", "/dev/null", "--dev-bind", "/dev/urandom", "/dev/urandom");
#ifdef ORIEL_SANITIZED
    ADD(c, "--proc", "/proc"); /* where they read how memory lies */
#endif
    if (kind->names)
        add_names(c);
    char plugins[PATH_MAX];
    if (kind->plugins && oriel_launch_plugins(plan, kind, plugins))
        ADD(c, "--ro-bind", plugins, plugins);
    for (size_t i = 0; i < plan->path_count; i++)
        if (plan->paths[i].process == kind->process && *plan->paths[i].path && (++own == which || !which))
            ADD(c, plan->paths[i].device ? "--dev-bind-try" : "--ro-bind-try", plan->paths[i].path,
                plan->paths[i].path);
}

static void add_bubblewrap(struct oriel_launch_command *c, const struct oriel_launch_plan *plan,
                           const struct oriel_launch_kind *kind, unsigned which, const char *enter,
                           const char *program) {
    /* No cgroup namespace: there is no /proc in which it could be seen, and orield.service lets none be made. */
    ADD(c, BWRAP, "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent",
        "--new-session", "--as-pid-1", "--cap-drop", "ALL", "--info-fd", "4");
    if (!kind->network && !plan->network[kind->process])
        add(c, "--unshare-net");
    add_tree(c, plan, kind, which);
    ADD(c, "--ro-bind", enter, enter);
    if (program)
        ADD(c, "--ro-bind", program, program);
    ADD(c, "--remount-ro", "/", "--chdir", "/", "--");
}

void oriel_launch_command(struct oriel_launch_command *c, const struct oriel_launch_plan *plan,
                          const struct oriel_launch_kind *kind, unsigned which, bool sandbox, const char *program) {
    char enter[PATH_MAX];
    c->count = 0;
    c->used = 0;
    c->overflow = (size_t)snprintf(enter, sizeof enter, "%s/oriel-enter", plan->helpers) >= sizeof enter;
    if (sandbox)
        add_bubblewrap(c, plan, kind, which, enter, program);
    add(c, enter);
    add_number(c, kind->process);
    add_number(c, kind->data);
    add_number(c, kind->tasks);
    add_number(c, kind->file);
    add(c, !sandbox ? "bare" : kind->network || plan->network[kind->process] ? "online" : "alone");
    add(c, plan->log ? "log" : "kill");
    add(c, program ? program : "-");
}
