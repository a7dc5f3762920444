/* `oriel provision`: which command, and what its command line says. See provision.h. */
#include "provision.h"

#include <stdio.h>
#include <string.h>

#include "fields.h"
#include "log.h"
#include "text.h"

enum { TEXT_MAX = 64 };

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage;
} commands[] = {
    {"owner", oriel_provision_owner, "--out DIR --id ID --name NAME [--key FILE] [--ca FILE [--ca-key FILE]]"},
    {"vendor", oriel_provision_vendor,
     "--out DIR --id ID --label LABEL [--key FILE] [--presence-key FILE]\n"
     "      [--turn URI… [--turn-secret FILE]]"},
    {"trust", oriel_provision_trust,
     "--vendor DIR|vendor.json --scopes view,camera,voice --seconds N [--over-ask clip|refuse]\n"
     "      [--turn URI…] --out FILE"},
    {"device", oriel_provision_device,
     "--owner DIR --id ID --tenant ID --name NAME [--model TEXT] [--site TEXT] [--firmware TEXT] --broker URL\n"
     "      --trust FILE… [--scopes view,camera,voice] [--key FILE] [--seal-key FILE] [--broker-ca FILE]\n"
     "      [--certificate FILE --certificate-key FILE] [--turn-ca FILE] [--days N] --out BUNDLE"},
    {"install", oriel_provision_install, "BUNDLE [--root DIR] [--image]"},
    {"agent", oriel_provision_agent,
     "--vendor DIR --owner owner.json… --tenant ID --id ID --name NAME [--scopes view] [--hours 8]\n"
     "      [--password FILE] --request FILE|- [--out FILE|-]"},
    {"authorise", oriel_provision_authorise,
     "--owner DIR --tenant ID --device ID --vendor ID [--scopes view] [--seconds 1800] [--uses 1]\n"
     "      [--from TIME] [--hours 8] [--out FILE|-]"},
    {"revoke", oriel_provision_revoke, "--vendor DIR [--epoch [--forget-keys] | --key KEYID…] --out FILE|-"},
    {"broker", oriel_provision_broker,
     "--out DIR --owner DIR --tenant ID --device-port N --agent-port N [--console DIR] [--host NAME…]\n"
     "      [--device-address ADDRESS] [--vendor ID…] [--user ACCOUNT] [--certificate FILE --certificate-key FILE]\n"
     "      [--days N]"},
    {"broker-agent", oriel_provision_broker_agent, "--broker DIR --id ID [--password FILE] [--renew] [--out FILE|-]"},
    {"turn", oriel_provision_turn,
     "--vendor DIR [--turn URI… [--turn-secret FILE]] [--out DIR --listen ADDRESS… [--external ADDRESS]\n"
     "      (--owner DIR | --certificate FILE --certificate-key FILE) [--port N] [--tls-port N]\n"
     "      [--relay-ports FROM-TO] [--allow-peer ADDRESS|FIRST-LAST…] [--realm NAME] [--user ACCOUNT]\n"
     "      [--log syslog|stdout|FILE]]"},
    {"collector", oriel_provision_collector,
     "--owner DIR --tenant ID --broker URL [--broker-ca FILE] [--days N] --out DIR"},
    {"certificate", oriel_provision_certificate,
     "--owner DIR (--device ID --tenant ID | --admin VENDOR | --server NAME…) [--days N] --out DIR"},
};

static const struct command *find(const char *name) {
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void print_usage(FILE *to, const struct command *only) {
    fprintf(to, "usage:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        if (!only || only == &commands[i])
            fprintf(to, "  oriel provision %s %s\n", commands[i].name, commands[i].usage);
    fprintf(to, "man 1 oriel-provision says what each does.\n");
}

int oriel_provision(int argc, char **argv) {
    const struct command *command = argc > 0 ? find(argv[0]) : NULL;
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) {
            print_usage(stdout, command);
            return 0;
        }
    if (!command) {
        if (argc > 0)
            oriel_error("'provision %s' is not a command", argv[0]);
        print_usage(stderr, NULL);
        return 2;
    }
    return command->run(argc, argv);
}

static const struct oriel_option *find_option(const struct oriel_option *options, const char *name) {
    for (const struct oriel_option *o = options; o->name; o++)
        if (strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

static bool take_operand(const struct oriel_option *options, const char *text) {
    for (const struct oriel_option *o = options; o->name; o++)
        if (o->kind == ORIEL_OPERAND && !*(const char **)o->value) {
            *(const char **)o->value = text;
            return true;
        }
    return false;
}

/* The number of arguments used, or 0 after saying what is wrong. */
static int take(const struct oriel_option *options, int left, char **argv) {
    const struct oriel_option *o = argv[0][0] == '-' ? find_option(options, argv[0]) : NULL;
    if (!o && argv[0][0] != '-' && take_operand(options, argv[0]))
        return 1;
    if (!o) {
        oriel_error("'%s' does not belong here", argv[0]);
        return 0;
    }
    if (o->kind == ORIEL_OPTION_FLAG) {
        *(bool *)o->value = true;
        return 1;
    }
    if (left < 2) {
        oriel_error("%s wants a value", argv[0]);
        return 0;
    }
    if (o->kind == ORIEL_OPTION_LIST) {
        GPtrArray **list = o->value;
        if (!*list)
            *list = g_ptr_array_new();
        g_ptr_array_add(*list, argv[1]);
    } else if (*(const char **)o->value) {
        oriel_error("%s is given twice", argv[0]);
        return 0;
    } else {
        *(const char **)o->value = argv[1];
    }
    return 2;
}

bool oriel_options_parse(const struct oriel_option *options, int argc, char **argv) {
    bool good = true;
    for (int i = 1, used; good && i < argc; i += used) {
        used = take(options, argc - i, argv + i);
        good = used > 0;
    }
    for (const struct oriel_option *o = options; good && o->name; o++)
        if ((o->kind == ORIEL_OPTION_REQUIRED || o->kind == ORIEL_OPERAND) && !*(const char **)o->value) {
            oriel_error("%s is missing", o->name);
            good = false;
        }
    if (!good)
        print_usage(stderr, find(argv[0]));
    return good;
}

bool oriel_value_is_id(const char *option, const char *value) {
    if (!value || oriel_is_id(value))
        return true;
    oriel_error("%s '%s' is no id: 1 to 64 of a-z, 0-9 and '-', not '-' at an end", option, value);
    return false;
}

bool oriel_value_is_text(const char *option, const char *value, bool empty) {
    if (!value || (empty && !*value))
        return true;
    g_autofree char *clean = oriel_text_clean(value, TEXT_MAX);
    if (*value && strcmp(clean, value) == 0)
        return true;
    oriel_error("%s '%s' is not fit to be shown: 1 to %d visible characters, single blanks between words", option,
                value, TEXT_MAX);
    return false;
}

bool oriel_value_number(const char *option, const char *value, long min, long max, long *out) {
    gint64 number;
    if (!value)
        return true;
    if (g_ascii_string_to_signed(value, 10, min, max, &number, NULL)) {
        *out = (long)number;
        return true;
    }
    oriel_error("%s '%s' is not a whole number from %ld to %ld", option, value, min, max);
    return false;
}

bool oriel_value_is_line(const char *option, const char *value) {
    if (!value || !strpbrk(value, "\r\n"))
        return true;
    oriel_error("%s must be one line", option);
    return false;
}

bool oriel_value_turn(const char *option, const GPtrArray *uris, json_t **out) {
    *out = uris ? json_array() : NULL;
    for (guint i = 0; uris && i < uris->len; i++) {
        const char *uri = uris->pdata[i];
        bool again = false;
        for (guint k = 0; k < i; k++)
            again = again || strcmp(uris->pdata[k], uri) == 0;
        if (i < ORIEL_TURN_URIS_MAX && !again && oriel_is_turn_uri(uri)) {
            json_array_append_new(*out, json_string(uri));
            continue;
        }
        if (i >= ORIEL_TURN_URIS_MAX || again)
            oriel_error("%s '%s' is %s", option, uri, again ? "there twice" : "one too many: at most 4");
        else
            oriel_error("%s '%s' is no TURN URI: turn:HOST[:PORT][?transport=udp|tcp] or turns:HOST[:PORT]"
                        "[?transport=tcp], HOST a name in lower case, an IPv4 address, or an IPv6 address in brackets",
                        option, uri);
        json_decref(*out);
        *out = NULL;
        return false;
    }
    return true;
}

json_t *oriel_value_scopes(const char *option, const char *value) {
    g_auto(GStrv) words = g_strsplit(value, ",", -1);
    char names[ORIEL_SCOPE_NAMES_SIZE];
    oriel_scope_names(names);
    json_t *list = json_array();
    for (char **word = words; *word; word++) {
        bool again = false;
        for (char **other = words; other < word; other++)
            again = again || strcmp(*other, *word) == 0;
        if (again || !oriel_scope_find(*word)) {
            oriel_error("%s '%s': '%s' is %s; there are %s, joined by ','", option, value, *word,
                        again ? "there twice" : "no scope", names);
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, json_string(*word));
    }
    if (json_array_size(list))
        return list;
    oriel_error("%s is empty; there are %s, joined by ','", option, names);
    json_decref(list);
    return NULL;
}
