/* The agent's voice made a stream without a gap, at the pace of the speaker: blocks are put in as they come, and taken
 * whenever the speaker wants the next one. Where nothing came there is silence.
 *
 * Policy: it waits as long as the network's jitter of late demands and no longer, 10 to 150 ms. So it measures how late
 * blocks come after their time and leaves room for all but few of them; what comes even later is lost. Whether clocks
 * drift or the room changes, it is put right while nobody talks, and in the middle of a word only when it must.
 * Plain arithmetic; not thread-safe. */
#ifndef ORIEL_PLAYOUT_H
#define ORIEL_PLAYOUT_H

#include "sound.h"

struct oriel_playout;

struct oriel_playout *oriel_playout_new(void);
void oriel_playout_free(struct oriel_playout *playout);
/* A block that came `now` (CLOCK_MONOTONIC). */
void oriel_playout_put(struct oriel_playout *playout, const struct oriel_sound *sound, int64_t now);
/* The next ORIEL_SOUND_SAMPLES. */
void oriel_playout_take(struct oriel_playout *playout, int64_t now, int16_t *samples);
/* How long after its time a block is taken, ms. */
unsigned oriel_playout_delay(const struct oriel_playout *playout);

#endif
