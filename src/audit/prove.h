/* Calculates what proofs consist of: the roots of ranges of leaves, in one pass over the leaves. */
#ifndef ORIEL_PROVE_H
#define ORIEL_PROVE_H

#include "tree.h"

struct oriel_prover;

struct oriel_prover *oriel_prover_new(void);
void oriel_prover_free(struct oriel_prover *prover);
/* Before the first leaf. False without memory. */
bool oriel_prover_want(struct oriel_prover *prover, const struct oriel_tree_range *ranges, unsigned count);
/* Each leaf from 0 on, as the visitor of reader.h gets them; `prover` is void for that. */
void oriel_prover_leaf(void *prover, uint64_t index, const struct oriel_tree_hash *leaf);
/* False when a leaf of the range never came. */
bool oriel_prover_root(const struct oriel_prover *prover, struct oriel_tree_range range, struct oriel_tree_hash *out);

#endif
