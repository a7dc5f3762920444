/* media/fingerprint: the value of a known certificate, and a real DTLS handshake that ends the process when forged. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core_media.h"
#include "fingerprint.h"

/* Made once with `openssl req -x509 -newkey ec`; the fingerprint is what `openssl x509 -fingerprint -sha256` says. */
static const char certificate[] = "-----BEGIN CERTIFICATE-----\n"
                                  "MIIBfzCCASWgAwIBAgIUGCR6Yb2/VA1TNZ7bL312pW5QyUUwCgYIKoZIzj0EAwIw\n"
                                  "FTETMBEGA1UEAwwKb3JpZWwtdGVzdDAeFw0yNjExMjMxMTE4MjNaFw0zNjExMjAx\n"
                                  "MTE4MjNaMBUxEzARBgNVBAMMCm9yaWVsLXRlc3QwWTATBgcqhkjOPQIBBggqhkjO\n"
                                  "PQMBBwNCAATjSS1e3lkMinUs85XjbT20uzckN3Z96yUT7WT2ZCs033ZkSPW4J3Hl\n"
                                  "XPzL+jBLh9bsrgRTtL6i+oRkMjBUAOLBo1MwUTAdBgNVHQ4EFgQUMPRxwkdOH6n9\n"
                                  "NzNGwPwfWKq1IIgwHwYDVR0jBBgwFoAUMPRxwkdOH6n9NzNGwPwfWKq1IIgwDwYD\n"
                                  "VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAw20WPnKY8aT2nGwS5Ten\n"
                                  "p5J+g353Bvi9EvgK6nYEZngCIA7dI+c+T70ANC1H/URUIqACPgoE2KiUS8uSD17q\n"
                                  "ZYw5\n"
                                  "-----END CERTIFICATE-----\n";
static const char known[] = "DC:B4:6A:44:C1:01:FB:FB:B3:13:AE:6D:40:05:03:07:"
                            "0C:D2:AD:D2:9A:B3:F4:A9:33:04:27:A5:72:B7:B2:85";
static const char other[] = "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
                            "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";

static void test_known_certificate(void **state) {
    char value[ORIEL_FINGERPRINT_LENGTH + 1];
    assert_true(oriel_fingerprint_of_pem(certificate, value));
    assert_string_equal(value, known);
    assert_false(oriel_fingerprint_of_pem("", value));
    assert_false(oriel_fingerprint_of_pem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", value));
}

static void test_form(void **state) {
    assert_true(oriel_fingerprint_valid(known));
    char bad[ORIEL_FINGERPRINT_LENGTH + 8];
    const struct {
        int at;
        char to;
    } changes[] = {{0, 'a'}, {0, 'G'}, {2, '-'}, {94, '\0'}, {30, ' '}, {0, '\0'}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        strcpy(bad, known);
        bad[changes[i].at] = changes[i].to;
        assert_false(oriel_fingerprint_valid(bad));
        assert_false(oriel_fingerprint_equal(bad, known));
        assert_false(oriel_fingerprint_equal(bad, bad));
    }
    strcpy(bad, known);
    strcat(bad, ":00");
    assert_false(oriel_fingerprint_valid(bad));
    assert_true(oriel_fingerprint_equal(known, known));
    assert_false(oriel_fingerprint_equal(known, other));
    strcpy(bad, known);
    bad[93] = bad[93] == '0' ? '1' : '0'; /* the last digit counts */
    assert_false(oriel_fingerprint_equal(known, bad));
}

/* In a child: two ends of DTLS in one pipeline, with the certificate that all of GStreamer's share by default. The
 * guard expects `forged` or the true one. Exit 0: the handshake went through and the guard saw the certificate. */
static void handshake(const char *forged) {
    alarm(60); /* a key is made; slow under valgrind */
    gst_init(NULL, NULL);
    char expected[ORIEL_FINGERPRINT_LENGTH + 1];
    g_autofree char *pem = NULL;
    g_autoptr(GstElement) first = gst_object_ref_sink(gst_element_factory_make("dtlsdec", NULL));
    g_object_get(first, "pem", &pem, NULL);
    if (!oriel_fingerprint_of_pem(pem, expected))
        _exit(3);
    GstElement *pipeline = gst_pipeline_new(NULL);
    oriel_fingerprint_guard(GST_BIN(pipeline), forged ? forged : expected);
    const char *description =
        "dtlsenc name=ce is-client=true connection-id=c ! queue ! dtlsdec name=sd connection-id=s "
        "dtlsenc name=se connection-id=s ! queue ! dtlsdec name=cd connection-id=c";
    g_autoptr(GError) error = NULL;
    GstElement *bin = gst_parse_bin_from_description(description, FALSE, &error);
    if (!bin || !gst_bin_add(GST_BIN(pipeline), bin))
        _exit(4);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    for (int i = 0; i < 5000 && !oriel_fingerprint_seen(GST_BIN(pipeline)); i++)
        g_usleep(10000);
    _exit(oriel_fingerprint_seen(GST_BIN(pipeline)) ? 0 : 5);
}

static int outcome(const char *forged) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        handshake(forged);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_handshake(void **state) {
    assert_int_equal(outcome(NULL), 0);
    assert_int_equal(outcome(other), ORIEL_MEDIA_EXIT_FINGERPRINT);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known_certificate), cmocka_unit_test(test_form),
                                       cmocka_unit_test(test_handshake)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
