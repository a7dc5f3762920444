/* See config.h. The file is walked line by line here, since GKeyFile keeps no line numbers, takes the last of two equal
 * keys and ignores unknown ones; what is accepted is a subset of its format. */
#include "config.h"

#include <errno.h>
#include <gio/gio.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "cameras.h"
#include "frames.h"
#include "line.h"
#include "message.h"

enum kind {
    TEXT,
    ID,
    NUMBER,
    CHOICE,
    ADDRESSES,
    URL,
    USERS,
    PROXY,
    ABSOLUTE_PATH,
    SCOPES,
    PIPELINE,
    MASKS,
    GPIO,
    IDS,
    CAMERAS,
    SIZE
};

enum { SOCKET_PATH_MAX = 107, QUOTED_MAX = 60 };

struct key {
    const char *group, *name;
    enum kind kind;
    size_t offset;
    const char *otherwise; /* NULL: required */
    guint min, max;        /* NUMBER: the value; TEXT: characters at most; ABSOLUTE_PATH: bytes at most, 0: any */
    const char *choices;   /* CHOICE: joined by '|' */
};

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define HOST_CHARACTERS LETTERS_AND_DIGITS "_.-:"
#define AT(member) offsetof(struct oriel_config, member)

static const struct key keys[] = {
    {"device", "id", ID, AT(device_id), NULL},
    {"device", "tenant", ID, AT(tenant), NULL},
    {"device", "key", ABSOLUTE_PATH, AT(device_key), "/etc/oriel/device.key"},
    {"device", "seal-key", ABSOLUTE_PATH, AT(device_seal_key), "/etc/oriel/seal.key"},
    {"device", "credential", ABSOLUTE_PATH, AT(credential), "/etc/oriel/device.jwt"},
    {"device", "site", TEXT, AT(site), "", .max = 64},
    {"device", "firmware", TEXT, AT(firmware), "", .max = 64},
    {"broker", "url", URL, AT(broker_url), NULL},
    {"broker", "ca", ABSOLUTE_PATH, AT(broker_ca), ""},
    {"broker", "certificate", ABSOLUTE_PATH, AT(broker_certificate), ""},
    {"broker", "key", ABSOLUTE_PATH, AT(broker_key), ""},
    {"broker", "proxy", PROXY, AT(broker_proxy), ""},
    {"trust", "directory", ABSOLUTE_PATH, AT(trust_directory), "/etc/oriel/trust.d"},
    {"trust", "state", ABSOLUTE_PATH, AT(trust_state), "/var/lib/oriel/revoked"},
    {"consent", "socket", ABSOLUTE_PATH, AT(consent_socket), "/run/oriel/consent.sock", .max = SOCKET_PATH_MAX},
    {"consent", "lines-socket", ABSOLUTE_PATH, AT(consent_lines), "", .max = SOCKET_PATH_MAX},
    {"consent", "users", USERS, AT(consent_users), ""},
    {"consent", "timeout", NUMBER, AT(consent_timeout), "60", .min = 5, .max = 600},
    {"consent", "allow-after-ms", NUMBER, AT(consent_allow_after), "1000", .min = 300, .max = 5000},
    {"consent", "again-seconds", NUMBER, AT(consent_again), "1800", .min = 0, .max = 28800},
    {"consent", "grace-seconds", NUMBER, AT(consent_grace), "300", .min = 5, .max = 3600},
    {"control", "socket", ABSOLUTE_PATH, AT(control_socket), "/run/oriel/control.sock", .max = SOCKET_PATH_MAX},
    {"control", "stop-socket", ABSOLUTE_PATH, AT(stop_socket), "", .max = SOCKET_PATH_MAX},
    {"control", "stop-line", GPIO, AT(stop_line), ""},
    {"capture", "backend", CHOICE, AT(capture_backend), "auto", .choices = "auto|x11|fbdev|hmi|test"},
    {"capture", "display", TEXT, AT(capture_display), "", .max = 64},
    {"capture", "xauthority", ABSOLUTE_PATH, AT(capture_xauthority), ""},
    {"capture", "monitor", TEXT, AT(capture_monitor), "", .max = 60},
    {"capture", "device", ABSOLUTE_PATH, AT(capture_device), "/dev/fb0", .max = 199},
    {"capture", "masks", MASKS, AT(capture_masks), ""},
    {"camera", "devices", CAMERAS, AT(camera_devices), "auto"},
    {"camera", "size", SIZE, AT(camera_size), "1280x720"},
    {"camera", "frame-rate", NUMBER, AT(camera_frame_rate), "30", .min = 1, .max = 60},
    {"camera", "bitrate", NUMBER, AT(camera_bitrate), "1500", .min = 100, .max = 10000},
    {"media", "path", CHOICE, AT(media_path), "relay", .choices = "relay|direct"},
    {"media", "addresses", ADDRESSES, AT(media_addresses), ""},
    {"media", "bitrate", NUMBER, AT(media_bitrate), "4000", .min = 100, .max = 50000},
    {"media", "frame-rate", NUMBER, AT(media_frame_rate), "30", .min = 1, .max = 60},
    {"media", "outage-seconds", NUMBER, AT(media_outage), "60", .min = 5, .max = 600},
    {"media", "exact", CHOICE, AT(media_exact), "yes", .choices = "yes|no"},
    {"media", "pipeline", PIPELINE, AT(media_pipeline), ORIEL_PIPELINE_DEFAULT},
    {"voice", "backend", CHOICE, AT(voice_backend), "auto", .choices = "auto|pulse|pipewire|alsa"},
    {"voice", "server", ABSOLUTE_PATH, AT(voice_server), "", .max = 200},
    {"voice", "microphone", TEXT, AT(voice_microphone), "", .max = 200},
    {"voice", "speaker", TEXT, AT(voice_speaker), "", .max = 200},
    {"voice", "push-to-talk", CHOICE, AT(voice_push_to_talk), "no", .choices = "yes|no"},
    {"relay", "proxy", PROXY, AT(relay_proxy), ""},
    {"relay", "ca", ABSOLUTE_PATH, AT(relay_ca), ""},
    {"relay", "fallback-ms", NUMBER, AT(relay_fallback_ms), "2000", .min = 200, .max = 10000},
    {"session", "max-seconds", NUMBER, AT(session_max_seconds), "28800", .min = 30, .max = 28800},
    {"session", "scopes", SCOPES, AT(session_scopes), "view"},
    {"unattended", "switch", GPIO, AT(unattended_switch), ""},
    {"unattended", "switch-kind", CHOICE, AT(unattended_kind), "key", .choices = "key|button"},
    {"unattended", "switch-minutes", NUMBER, AT(unattended_minutes), "10", .min = 1, .max = 480},
    {"unattended", "switch-vendors", IDS, AT(unattended_vendors), ""},
    {"unattended", "switch-scopes", SCOPES, AT(unattended_scopes), "view"},
    {"unattended", "authorisations", CHOICE, AT(unattended_authorisations), "no", .choices = "yes|no"},
    {"unattended", "owner", ABSOLUTE_PATH, AT(unattended_owner), "/etc/oriel/owner.json"},
    {"unattended", "uses", ABSOLUTE_PATH, AT(unattended_uses), "/var/lib/oriel/authorised.json"},
    {"unattended", "clock", CHOICE, AT(unattended_clock), "synchronised", .choices = "synchronised|local"},
    {"audit", "directory", ABSOLUTE_PATH, AT(audit_directory), "/var/lib/oriel/audit"},
    {"audit", "key", ABSOLUTE_PATH, AT(audit_key), "/etc/oriel/audit.key"},
    {"audit", "collector", TEXT, AT(audit_collector), "", .max = 255},
    {"audit", "collector-key", ABSOLUTE_PATH, AT(audit_collector_key), ""},
    {"audit", "addresses", CHOICE, AT(audit_addresses), "no", .choices = "yes|no"},
    {"audit", "keep", NUMBER, AT(audit_keep), "8", .min = 1, .max = 4096},
    {"sandbox", "without-namespaces", CHOICE, AT(sandbox_without), "refuse", .choices = "refuse|run-unprotected"},
    {"sandbox", "violations", CHOICE, AT(sandbox_violations), "kill", .choices = "kill|log"},
    {"run", "helpers", ABSOLUTE_PATH, AT(helpers), ""},
};

static bool known_group(const char *group) {
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        if (strcmp(keys[i].group, group) == 0)
            return true;
    return false;
}

/* "a, b, c": the groups, or the keys of a group: what the error message says is allowed. */
static char *allowed_names(const char *group) {
    GString *s = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (group ? strcmp(keys[i].group, group) != 0 : i > 0 && strcmp(keys[i].group, keys[i - 1].group) == 0)
            continue;
        g_string_append_printf(s, group ? "%s%s" : "%s[%s]", s->len ? ", " : "", group ? keys[i].name : keys[i].group);
    }
    return g_string_free(s, FALSE);
}

static bool every_part(const char *list, bool (*good)(const char *)) {
    g_auto(GStrv) parts = g_strsplit(list, ";", -1);
    for (char **p = parts; *p; p++)
        if (*g_strstrip(*p) && !good(*p))
            return false;
    return true;
}

static bool is_address(const char *text) {
    return g_hostname_is_ip_address(text);
}

static bool is_scope(const char *text) {
    return oriel_scope_find(text);
}

static bool is_user(const char *text) {
    return text[strspn(text, LETTERS_AND_DIGITS "_.-")] == '\0';
}

/* Of a name or an address; GUri is content with more. */
static bool is_host(const char *text) {
    return *text && *text != '-' && text[strspn(text, HOST_CHARACTERS)] == '\0';
}

static bool is_url(const char *text) {
    g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);
    if (!uri || !g_uri_get_host(uri) || !is_host(g_uri_get_host(uri)) || g_uri_get_userinfo(uri) ||
        g_uri_get_query(uri) || g_uri_get_fragment(uri) || g_uri_get_port(uri) == 0)
        return false;
    const char *scheme = g_uri_get_scheme(uri), *host = g_uri_get_host(uri);
    bool path = strlen(g_uri_get_path(uri)) > 1;
    if (strcmp(scheme, "wss") == 0 || (strcmp(scheme, "mqtts") == 0 && !path))
        return true;
    bool loopback = strcmp(host, "127.0.0.1") == 0 || strcmp(host, "::1") == 0 || strcmp(host, "localhost") == 0;
    return loopback && ((strcmp(scheme, "mqtt") == 0 && !path) || strcmp(scheme, "ws") == 0);
}

static bool is_proxy(const char *text) {
    g_autoptr(GSocketConnectable) c = g_network_address_parse(text, 0, NULL);
    const char *port = strrchr(text, ':'); /* GLib takes names of services, too */
    return !strpbrk(text, "/@ \t") && c && port && g_ascii_isdigit(port[1]) &&
           g_network_address_get_port(G_NETWORK_ADDRESS(c)) > 0;
}

static bool read_number(const char **text, char end, uint16_t *ret) {
    size_t digits = strspn(*text, "0123456789");
    if (!digits || digits > 4 || (*text)[digits] != end)
        return false;
    *ret = (uint16_t)g_ascii_strtoull(*text, NULL, 10);
    *text += digits + (end != '\0');
    return *ret <= ORIEL_FRAME_SIDE_MAX;
}

/* "x,y,WxH", within the largest picture. */
static bool read_mask(const char *text, struct oriel_rect *ret) {
    return read_number(&text, ',', &ret->x) && read_number(&text, ',', &ret->y) &&
           read_number(&text, 'x', &ret->width) && read_number(&text, '\0', &ret->height) && ret->width &&
           ret->height && ret->x + ret->width <= ORIEL_FRAME_SIDE_MAX && ret->y + ret->height <= ORIEL_FRAME_SIDE_MAX;
}

/* -1: not a list of at most ORIEL_MASKS_MAX. */
static int read_masks(const char *list, struct oriel_rect masks[ORIEL_MASKS_MAX]) {
    g_auto(GStrv) parts = g_strsplit(list, ";", -1);
    int count = 0;
    for (char **p = parts; *p; p++)
        if (*g_strstrip(*p) && (count == ORIEL_MASKS_MAX || !read_mask(*p, &masks[count++])))
            return -1;
    return count;
}

static bool has_control(const char *text) {
    for (; *text; text = g_utf8_next_char(text))
        if (g_unichar_iscntrl(g_utf8_get_char(text)))
            return true;
    return false;
}

static bool is_size(const char *text) {
    guint width = 0, height = 0;
    int end = 0;
    return strspn(text, "0123456789x") == strlen(text) && sscanf(text, "%4ux%4u%n", &width, &height, &end) == 2 &&
           !text[end] && width >= 64 && height >= 64 && width <= ORIEL_FRAME_SIDE_MAX &&
           height <= ORIEL_FRAME_SIDE_MAX && width % 2 == 0 && height % 2 == 0;
}

/* NULL when the value is good, else what is allowed. */
static char *refuse_value(const struct key *k, const char *value) {
    guint64 number;
    switch (k->kind) {
    case TEXT:
        return g_utf8_strlen(value, -1) <= k->max && !has_control(value)
                   ? NULL
                   : g_strdup_printf("at most %u characters, none of them a control character", k->max);
    case ID:
        return oriel_is_id(value) ? NULL : g_strdup("1 to 64 of a-z, 0-9 and '-', not '-' at an end");
    case NUMBER:
        return g_ascii_string_to_unsigned(value, 10, k->min, k->max, &number, NULL)
                   ? NULL
                   : g_strdup_printf("a whole number from %u to %u", k->min, k->max);
    case CHOICE: {
        g_auto(GStrv) choices = g_strsplit(k->choices, "|", -1);
        return g_strv_contains((const char *const *)choices, value) ? NULL : g_strdup_printf("one of %s", k->choices);
    }
    case ADDRESSES:
        return every_part(value, is_address) ? NULL : g_strdup("IP addresses joined by ';'");
    case SCOPES: {
        char names[ORIEL_SCOPE_NAMES_SIZE];
        oriel_scope_names(names);
        return value[strspn(value, "; ")] && every_part(value, is_scope) ? NULL
                                                                         : g_strdup_printf("%s joined by ';'", names);
    }
    case PIPELINE:
        return oriel_is_id(value) || g_path_is_absolute(value)
                   ? NULL
                   : g_strdup("the name of a pipeline graph (a-z, 0-9, '-') or an absolute path");
    case MASKS: {
        struct oriel_rect masks[ORIEL_MASKS_MAX];
        return read_masks(value, masks) >= 0
                   ? NULL
                   : g_strdup_printf("rectangles x,y,WIDTHxHEIGHT in pixels, joined by ';', at most %d, none of them "
                                     "empty or beyond %d",
                                     ORIEL_MASKS_MAX, ORIEL_FRAME_SIDE_MAX);
    }
    case GPIO:
        return !*value || oriel_line_is_good(value)
                   ? NULL
                   : g_strdup("/dev/gpiochipN:LINE, with :low when the switch pulls it to ground");
    case IDS:
        return every_part(value, oriel_is_id) ? NULL : g_strdup("ids of vendors joined by ';'");
    case CAMERAS: {
        struct oriel_camera_place places[ORIEL_CAMERAS_MAX];
        return oriel_camera_places(value, places) >= 0
                   ? NULL
                   : g_strdup_printf("auto, or at most %d of: test, an absolute path of a video device or of a file "
                                     "NAME.mjpeg or NAME.yuyv, pipewire:SOCKET or pipewire:SOCKET:NODE; joined by ';'",
                                     ORIEL_CAMERAS_MAX);
    }
    case SIZE:
        return is_size(value) ? NULL
                              : g_strdup_printf("WIDTHxHEIGHT in pixels, both even, 64x64 to %dx%d",
                                                ORIEL_FRAME_SIDE_MAX, ORIEL_FRAME_SIDE_MAX);
    case URL:
        return is_url(value)
                   ? NULL
                   : g_strdup("mqtts://host:port or wss://host:port/path; mqtt:// and ws:// for loopback only");
    case USERS:
        return every_part(value, is_user) ? NULL : g_strdup("user names or numbers joined by ';'");
    case PROXY:
        return !*value || is_proxy(value) ? NULL : g_strdup("host:port");
    case ABSOLUTE_PATH:
        if (*value ? g_path_is_absolute(value) && (!k->max || strlen(value) <= k->max) : !*k->otherwise)
            return NULL;
        return k->max ? g_strdup_printf("an absolute path of at most %u bytes", k->max) : g_strdup("an absolute path");
    }
    return g_strdup("nothing");
}

static void assign(struct oriel_config *config, const struct key *k, const char *value) {
    void *member = (char *)config + k->offset;
    if (k->kind == NUMBER) {
        *(guint *)member = (guint)g_ascii_strtoull(value, NULL, 10);
    } else {
        g_free(*(char **)member);
        *(char **)member = g_strdup(value);
    }
}

struct parser {
    const char *name;
    struct oriel_config *config;
    char *group;
    guint seen[G_N_ELEMENTS(keys)]; /* the line that gave the key */
};

#define REFUSE(error, ...) g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE, __VA_ARGS__)

/* As much of what was written as a message needs: what is allowed follows it and must be seen, too. */
static char *quote(const char *text) {
    return g_utf8_strlen(text, -1) <= QUOTED_MAX
               ? g_strdup(text)
               : g_strdup_printf("%.*s…", (int)(g_utf8_offset_to_pointer(text, QUOTED_MAX) - text), text);
}

static bool parse_key(struct parser *p, guint number, char *line, GError **error) {
    char *equals = strchr(line, '=');
    if (!equals) {
        REFUSE(error, "%s:%u: expected [group], key=value or # comment", p->name, number);
        return false;
    }
    *equals = '\0';
    const char *name = g_strstrip(line), *value = g_strstrip(equals + 1);
    g_autofree char *quoted = quote(name);
    if (!p->group) {
        g_autofree char *allowed = allowed_names(NULL);
        REFUSE(error, "%s:%u: '%s' stands before any group; start with one of %s", p->name, number, quoted, allowed);
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (strcmp(keys[i].group, p->group) != 0 || strcmp(keys[i].name, name) != 0)
            continue;
        if (p->seen[i]) {
            REFUSE(error, "%s:%u: '%s' was given in line %u already", p->name, number, name, p->seen[i]);
            return false;
        }
        g_autofree char *allowed = refuse_value(&keys[i], value);
        if (allowed) {
            g_autofree char *given = quote(value);
            REFUSE(error, "%s:%u: '%s=%s' is not allowed: %s", p->name, number, name, given, allowed);
            return false;
        }
        p->seen[i] = number;
        assign(p->config, &keys[i], value);
        return true;
    }
    g_autofree char *allowed = allowed_names(p->group);
    REFUSE(error, "%s:%u: no key '%s' in [%s]; allowed: %s", p->name, number, quoted, p->group, allowed);
    return false;
}

static bool parse_line(struct parser *p, guint number, char *line, GError **error) {
    g_strstrip(line);
    if (!*line || *line == '#')
        return true;
    if (*line != '[')
        return parse_key(p, number, line, error);
    size_t n = strlen(line);
    if (line[n - 1] == ']') {
        line[n - 1] = '\0';
        if (known_group(line + 1)) {
            g_free(p->group);
            p->group = g_strdup(line + 1);
            return true;
        }
    }
    g_autofree char *allowed = allowed_names(NULL), *quoted = quote(line + 1);
    REFUSE(error, "%s:%u: no group '%s'; allowed: %s", p->name, number, quoted, allowed);
    return false;
}

static guint line_of(const char *text, const char *at) {
    guint number = 1;
    for (; text < at; text++)
        number += *text == '\n';
    return number;
}

static bool parse_text(struct parser *p, const char *text, GError **error) {
    const char *bad;
    if (!g_utf8_validate(text, -1, &bad)) {
        REFUSE(error, "%s:%u: not UTF-8 text", p->name, line_of(text, bad));
        return false;
    }
    if (g_str_has_prefix(text, "\xef\xbb\xbf")) {
        REFUSE(error, "%s:1: starts with a byte order mark; save it as UTF-8 without one", p->name);
        return false;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++)
        if (!parse_line(p, i + 1, lines[i], error))
            return false;
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (p->seen[i] || keys[i].otherwise)
            continue;
        REFUSE(error, "%s: '%s' in [%s] is missing and has no default", p->name, keys[i].name, keys[i].group);
        return false;
    }
    if (*p->config->unattended_switch && !p->config->unattended_vendors[strspn(p->config->unattended_vendors, "; ")]) {
        REFUSE(error, "%s: 'switch' in [unattended] needs 'switch-vendors': for whom it opens the panel", p->name);
        return false;
    }
    if (*p->config->media_addresses && strcmp(p->config->media_path, "relay") == 0) {
        REFUSE(error,
               "%s: 'addresses' in [media] belongs to path=direct; with path=relay media has no address of its own",
               p->name);
        return false;
    }
    return true;
}

struct oriel_config *oriel_config_parse(const char *name, const char *text, GError **error) {
    struct parser p = {.name = name, .config = g_new0(struct oriel_config, 1)};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        assign(p.config, &keys[i], keys[i].otherwise ? keys[i].otherwise : "");
    bool good = parse_text(&p, text, error);
    g_free(p.group);
    if (!good) {
        oriel_config_free(p.config);
        return NULL;
    }
    p.config->path = g_strdup(name);
    if (!*p.config->stop_socket) {
        g_autofree char *folder = g_path_get_dirname(p.config->control_socket);
        g_free(p.config->stop_socket);
        p.config->stop_socket = g_build_filename(folder, "stop.sock", NULL);
    }
    return p.config;
}

struct oriel_config *oriel_config_load(const char *path, GError **error) {
    g_autofree char *text = NULL;
    gsize length;
    if (!g_file_get_contents(path, &text, &length, error))
        return NULL;
    if (strlen(text) != length) {
        REFUSE(error, "%s:%u: a NUL byte; the file must be UTF-8 text", path, line_of(text, text + strlen(text)));
        return NULL;
    }
    return oriel_config_parse(path, text, error);
}

unsigned oriel_config_masks(const struct oriel_config *config, uint8_t *bytes) {
    struct oriel_rect masks[ORIEL_MASKS_MAX];
    int count = read_masks(config->capture_masks, masks);
    g_assert(count >= 0); /* refused when it was read */
    oriel_rects_write(masks, (size_t)count, bytes);
    return (unsigned)count;
}

int oriel_config_read_masks(const char *list, int max, uint8_t *bytes) {
    struct oriel_rect masks[ORIEL_MASKS_MAX];
    int count = read_masks(list, masks);
    if (count < 0 || count > max)
        return -1;
    oriel_rects_write(masks, (size_t)count, bytes);
    return count;
}

void oriel_config_free(struct oriel_config *config) {
    if (!config)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        if (keys[i].kind != NUMBER)
            g_free(*(char **)((char *)config + keys[i].offset));
    g_free(config->path);
    g_free(config->media_graph);
    g_free(config);
}
