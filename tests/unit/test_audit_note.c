/* audit/note and audit/checkpoint: C2SP's examples verify, what differs from them by a byte does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"

/* c2sp.org/signed-note */
#define EXAMPLE_KEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define EXAMPLE                                                                                                        \
    "This is an example message.\n\n— example.com/foo "                                                              \
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
/* golang.org/x/mod/sumdb/note, where the format comes from */
#define NEUMANN_KEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define NEUMANN                                                                                                        \
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"          \
    "— PeterNeumann "                                                                                                \
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
/* c2sp.org/tlog-checkpoint */
#define SOFA "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
#define WITNESS_LINE                                                                                                   \
    "— witness.example.com/w1 "                                                                                      \
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"

static char error[ORIEL_NOTE_ERROR_SIZE];

static size_t verify(const char *vkey, const char *note) {
    struct oriel_note_key key;
    assert_true(oriel_note_key_public(&key, vkey, error));
    char again[ORIEL_NOTE_VKEY_SIZE];
    oriel_note_key_text(&key, again);
    assert_string_equal(again, vkey);
    size_t n = oriel_note_verify(&key, note, strlen(note), NULL, error);
    oriel_note_key_clear(&key);
    return n;
}

static void test_the_examples(void **state) {
    assert_int_equal(verify(EXAMPLE_KEY, EXAMPLE), strlen("This is an example message.\n"));
    assert_int_equal(verify(NEUMANN_KEY, NEUMANN), strchr(NEUMANN, ' ') ? strstr(NEUMANN, "\n\n") + 1 - NEUMANN : 0);
    assert_int_equal(verify(NEUMANN_KEY, EXAMPLE), 0);
    assert_string_equal(error, "the note is not signed by the expected key");
}

static void test_every_byte_counts(void **state) {
    char note[] = EXAMPLE;
    for (size_t i = 0; i < strlen(EXAMPLE); i++) {
        note[i] ^= 1;
        assert_int_equal(verify(EXAMPLE_KEY, note), 0);
        note[i] ^= 1;
        for (size_t cut = 0; cut < 2; cut++) /* without it, or without the rest */
            if (cut == 0) {
                char shorter[sizeof note];
                memcpy(shorter, note, i);
                strcpy(shorter + i, note + i + 1);
                assert_int_equal(verify(EXAMPLE_KEY, shorter), 0);
            } else {
                char kept = note[i];
                note[i] = '\0';
                assert_int_equal(verify(EXAMPLE_KEY, note), 0);
                note[i] = kept;
            }
    }
    assert_true(verify(EXAMPLE_KEY, note) > 0);
}

static void test_other_signatures(void **state) {
    assert_true(verify(EXAMPLE_KEY, EXAMPLE WITNESS_LINE) > 0); /* an unknown key's is ignored */
    assert_int_equal(verify(EXAMPLE_KEY, EXAMPLE "— example.com/foo AAAA\n"), 0);
    assert_int_equal(verify(EXAMPLE_KEY, EXAMPLE "no signature\n"), 0);
    assert_int_equal(verify(EXAMPLE_KEY, EXAMPLE "\n"), 0);
    assert_int_equal(verify(EXAMPLE_KEY, "text\n\n"), 0);
    assert_int_equal(verify(EXAMPLE_KEY, "text\n"), 0);
    assert_int_equal(verify(EXAMPLE_KEY, ""), 0);
    char many[8192] = EXAMPLE;
    for (int i = 0; i < 15; i++)
        strcat(many, WITNESS_LINE);
    assert_true(verify(EXAMPLE_KEY, many) > 0); /* 16 */
    strcat(many, WITNESS_LINE);
    assert_int_equal(verify(EXAMPLE_KEY, many), 0);
}

static void test_bad_keys(void **state) {
    static const char *const bad[] = {"",
                                      "example.com/foo",
                                      "example.com/foo+530d903a",
                                      "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                                      "example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                                      "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                                      "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
                                      "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2l",
                                      "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                                      "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"};
    struct oriel_note_key key;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(oriel_note_key_public(&key, bad[i], error));
        assert_null(key.key);
    }
    assert_false(oriel_note_key_private(&key, "name", ORIEL_NOTE_ED25519, "no PEM", 6, error));
    assert_non_null(strstr(error, "ed25519"));
}

static void make_key(struct oriel_note_key *key, const char *name, uint8_t type) {
    char *pem = oriel_note_key_make();
    assert_true(oriel_note_key_private(key, name, type, pem, strlen(pem), error));
    assert_false(oriel_note_key_private(&(struct oriel_note_key){0}, "with blank ", type, pem, strlen(pem), error));
    free(pem);
}

static void test_checkpoints(void **state) {
    struct oriel_note_key key, other;
    struct oriel_tree tree = {0};
    struct oriel_checkpoint c;
    make_key(&key, "oriel/plant/filler-1", ORIEL_NOTE_ED25519);
    make_key(&other, "oriel/plant/filler-1", ORIEL_NOTE_ED25519);
    for (unsigned i = 0; i < 40; i++) {
        size_t length;
        char *note = oriel_checkpoint_sign(&key, &tree, &length);
        assert_true(oriel_checkpoint_verify(&key, note, length, &c, error));
        assert_int_equal(c.size, i);
        assert_true(c.has_peaks);
        assert_memory_equal(c.tree.peaks, tree.peaks, oriel_tree_peak_count(i) * ORIEL_TREE_HASH);
        assert_false(oriel_checkpoint_verify(&other, note, length, &c, error));
        free(note);
        struct oriel_tree_hash leaf;
        oriel_tree_leaf(&i, sizeof i, &leaf);
        oriel_tree_add(&tree, &leaf);
    }
    oriel_note_key_clear(&key);
    oriel_note_key_clear(&other);
}

static void test_checkpoint_texts(void **state) {
    struct oriel_checkpoint c;
    assert_true(oriel_checkpoint_parse(SOFA, strlen(SOFA), &c, error));
    assert_string_equal(c.origin, "example.com/behind-the-sofa");
    assert_int_equal(c.size, 20852163);
    assert_false(c.has_peaks);
    assert_true(oriel_checkpoint_parse(SOFA "opaque\n", strlen(SOFA) + 7, &c, error));
    static const char *const bad[] = {"",
                                      "origin\n",
                                      "origin\n1\n",
                                      "origin\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
                                      "origin\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
                                      "origin\n99999999999999999\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
                                      "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
                                      "origin\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
                                      "origin\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jx\n",
                                      SOFA "peaks AAAA\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (oriel_checkpoint_parse(bad[i], strlen(bad[i]), &c, error))
            fail_msg("'%s' is taken", bad[i]);
}

/* Of c2sp.org/tlog-cosignature: the time in the example's signature is the one that its message shows; and what we sign
 * is verified only as what was signed, at its time. */
static void test_cosignatures(void **state) {
    uint8_t bytes[128];
    size_t size;
    const char *base64 = strstr(WITNESS_LINE, "jWb");
    assert_true(oriel_base64_decode(base64, strlen(base64) - 1, bytes, sizeof bytes, &size));
    assert_int_equal(size, 4 + 8 + 64);
    uint64_t time = 0;
    for (int i = 4; i < 12; i++)
        time = time << 8 | bytes[i];
    assert_int_equal(time, 1679315147);
    struct oriel_note_key key;
    make_key(&key, "witness.example.com/w1", ORIEL_NOTE_COSIGNATURE);
    char line[ORIEL_NOTE_VKEY_SIZE + 128], note[4096], vkey[ORIEL_NOTE_VKEY_SIZE];
    assert_true(oriel_note_sign(&key, SOFA, strlen(SOFA), 1679315147, line));
    sprintf(note, "%s\n%s", SOFA, line);
    oriel_note_key_text(&key, vkey);
    oriel_note_key_clear(&key);
    assert_true(oriel_note_key_public(&key, vkey, error));
    assert_int_equal(key.type, ORIEL_NOTE_COSIGNATURE);
    assert_int_equal(oriel_note_verify(&key, note, strlen(note), &time, error), strlen(SOFA));
    assert_int_equal(time, 1679315147);
    note[0] ^= 1;
    assert_int_equal(oriel_note_verify(&key, note, strlen(note), &time, error), 0);
    oriel_note_key_clear(&key);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_examples),     cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_other_signatures), cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_checkpoints),      cmocka_unit_test(test_checkpoint_texts),
        cmocka_unit_test(test_cosignatures),
    };
    return cmocka_run_group_tests_name("audit_note", tests, NULL, NULL);
}
