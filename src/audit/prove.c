/* See prove.h. Proofs of records that lie together have most of their ranges in common: each is calculated once. */
#include "prove.h"

#include <stdlib.h>
#include <string.h>

struct part {
    struct oriel_tree_range range;
    struct oriel_tree tree;
};

struct oriel_prover {
    struct part **parts; /* by their beginning, once `sorted` */
    size_t count, room, next;
    size_t *open, open_count;
    bool sorted;
};

struct oriel_prover *oriel_prover_new(void) {
    return calloc(1, sizeof(struct oriel_prover));
}

void oriel_prover_free(struct oriel_prover *p) {
    for (size_t i = 0; p && i < p->count; i++)
        free(p->parts[i]);
    if (p) {
        free(p->parts);
        free(p->open);
    }
    free(p);
}

static struct part *find(const struct oriel_prover *p, struct oriel_tree_range range) {
    for (size_t i = 0; i < p->count; i++)
        if (p->parts[i]->range.from == range.from && p->parts[i]->range.to == range.to)
            return p->parts[i];
    return NULL;
}

bool oriel_prover_want(struct oriel_prover *p, const struct oriel_tree_range *ranges, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        if (find(p, ranges[i]))
            continue;
        if (p->count == p->room) {
            size_t room = p->room ? 2 * p->room : 64;
            struct part **grown = realloc(p->parts, room * sizeof *grown);
            size_t *open = grown ? realloc(p->open, room * sizeof *open) : NULL;
            if (grown)
                p->parts = grown;
            if (!open)
                return false;
            p->open = open;
            p->room = room;
        }
        struct part *part = calloc(1, sizeof *part);
        if (!part)
            return false;
        part->range = ranges[i];
        p->parts[p->count++] = part;
    }
    return true;
}

static int by_beginning(const void *a, const void *b) {
    const struct part *x = *(struct part *const *)a, *y = *(struct part *const *)b;
    return (x->range.from > y->range.from) - (x->range.from < y->range.from);
}

void oriel_prover_leaf(void *prover, uint64_t index, const struct oriel_tree_hash *leaf) {
    struct oriel_prover *p = prover;
    if (!p->sorted && p->count)
        qsort(p->parts, p->count, sizeof *p->parts, by_beginning);
    p->sorted = true;
    for (; p->next < p->count && p->parts[p->next]->range.from <= index; p->next++)
        if (p->parts[p->next]->range.from == index) /* else leaves were left out: it never becomes whole */
            p->open[p->open_count++] = p->next;
    for (size_t i = 0; i < p->open_count;) {
        struct part *part = p->parts[p->open[i]];
        if (part->range.from + part->tree.size == index)
            oriel_tree_add(&part->tree, leaf);
        if (index + 1 >= part->range.to)
            p->open[i] = p->open[--p->open_count];
        else
            i++;
    }
}

bool oriel_prover_root(const struct oriel_prover *p, struct oriel_tree_range range, struct oriel_tree_hash *out) {
    const struct part *part = find(p, range);
    if (!part || part->tree.size != range.to - range.from)
        return false;
    oriel_tree_root(&part->tree, out);
    return true;
}
