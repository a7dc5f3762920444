/* The calling thread steps back behind the others. Where that can't be had, it goes on as before. */
#ifndef ORIEL_EXACT_PRIORITY_H
#define ORIEL_EXACT_PRIORITY_H

void oriel_step_back(void);

#endif
