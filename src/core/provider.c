/* See provider.h. */
#include "provider.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bucket.h"
#include "clock.h"
#include "config.h"
#include "core_media.h"
#include "frames.h"
#include "json.h"
#include "log.h"
#include "message.h"
#include "socket.h"
#include "text.h"

enum { HELLO_TIMEOUT = 2, SILENCE_MAX = 3, ALARMS_MAX = 8, ALARM_MAX = 80 };
enum { ABILITIES_MAX = 8, CHAT_BURST = 8 /* lines a second that nobody types */ };

struct oriel_provider {
    const struct oriel_provider_events *events;
    void *user;
    char *path, *lines_path;
    GArray *uids;
    int listener, lines_listener, fd;
    char line[ORIEL_SOCKET_PACKET_MAX]; /* what came of a message, where messages are lines */
    size_t line_length;
    guint listener_source, lines_source, fd_source, hello_source, watch_source;
    bool greeted;
    guint can; /* ORIEL_PANEL_… */
    gint64 last_state;
    struct oriel_bucket chat;
};

static bool may_connect(const struct oriel_provider *p, uid_t uid) {
    for (guint i = 0; i < p->uids->len; i++)
        if (g_array_index(p->uids, uid_t, i) == uid)
            return true;
    return false;
}

static void drop(struct oriel_provider *p, bool invalid, const char *detail) {
    if (p->fd < 0)
        return;
    bool greeted = p->greeted;
    g_clear_handle_id(&p->fd_source, g_source_remove);
    g_clear_handle_id(&p->hello_source, g_source_remove);
    oriel_socket_close(p->fd);
    p->fd = -1;
    p->greeted = false;
    p->can = 0;
    p->line_length = 0;
    if (invalid)
        oriel_warning("the consent provider broke its protocol: %s", detail);
    if (greeted)
        p->events->lost(p->user, invalid, detail);
}

static void refuse(int fd, const char *why) {
    oriel_socket_send(fd, json_pack("{s:s, s:s}", "t", "refused", "why", why));
}

static void drop_invalid(struct oriel_provider *p, const char *detail) {
    refuse(p->fd, detail);
    drop(p, true, detail);
}

static bool has_members(const json_t *m, size_t count) {
    return json_object_size(m) == count;
}

/* Bits of ORIEL_PANEL_… into `can`; words that this core does not know are for a later one. */
static bool take_abilities(const json_t *list, guint *can) {
    static const char *const words[] = {"chat", "draw", "face"};
    *can = 0;
    if (list && (!json_is_array(list) || json_array_size(list) > ABILITIES_MAX))
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));
        if (!word)
            return false;
        for (guint bit = 0; bit < G_N_ELEMENTS(words); bit++)
            *can |= strcmp(word, words[bit]) == 0 ? 1u << bit : 0;
    }
    return true;
}

/* NULL when it was handled, else what is wrong with it. */
static const char *handle_hello(struct oriel_provider *p, const json_t *m) {
    const char *name = oriel_json_text(m, "name");
    const json_t *can = json_object_get(m, "can");
    if (p->greeted)
        return "a second hello";
    if (!has_members(m, can ? 4 : 3) || oriel_json_integer(m, "v", 0) != 1 || !name || g_utf8_strlen(name, -1) > 64 ||
        !take_abilities(can, &p->can))
        return "hello needs t, v (1) and name (at most 64 characters), and may have can (what it can show, at most 8 "
               "words)";
    g_clear_handle_id(&p->hello_source, g_source_remove);
    p->greeted = true;
    p->chat = (struct oriel_bucket){.most = 2 * CHAT_BURST, .a_second = 2 * CHAT_BURST};
    p->last_state = oriel_boottime();
    g_autofree char *clean = oriel_text_clean(name, 64);
    p->events->connected(p->user, clean);
    return NULL;
}

static const char *handle_decision(struct oriel_provider *p, const json_t *m) {
    const char *request = oriel_json_text(m, "request");
    const json_t *allow = json_object_get(m, "allow"), *scopes = json_object_get(m, "scopes");
    bool yes = json_is_true(allow);
    if (!has_members(m, yes ? 4 : 3) || !request || !oriel_is_hash(request) || !json_is_boolean(allow) ||
        (yes && !oriel_scopes_are_good(scopes)))
        return "decision needs exactly t, request (the hash asked for), allow (true or false) and, with true, scopes "
               "(those left ticked)";
    p->events->decision(p->user, request, yes ? scopes : NULL);
    return NULL;
}

static const char *handle_remove(struct oriel_provider *p, const json_t *m) {
    const char *session = oriel_json_text(m, "session"), *scope = oriel_json_text(m, "scope");
    if (!has_members(m, 3) || !session || !oriel_is_hash(session) || !scope || !oriel_scope_find(scope))
        return "remove needs exactly t, session (its id) and scope";
    p->events->remove(p->user, session, scope);
    return NULL;
}

static const char *handle_state(struct oriel_provider *p, const json_t *m) {
    if (!has_members(m, 2) || !json_is_boolean(json_object_get(m, "indicator")))
        return "state needs exactly t and indicator (true or false)";
    p->last_state = oriel_boottime();
    p->events->alive(p->user, json_is_true(json_object_get(m, "indicator")));
    return NULL;
}

/* The member, cleaned, into `help`; false: it is too long or no text. Absent is good. */
static bool take_text(const json_t *m, const char *name, guint max, json_t *help) {
    const json_t *value = json_object_get(m, name);
    const char *text = json_string_value(value);
    if (!value)
        return true;
    if (!text || g_utf8_strlen(text, -1) > max)
        return false;
    g_autofree char *clean = oriel_text_clean(text, max);
    if (*clean || strcmp(name, "note") == 0)
        json_object_set_new(help, name, json_string(clean));
    return true;
}

static bool take_alarms(const json_t *m, json_t *help) {
    const json_t *list = json_object_get(m, "alarms");
    json_t *clean = json_array();
    bool good = !list || (json_is_array(list) && json_array_size(list) <= ALARMS_MAX);
    for (size_t i = 0; good && i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        good = text && g_utf8_strlen(text, -1) <= ALARM_MAX;
        g_autofree char *alarm = good ? oriel_text_clean(text, ALARM_MAX) : NULL;
        if (alarm && *alarm)
            json_array_append_new(clean, json_string(alarm));
    }
    if (good && json_array_size(clean))
        json_object_set(help, "alarms", clean);
    json_decref(clean);
    return good;
}

static bool only_call_members(const json_t *m) {
    static const char *const names[] = {"t", "note", "page", "alarms", "callback", NULL};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)m, name, value) if (!g_strv_contains(names, name)) return false;
    return true;
}

static const char *handle_call(struct oriel_provider *p, const json_t *m) {
    json_t *help = json_object();
    bool good = only_call_members(m) && json_object_get(m, "note") && take_text(m, "note", 120, help) &&
                take_text(m, "page", 64, help) && take_text(m, "callback", 64, help) && take_alarms(m, help);
    if (good)
        p->events->call(p->user, help);
    json_decref(help);
    return good ? NULL
                : "call needs t and note (at most 120 characters), and may have page (64), alarms (8 of 80), callback "
                  "(64)";
}

static const char *handle_masks(struct oriel_provider *p, const json_t *m) {
    const char *list = oriel_json_text(m, "masks");
    uint8_t bytes[ORIEL_MASKS_MAX * ORIEL_RECT_SIZE];
    int count = list ? oriel_config_read_masks(list, ORIEL_PROVIDER_MASKS_MAX, bytes) : -1;
    if (!has_members(m, 2) || count < 0)
        return "masks needs exactly t and masks (x,y,WIDTHxHEIGHT joined by ';', at most 16)";
    p->events->masks(p->user, bytes, (guint)count);
    if (p->greeted)
        oriel_provider_send(p, json_pack("{s:s}", "t", "masked"));
    return NULL;
}

static const char *handle_chat(struct oriel_provider *p, const json_t *m) {
    const char *session = oriel_json_text(m, "session"), *text = oriel_json_text(m, "text");
    if (!has_members(m, 3) || !session || !oriel_is_hash(session) || !text || !*text ||
        g_utf8_strlen(text, -1) > ORIEL_CHAT_MAX)
        return "chat needs exactly t, session (its id) and text (1 to 500 characters)";
    if (!oriel_bucket_take(&p->chat, oriel_boottime()))
        return "chat came too fast: at most 8 lines a second";
    p->events->chat(p->user, session, text);
    return NULL;
}

static const char *handle_mute(struct oriel_provider *p, const json_t *m) {
    const char *session = oriel_json_text(m, "session");
    const json_t *muted = json_object_get(m, "muted");
    if (!has_members(m, 3) || !session || !oriel_is_hash(session) || !json_is_boolean(muted))
        return "mute needs exactly t, session (its id) and muted (true or false)";
    p->events->mute(p->user, session, json_is_true(muted));
    return NULL;
}

static const char *handle(struct oriel_provider *p, const json_t *m) {
    const char *t = oriel_json_text(m, "t");
    if (!t)
        return "a message without t";
    if (strcmp(t, "hello") == 0)
        return handle_hello(p, m);
    if (!p->greeted)
        return "the first message is not hello";
    if (strcmp(t, "decision") == 0)
        return handle_decision(p, m);
    if (strcmp(t, "call") == 0)
        return handle_call(p, m);
    if (strcmp(t, "state") == 0)
        return handle_state(p, m);
    if (strcmp(t, "chat") == 0)
        return handle_chat(p, m);
    if (strcmp(t, "mute") == 0)
        return handle_mute(p, m);
    if (strcmp(t, "masks") == 0)
        return handle_masks(p, m);
    if (strcmp(t, "remove") == 0)
        return handle_remove(p, m);
    if (strcmp(t, "shown") == 0) {
        const char *request = oriel_json_text(m, "request");
        if (!has_members(m, 2) || !request || !oriel_is_hash(request))
            return "shown needs exactly t and request (the hash asked for)";
        p->events->shown(p->user, request);
    } else if (strcmp(t, "stop") == 0) {
        const char *session = oriel_json_text(m, "session");
        if (!has_members(m, 2) || !session || !oriel_is_hash(session))
            return "stop needs exactly t and session (its id)";
        p->events->stop(p->user, session);
    } else if (strcmp(t, "sessions") == 0) {
        if (!has_members(m, 1))
            return "sessions needs exactly t";
        p->events->sessions(p->user);
    } else if (strcmp(t, "uncall") == 0) {
        if (!has_members(m, 1))
            return "uncall needs exactly t";
        p->events->call(p->user, NULL);
    } else {
        return "an unknown t";
    }
    return NULL;
}

/* False: the connection is over. */
static bool take(struct oriel_provider *p, int fd, const char *packet, size_t length) {
    char error[ORIEL_JSON_ERROR_SIZE];
    json_t *message = oriel_json_decode(packet, length, ORIEL_SOCKET_PACKET_MAX, error);
    const char *wrong = message ? handle(p, message) : error;
    if (wrong && p->fd == fd)
        drop_invalid(p, wrong);
    json_decref(message);
    return p->fd == fd;
}

/* What follows the last whole line waits for its end. False: the connection is over. */
static bool take_lines(struct oriel_provider *p, int fd) {
    for (char *end; (end = memchr(p->line, '\n', p->line_length));) {
        size_t length = (size_t)(end - p->line);
        char line[ORIEL_SOCKET_PACKET_MAX];
        memcpy(line, p->line, length);
        p->line_length -= length + 1;
        memmove(p->line, end + 1, p->line_length);
        if (!take(p, fd, line, length))
            return false;
    }
    if (p->line_length < sizeof p->line)
        return true;
    drop_invalid(p, "a line of 8 KiB or more");
    return false;
}

static gboolean provider_ready(int fd, GIOCondition condition, gpointer data) {
    struct oriel_provider *p = data;
    bool lines = oriel_socket_has_lines(fd);
    char packet[ORIEL_SOCKET_PACKET_MAX];
    ssize_t n = lines ? recv(fd, p->line + p->line_length, sizeof p->line - p->line_length, MSG_DONTWAIT)
                      : recv(fd, packet, sizeof packet, MSG_TRUNC | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    if (n <= 0) {
        drop(p, false, "it ended");
        return G_SOURCE_REMOVE;
    }
    if (lines)
        p->line_length += (size_t)n;
    bool goes_on = lines ? take_lines(p, fd) : take(p, fd, packet, (size_t)n);
    return goes_on ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean hello_late(gpointer data) {
    struct oriel_provider *p = data;
    p->hello_source = 0;
    drop_invalid(p, "no hello within 2 s");
    return G_SOURCE_REMOVE;
}

static gboolean connection_waits(int listener, GIOCondition condition, gpointer data) {
    struct oriel_provider *p = data;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return G_SOURCE_CONTINUE;
    uid_t uid = oriel_socket_peer(fd);
    if (!may_connect(p, uid)) {
        oriel_warning("user %ld may not be the consent provider; [consent] users names who may", (long)uid);
        refuse(fd, "this user may not be the consent provider");
        oriel_socket_close(fd);
    } else if (p->fd >= 0) {
        refuse(fd, "another provider is connected");
        oriel_socket_close(fd);
    } else {
        p->fd = fd;
        p->fd_source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP, provider_ready, p);
        p->hello_source = g_timeout_add_seconds(HELLO_TIMEOUT, hello_late, p);
    }
    return G_SOURCE_CONTINUE;
}

bool oriel_provider_users(const char *users, GArray *uids, GError **error) {
    g_auto(GStrv) parts = g_strsplit(users, ";", -1);
    for (char **part = parts; *part; part++) {
        guint64 number;
        g_strstrip(*part);
        if (!**part)
            continue;
        struct passwd *entry = getpwnam(*part);
        if (!entry && !g_ascii_string_to_unsigned(*part, 10, 0, G_MAXUINT32 - 1, &number, NULL)) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "[consent] users: no user '%s' on this device", *part);
            return false;
        }
        uid_t uid = entry ? entry->pw_uid : (uid_t)number;
        g_array_append_val(uids, uid);
    }
    return true;
}

/* Others can connect only where the file lets them; who they are is checked after that all the same. */
static mode_t socket_mode(const struct oriel_provider *p) {
    return p->uids->len == 1 && may_connect(p, getuid()) ? 0600 : 0666;
}

struct oriel_provider *oriel_provider_new(const char *path, const char *users,
                                          const struct oriel_provider_events *events, void *user, GError **error) {
    struct oriel_provider *p = g_new0(struct oriel_provider, 1);
    p->events = events;
    p->user = user;
    p->fd = p->listener = p->lines_listener = -1;
    p->uids = g_array_new(FALSE, FALSE, sizeof(uid_t));
    if (oriel_provider_users(users, p->uids, error)) {
        uid_t own = getuid();
        if (!p->uids->len)
            g_array_append_val(p->uids, own);
        p->listener = oriel_socket_listen(path, SOCK_SEQPACKET, socket_mode(p), error);
    }
    if (p->listener < 0) {
        oriel_provider_free(p);
        return NULL;
    }
    p->path = g_strdup(path);
    p->listener_source = g_unix_fd_add(p->listener, G_IO_IN, connection_waits, p);
    return p;
}

bool oriel_provider_add_lines(struct oriel_provider *p, const char *path, GError **error) {
    p->lines_listener = oriel_socket_listen(path, SOCK_STREAM, socket_mode(p), error);
    if (p->lines_listener < 0)
        return false;
    p->lines_path = g_strdup(path);
    p->lines_source = g_unix_fd_add(p->lines_listener, G_IO_IN, connection_waits, p);
    return true;
}

void oriel_provider_free(struct oriel_provider *p) {
    if (!p)
        return;
    g_clear_handle_id(&p->listener_source, g_source_remove);
    g_clear_handle_id(&p->lines_source, g_source_remove);
    g_clear_handle_id(&p->fd_source, g_source_remove);
    g_clear_handle_id(&p->hello_source, g_source_remove);
    g_clear_handle_id(&p->watch_source, g_source_remove);
    if (p->fd >= 0)
        oriel_socket_close(p->fd);
    if (p->listener >= 0) {
        close(p->listener);
        unlink(p->path);
    }
    if (p->lines_listener >= 0) {
        close(p->lines_listener);
        unlink(p->lines_path);
    }
    g_array_unref(p->uids);
    g_free(p->lines_path);
    g_free(p->path);
    g_free(p);
}

bool oriel_provider_connected(const struct oriel_provider *p) {
    return p->greeted;
}

guint oriel_provider_can(const struct oriel_provider *p) {
    return p->greeted ? p->can : 0;
}

static gboolean drop_unread(gpointer data) {
    struct oriel_provider *p = data;
    p->hello_source = 0;
    drop(p, false, "it does not read its messages");
    return G_SOURCE_REMOVE;
}

bool oriel_provider_send(struct oriel_provider *p, json_t *message) {
    return oriel_provider_send_fd(p, message, -1);
}

bool oriel_provider_send_fd(struct oriel_provider *p, json_t *message, int fd) {
    if (!p->greeted) {
        json_decref(message);
        return false;
    }
    if (fd >= 0 && oriel_socket_has_lines(p->fd)) { /* who has lines has no descriptors: such an HMI pushes no frames */
        json_decref(message);
        return false;
    }
    if (fd < 0 ? oriel_socket_send(p->fd, message) : oriel_socket_send_fd(p->fd, message, fd))
        return true;
    /* From the loop, since the caller may stand in the middle of a change of state. */
    g_clear_handle_id(&p->hello_source, g_source_remove);
    p->hello_source = g_idle_add(drop_unread, p);
    return false;
}

static gboolean look_for_silence(gpointer data) {
    struct oriel_provider *p = data;
    if (p->greeted && oriel_boottime() - p->last_state > SILENCE_MAX * ORIEL_SECOND)
        drop(p, false, "it was silent for 3 s");
    return G_SOURCE_CONTINUE;
}

void oriel_provider_watch(struct oriel_provider *p, bool on) {
    if (on && !p->watch_source)
        p->watch_source = g_timeout_add(250, look_for_silence, p);
    else if (!on)
        g_clear_handle_id(&p->watch_source, g_source_remove);
}
