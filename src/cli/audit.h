/* What the commands of `oriel audit` share: which log, whose key, which options. */
#ifndef ORIEL_CLI_AUDIT_H
#define ORIEL_CLI_AUDIT_H

#include <stdio.h>

#include "cli.h"
#include "reader.h"

enum { ORIEL_CLI_KEYS_MAX = 16, ORIEL_CLI_RECEIPT_MAX = 128 * 1024, ORIEL_CLI_RECEIPT_ERROR_SIZE = 512 };

#define ORIEL_CLI_COLLECTOR "audit.collector" /* its name at the broker: no device's, agent's or administrator's id */

struct oriel_cli_audit {
    const struct oriel_cli *cli;
    const char *vkey, *head, *proof, *session, *out, *store, *key, *cosigned; /* of verify, prove, export, collect */
    const char *since, *until, *vendor, *agent, *outcome;                     /* of show */
    const char *from, *collector, *vkeys, *receipt, *owner;
    const char *file; /* the operand */
    bool json;
};

/* The log's directory; the caller frees. NULL after saying why. */
char *oriel_cli_audit_directory(const struct oriel_cli *cli);
/* The log, opened to be read; -1 after saying why. */
int oriel_cli_audit_open(const struct oriel_cli *cli);
/* What verifies the log's head: --vkey, or the device's own key. Their number, 0 after saying why there is none. */
size_t oriel_cli_audit_keys(const struct oriel_cli_audit *a, struct oriel_note_key keys[ORIEL_CLI_KEYS_MAX]);
void oriel_cli_audit_keys_clear(struct oriel_note_key *keys, size_t count);
/* A vkey, or a file of them, one a line. Their number, 0 after saying why. */
size_t oriel_cli_vkeys(const char *text, struct oriel_note_key keys[ORIEL_CLI_KEYS_MAX]);
/* A whole file of at most `max` bytes; the caller frees. NULL after saying why. */
char *oriel_cli_read(const char *path, size_t max, size_t *length);
/* Writes a file anew, whole or not at all; "-" is stdout. False after saying why. */
bool oriel_cli_write(const char *path, const char *bytes, size_t length);
/* Says on a terminal, once a second, how far a long log was read. */
void oriel_cli_progress(uint64_t records, uint64_t of);
void oriel_cli_progress_end(void);
/* The sentence on what is wrong with a log, to stderr. */
void oriel_cli_audit_complain(const char *directory, const struct oriel_log_report *report);
/* Whether an event is a step of a request and its session. */
bool oriel_cli_audit_is_step(const char *event);

int oriel_cli_audit_verify(const struct oriel_cli_audit *a);
int oriel_cli_audit_receipt(const struct oriel_cli_audit *a);
/* What a receipt proves to somebody who trusts that owner: {"device", "grant", "end"}, their claims, "end" if it has
 * one. NULL with `error`: nothing. */
json_t *oriel_cli_receipt_check(const char *text, size_t length, const char *owner, size_t owner_length,
                                char error[ORIEL_CLI_RECEIPT_ERROR_SIZE]);
int oriel_cli_audit_show(const struct oriel_cli_audit *a);
int oriel_cli_audit_prove(const struct oriel_cli_audit *a);
int oriel_cli_audit_export(const struct oriel_cli_audit *a);
int oriel_cli_audit_collect(const struct oriel_cli_audit *a);
/* An export from `in` into a->store, as collect does; a->file is how it is called. False after saying why not. */
bool oriel_cli_audit_take(const struct oriel_cli_audit *a, FILE *in);
/* Stays, and takes what devices send. */
int oriel_cli_audit_subscribe(const struct oriel_cli_audit *a);
int oriel_cli_audit_acknowledge(const struct oriel_cli_audit *a);

#endif
