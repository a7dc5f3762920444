/* audit/tree: the roots and proofs of certificate transparency's own test vectors (RFC 6962; 2.1.3 of it says which),
 * and every proof of every small tree against roots calculated as the RFC defines them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "prove.h"
#include "tree.h"

static const struct {
    const char *data;
    size_t length;
} inputs[] = {{"", 0},
              {"\x00", 1},
              {"\x10", 1},
              {"\x20\x21", 2},
              {"\x30\x31", 2},
              {"\x40\x41\x42\x43", 4},
              {"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
              {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16}};

static const char *const roots[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

enum { LEAVES = 65 };
static struct oriel_tree_hash leaves[LEAVES + 1];

static void assert_hash(const struct oriel_tree_hash *h, const char *hex) {
    char text[65];
    for (int i = 0; i < 32; i++)
        sprintf(text + 2 * i, "%02x", h->bytes[i]);
    assert_string_equal(text, hex);
}

/* MTH as 2.1 of the RFC has it, without any of the code under test but the hashes. */
static struct oriel_tree_hash mth(const struct oriel_tree_hash *d, uint64_t n) {
    struct oriel_tree_hash left, right, out;
    uint64_t k = 1;
    if (n == 1)
        return d[0];
    while (2 * k < n)
        k *= 2;
    left = mth(d, k);
    right = mth(d + k, n - k);
    oriel_tree_node(&left, &right, &out);
    return out;
}

static void test_roots(void **state) {
    struct oriel_tree t = {0};
    struct oriel_tree_hash root, leaf;
    oriel_tree_root(&t, &root);
    assert_hash(&root, roots[0]);
    for (size_t i = 0; i < 8; i++) {
        oriel_tree_leaf(inputs[i].data, inputs[i].length, &leaf);
        oriel_tree_add(&t, &leaf);
        oriel_tree_root(&t, &root);
        assert_hash(&root, roots[i + 1]);
    }
}

static void assert_ranges(unsigned count, const struct oriel_tree_range *ranges, const char *expected) {
    char text[256] = "";
    for (unsigned i = 0; i < count; i++)
        sprintf(text + strlen(text), "%s%d-%d", i ? " " : "", (int)ranges[i].from, (int)ranges[i].to);
    assert_string_equal(text, expected);
}

/* 2.1.3 of RFC 6962: the tree of seven leaves, whose nodes have names. */
static void test_the_rfcs_example(void **state) {
    struct oriel_tree_range r[ORIEL_TREE_PATH_MAX];
    assert_ranges(oriel_tree_inclusion(0, 7, r), r, "1-2 2-4 4-7");       /* b h l */
    assert_ranges(oriel_tree_inclusion(3, 7, r), r, "2-3 0-2 4-7");       /* c g l */
    assert_ranges(oriel_tree_inclusion(4, 7, r), r, "5-6 6-7 0-4");       /* f j k */
    assert_ranges(oriel_tree_inclusion(6, 7, r), r, "4-6 0-4");           /* i k */
    assert_ranges(oriel_tree_consistency(3, 7, r), r, "2-3 3-4 0-2 4-7"); /* c d g l */
    assert_ranges(oriel_tree_consistency(4, 7, r), r, "4-7");             /* l */
    assert_ranges(oriel_tree_consistency(6, 7, r), r, "4-6 6-7 0-4");     /* i j k */
    assert_int_equal(oriel_tree_inclusion(0, 1, r), 0);
    assert_int_equal(oriel_tree_inclusion(7, 7, r), 0);
    assert_int_equal(oriel_tree_consistency(0, 7, r), 0);
    assert_int_equal(oriel_tree_consistency(7, 7, r), 0);
}

static unsigned prove(const struct oriel_tree_range *ranges, unsigned count, uint64_t size,
                      struct oriel_tree_hash *path) {
    struct oriel_prover *p = oriel_prover_new();
    assert_true(oriel_prover_want(p, ranges, count));
    for (uint64_t i = 0; i < size; i++)
        oriel_prover_leaf(p, i, &leaves[i]);
    for (unsigned i = 0; i < count; i++)
        assert_true(oriel_prover_root(p, ranges[i], &path[i]));
    oriel_prover_free(p);
    return count;
}

static void test_every_inclusion(void **state) {
    struct oriel_tree_range r[ORIEL_TREE_PATH_MAX];
    struct oriel_tree_hash path[ORIEL_TREE_PATH_MAX + 1];
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct oriel_tree_hash root = mth(leaves, size);
        for (uint64_t i = 0; i < size; i++) {
            unsigned n = prove(r, oriel_tree_inclusion(i, size, r), size, path);
            assert_true(oriel_tree_is_included(&leaves[i], i, size, path, n, &root));
            assert_false(oriel_tree_is_included(&leaves[(i + 1) % LEAVES], i, size, path, n, &root));
            assert_false(oriel_tree_is_included(&leaves[i], i + 1, size, path, n, &root));
            assert_false(oriel_tree_is_included(&leaves[i], i, size, path, n + 1, &root));
            assert_true(n == 0 || !oriel_tree_is_included(&leaves[i], i, size, path, n - 1, &root));
            if (n) {
                path[n / 2].bytes[7] ^= 1;
                assert_false(oriel_tree_is_included(&leaves[i], i, size, path, n, &root));
            }
        }
    }
}

static void test_every_consistency(void **state) {
    struct oriel_tree_range r[ORIEL_TREE_PATH_MAX];
    struct oriel_tree_hash path[ORIEL_TREE_PATH_MAX + 1];
    for (uint64_t second = 1; second <= LEAVES; second++) {
        struct oriel_tree_hash second_root = mth(leaves, second);
        for (uint64_t first = 1; first <= second; first++) {
            struct oriel_tree_hash first_root = mth(leaves, first), other = mth(leaves + 1, first);
            unsigned n = prove(r, oriel_tree_consistency(first, second, r), second, path);
            assert_true(oriel_tree_is_consistent(first, &first_root, second, &second_root, path, n));
            assert_false(oriel_tree_is_consistent(first, &other, second, &second_root, path, n));
            assert_false(oriel_tree_is_consistent(first, &first_root, second, &second_root, path, n + 1));
            if (first < second) {
                assert_false(oriel_tree_is_consistent(first, &first_root, second, &first_root, path, n));
                assert_false(oriel_tree_is_consistent(second, &second_root, first, &first_root, path, n));
                path[n - 1].bytes[31] ^= 0x80;
                assert_false(oriel_tree_is_consistent(first, &first_root, second, &second_root, path, n));
            }
        }
    }
}

static void test_a_leaf_is_no_node(void **state) {
    struct oriel_tree_hash node, leaf;
    uint8_t both[64];
    oriel_tree_node(&leaves[0], &leaves[1], &node);
    memcpy(both, leaves[0].bytes, 32);
    memcpy(both + 32, leaves[1].bytes, 32);
    oriel_tree_leaf(both, sizeof both, &leaf);
    assert_false(oriel_tree_hash_equal(&node, &leaf));
}

static void test_a_leaf_that_never_came(void **state) {
    struct oriel_prover *p = oriel_prover_new();
    struct oriel_tree_range whole = {0, 4}, part = {2, 4};
    struct oriel_tree_hash out, expected = mth(leaves + 2, 2);
    oriel_prover_want(p, &whole, 1);
    oriel_prover_want(p, &part, 1);
    oriel_prover_leaf(p, 0, &leaves[0]);
    oriel_prover_leaf(p, 2, &leaves[2]);
    oriel_prover_leaf(p, 3, &leaves[3]);
    assert_false(oriel_prover_root(p, whole, &out));
    assert_true(oriel_prover_root(p, part, &out));
    assert_memory_equal(&out, &expected, sizeof out);
    assert_false(oriel_prover_root(p, (struct oriel_tree_range){0, 1}, &out)); /* nobody wanted it */
    oriel_prover_free(p);
}

int main(void) {
    for (unsigned i = 0; i <= LEAVES; i++)
        oriel_tree_leaf(&i, sizeof i, &leaves[i]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots),
        cmocka_unit_test(test_the_rfcs_example),
        cmocka_unit_test(test_every_inclusion),
        cmocka_unit_test(test_every_consistency),
        cmocka_unit_test(test_a_leaf_is_no_node),
        cmocka_unit_test(test_a_leaf_that_never_came),
    };
    return cmocka_run_group_tests_name("audit_tree", tests, NULL, NULL);
}
