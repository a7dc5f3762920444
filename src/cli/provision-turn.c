/* `oriel provision turn`: a vendor's TURN servers, their secret, and a coturn of one's own from the template in
 * signaling/turn, which is part of this program. And what `agent` takes from it: credentials of the TURN REST kind,
 * whose user name is when they expire and whose they are, and whose password only the secret's holders can make. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "fields.h"
#include "log.h"
#include "message.h"
#include "provision.h"
#include "turn-templates.h"

enum { SECRET_MIN = 16, SECRET_MAX = 128, SERVER_DAYS = 825, REALM_MAX = 64, DIGEST = 20 };

static const char secret_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~+/=-";

/* ---- the secret, and what it makes ---- */

char *oriel_turn_secret(const char *path) {
    size_t length;
    if (!path) {
        char *fresh = malloc(ORIEL_HASH_SIZE);
        oriel_message_nonce(fresh);
        return fresh;
    }
    char *text = oriel_file_text(path, &length);
    if (!text)
        return NULL;
    g_strstrip(text);
    length = strlen(text);
    if (length >= SECRET_MIN && length <= SECRET_MAX && strspn(text, secret_characters) == length)
        return text;
    oriel_error(
        "%s is no secret for TURN: one line of %d to %d letters, digits and ._~+/=- (openssl rand -hex 32 makes "
        "one)",
        path, SECRET_MIN, SECRET_MAX);
    free(text);
    return NULL;
}

bool oriel_turn_credentials(const char *directory, const json_t *vendor, const char *agent, json_int_t expiry,
                            json_t **out) {
    const json_t *uris = json_object_get(vendor, "turn");
    unsigned char digest[DIGEST], password[2 * DIGEST];
    *out = NULL;
    if (!uris)
        return true;
    g_autofree char *path = g_build_filename(directory, "turn.secret", NULL);
    g_autofree char *username = g_strdup_printf("%" JSON_INTEGER_FORMAT ":%s", expiry, agent);
    _cleanup_free_ char *secret = oriel_turn_secret(path);
    if (!secret)
        return false;
    bool good = HMAC(EVP_sha1(), secret, (int)strlen(secret), (const unsigned char *)username, strlen(username), digest,
                     NULL) != NULL;
    OPENSSL_cleanse(secret, strlen(secret));
    EVP_EncodeBlock(password, digest, sizeof digest);
    if (good)
        *out = json_pack("{s:O, s:s, s:s}", "urls", uris, "username", username, "password", password);
    else
        oriel_error("no credentials for TURN can be made");
    return *out != NULL;
}

/* ---- the command ---- */

struct turn {
    const char *vendor, *secret, *out, *owner, *certificate, *certificate_key, *realm, *external, *port, *tls_port,
        *relay_ports, *user, *log;
    GPtrArray *uris, *listen, *peers;
    json_t *servers; /* what --turn says, or NULL */
    long relay_from, relay_to;
};

/* Of an address without brackets; NULL: it is none. */
static GInetAddress *address_of(const char *text) {
    return g_hostname_is_ip_address(text) ? g_inet_address_new_from_string(text) : NULL;
}

static bool is_loopback(const char *text) {
    g_autoptr(GInetAddress) address = address_of(text);
    return address && g_inet_address_get_is_loopback(address);
}

static bool check_listen(const struct turn *t) {
    for (guint i = 0; i < t->listen->len; i++) {
        g_autoptr(GInetAddress) address = address_of(t->listen->pdata[i]);
        if (!address || g_inet_address_get_is_any(address)) {
            oriel_error("--listen '%s' is no address of a machine: a server relays from it, too, so it must be one IP "
                        "address",
                        (const char *)t->listen->pdata[i]);
            return false;
        }
    }
    g_autoptr(GInetAddress) external = t->external ? address_of(t->external) : NULL;
    if (t->external && (!external || t->listen->len != 1)) {
        oriel_error("--external '%s': the public IP address of the one --listen address behind it", t->external);
        return false;
    }
    return true;
}

/* ADDRESS or FIRST-LAST. */
static bool is_range(const char *text) {
    g_auto(GStrv) ends = g_strsplit(text, "-", -1);
    guint n = g_strv_length(ends);
    if (n < 1 || n > 2)
        return false;
    g_autoptr(GInetAddress) first = address_of(ends[0]);
    g_autoptr(GInetAddress) last = address_of(ends[n - 1]);
    return first && last && g_inet_address_get_family(first) == g_inet_address_get_family(last) &&
           memcmp(g_inet_address_to_bytes(first), g_inet_address_to_bytes(last),
                  g_inet_address_get_native_size(first)) <= 0;
}

static bool check_relay(struct turn *t) {
    for (guint i = 0; t->peers && i < t->peers->len; i++)
        if (!is_range(t->peers->pdata[i])) {
            oriel_error("--allow-peer '%s' is no IP address, and no range FIRST-LAST of them",
                        (const char *)t->peers->pdata[i]);
            return false;
        }
    t->relay_from = 49152;
    t->relay_to = 65535;
    if (!t->relay_ports)
        return true;
    g_auto(GStrv) ends = g_strsplit(t->relay_ports, "-", -1);
    gint64 from = 0, to = 0;
    if (g_strv_length(ends) == 2 && g_ascii_string_to_signed(ends[0], 10, 1024, 65535, &from, NULL) &&
        g_ascii_string_to_signed(ends[1], 10, from, 65535, &to, NULL)) {
        t->relay_from = (long)from;
        t->relay_to = (long)to;
        return true;
    }
    oriel_error("--relay-ports '%s' is no range FROM-TO of ports from 1024 to 65535", t->relay_ports);
    return false;
}

static bool check_server(struct turn *t) {
    long port;
    if (!t->listen) {
        oriel_error(
            "--listen is missing: the addresses of the machine that coturn runs on, without it there is no --out");
        return false;
    }
    if (!t->owner == !t->certificate || !t->certificate != !t->certificate_key) {
        oriel_error("the server wants a certificate: either --certificate and --certificate-key, or --owner, whose CA "
                    "makes one");
        return false;
    }
    if (t->realm && (strlen(t->realm) > REALM_MAX || !*t->realm || t->realm[strspn(t->realm, secret_characters)])) {
        oriel_error("--realm '%s' is no name: at most %d letters, digits and ._~+/=-", t->realm, REALM_MAX);
        return false;
    }
    return oriel_value_number("--port", t->port, 1, 65535, &port) &&
           oriel_value_number("--tls-port", t->tls_port, 1, 65535, &port) && oriel_value_is_line("--out", t->out) &&
           oriel_value_is_line("--log", t->log) && oriel_value_is_line("--user", t->user) &&
           oriel_value_is_line("--certificate", t->certificate) &&
           oriel_value_is_line("--certificate-key", t->certificate_key) && check_listen(t) && check_relay(t);
}

static bool parse(struct turn *t, int argc, char **argv) {
    const struct oriel_option options[] = {{"--vendor", ORIEL_OPTION_REQUIRED, &t->vendor},
                                           {"--turn", ORIEL_OPTION_LIST, &t->uris},
                                           {"--turn-secret", ORIEL_OPTION, &t->secret},
                                           {"--out", ORIEL_OPTION, &t->out},
                                           {"--listen", ORIEL_OPTION_LIST, &t->listen},
                                           {"--external", ORIEL_OPTION, &t->external},
                                           {"--port", ORIEL_OPTION, &t->port},
                                           {"--tls-port", ORIEL_OPTION, &t->tls_port},
                                           {"--relay-ports", ORIEL_OPTION, &t->relay_ports},
                                           {"--allow-peer", ORIEL_OPTION_LIST, &t->peers},
                                           {"--owner", ORIEL_OPTION, &t->owner},
                                           {"--certificate", ORIEL_OPTION, &t->certificate},
                                           {"--certificate-key", ORIEL_OPTION, &t->certificate_key},
                                           {"--realm", ORIEL_OPTION, &t->realm},
                                           {"--user", ORIEL_OPTION, &t->user},
                                           {"--log", ORIEL_OPTION, &t->log},
                                           {NULL}};
    if (!oriel_options_parse(options, argc, argv) || !oriel_value_turn("--turn", t->uris, &t->servers))
        return false;
    if (!t->uris && !t->out) {
        oriel_error("say what is wanted: --turn URI (where the vendor's servers are), --out DIR (a coturn), or both");
        return false;
    }
    if (t->secret && !t->uris) {
        oriel_error("--turn-secret goes with --turn, the servers that have it");
        return false;
    }
    const void *of_server[] = {t->listen,          t->external, t->port,  t->tls_port,
                               t->relay_ports,     t->peers,    t->owner, t->certificate,
                               t->certificate_key, t->realm,    t->user,  t->log};
    for (size_t i = 0; !t->out && i < G_N_ELEMENTS(of_server); i++)
        if (of_server[i]) {
            oriel_error("--out is missing: the folder for the configuration that the other options speak of");
            return false;
        }
    return !t->out || check_server(t);
}

/* vendor.json names the servers from now on. A secret that is there stays: credentials of today were made with it. */
static bool set_servers(const struct turn *t, json_t *vendor) {
    g_autofree char *secret_file = g_build_filename(t->vendor, "turn.secret", NULL);
    g_autofree char *vendor_file = g_build_filename(t->vendor, "vendor.json", NULL);
    bool there = g_file_test(secret_file, G_FILE_TEST_EXISTS);
    if (t->secret && !oriel_file_is_free(secret_file))
        return false;
    if (!there && !oriel_file_put(secret_file, 0600, oriel_turn_secret(t->secret)))
        return false;
    json_object_set(vendor, "turn", t->servers);
    _cleanup_free_ char *text = oriel_json_pretty(json_incref(vendor));
    return oriel_file_replace(vendor_file, text);
}

/* The hosts of the URIs, none twice; of char *. */
static GPtrArray *hosts_of(const json_t *uris) {
    GPtrArray *hosts = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < json_array_size(uris); i++) {
        const char *start = strchr(json_string_value(json_array_get(uris, i)), ':') + 1;
        bool bracket = *start == '[';
        char *host = g_strndup(start + bracket, strcspn(start + bracket, bracket ? "]" : ":?"));
        if (g_ptr_array_find_with_equal_func(hosts, host, g_str_equal, NULL))
            g_free(host);
        else
            g_ptr_array_add(hosts, host);
    }
    return hosts;
}

/* Of the first URI of this scheme, the scheme's own if it names none. The caller frees. */
static char *port_of(const json_t *uris, const char *scheme, const char *otherwise) {
    for (size_t i = 0; i < json_array_size(uris); i++) {
        const char *uri = json_string_value(json_array_get(uris, i));
        if (!g_str_has_prefix(uri, scheme))
            continue;
        const char *host = uri + strlen(scheme),
                   *end = *host == '[' ? strchr(host, ']') + 1 : host + strcspn(host, ":?");
        return *end == ':' ? g_strndup(end + 1, strspn(end + 1, "0123456789")) : g_strdup(otherwise);
    }
    return g_strdup(otherwise);
}

/* NAME=ADDRESS for each. */
static void append_lines(GString *text, const char *name, const GPtrArray *values) {
    for (guint i = 0; values && i < values->len; i++)
        g_string_append_printf(text, "%s%s=%s", text->len ? "\n" : "", name, (char *)values->pdata[i]);
}

/* Device and agent meet at the server's own relayed addresses, so those are always peers; loopback only by name. */
static char *allowed(const struct turn *t) {
    GString *text = g_string_new(NULL);
    bool loopback = false;
    for (guint i = 0; t->peers && i < t->peers->len; i++) {
        g_auto(GStrv) ends = g_strsplit(t->peers->pdata[i], "-", 2);
        loopback = loopback || is_loopback(ends[0]);
    }
    if (loopback)
        g_string_append(text, "allow-loopback-peers");
    for (guint i = 0; i < t->listen->len; i++)
        if (!is_loopback(t->listen->pdata[i]))
            g_string_append_printf(text, "%sallowed-peer-ip=%s", text->len ? "\n" : "", (char *)t->listen->pdata[i]);
    append_lines(text, "allowed-peer-ip", t->peers);
    return g_string_free(text, FALSE);
}

static void add_configuration(struct oriel_files *files, const struct turn *t, const char *secret, const json_t *uris,
                              const GPtrArray *hosts) {
    g_autofree char *directory = g_canonicalize_filename(t->out, NULL);
    g_autofree char *certificate =
        t->certificate ? g_canonicalize_filename(t->certificate, NULL) : g_build_filename(directory, "turn.pem", NULL);
    g_autofree char *key = t->certificate_key ? g_canonicalize_filename(t->certificate_key, NULL)
                                              : g_build_filename(directory, "turn.key", NULL);
    g_autofree char *from = g_strdup_printf("%ld", t->relay_from), *to = g_strdup_printf("%ld", t->relay_to);
    g_autofree char *port = port_of(uris, "turn:", "3478"), *tls_port = port_of(uris, "turns:", "5349");
    g_autofree char *peers = allowed(t);
    g_autofree char *user = t->user ? g_strdup_printf("proc-user=%s\nproc-group=%s", t->user, t->user) : g_strdup("");
    g_autoptr(GString) listening = g_string_new(NULL);
    g_autoptr(GString) relay = g_string_new(NULL);
    append_lines(listening, "listening-ip", t->listen);
    append_lines(relay, "relay-ip", t->listen);
    if (t->external)
        g_string_append_printf(relay, "\nexternal-ip=%s/%s", t->external, (char *)t->listen->pdata[0]);
    const struct oriel_value values[] = {{"@LISTENING@", listening->str},
                                         {"@RELAY@", relay->str},
                                         {"@PORT@", t->port ? t->port : port},
                                         {"@TLS_PORT@", t->tls_port ? t->tls_port : tls_port},
                                         {"@CERTIFICATE@", certificate},
                                         {"@KEY@", key},
                                         {"@MIN_PORT@", from},
                                         {"@MAX_PORT@", to},
                                         {"@SECRET@", secret},
                                         {"@REALM@", t->realm ? t->realm : hosts->pdata[0]},
                                         {"@DIRECTORY@", directory},
                                         {"@LOG@", t->log ? t->log : "syslog"},
                                         {"@ALLOWED@", peers},
                                         {"@USER@", user},
                                         {NULL}};
    oriel_files_add(files, t->out, "turnserver.conf", 0600,
                    oriel_template_fill(oriel_turn_get_resource(), "/oriel/turn/turnserver.conf.in", values));
}

/* Made here, or looked at where it lies: one of a public CA is renewed there. */
static bool add_certificate(struct oriel_files *files, const struct turn *t, const GPtrArray *hosts) {
    char *key_pem = NULL, *pem;
    if (t->certificate) {
        pem = oriel_certificate_own(t->certificate, t->certificate_key, NULL, &key_pem);
        if (key_pem)
            OPENSSL_cleanse(key_pem, strlen(key_pem));
        free(key_pem);
        free(pem);
        return pem != NULL;
    }
    struct oriel_ca ca;
    if (!oriel_ca_of_owner(&ca, t->owner))
        return false;
    const struct oriel_leaf leaf = {.common_name = hosts->pdata[0], .hosts = hosts, .days = SERVER_DAYS};
    pem = oriel_certificate_make(&ca, &leaf, &key_pem);
    oriel_ca_clear(&ca);
    oriel_files_add(files, t->out, "turn.pem", 0644, pem);
    oriel_files_add(files, t->out, "turn.key", 0600, key_pem);
    return pem != NULL;
}

static bool write_server(const struct turn *t, const json_t *vendor) {
    const json_t *uris = json_object_get(vendor, "turn");
    if (!uris) {
        oriel_error("%s names no TURN server yet; --turn URI says where this one will be reached", t->vendor);
        return false;
    }
    g_autofree char *secret_file = g_build_filename(t->vendor, "turn.secret", NULL);
    char *secret = oriel_turn_secret(secret_file);
    if (!secret)
        return false;
    g_autoptr(GPtrArray) hosts = hosts_of(uris);
    struct oriel_files *files = oriel_files_new(0700);
    add_configuration(files, t, secret, uris, hosts);
    OPENSSL_cleanse(secret, strlen(secret));
    free(secret);
    if (add_certificate(files, t, hosts))
        return oriel_files_write(files);
    oriel_files_free(files);
    return false;
}

int oriel_provision_turn(int argc, char **argv) {
    struct turn t = {0};
    int status = parse(&t, argc, argv) ? 1 : 2;
    json_t *vendor = status == 1 ? oriel_vendor_read(t.vendor) : NULL;
    if (vendor && (!t.servers || set_servers(&t, vendor)) && (!t.out || write_server(&t, vendor)))
        status = 0;
    json_decref(vendor);
    json_decref(t.servers);
    GPtrArray *lists[] = {t.uris, t.listen, t.peers};
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        if (lists[i])
            g_ptr_array_unref(lists[i]);
    return status;
}
