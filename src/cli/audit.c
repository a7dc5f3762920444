/* `oriel audit`: which command, its options, and what the commands share (audit.h). All but acknowledge and
 * export --cosigned work on the files, while orield runs or not. */
#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "config.h"
#include "file.h"
#include "log.h"

static const struct command {
    const char *name;
    int (*run)(const struct oriel_cli_audit *a);
    const char *options; /* that it takes, joined by ' '; "FILE" for an operand */
    const char *usage;
} commands[] = {
    {"verify", oriel_cli_audit_verify, "--vkey --head --proof --receipt --owner",
     "[--vkey VKEY|FILE] [--head FILE] | --proof FILE --vkey VKEY|FILE | --receipt FILE --owner OWNER.json"},
    {"show", oriel_cli_audit_show, "--since --until --vendor --agent --outcome",
     "[--since TIME] [--until TIME] [--vendor ID] [--agent ID] [--outcome TEXT]"},
    {"prove", oriel_cli_audit_prove, "--session --out --vkey", "--session ID [--vkey VKEY|FILE] [--out FILE]"},
    {"export", oriel_cli_audit_export, "--from --out --vkey --cosigned",
     "[--from RECORD] [--vkey VKEY|FILE] --out FILE | --cosigned FILE"},
    {"collect", oriel_cli_audit_collect, "--store --key --vkey --out --collector --vkeys FILE",
     "--store DIR (--vkey VKEY|FILE --key FILE [--out FILE] EXPORT | --collector DIR --vkeys DIR)"},
    {"acknowledge", oriel_cli_audit_acknowledge, "", ""},
};

static void print_usage(FILE *to) {
    fprintf(to, "usage:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        fprintf(to, "  oriel audit %s [--config FILE] [--directory DIR] [--json] %s\n", commands[i].name,
                commands[i].usage);
    fprintf(to, "man 1 oriel-audit says what each does.\n");
}

static bool takes(const struct command *c, const char *option) {
    g_auto(GStrv) options = g_strsplit(c->options, " ", -1);
    return g_strv_contains((const char *const *)options, option);
}

static const char **option_value(struct oriel_cli_audit *a, const char *name) {
    const struct {
        const char *name, **value;
    } options[] = {{"--vkey", &a->vkey},       {"--head", &a->head},         {"--proof", &a->proof},
                   {"--session", &a->session}, {"--out", &a->out},           {"--store", &a->store},
                   {"--key", &a->key},         {"--cosigned", &a->cosigned}, {"--since", &a->since},
                   {"--until", &a->until},     {"--vendor", &a->vendor},     {"--agent", &a->agent},
                   {"--outcome", &a->outcome}, {"--from", &a->from},         {"--collector", &a->collector},
                   {"--vkeys", &a->vkeys},     {"--receipt", &a->receipt},   {"--owner", &a->owner}};
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++)
        if (strcmp(options[i].name, name) == 0)
            return options[i].value;
    return NULL;
}

/* The number of arguments used, 0 after saying what is wrong. */
static int take(const struct command *c, struct oriel_cli *cli, struct oriel_cli_audit *a, int left, char **argv) {
    const char *word = argv[0];
    const char **value = strcmp(word, "--config") == 0      ? &cli->config
                         : strcmp(word, "--socket") == 0    ? &cli->socket
                         : strcmp(word, "--directory") == 0 ? &cli->directory
                         : takes(c, word)                   ? option_value(a, word)
                                                            : NULL;
    if (strcmp(word, "--json") == 0) {
        cli->json = true;
        return 1;
    }
    if (value && left > 1) {
        *value = argv[1];
        return 2;
    }
    if (word[0] != '-' && takes(c, "FILE") && !a->file) {
        a->file = word;
        return 1;
    }
    oriel_error(value ? "%s wants a value" : "'%s' does not belong here", word);
    return 0;
}

int oriel_cli_audit(const struct oriel_cli *given, int argc, char **argv) {
    struct oriel_cli cli = *given;
    struct oriel_cli_audit a = {.cli = &cli};
    const struct command *c = NULL;
    for (size_t i = 0; argc > 0 && i < G_N_ELEMENTS(commands); i++)
        if (strcmp(commands[i].name, argv[0]) == 0)
            c = &commands[i];
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) {
            print_usage(stdout);
            return 0;
        }
    if (!c) {
        if (argc > 0)
            oriel_error("'audit %s' is not a command", argv[0]);
        print_usage(stderr);
        return 2;
    }
    for (int i = 1, used; i < argc; i += used)
        if (!(used = take(c, &cli, &a, argc - i, argv + i))) {
            print_usage(stderr);
            return 2;
        }
    a.json = cli.json;
    return c->run(&a);
}

/* ---- which log, whose key ---- */

static struct oriel_config *load_config(const struct oriel_cli *cli) {
    g_autoptr(GError) error = NULL;
    struct oriel_config *config = oriel_config_load(cli->config, &error);
    if (!config)
        oriel_error("%s", error->message);
    return config;
}

bool oriel_cli_audit_is_step(const char *event) {
    static const char *const steps[] = {"request", "prompt", "early",  "decision", "grant", "media-start",
                                        "live",    "pause",  "resume", "scopes",   "end",   "aborted"};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (strcmp(steps[i], event) == 0)
            return true;
    return false;
}

char *oriel_cli_audit_directory(const struct oriel_cli *cli) {
    if (cli->directory)
        return g_strdup(cli->directory);
    struct oriel_config *config = load_config(cli);
    char *directory = config ? g_strdup(config->audit_directory) : NULL;
    oriel_config_free(config);
    return directory;
}

int oriel_cli_audit_open(const struct oriel_cli *cli) {
    g_autofree char *directory = oriel_cli_audit_directory(cli);
    int fd = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (directory && fd < 0)
        oriel_error("cannot read %s: %s", directory, strerror(errno));
    if (fd >= 0)
        flock(fd, LOCK_SH); /* of a collector's store: not in the middle of what it takes */
    return fd;
}

size_t oriel_cli_vkeys(const char *text, struct oriel_note_key keys[ORIEL_CLI_KEYS_MAX]) {
    g_autofree char *from_file = NULL;
    char error[ORIEL_NOTE_ERROR_SIZE] = "no key in it";
    size_t count = 0;
    g_file_get_contents(text, &from_file, NULL, NULL);
    g_auto(GStrv) lines = g_strsplit(from_file ? from_file : text, "\n", -1);
    for (char **line = lines; *line; line++) {
        if (!*g_strstrip(*line))
            continue;
        if (count == ORIEL_CLI_KEYS_MAX || !oriel_note_key_public(&keys[count], *line, error)) {
            oriel_error("%s: %s", from_file ? text : "--vkey", count == ORIEL_CLI_KEYS_MAX ? "too many keys" : error);
            oriel_cli_audit_keys_clear(keys, count);
            return 0;
        }
        count++;
    }
    if (!count)
        oriel_error("%s: %s", text, error);
    return count;
}

/* The device's own key, which root and orield's account can read. */
static size_t own_key(const struct oriel_cli *cli, struct oriel_note_key *key) {
    struct oriel_config *config = load_config(cli);
    g_autoptr(GError) error = NULL;
    gsize length = 0;
    char why[ORIEL_NOTE_ERROR_SIZE];
    g_autofree char *pem = config ? oriel_file_read(config->audit_key, true, &length, &error) : NULL;
    g_autofree char *origin = config ? g_strdup_printf("oriel/%s/%s", config->tenant, config->device_id) : NULL;
    bool good = pem && oriel_note_key_private(key, origin, ORIEL_NOTE_ED25519, pem, length, why);
    if (pem)
        explicit_bzero(pem, length);
    if (config && !good)
        oriel_error("%s; or give the owner's verification key: --vkey", error ? error->message : why);
    oriel_config_free(config);
    return good;
}

size_t oriel_cli_audit_keys(const struct oriel_cli_audit *a, struct oriel_note_key keys[ORIEL_CLI_KEYS_MAX]) {
    return a->vkey ? oriel_cli_vkeys(a->vkey, keys) : own_key(a->cli, keys);
}

void oriel_cli_audit_keys_clear(struct oriel_note_key *keys, size_t count) {
    for (size_t i = 0; i < count; i++)
        oriel_note_key_clear(&keys[i]);
}

/* ---- files, progress, complaints ---- */

char *oriel_cli_read(const char *path, size_t max, size_t *length) {
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    gsize size = 0;
    if (!g_file_get_contents(path, &text, &size, &error)) {
        oriel_error("%s", error->message);
        return NULL;
    }
    if (size > max) {
        oriel_error("%s is larger than %zu bytes", path, max);
        g_free(text);
        return NULL;
    }
    *length = size;
    return text;
}

bool oriel_cli_write(const char *path, const char *bytes, size_t length) {
    g_autoptr(GError) error = NULL;
    if (strcmp(path, "-") == 0)
        return fwrite(bytes, 1, length, stdout) == length && fflush(stdout) == 0;
    if (g_file_set_contents_full(path, bytes, (gssize)length,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &error))
        return true;
    oriel_error("%s", error->message);
    return false;
}

static bool progress_shown;

void oriel_cli_progress(uint64_t records, uint64_t of) {
    static time_t before;
    time_t now = (records & 1023) ? before : time(NULL);
    if (!before)
        before = now;
    if (now == before || !isatty(STDERR_FILENO))
        return;
    before = now;
    progress_shown = true;
    fprintf(stderr, "\r%llu of %llu records ", (unsigned long long)records, (unsigned long long)of);
}

void oriel_cli_progress_end(void) {
    if (progress_shown)
        fputs("\r\033[K", stderr);
    progress_shown = false;
}

void oriel_cli_audit_complain(const char *directory, const struct oriel_log_report *r) {
    if (r->state == ORIEL_LOG_UNREADABLE)
        oriel_error("%s/%s %s", directory, r->file, r->what);
    else
        oriel_error("%s/%s, byte %llu: %s", directory, r->file, (unsigned long long)r->offset, r->what);
}

int oriel_cli_audit_acknowledge(const struct oriel_cli_audit *a) {
    json_t *answer = oriel_cli_ask(a->cli, "acknowledge");
    if (answer && !a->json)
        puts("acknowledged, and that is on record; the damaged files lie beside the log as damaged-…");
    else if (answer)
        puts("{}");
    json_decref(answer);
    return answer ? 0 : 1;
}
