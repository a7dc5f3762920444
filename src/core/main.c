/* orield, Oriel's core: reads the configuration and runs the device until SIGTERM or SIGINT.
 * Exit status: 0 ended as asked · 1 could not start or go on · 2 bad command line or configuration. */
#include <errno.h>
#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "config.h"
#include "device.h"
#include "graph.h"
#include "json.h"
#include "launcher.h"
#include "log.h"
#include "plan.h"

static const char usage[] =
    "usage: orield [--config FILE] [--check]\n"
    "  --config FILE  the configuration (default " DEFAULT_CONFIG ")\n"
    "  --check        only check the configuration: says what is wrong with it, starts nothing\n"
    "  --version      print the version\n";

struct options {
    const char *config;
    bool check;
};

struct signals {
    struct oriel_device *device;
    GMainLoop *loop;
    int status;
};

/* False: `status` is what to exit with. */
static bool parse_options(int argc, char **argv, struct options *o, int *status) {
    *o = (struct options){.config = DEFAULT_CONFIG};
    *status = 2;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
            o->config = argv[++i];
        } else if (strcmp(argv[i], "--check") == 0) {
            o->check = true;
        } else if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "--help") == 0) {
            fputs(strcmp(argv[i], "--help") == 0 ? usage : "orield " ORIEL_VERSION "\n", stdout);
            *status = 0;
            return false;
        } else {
            fprintf(stderr, "orield: '%s' is not an option here\n%s", argv[i], usage);
            return false;
        }
    }
    return true;
}

static gboolean signal_came(int fd, GIOCondition condition, gpointer data) {
    struct signals *s = data;
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof info) == sizeof info) {
        oriel_info("ending: %s", strsignal((int)info.ssi_signo));
        oriel_device_shut_down(s->device, s->loop);
    }
    return G_SOURCE_CONTINUE;
}

static void launcher_lost(void *user) {
    struct signals *s = user;
    oriel_error("the launcher is gone, and with it every helper: orield can't go on");
    s->status = 1;
    g_main_loop_quit(s->loop);
}

/* Everything that can start a program or open a network is behind us: no more of it. */
static bool lock(const struct oriel_config *config) {
    if (strcmp(config->sandbox_violations, "log") == 0)
        g_setenv("ORIEL_SECCOMP_LOG", "1", TRUE);
    int result = oriel_sandbox_lock(ORIEL_PROCESS_CORE);
    if (result < 0)
        oriel_error("cannot lock the system calls of orield: %s", g_strerror(-result));
    return result == 0;
}

static int run(const struct oriel_config *config, int launcher) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* ignored (that is inherited), nobody would learn how a helper ended */
    g_autoptr(GError) error = NULL;
    struct signals s = {.loop = g_main_loop_new(NULL, FALSE)};
    struct oriel_launcher *l = oriel_launcher_new(launcher, launcher_lost, &s, &error);
    s.device = l ? oriel_device_new(config, l, &error) : NULL;
    if (!s.device || !lock(config)) {
        if (error)
            oriel_error("%s", error->message);
        oriel_device_free(s.device);
        oriel_launcher_free(l);
        g_main_loop_unref(s.loop);
        return 1;
    }
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    g_unix_fd_add(fd, G_IO_IN, signal_came, &s);
    oriel_info("device '%s' of tenant '%s' runs; version " ORIEL_VERSION, config->device_id, config->tenant);
    g_main_loop_run(s.loop);
    oriel_device_free(s.device);
    oriel_launcher_free(l);
    g_main_loop_unref(s.loop);
    close(fd);
    return s.status;
}

int main(int argc, char **argv) {
    setlocale(LC_ALL, "C.UTF-8");
    oriel_log_init("orield");
    oriel_json_wipe();                              /* keys are JSON */
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* and have no business in a core file */
    struct options options;
    int status;
    if (!parse_options(argc, argv, &options, &status))
        return status;
    g_autoptr(GError) error = NULL;
    struct oriel_config *config = oriel_config_load(options.config, &error);
    if (!config) {
        oriel_error("%s", error->message);
        return 2;
    }
    oriel_plan_find_helpers(config);
    if (!oriel_graph_load(config, &error)) {
        oriel_error("%s", error->message);
        oriel_config_free(config);
        return 2;
    }
    if (options.check) {
        printf("%s: good\n", options.config);
        status = 0;
    } else {
        /* Before anything else: what was started from here on is started by it. */
        int launcher = oriel_launcher_fork(config, &error);
        if (launcher < 0)
            oriel_error("%s", error->message);
        status = launcher < 0 ? 1 : run(config, launcher);
    }
    oriel_config_free(config);
    return status;
}
