/* The device's camera in a session: oriel-camera, which exists while the scope `camera` is granted and the agent has a
 * camera on, and not a moment longer.
 *
 *            granted              use(n), recorded           ready
 *     shut ──────────> off ────────────────────> starting ─────────> on
 *      ^                ^ <── use(0) ──────────────┴──────────────────┤
 *      │                └──────────── it is there again ── gone <─────┘ pulled out, failed
 *      └── not granted any more, the end: killed at once, from anywhere
 *
 * Policy: nothing is opened or listed to the agent before the grant. That a camera goes on is on record before it does.
 * The agent chooses among the places of [camera] devices by number; the sandbox of the process shows that one device.
 * Once a second, while it is granted, it is looked which cameras there are; one that was on and was pulled out goes on
 * when it is back (not another one that is plugged in there), one that failed is tried again after 2 s, doubling to 64.
 * Cameras of one name are told apart by where they are plugged in. Limits: one camera at a time; 8 changes at
 * once, one a second after that. Main loop. */
#ifndef ORIEL_CAMERA_H
#define ORIEL_CAMERA_H

#include "config.h"
#include "launcher.h"

struct oriel_camera;

/* None may call back. */
struct oriel_camera_out {
    /* To media: the frame socket of a camera that is about to run (still the caller's); there is none any more. */
    void (*on)(void *user, guint fps, guint kbits, int frames);
    void (*off)(void *user);
    /* To the agent's page: a message of its data channel. */
    void (*tell)(void *user, const char *json);
    /* A camera is to go on: oriel_camera_recorded() says when that is on record. `name` NULL: it is off. */
    void (*record)(void *user, const char *name);
    /* The process has ended. */
    void (*gone)(void *user);
};

struct oriel_camera *oriel_camera_new(const struct oriel_config *config, struct oriel_launcher *launcher,
                                      const struct oriel_camera_out *out, void *user);
void oriel_camera_free(struct oriel_camera *camera);

void oriel_camera_grant(struct oriel_camera *camera, bool granted);
/* `place`: from 1; 0: none. */
void oriel_camera_use(struct oriel_camera *camera, guint place);
void oriel_camera_recorded(struct oriel_camera *camera);
bool oriel_camera_runs(const struct oriel_camera *camera);

#endif
