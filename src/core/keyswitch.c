/* See keyswitch.h. */
#include "keyswitch.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "line.h"
#include "list.h"
#include "log.h"

enum { SECONDS_MIN = 30 };

struct oriel_keyswitch {
    const struct oriel_config *config;
    void (*changed)(void *user, bool open, const char *why);
    void *user;
    int fd;
    guint source;
    gint64 until; /* boot time; 0: closed */
    char *broken;
};

static bool is_open(const struct oriel_keyswitch *k) {
    return k && k->until > oriel_boottime();
}

static void open_window(struct oriel_keyswitch *k) {
    k->until = oriel_boottime() + (gint64)k->config->unattended_minutes * 60 * ORIEL_SECOND;
    k->changed(k->user, true, NULL);
}

static void close_window(struct oriel_keyswitch *k, const char *why) {
    bool was = is_open(k);
    k->until = 0;
    if (was)
        k->changed(k->user, false, why);
}

static gboolean line_changed(int fd, GIOCondition condition, gpointer data) {
    struct oriel_keyswitch *k = data;
    bool key = strcmp(k->config->unattended_kind, "key") == 0;
    int active = oriel_line_change(fd);
    if (active == -EAGAIN || active == -EINTR)
        return G_SOURCE_CONTINUE;
    if (active < 0) {
        k->broken = g_strdup(g_strerror(-active));
        k->source = 0;
        oriel_error("the key switch at %s can't be read any more: %s", k->config->unattended_switch, k->broken);
        close_window(k, "the key switch can't be read any more");
        return G_SOURCE_REMOVE;
    }
    if (active && (key || !is_open(k)))
        open_window(k);
    else if (active || key)
        close_window(k, key ? "the key was turned back" : "the button was pressed again");
    return G_SOURCE_CONTINUE;
}

struct oriel_keyswitch *oriel_keyswitch_new(const struct oriel_config *config,
                                            void (*changed)(void *user, bool open, const char *why), void *user,
                                            GError **error) {
    if (!*config->unattended_switch)
        return NULL;
    int fd = oriel_line_open(config->unattended_switch, "orield");
    if (fd < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(-fd), "[unattended] switch: %s: %s",
                    config->unattended_switch, g_strerror(-fd));
        return NULL;
    }
    struct oriel_keyswitch *k = g_new0(struct oriel_keyswitch, 1);
    k->config = config;
    k->changed = changed;
    k->user = user;
    k->fd = fd;
    k->source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, line_changed, k);
    return k;
}

void oriel_keyswitch_free(struct oriel_keyswitch *k) {
    if (!k)
        return;
    g_clear_handle_id(&k->source, g_source_remove);
    close(k->fd);
    g_free(k->broken);
    g_free(k);
}

guint oriel_keyswitch_left(const struct oriel_keyswitch *k) {
    return is_open(k) ? (guint)((k->until - oriel_boottime() + ORIEL_SECOND - 1) / ORIEL_SECOND) : 0;
}

const char *oriel_keyswitch_broken(const struct oriel_keyswitch *k) {
    return k ? k->broken : NULL;
}

bool oriel_keyswitch_grants(const struct oriel_keyswitch *k, struct oriel_session_request *request) {
    guint left = oriel_keyswitch_left(k);
    if (left < SECONDS_MIN)
        return false;
    json_t *vendors = oriel_list_split(k->config->unattended_vendors),
           *allowed = oriel_list_split(k->config->unattended_scopes);
    json_t *scopes = oriel_list_both(request->scopes, allowed);
    bool grants = oriel_list_has(vendors, request->vendor) && oriel_list_has(scopes, "view");
    if (grants) {
        json_decref(request->scopes);
        request->scopes = json_incref(scopes);
        request->seconds = MIN(request->seconds, left);
        request->by = "switch";
    }
    json_decref(vendors);
    json_decref(allowed);
    json_decref(scopes);
    return grants;
}
