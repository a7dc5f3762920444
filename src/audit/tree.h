/* The Merkle tree of RFC 6962 (and 9162): leaves, roots, proofs. Pure: no I/O, no state, memory that does not grow.
 *
 * A tree is kept as its peaks, the roots of the complete subtrees that it is made of, from the left: that is enough to
 * add leaves and to know the root. A proof is a list of roots of ranges of leaves; oriel_tree_inclusion() and
 * oriel_tree_consistency() say which ranges, whoever has the leaves calculates them (oriel_tree_add over each).
 * Not thread-safe: one hash context a process. */
#ifndef ORIEL_TREE_H
#define ORIEL_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ORIEL_TREE_HASH = 32, ORIEL_TREE_PATH_MAX = 64 };

struct oriel_tree_hash {
    uint8_t bytes[ORIEL_TREE_HASH];
};

struct oriel_tree {
    uint64_t size;
    struct oriel_tree_hash peaks[ORIEL_TREE_PATH_MAX];
};

/* Leaves `from` to `to`, without the latter. */
struct oriel_tree_range {
    uint64_t from, to;
};

/* SHA-256(0x00 || data), SHA-256(0x01 || left || right). */
void oriel_tree_leaf(const void *data, size_t length, struct oriel_tree_hash *out);
void oriel_tree_node(const struct oriel_tree_hash *left, const struct oriel_tree_hash *right,
                     struct oriel_tree_hash *out);

void oriel_tree_add(struct oriel_tree *tree, const struct oriel_tree_hash *leaf);
/* Of an empty tree: SHA-256 of nothing. */
void oriel_tree_root(const struct oriel_tree *tree, struct oriel_tree_hash *out);
/* How many peaks a tree of `size` has. */
unsigned oriel_tree_peak_count(uint64_t size);

/* The ranges whose roots are the proof, in its order; returns their number. */
unsigned oriel_tree_inclusion(uint64_t index, uint64_t size, struct oriel_tree_range out[ORIEL_TREE_PATH_MAX]);
unsigned oriel_tree_consistency(uint64_t first, uint64_t second, struct oriel_tree_range out[ORIEL_TREE_PATH_MAX]);

/* RFC 9162, 2.1.3.2 and 2.1.4.2. */
bool oriel_tree_is_included(const struct oriel_tree_hash *leaf, uint64_t index, uint64_t size,
                            const struct oriel_tree_hash *path, size_t count, const struct oriel_tree_hash *root);
bool oriel_tree_is_consistent(uint64_t first, const struct oriel_tree_hash *first_root, uint64_t second,
                              const struct oriel_tree_hash *second_root, const struct oriel_tree_hash *path,
                              size_t count);

static inline bool oriel_tree_hash_equal(const struct oriel_tree_hash *a, const struct oriel_tree_hash *b) {
    return __builtin_memcmp(a->bytes, b->bytes, ORIEL_TREE_HASH) == 0;
}

#endif
