/* Which datagrams of DTLS may reach OpenSSL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "records.h"

static guint8 datagram[2048];

/* A record at `at`; the end of it. */
static gsize record(gsize at, guint8 type, guint16 epoch, guint16 length) {
    datagram[at] = type;
    GST_WRITE_UINT16_BE(datagram + at + 1, 0xfefd);
    GST_WRITE_UINT16_BE(datagram + at + 3, epoch);
    GST_WRITE_UINT16_BE(datagram + at + 11, length);
    return at + 13 + length;
}

static void test_whole_records_are(void **state) {
    assert_true(oriel_records_usable(datagram, record(0, 22, 0, 100)));
    assert_true(oriel_records_usable(datagram, record(0, 20, 0, 1)));
    assert_true(oriel_records_usable(datagram, record(0, 23, 1, 24)));
    assert_true(oriel_records_usable(datagram, record(record(record(0, 22, 0, 70), 20, 0, 1), 22, 1, 48)));
}

static void test_encrypted_ones_that_are_too_short_are_not(void **state) {
    for (guint16 n = 0; n < 24; n++)
        for (guint8 type = 20; type < 24; type++) {
            assert_false(oriel_records_usable(datagram, record(0, type, 1, n)));
            assert_false(oriel_records_usable(datagram, record(record(0, 23, 1, 60), type, 2, n)));
        }
}

static void test_cut_and_trailing_ones_are_not(void **state) {
    gsize end = record(0, 23, 1, 60);
    for (gsize n = 0; n < end; n++)
        assert_false(oriel_records_usable(datagram, n));
    for (gsize n = end + 1; n < end + 13; n++)
        assert_false(oriel_records_usable(datagram, n));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_records_are),
        cmocka_unit_test(test_encrypted_ones_that_are_too_short_are_not),
        cmocka_unit_test(test_cut_and_trailing_ones_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
