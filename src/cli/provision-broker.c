/* `oriel provision broker`, `broker-agent` and `certificate`: a mosquitto of one's own, from the templates in
 * signaling/broker, which are part of this program. A broker believes every certificate of its owner directory's CA:
 * tenants that must be kept apart have an owner directory each. */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "broker-templates.h"
#include "cleanup.h"
#include "fields.h"
#include "log.h"
#include "message.h"
#include "provision.h"

enum {
    BROKER_DAYS = 825,
    CLIENT_DAYS = 3650,
    ADMIN_ID_MAX = 58,
    SALT = 12,
    ROUNDS = 101,
    HASH = 64,
    PASSWORD_MAX = 128
};

/* ---- broker ---- */

struct broker {
    const char *out, *owner, *tenant, *device_port, *agent_port, *console, *device_address, *user, *certificate,
        *certificate_key, *days;
    GPtrArray *hosts, *vendors;
};

static bool parse_broker(struct broker *b, int argc, char **argv, long *days) {
    const struct oriel_option options[] = {{"--out", ORIEL_OPTION_REQUIRED, &b->out},
                                           {"--owner", ORIEL_OPTION_REQUIRED, &b->owner},
                                           {"--tenant", ORIEL_OPTION_REQUIRED, &b->tenant},
                                           {"--device-port", ORIEL_OPTION_REQUIRED, &b->device_port},
                                           {"--agent-port", ORIEL_OPTION_REQUIRED, &b->agent_port},
                                           {"--console", ORIEL_OPTION, &b->console},
                                           {"--device-address", ORIEL_OPTION, &b->device_address},
                                           {"--host", ORIEL_OPTION_LIST, &b->hosts},
                                           {"--vendor", ORIEL_OPTION_LIST, &b->vendors},
                                           {"--user", ORIEL_OPTION, &b->user},
                                           {"--certificate", ORIEL_OPTION, &b->certificate},
                                           {"--certificate-key", ORIEL_OPTION, &b->certificate_key},
                                           {"--days", ORIEL_OPTION, &b->days},
                                           {NULL}};
    long port = 0;
    if (!oriel_options_parse(options, argc, argv) || !oriel_value_is_id("--tenant", b->tenant) ||
        !oriel_value_number("--device-port", b->device_port, 1, 65535, &port) ||
        !oriel_value_number("--agent-port", b->agent_port, 1, 65535, &port) ||
        !oriel_value_number("--days", b->days, 1, 36500, days) || !oriel_value_is_line("--console", b->console) ||
        !oriel_value_is_line("--out", b->out) || !oriel_value_is_line("--user", b->user))
        return false;
    for (guint i = 0; b->vendors && i < b->vendors->len; i++)
        if (!oriel_value_is_id("--vendor", b->vendors->pdata[i]))
            return false;
    if (b->device_address && !g_hostname_is_ip_address(b->device_address)) {
        oriel_error("--device-address '%s' is no IP address", b->device_address);
        return false;
    }
    if (!b->certificate != !b->certificate_key) {
        oriel_error("--certificate and --certificate-key go together");
        return false;
    }
    return true;
}

static char *fill_in(const char *template, const struct oriel_value *values) {
    g_autofree char *path = g_strconcat("/oriel/broker/", template, NULL);
    return oriel_template_fill(oriel_broker_get_resource(), path, values);
}

static void add_configuration(struct oriel_files *files, const struct broker *b) {
    g_autofree char *directory = g_canonicalize_filename(b->out, NULL);
    g_autofree char *console = b->console ? g_canonicalize_filename(b->console, NULL) : NULL;
    g_autofree char *http = console ? g_strconcat("http_dir ", console, NULL) : NULL;
    const struct passwd *account = getpwuid(geteuid());
    GString *administrators = g_string_new(NULL);
    for (guint i = 0; b->vendors && i < b->vendors->len; i++)
        g_string_append_printf(administrators, "user admin-%s\ntopic write oriel/v1/%s/v/%s/revoked\n",
                               (char *)b->vendors->pdata[i], b->tenant, (char *)b->vendors->pdata[i]);
    const struct oriel_value values[] = {{"@USER@", b->user   ? b->user
                                                    : account ? account->pw_name
                                                              : "mosquitto"},
                                         {"@DEVICE_ADDRESS@", b->device_address ? b->device_address : "127.0.0.1"},
                                         {"@DEVICE_PORT@", b->device_port},
                                         {"@AGENT_PORT@", b->agent_port},
                                         {"@TENANT@", b->tenant},
                                         {"@ADMINISTRATORS@", administrators->str},
                                         {"@HTTP_DIR@", http ? http : ""},
                                         {"@DIRECTORY@", directory},
                                         {NULL}};
    oriel_files_add(files, b->out, "mosquitto.conf", 0644, fill_in("mosquitto.conf.in", values));
    oriel_files_add(files, b->out, "acl-devices", 0600, fill_in("acl-devices.in", values));
    oriel_files_add(files, b->out, "acl-agents", 0600, fill_in("acl-agents.in", values));
    oriel_files_add(files, b->out, "passwords", 0600, strdup("# Agents, by oriel provision broker-agent.\n"));
    g_string_free(administrators, TRUE);
}

static bool add_certificate(struct oriel_files *files, const struct broker *b, long days) {
    g_autoptr(GPtrArray) local = g_ptr_array_new();
    g_ptr_array_add(local, (char *)"localhost");
    g_ptr_array_add(local, (char *)"127.0.0.1");
    GPtrArray *hosts = b->hosts ? b->hosts : local;
    struct oriel_ca ca;
    if (!oriel_ca_of_owner(&ca, b->owner))
        return false;
    const struct oriel_leaf leaf = {.common_name = hosts->pdata[0], .hosts = hosts, .days = days};
    char *key_pem = NULL;
    char *pem = b->certificate ? oriel_certificate_own(b->certificate, b->certificate_key, NULL, &key_pem)
                               : oriel_certificate_make(&ca, &leaf, &key_pem);
    oriel_files_add(files, b->out, "broker.pem", 0644, pem);
    oriel_files_add(files, b->out, "broker.key", 0600, key_pem);
    oriel_files_add(files, b->out, "ca.pem", 0644, strdup(ca.pem));
    oriel_ca_clear(&ca);
    return pem != NULL;
}

int oriel_provision_broker(int argc, char **argv) {
    struct broker b = {0};
    long days = BROKER_DAYS;
    bool good = parse_broker(&b, argc, argv, &days);
    g_autoptr(GPtrArray) hosts = b.hosts;
    g_autoptr(GPtrArray) vendors = b.vendors;
    if (!good)
        return 2;
    struct oriel_files *files = oriel_files_new(0700);
    add_configuration(files, &b);
    if (!add_certificate(files, &b, days)) {
        oriel_files_free(files);
        return 1;
    }
    return oriel_files_write(files) ? 0 : 1;
}

/* ---- agents' passwords ---- */

/* mosquitto's form: $7$rounds$salt$hash, PBKDF2 with SHA-512, base64. Few rounds are enough for a password of 256
 * random bits; the number is mosquitto's own. */
static char *hash_password(const char *id, const char *password) {
    unsigned char salt[SALT], hash[HASH], salt64[SALT * 2], hash64[HASH * 2];
    if (RAND_bytes(salt, sizeof salt) != 1 || PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt, sizeof salt,
                                                                ROUNDS, EVP_sha512(), sizeof hash, hash) != 1)
        return NULL;
    EVP_EncodeBlock(salt64, salt, sizeof salt);
    EVP_EncodeBlock(hash64, hash, sizeof hash);
    return g_strdup_printf("%s:$7$%d$%s$%s", id, ROUNDS, salt64, hash64);
}

/* The passwords with the agent's line in them; NULL after saying why. */
static char *with_entry(const char *path, const char *id, const char *entry, bool renew) {
    size_t length;
    _cleanup_free_ char *text = oriel_file_text(path, &length);
    g_autofree char *start = g_strconcat(id, ":", NULL);
    bool there = false;
    if (!text)
        return NULL;
    GString *out = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        bool its = g_str_has_prefix(*line, start);
        there = there || its;
        if (**line)
            g_string_append_printf(out, "%s\n", its ? entry : *line);
    }
    if (!there)
        g_string_append_printf(out, "%s\n", entry);
    if (!there || renew)
        return g_string_free(out, FALSE);
    oriel_error("%s has a password for '%s'; --renew gives a new one", path, id);
    g_string_free(out, TRUE);
    return NULL;
}

/* Fresh, or the first line of a file. NULL after saying why. The caller frees. */
static char *choose_password(const char *path) {
    size_t length;
    if (!path) {
        char *password = malloc(ORIEL_HASH_SIZE);
        oriel_message_nonce(password);
        return password;
    }
    char *text = oriel_file_text(path, &length);
    if (!text)
        return NULL;
    g_strchomp(text);
    if (*text && strlen(text) <= PASSWORD_MAX && !strpbrk(text, "\r\n"))
        return text;
    oriel_error("%s is no password: one line of 1 to %d characters", path, PASSWORD_MAX);
    free(text);
    return NULL;
}

/* A mosquitto that runs with this directory is told to read the passwords again; nobody is disconnected by that. */
static void tell_mosquitto(const char *broker) {
    g_autofree char *path = g_build_filename(broker, "mosquitto.pid", NULL), *text = NULL, *name = NULL;
    gint64 pid = g_file_get_contents(path, &text, NULL, NULL) ? g_ascii_strtoll(text, NULL, 10) : 0;
    g_autofree char *comm = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/comm", pid);
    if (pid <= 1 || pid > G_MAXINT || !g_file_get_contents(comm, &name, NULL, NULL) || strcmp(name, "mosquitto\n") != 0)
        oriel_info("no mosquitto runs here with %s; one that does elsewhere wants a SIGHUP", broker);
    else if (kill((pid_t)pid, SIGHUP) != 0)
        oriel_warning("mosquitto (process %d) does not know of it yet: %s; it wants a SIGHUP", (int)pid,
                      g_strerror(errno));
}

int oriel_provision_broker_agent(int argc, char **argv) {
    const char *broker = NULL, *id = NULL, *file = NULL, *out = NULL;
    bool renew = false;
    const struct oriel_option options[] = {{"--broker", ORIEL_OPTION_REQUIRED, &broker},
                                           {"--id", ORIEL_OPTION_REQUIRED, &id},
                                           {"--password", ORIEL_OPTION, &file},
                                           {"--renew", ORIEL_OPTION_FLAG, &renew},
                                           {"--out", ORIEL_OPTION, &out},
                                           {NULL}};
    if (!oriel_options_parse(options, argc, argv) || !oriel_value_is_id("--id", id))
        return 2;
    if (out && !oriel_file_is_free(out))
        return 1;
    g_autofree char *path = g_build_filename(broker, "passwords", NULL);
    char *password = choose_password(file);
    g_autofree char *entry = password ? hash_password(id, password) : NULL;
    g_autofree char *text = entry ? with_entry(path, id, entry, renew) : NULL;
    if (!text || !oriel_file_replace(path, text)) {
        free(password);
        return 1;
    }
    tell_mosquitto(broker);
    if (file && !out) { /* who gave it has it */
        free(password);
        return 0;
    }
    return oriel_file_put(out ? out : "-", 0600, password) ? 0 : 1;
}

/* ---- certificates by themselves ---- */

struct wanted {
    const char *owner, *device, *tenant, *admin, *days, *out;
    GPtrArray *servers;
};

static bool parse_certificate(struct wanted *w, int argc, char **argv, long *days) {
    const struct oriel_option options[] = {
        {"--owner", ORIEL_OPTION_REQUIRED, &w->owner}, {"--device", ORIEL_OPTION, &w->device},
        {"--tenant", ORIEL_OPTION, &w->tenant},        {"--admin", ORIEL_OPTION, &w->admin},
        {"--server", ORIEL_OPTION_LIST, &w->servers},  {"--days", ORIEL_OPTION, &w->days},
        {"--out", ORIEL_OPTION_REQUIRED, &w->out},     {NULL}};
    if (!oriel_options_parse(options, argc, argv) || !oriel_value_is_id("--device", w->device) ||
        !oriel_value_is_id("--tenant", w->tenant) || !oriel_value_is_id("--admin", w->admin) ||
        !oriel_value_number("--days", w->days, 1, 36500, days))
        return false;
    if (!!w->device + !!w->admin + !!w->servers != 1 || !w->device != !w->tenant) {
        oriel_error("one of --device ID --tenant ID, --admin VENDOR and --server NAME is wanted");
        return false;
    }
    if (w->admin && strlen(w->admin) > ADMIN_ID_MAX) {
        oriel_error("--admin '%s': at most %d characters, as certificates name it admin-…", w->admin, ADMIN_ID_MAX);
        return false;
    }
    if (w->device && g_str_has_prefix(w->device, "admin-")) {
        oriel_error("--device '%s': ids that start with admin- are those of vendors' administrators", w->device);
        return false;
    }
    return true;
}

int oriel_provision_certificate(int argc, char **argv) {
    struct wanted w = {0};
    long days = 0;
    bool good = parse_certificate(&w, argc, argv, &days);
    g_autoptr(GPtrArray) servers = w.servers;
    struct oriel_ca ca;
    if (!good)
        return 2;
    if (!oriel_ca_of_owner(&ca, w.owner))
        return 1;
    g_autofree char *name = w.servers ? g_strdup("broker")
                            : w.admin ? g_strconcat("admin-", w.admin, NULL)
                                      : g_strdup(w.device);
    const struct oriel_leaf leaf = {.common_name = w.servers ? w.servers->pdata[0] : name,
                                    .organization = w.tenant,
                                    .hosts = w.servers,
                                    .days = days        ? days
                                            : w.servers ? BROKER_DAYS
                                                        : CLIENT_DAYS};
    char *key_pem = NULL, *pem = oriel_certificate_make(&ca, &leaf, &key_pem);
    oriel_ca_clear(&ca);
    g_autofree char *certificate_name = g_strconcat(name, ".pem", NULL), *key_name = g_strconcat(name, ".key", NULL);
    struct oriel_files *files = oriel_files_new(0700);
    oriel_files_add(files, w.out, certificate_name, 0644, pem);
    oriel_files_add(files, w.out, key_name, 0600, key_pem);
    return oriel_files_write(files) ? 0 : 1;
}
