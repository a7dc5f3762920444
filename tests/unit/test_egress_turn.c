/* What egress says to a TURN server by itself, and what it makes of the answers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "turn.h"

#define COOKIE "\x21\x12\xa4\x42"
#define ID "abcdefghijkl"
#define CHALLENGE                                                                                                      \
    "\x01\x13\x00\x20" COOKIE ID "\x00\x09\x00\x04\x00\x00\x04\x01"                                                    \
    "\x00\x14\x00\x05realm\0\0\0"                                                                                      \
    "\x00\x15\x00\x06nonce1\0\0"

static const uint8_t *const id = (const uint8_t *)ID;

static const uint8_t *bytes(const char *text) {
    return (const uint8_t *)text;
}

static struct oriel_turn_challenge learnt(void) {
    struct oriel_turn_challenge c = {0};
    oriel_turn_learn(&c, bytes(CHALLENGE), sizeof CHALLENGE - 1);
    return c;
}

static void test_the_question_and_its_answers(void **state) {
    uint8_t question[ORIEL_TURN_QUESTION];
    oriel_turn_question(question, id);
    assert_memory_equal(question, "\x00\x03\x00\x08" COOKIE ID "\x00\x19\x00\x04\x11\0\0\0", sizeof question);
    assert_int_equal(oriel_turn_answer(bytes(CHALLENGE), sizeof CHALLENGE - 1, id), ORIEL_TURN_SERVER);
    assert_int_equal(oriel_turn_answer(bytes("\x01\x03\x00\x00" COOKIE ID), 20, id), ORIEL_TURN_OPEN);
    assert_int_equal(oriel_turn_answer(question, sizeof question, id), ORIEL_TURN_NONE);               /* an echo */
    assert_int_equal(oriel_turn_answer(bytes("\x01\x01\x00\x00" COOKIE ID), 20, id), ORIEL_TURN_NONE); /* STUN */
    assert_int_equal(oriel_turn_answer(bytes("\x01\x13\x00\x00" COOKIE "abcdefghijkL"), 20, id), ORIEL_TURN_NONE);
    assert_int_equal(oriel_turn_answer(bytes("\x01\x13\x00\x00"), 4, id), ORIEL_TURN_NONE);
    assert_true(oriel_turn_allocated(bytes("\x01\x03\x00\x00" COOKIE ID)));
    assert_false(oriel_turn_allocated(bytes(CHALLENGE)));
}

static void test_a_challenge_is_learnt(void **state) {
    struct oriel_turn_challenge c = learnt();
    assert_int_equal(c.realm_length, 5);
    assert_int_equal(c.nonce_length, 6);
    assert_memory_equal(c.realm, "realm", 5);
    assert_memory_equal(c.nonce, "nonce1", 6);
    oriel_turn_learn(&c, bytes("\x01\x14\x00\x18" COOKIE ID "\x00\x15\x00\x06nonce2\0\0\x00\x14\x00\x05realm\0\0\0"),
                     44);
    assert_memory_equal(c.nonce, "nonce2", 6); /* the old one was stale */
    static const struct {
        const char *message;
        size_t length;
    } others[] = {
        {"\x01\x13\x00\x0c" COOKIE ID "\x00\x15\x00\x06nonce3\0\0", 32},                      /* no realm */
        {"\x01\x13\x00\x0c" COOKIE ID "\x00\x14\x00\x05realm\0\0\0", 32},                     /* no nonce */
        {"\x01\x13\x00\x10" COOKIE ID "\x00\x14\x00\x05realm\0\0\0\x00\x15\x00\x00", 36},     /* an empty one */
        {"\x01\x13\x00\x14" COOKIE ID "\x00\x14\x00\x05realm\0\0\0\x00\x15\x00\x06nonc", 40}, /* cut off */
        {"\x01\x13\x00\x14" COOKIE ID "\x00\x14\xff\xff"
         "realm\0\0\0\x00\x15\x00\x04nonc",
         40},                                                                                 /* too long */
        {"\x01\x03\x00\x14" COOKIE ID "\x00\x14\x00\x05realm\0\0\0\x00\x15\x00\x04nonc", 40}, /* no error */
        {"\x01\x13", 2},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        oriel_turn_learn(&c, bytes(others[i].message), others[i].length);
        if (c.nonce_length != 6 || memcmp(c.nonce, "nonce2", 6) != 0)
            fail_msg("case %zu is taken for a challenge", i);
    }
    uint8_t large[20 + 12 + 4 + ORIEL_TURN_CHALLENGE_MAX + 4] = {0};
    memcpy(large, "\x01\x13\x00\x00" COOKIE ID "\x00\x14\x00\x05realm\0\0\0\x00\x15\x01\x01", 36);
    oriel_turn_learn(&c, large, sizeof large);
    assert_int_equal(c.nonce_length, 6);
    large[35] = 0;
    oriel_turn_learn(&c, large, sizeof large);
    assert_int_equal(c.nonce_length, ORIEL_TURN_CHALLENGE_MAX);
}

static void test_media_is_answered_as_the_server_would(void **state) {
    struct oriel_turn_challenge c = learnt(), none = {0};
    uint8_t out[ORIEL_TURN_MESSAGE_MAX];
    const uint8_t *first = bytes("\x00\x03\x00\x08" COOKIE "media's own "
                                 "\x00\x19\x00\x04\x11\0\0\0");
    size_t length = oriel_turn_answer_media(&c, first, 28, out);
    assert_int_equal(length, 52);
    assert_memory_equal(out, "\x01\x13\x00\x20" COOKIE "media's own \x00\x09\x00\x04\x00\x00\x04\x01", 28);
    struct oriel_turn_challenge told = {0};
    oriel_turn_learn(&told, out, length);
    assert_memory_equal(&told, &c, sizeof c);
    assert_int_equal(oriel_turn_answer_media(&none, first, 28, out), 0);
    assert_int_equal(oriel_turn_answer_media(&c, bytes("\x00\x04\x00\x00" COOKIE ID), 20, out), 0); /* Refresh */
    uint8_t with_credentials[20 + 24] = {0};
    memcpy(with_credentials, "\x00\x03\x00\x18" COOKIE ID "\x00\x08\x00\x14", 24);
    assert_int_equal(oriel_turn_answer_media(&c, with_credentials, sizeof with_credentials, out), 0);
}

static void test_a_release_is_signed(void **state) {
    static const uint8_t key[16] = {0x84, 0x93, 0xfb, 0xc5, 0x3b, 0xa5, 0x82, 0xfb,
                                    0x4c, 0x04, 0x4c, 0x45, 0x6b, 0xdc, 0x40, 0xeb}; /* md5sum of user:realm:pass */
    struct oriel_turn_challenge c = learnt(), none = {0};
    struct oriel_turn_credentials credentials = {"user", "pass"}, nobody = {"", ""};
    uint8_t out[ORIEL_TURN_MESSAGE_MAX], expected[20];
    size_t length = oriel_turn_release(&c, &credentials, out);
    assert_int_equal(length, 20 + 8 + 8 + 12 + 12 + 24);
    assert_memory_equal(out, "\x00\x04\x00\x40" COOKIE, 8);
    assert_memory_equal(out + 20, "\x00\x0d\x00\x04\0\0\0\0\x00\x06\x00\x04user\x00\x14\x00\x05realm\0\0\0", 28);
    assert_non_null(HMAC(EVP_sha1(), key, sizeof key, out, length - 24, expected, NULL));
    assert_memory_equal(out + length - 24, "\x00\x08\x00\x14", 4);
    assert_memory_equal(out + length - 20, expected, 20);
    assert_int_equal(oriel_turn_release(&none, &credentials, out), 0);
    assert_int_equal(oriel_turn_release(&c, &nobody, out), 0);
    /* The largest of all fits. */
    c.realm_length = c.nonce_length = ORIEL_TURN_CHALLENGE_MAX;
    memset(credentials.username, 'u', ORIEL_TURN_CREDENTIAL_MAX);
    memset(credentials.password, 'p', ORIEL_TURN_CREDENTIAL_MAX);
    length = oriel_turn_release(&c, &credentials, out);
    assert_true(length > 2 * ORIEL_TURN_CHALLENGE_MAX && length <= sizeof out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_question_and_its_answers),
        cmocka_unit_test(test_a_challenge_is_learnt),
        cmocka_unit_test(test_media_is_answered_as_the_server_would),
        cmocka_unit_test(test_a_release_is_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
