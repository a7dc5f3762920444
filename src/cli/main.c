/* oriel: what a shell on the device can see and do (man 1 oriel). */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "log.h"
#include "provision.h"

static const char usage[] = "usage: oriel [--config FILE] [--socket PATH] [--directory DIR] [--json] COMMAND\n"
                            "  status       what the device does now\n"
                            "  sessions     the sessions so far, a line each\n"
                            "  stats        the figures of the session, a line a second\n"
                            "  stop         end the prompt or the session now\n"
                            "  doctor       what of it works on this machine, and what to do about the rest\n"
                            "  audit        the audit log: verify, show, prove, export, collect, acknowledge\n"
                            "  provision    make and sign what owners, vendors, devices, agents and brokers need\n"
                            "  --config FILE    orield's configuration (default " DEFAULT_CONFIG ")\n"
                            "  --socket PATH    orield's control socket instead of the configuration's\n"
                            "  --directory DIR  the audit log's directory instead of the configuration's\n"
                            "  --version        print the version\n";

static const struct {
    const char *words[2];
    int (*run)(const struct oriel_cli *cli);
} commands[] = {
    {{"status"}, oriel_cli_status}, {{"sessions"}, oriel_cli_sessions}, {{"stats"}, oriel_cli_stats},
    {{"stop"}, oriel_cli_stop},     {{"doctor"}, oriel_cli_doctor},
};

static int run_command(const struct oriel_cli *cli, const char *const words[2]) {
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        bool same = true;
        for (int w = 0; w < 2; w++) {
            const char *a = words[w] ? words[w] : "", *b = commands[i].words[w] ? commands[i].words[w] : "";
            same = same && strcmp(a, b) == 0;
        }
        if (same)
            return commands[i].run(cli);
    }
    fprintf(stderr, "oriel: '%s%s%s' is not a command\n%s", words[0], words[1] ? " " : "", words[1] ? words[1] : "",
            usage);
    return 2;
}

int main(int argc, char **argv) {
    oriel_log_init("oriel");
    if (argc > 1 && strcmp(argv[1], "provision") == 0)
        return oriel_provision(argc - 2, argv + 2);
    struct oriel_cli cli = {.config = DEFAULT_CONFIG};
    const char *words[2] = {0};
    int count = 0;
    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--config") == 0      ? &cli.config
                             : strcmp(argv[i], "--socket") == 0    ? &cli.socket
                             : strcmp(argv[i], "--directory") == 0 ? &cli.directory
                                                                   : NULL;
        if (value && i + 1 < argc) {
            *value = argv[++i];
        } else if (strcmp(argv[i], "--json") == 0) {
            cli.json = true;
        } else if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "--help") == 0) {
            fputs(strcmp(argv[i], "--help") == 0 ? usage : "oriel " ORIEL_VERSION "\n", stdout);
            return 0;
        } else if (count == 0 && strcmp(argv[i], "audit") == 0) {
            return oriel_cli_audit(&cli, argc - i - 1, argv + i + 1);
        } else if (argv[i][0] != '-' && count < 2) {
            words[count++] = argv[i];
        } else {
            fprintf(stderr, "oriel: '%s' does not belong here\n%s", argv[i], usage);
            return 2;
        }
    }
    if (!count) {
        fputs(usage, stderr);
        return 2;
    }
    return run_command(&cli, words);
}
