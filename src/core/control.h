/* The control socket: what `oriel` on the device's own shell asks of core. One JSON object in, one out, closed.
 *   {"op":"status"} -> {"ok":true, …as device.c makes it}    {"op":"stop"} -> {"ok":true,"stopped":true}
 *   {"op":"acknowledge"} -> {"ok":true}: damage of the audit log
 *   {"op":"cosigned","note":"…"} -> {"ok":true}: the collector's answer
 *   {"op":"exported","first":N} -> {"ok":true}: records from N on are about to be read for a file; it is on record
 * Policy: only orield's own user and root; anything else gets {"ok":false,"error":"…"}. */
#ifndef ORIEL_CONTROL_H
#define ORIEL_CONTROL_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

struct oriel_control_ops {
    json_t *(*status)(void *user); /* a new reference */
    bool (*stop)(void *user);      /* true: there was a prompt or a session, and it is ended */
    bool (*acknowledge)(void *user, guint uid, GError **error);
    bool (*cosigned)(void *user, const char *note, GError **error);
    bool (*exported)(void *user, guint64 first, GError **error);
};

struct oriel_control;

/* NULL with `error` set. */
struct oriel_control *oriel_control_new(const char *path, const struct oriel_control_ops *ops, void *user,
                                        GError **error);
void oriel_control_free(struct oriel_control *control);

#endif
