/* The helpers of a granted session: capture and media, joined by one frame socket, egress (relay.h), which media's
 * packets leave by, and, while their scopes are granted, camera (camera.h), joined to media by a frame socket of its
 * own, and voice (voice.h), by a sound socket. The scope that was granted *is* these processes: killing them is
 * revoking it. Events go straight into the session. When all are gone,
 * oriel_session_helpers_gone() is called. One session at a time. */
#ifndef ORIEL_PICTURE_H
#define ORIEL_PICTURE_H

#include "config.h"
#include "launcher.h"
#include "session.h"

struct oriel_picture;

/* `give`: hands the HMI a socket: of "frames", by which it pushes its picture to capture with [capture] backend=hmi; of
 * "face", by which it gets the agent's camera. */
struct oriel_picture *oriel_picture_new(const struct oriel_config *config, struct oriel_launcher *launcher,
                                        struct oriel_session *session,
                                        void (*give)(void *user, const char *what, int fd), void *user);
void oriel_picture_free(struct oriel_picture *picture);

/* Starts media, which loads its plugins and makes its key, and egress; neither has a socket or a picture before
 * oriel_picture_start. */
bool oriel_picture_prepare(struct oriel_picture *picture, GError **error);
/* Ends what was prepared. oriel_session_helpers_gone() is not called. */
void oriel_picture_discard(struct oriel_picture *picture);
/* False: could not; oriel_picture_kill() is still due. */
bool oriel_picture_start(struct oriel_picture *picture, const struct oriel_session_request *request,
                         const char *session_id, GError **error);
/* What is granted from now on: what is not among it ends now. */
void oriel_picture_granted(struct oriel_picture *picture, const json_t *scopes);
/* That a camera goes on is on record. */
void oriel_picture_camera(struct oriel_picture *picture);
/* Has egress look for another way. False: there is no egress. */
bool oriel_picture_reroute(struct oriel_picture *picture);
/* Whose certificate the next connection must have. */
void oriel_picture_agent(struct oriel_picture *picture, const char *fingerprint);
/* Has media make a new offer, which names `number`. */
void oriel_picture_renew(struct oriel_picture *picture, guint number);
void oriel_picture_answer(struct oriel_picture *picture, const char *sdp);
void oriel_picture_candidate(struct oriel_picture *picture, guint mline, const char *candidate);
/* The person does not want to be heard now, or does again. */
void oriel_picture_mute(struct oriel_picture *picture, bool muted);
/* No picture is captured, encoded or sent, and nothing said, from here on, or again. */
void oriel_picture_freeze(struct oriel_picture *picture, bool on);
/* To the agent's page: a line of the person's; that the panel has the agent's lines up to this one. */
void oriel_picture_say(struct oriel_picture *picture, const char *text);
void oriel_picture_heard(struct oriel_picture *picture, guint id);
/* What the panel can show from now on: bits of ORIEL_PANEL_… (core_media.h). */
void oriel_picture_panel(struct oriel_picture *picture, guint can);
/* Masks of the HMI, beside those of the configuration: `count` rectangles as on the wire. They hold for this and later
 * sessions, until others are given. */
void oriel_picture_masks(struct oriel_picture *picture, const uint8_t *bytes, guint count);
/* The HMI came (back). */
void oriel_picture_provider(struct oriel_picture *picture);
/* SIGKILL to all of them now. */
void oriel_picture_kill(struct oriel_picture *picture);

#endif
