/* See tree.h. */
#include "tree.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* What fails here fails for want of memory only: a log that cannot hash must not go on. */
static void hash(uint8_t prefix, bool prefixed, const void *a, size_t a_length, const void *b, size_t b_length,
                 struct oriel_tree_hash *out) {
    static EVP_MD_CTX *context;
    static EVP_MD *sha256;
    if (!context) {
        context = EVP_MD_CTX_new();
        sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    }
    if (!context || !sha256 || !EVP_DigestInit_ex2(context, sha256, NULL) ||
        (prefixed && !EVP_DigestUpdate(context, &prefix, 1)) || !EVP_DigestUpdate(context, a, a_length) ||
        !EVP_DigestUpdate(context, b, b_length) || !EVP_DigestFinal_ex(context, out->bytes, NULL))
        abort();
}

void oriel_tree_leaf(const void *data, size_t length, struct oriel_tree_hash *out) {
    hash(0, true, data, length, NULL, 0, out);
}

void oriel_tree_node(const struct oriel_tree_hash *left, const struct oriel_tree_hash *right,
                     struct oriel_tree_hash *out) {
    hash(1, true, left->bytes, ORIEL_TREE_HASH, right->bytes, ORIEL_TREE_HASH, out);
}

unsigned oriel_tree_peak_count(uint64_t size) {
    return (unsigned)__builtin_popcountll(size);
}

void oriel_tree_add(struct oriel_tree *t, const struct oriel_tree_hash *leaf) {
    struct oriel_tree_hash h = *leaf;
    unsigned peaks = oriel_tree_peak_count(t->size);
    for (uint64_t size = t->size; size & 1; size >>= 1)
        oriel_tree_node(&t->peaks[--peaks], &h, &h);
    t->peaks[peaks] = h;
    t->size++;
}

void oriel_tree_root(const struct oriel_tree *t, struct oriel_tree_hash *out) {
    unsigned peaks = oriel_tree_peak_count(t->size);
    if (!peaks) {
        hash(0, false, NULL, 0, NULL, 0, out);
        return;
    }
    struct oriel_tree_hash h = t->peaks[--peaks];
    while (peaks)
        oriel_tree_node(&t->peaks[--peaks], &h, &h);
    *out = h;
}

/* The largest power of two below `n`, which is 2 or more. */
static uint64_t split(uint64_t n) {
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* The RFC lists what is deepest first; on the way down it is found last. */
static void reverse(struct oriel_tree_range *ranges, unsigned count) {
    for (unsigned i = 0; i < count / 2; i++) {
        struct oriel_tree_range r = ranges[i];
        ranges[i] = ranges[count - 1 - i];
        ranges[count - 1 - i] = r;
    }
}

unsigned oriel_tree_inclusion(uint64_t index, uint64_t size, struct oriel_tree_range out[ORIEL_TREE_PATH_MAX]) {
    unsigned count = 0;
    if (index >= size)
        return 0;
    for (uint64_t from = 0, to = size; to - from > 1;) {
        uint64_t middle = from + split(to - from);
        bool left = index < middle;
        out[count++] = left ? (struct oriel_tree_range){middle, to} : (struct oriel_tree_range){from, middle};
        if (left)
            to = middle;
        else
            from = middle;
    }
    reverse(out, count);
    return count;
}

unsigned oriel_tree_consistency(uint64_t first, uint64_t second, struct oriel_tree_range out[ORIEL_TREE_PATH_MAX]) {
    unsigned count = 0;
    if (first == 0 || first >= second)
        return 0;
    uint64_t from = 0, to = second;
    while (to != first) {
        uint64_t middle = from + split(to - from);
        bool left = first <= middle;
        out[count++] = left ? (struct oriel_tree_range){middle, to} : (struct oriel_tree_range){from, middle};
        if (left)
            to = middle;
        else
            from = middle;
    }
    if (from > 0) /* otherwise it is the first root, which the verifier has */
        out[count++] = (struct oriel_tree_range){from, to};
    reverse(out, count);
    return count;
}

bool oriel_tree_is_included(const struct oriel_tree_hash *leaf, uint64_t index, uint64_t size,
                            const struct oriel_tree_hash *path, size_t count, const struct oriel_tree_hash *root) {
    if (index >= size)
        return false;
    uint64_t fn = index, sn = size - 1;
    struct oriel_tree_hash r = *leaf;
    for (size_t i = 0; i < count; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) || fn == sn) {
            oriel_tree_node(&path[i], &r, &r);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            oriel_tree_node(&r, &path[i], &r);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && oriel_tree_hash_equal(&r, root);
}

bool oriel_tree_is_consistent(uint64_t first, const struct oriel_tree_hash *first_root, uint64_t second,
                              const struct oriel_tree_hash *second_root, const struct oriel_tree_hash *path,
                              size_t count) {
    if (first == second)
        return count == 0 && oriel_tree_hash_equal(first_root, second_root);
    if (first > second)
        return false;
    if (first == 0)
        return count == 0;
    bool whole = (first & (first - 1)) == 0;
    if (count + whole == 0)
        return false;
    uint64_t fn = first - 1, sn = second - 1;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    struct oriel_tree_hash fr = whole ? *first_root : path[0], sr = fr;
    for (size_t i = whole ? 0 : 1; i < count; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) || fn == sn) {
            oriel_tree_node(&path[i], &fr, &fr);
            oriel_tree_node(&path[i], &sr, &sr);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            oriel_tree_node(&sr, &path[i], &sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && oriel_tree_hash_equal(&fr, first_root) && oriel_tree_hash_equal(&sr, second_root);
}
