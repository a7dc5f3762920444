/* A proof, as `oriel audit prove` writes it: {"checkpoint": the signed head, "records": [{"index", "record", "path"}]}.
 * That each of its records stands in the log of that head follows from the bytes and the key alone. Pure: it comes from
 * whoever wants to be believed. Limits: ORIEL_PROOF_MAX bytes. */
#ifndef ORIEL_PROOF_H
#define ORIEL_PROOF_H

#include "checkpoint.h"
#include "json.h"

enum { ORIEL_PROOF_MAX = 8 * 1024 * 1024, ORIEL_PROOF_ERROR_SIZE = 256 };

/* The parsed proof, all of whose records stand in the log: one at least, the text of each in its "record". `head`
 * becomes the head's. `keys`: any of which may have signed it. NULL with `error`: it proves nothing. */
json_t *oriel_proof_check(const char *text, size_t length, const struct oriel_note_key *keys, size_t count,
                          struct oriel_checkpoint *head, char error[ORIEL_PROOF_ERROR_SIZE]);

#endif
