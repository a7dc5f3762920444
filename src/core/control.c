/* See control.h. A client gets two seconds to say what it wants; eight may wait at once. */
#include "control.h"

#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "json.h"
#include "socket.h"

enum { CLIENTS_MAX = 8, CLIENT_TIMEOUT = 2 };

struct oriel_control {
    const struct oriel_control_ops *ops;
    void *user;
    char *path;
    int listener;
    guint source;
    GSList *clients;
};

struct client {
    struct oriel_control *control;
    int fd;
    guint fd_source, timeout;
};

static void client_free(struct client *c) {
    c->control->clients = g_slist_remove(c->control->clients, c);
    g_clear_handle_id(&c->fd_source, g_source_remove);
    g_clear_handle_id(&c->timeout, g_source_remove);
    oriel_socket_close(c->fd);
    g_free(c);
}

static json_t *failure(const char *why) {
    return json_pack("{s:b, s:s}", "ok", 0, "error", why);
}

static json_t *done(bool good, const GError *error) {
    return good ? json_pack("{s:b}", "ok", 1) : failure(error->message);
}

static json_t *answer(struct oriel_control *control, uid_t uid, const char *packet, size_t length) {
    char error[ORIEL_JSON_ERROR_SIZE];
    json_t *request = oriel_json_decode(packet, length, ORIEL_SOCKET_PACKET_MAX, error);
    const char *op = oriel_json_text(request, "op");
    json_t *reply;
    g_autoptr(GError) problem = NULL;
    if (!request) {
        reply = failure(error);
    } else if (op && strcmp(op, "status") == 0) {
        reply = control->ops->status(control->user);
        json_object_set_new(reply, "ok", json_true());
    } else if (op && strcmp(op, "stop") == 0) {
        reply = json_pack("{s:b, s:b}", "ok", 1, "stopped", (int)control->ops->stop(control->user));
    } else if (op && strcmp(op, "acknowledge") == 0) {
        bool good = control->ops->acknowledge(control->user, uid, &problem);
        reply = done(good, problem);
    } else if (op && strcmp(op, "cosigned") == 0 && oriel_json_text(request, "note")) {
        bool good = control->ops->cosigned(control->user, oriel_json_text(request, "note"), &problem);
        reply = done(good, problem);
    } else if (op && strcmp(op, "exported") == 0 && oriel_json_integer(request, "first", 0) > 0) {
        bool good = control->ops->exported(control->user, (guint64)oriel_json_integer(request, "first", 0), &problem);
        reply = done(good, problem);
    } else {
        reply = failure("unknown op; allowed: status, stop, acknowledge, cosigned, exported");
    }
    json_decref(request);
    return reply;
}

static gboolean client_ready(int fd, GIOCondition condition, gpointer data) {
    struct client *c = data;
    char packet[ORIEL_SOCKET_PACKET_MAX];
    ssize_t n = recv(fd, packet, sizeof packet, MSG_DONTWAIT | MSG_TRUNC);
    if (n > 0)
        oriel_socket_send(fd, answer(c->control, oriel_socket_peer(fd), packet, (size_t)n));
    client_free(c);
    return G_SOURCE_REMOVE;
}

static gboolean client_late(gpointer data) {
    struct client *c = data;
    c->timeout = 0;
    client_free(c);
    return G_SOURCE_REMOVE;
}

static gboolean connection_waits(int listener, GIOCondition condition, gpointer data) {
    struct oriel_control *control = data;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return G_SOURCE_CONTINUE;
    uid_t uid = oriel_socket_peer(fd);
    if ((uid != getuid() && uid != 0) || g_slist_length(control->clients) >= CLIENTS_MAX) {
        oriel_socket_send(
            fd, failure(uid != getuid() && uid != 0 ? "only root and orield's own user may" : "too many clients"));
        oriel_socket_close(fd);
        return G_SOURCE_CONTINUE;
    }
    struct client *c = g_new0(struct client, 1);
    c->control = control;
    c->fd = fd;
    c->fd_source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP, client_ready, c);
    c->timeout = g_timeout_add_seconds(CLIENT_TIMEOUT, client_late, c);
    control->clients = g_slist_prepend(control->clients, c);
    return G_SOURCE_CONTINUE;
}

struct oriel_control *oriel_control_new(const char *path, const struct oriel_control_ops *ops, void *user,
                                        GError **error) {
    int listener = oriel_socket_listen(path, SOCK_SEQPACKET, 0600, error);
    if (listener < 0)
        return NULL;
    struct oriel_control *control = g_new0(struct oriel_control, 1);
    control->ops = ops;
    control->user = user;
    control->path = g_strdup(path);
    control->listener = listener;
    control->source = g_unix_fd_add(listener, G_IO_IN, connection_waits, control);
    return control;
}

void oriel_control_free(struct oriel_control *control) {
    if (!control)
        return;
    while (control->clients)
        client_free(control->clients->data);
    g_clear_handle_id(&control->source, g_source_remove);
    close(control->listener);
    unlink(control->path);
    g_free(control->path);
    g_free(control);
}
