/* orield, Oriel's core: reads the configuration and runs the device until SIGTERM or SIGINT.
 * Exit status: 0 ended as asked · 1 could not start or go on · 2 bad command line or configuration. */
#include <errno.h>
#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "config.h"
#include "device.h"
#include "graph.h"
#include "json.h"
#include "log.h"

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

/* Helpers of the same build, or of the same installation, or where they are installed by default. */
static void find_helpers(struct oriel_config *config) {
    if (*config->helpers)
        return;
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *directory = self ? g_path_get_dirname(self) : g_strdup(".");
    g_autofree char *beside = g_build_filename(directory, "oriel-signal", NULL);
    g_free(config->helpers);
    config->helpers = g_strdup(access(beside, X_OK) == 0 ? directory : DEFAULT_HELPERS);
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

static int run(const struct oriel_config *config) {
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
    s.device = oriel_device_new(config, &error);
    if (!s.device) {
        oriel_error("%s", error->message);
        g_main_loop_unref(s.loop);
        return 1;
    }
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    g_unix_fd_add(fd, G_IO_IN, signal_came, &s);
    oriel_info("device '%s' of tenant '%s' runs; version " ORIEL_VERSION, config->device_id, config->tenant);
    g_main_loop_run(s.loop);
    oriel_device_free(s.device);
    g_main_loop_unref(s.loop);
    close(fd);
    return 0;
}

int main(int argc, char **argv) {
    setlocale(LC_ALL, "C.UTF-8");
    oriel_log_init("orield");
    oriel_json_wipe(); /* keys are JSON */
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
    find_helpers(config);
    if (!oriel_graph_load(config, &error)) {
        oriel_error("%s", error->message);
        oriel_config_free(config);
        return 2;
    }
    if (options.check)
        printf("%s: good\n", options.config);
    status = options.check ? 0 : run(config);
    oriel_config_free(config);
    return status;
}
