/* overlay.h: what the agent points at and draws, over everything on the screen but questions: what the person decides
 * by is not the agent's to paint over, so who uses this clears it for one. It takes no touch: a button below it acts.
 */
#pragma once

#include "oriel.h"

struct overlay;

/* NULL: this screen can't have one. */
struct overlay *overlay_new(void);
void overlay_free(struct overlay *overlay); /* NULL is fine, here and below */
/* `below`: the X window that it stays under; 0: none. */
void overlay_draw(struct overlay *overlay, const struct oriel_draw *draw, unsigned long below);
void overlay_clear(struct overlay *overlay);
