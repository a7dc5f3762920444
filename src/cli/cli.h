/* The commands of `oriel`, one file each. A command gets what the command line named and returns the exit status:
 * 0 done · 1 could not · 2 bad command line. Messages for people go to stderr, results to stdout. */
#ifndef ORIEL_CLI_H
#define ORIEL_CLI_H

#include "config.h"
#include <jansson.h>
#include <stdbool.h>

struct oriel_cli {
    const char *config;    /* --config, or the default */
    const char *socket;    /* --socket, or NULL: the configuration's */
    const char *directory; /* --directory, or NULL: the configuration's */
    bool json;
};

int oriel_cli_status(const struct oriel_cli *cli);
int oriel_cli_stats(const struct oriel_cli *cli);
int oriel_cli_stop(const struct oriel_cli *cli);
int oriel_cli_sessions(const struct oriel_cli *cli);
int oriel_cli_doctor(const struct oriel_cli *cli);
/* The rest of the command line after `audit`. */
int oriel_cli_audit(const struct oriel_cli *cli, int argc, char **argv);

/* Asks orield over its control socket: {"op": op}. A new reference, or NULL after saying why. */
json_t *oriel_cli_ask(const struct oriel_cli *cli, const char *op);
/* With more members; takes them. */
/* Whether orield is there to be asked; says nothing. */
bool oriel_cli_runs(const struct oriel_cli *cli);
json_t *oriel_cli_ask_with(const struct oriel_cli *cli, const char *op, json_t *members);

/* Each record of the audit log to `each`, in order. False after saying why. A line that is no record is said, and
 * skipped. */
bool oriel_cli_read_audit(const struct oriel_cli *cli, void (*each)(void *user, const json_t *record, const char *line),
                          void *user);

/* "9:41" or "1:02:03". */
void oriel_cli_duration(long long seconds, char out[16]);

/* Why the stop socket would not answer (NULL: it does), and why nobody watches the hardware line (NULL: somebody does,
 * or none is configured). The caller frees. */
char *oriel_cli_stop_fault(const char *socket);
char *oriel_cli_line_fault(const struct oriel_config *config);

#endif
