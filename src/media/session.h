/* One session of media: core's messages on one side, pictures and WebRTC on the other.
 * Policy: START comes first, once; anything that core would not send ends the process. Nothing is captured before the
 * connection is up. Every failure is told to core with a reason and a sentence, then the process ends.
 * Runs on the default main context and thread. */
#ifndef ORIEL_SESSION_H
#define ORIEL_SESSION_H

/* Serves the control channel `fd` until it closes or the session fails. The exit status. */
int oriel_session_run(int fd);

#endif
