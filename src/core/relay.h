/* The helper that carries a session's media to a TURN server, oriel-egress, while media itself has no network.
 *
 * Policy: it goes to the servers of the vendor's trust file and nowhere else, with the proxy and CA of the
 * configuration; which way worked is remembered for the next session. What it says is told to the session: by what it
 * found its way, that the way is a new one, that there is none. */
#ifndef ORIEL_CORE_RELAY_H
#define ORIEL_CORE_RELAY_H

#include "config.h"
#include "launcher.h"
#include "session.h"

struct oriel_relay;

/* `gone` is called from the main loop when the helper is. */
struct oriel_relay *oriel_relay_new(const struct oriel_config *config, struct oriel_launcher *launcher,
                                    struct oriel_session *session, void (*gone)(void *user), void *user);
void oriel_relay_free(struct oriel_relay *relay);

/* How long media's packets are on their way through egress now: microseconds, median and most of a second. */
void oriel_relay_delay(const struct oriel_relay *relay, guint us[2]);
/* Starts the helper, which opens no socket before oriel_relay_open(). Nothing to do when it runs already. */
bool oriel_relay_prepare(struct oriel_relay *relay, GError **error);
/* To the servers of that request, with its credentials. `inside` is media's socket (core_media.h), still the caller's.
 */
void oriel_relay_open(struct oriel_relay *relay, const struct oriel_session_request *request, int inside);
/* Another path, and so another allocation: the server may have forgotten the old one. */
void oriel_relay_renew(struct oriel_relay *relay);
/* Ends it, with a moment to release what media has at the server; `gone` follows, if it runs. Media is dead by then:
 * there is nothing left to move. */
void oriel_relay_end(struct oriel_relay *relay);
/* SIGKILL now, and nobody is told. */
void oriel_relay_discard(struct oriel_relay *relay);
bool oriel_relay_runs(const struct oriel_relay *relay);

#endif
