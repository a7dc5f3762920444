/* Microphone and speaker of one granted session. Policy: process.c. */
#ifndef ORIEL_VOICE_PROCESS_H
#define ORIEL_VOICE_PROCESS_H

/* Runs until core's channel `control` closes, or the sound is gone; returns the exit status. */
int oriel_voice_process_run(int control);

#endif
