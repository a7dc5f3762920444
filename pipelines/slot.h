/* The pictures that a VP8 decoder keeps (RFC 6386, section 9.7), to one of which the next picture refers. */
#ifndef ORIEL_SLOT_H
#define ORIEL_SLOT_H

enum oriel_slot { ORIEL_SLOT_LAST, ORIEL_SLOT_GOLDEN, ORIEL_SLOT_ALTREF, ORIEL_SLOTS };

#endif
