/* What the canceller is told of the far end: for each sample of the microphone one of those that the speaker was given,
 * a fixed number of samples away. The canceller (webrtcdsp) finds an echo only 0 to 50 ms after what it was told, and
 * only as long as that does not change; what lies between (buffers of the sound server and of the card, the air) is
 * more, differs, and no sound system tells it to within that.
 *
 * Policy: the distance is measured, by the sound itself: while the agent talks, once in half a second, where in the
 * speaker's last 1.5 s the microphone's last second is found again; once in two seconds while it is found where the
 * canceller looks for it. It is changed only when it is not, and two measurements agree; until the first one it is
 * guessed. Streams are counted, not timed: a card's two clocks run alike, threads do not.
 * Arithmetic; not thread-safe. */
#ifndef ORIEL_ECHO_H
#define ORIEL_ECHO_H

#include <stddef.h>
#include <stdint.h>

struct oriel_echo;

struct oriel_echo *oriel_echo_new(void);
void oriel_echo_free(struct oriel_echo *echo);
/* The speaker is given these next. */
void oriel_echo_played(struct oriel_echo *echo, const int16_t *samples, size_t count);
/* The microphone heard these; 10 ms or about that. `told` is what the canceller is to be told with them. */
void oriel_echo_heard(struct oriel_echo *echo, const int16_t *samples, size_t count, int16_t *told);
/* How long after it was told an echo comes, as measured last, ms; below 0: not measured yet. */
double oriel_echo_after(const struct oriel_echo *echo);

#endif
