/* The head of a log as a signed note (c2sp.org/tlog-checkpoint): origin, number of records, root of the tree. One
 * extension line, "peaks <base64>", lets orield go on with the tree when a record before it was damaged; the peaks must
 * make the root. Pure. */
#ifndef ORIEL_CHECKPOINT_H
#define ORIEL_CHECKPOINT_H

#include "note.h"
#include "tree.h"

struct oriel_checkpoint {
    char origin[ORIEL_NOTE_NAME_MAX + 1];
    uint64_t size;
    struct oriel_tree_hash root;
    bool has_peaks;
    struct oriel_tree tree; /* when it has */
};

enum { ORIEL_CHECKPOINT_TEXT_SIZE = 4096 };

/* The text of the note, whose length is returned. */
size_t oriel_checkpoint_text(const char *origin, const struct oriel_tree *tree, char out[ORIEL_CHECKPOINT_TEXT_SIZE]);
/* The signed note; the caller frees. NULL without memory. */
char *oriel_checkpoint_sign(const struct oriel_note_key *key, const struct oriel_tree *tree, size_t *length);
/* Of a text, signature or none (verified by oriel_note_verify). False with `error`. */
bool oriel_checkpoint_parse(const char *text, size_t length, struct oriel_checkpoint *out,
                            char error[ORIEL_NOTE_ERROR_SIZE]);
/* Signed by `key`, of its log, and well-formed. */
bool oriel_checkpoint_verify(const struct oriel_note_key *key, const char *note, size_t length,
                             struct oriel_checkpoint *out, char error[ORIEL_NOTE_ERROR_SIZE]);

#endif
