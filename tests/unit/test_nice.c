/* libnice's agent, as webrtcbin gets it. */
#include "nice.h"

#include <gst/gst.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The first pair that answers is taken, though GStreamer asks otherwise; what it can listen with is off, and it waits
 * for slow answers. */
static void test_an_agent_of_webrtcbin(void **state) {
    GObject *ice = NULL, *agent = NULL;
    gboolean upnp = TRUE, tcp = TRUE, checks = FALSE, trickle = FALSE;
    int nomination = -1;
    guint questions = 0;
    GstElement *webrtc = gst_element_factory_make("webrtcbin", NULL);
    assert_non_null(webrtc);
    g_object_get(webrtc, "ice-agent", &ice, NULL);
    g_object_get(ice, "agent", &agent, NULL);
    oriel_nice_set(agent);
    g_object_get(agent, "nomination-mode", &nomination, "upnp", &upnp, "ice-tcp", &tcp, "keepalive-conncheck", &checks,
                 "ice-trickle", &trickle, "stun-max-retransmissions", &questions, NULL);
    assert_int_equal(nomination, 1); /* NICE_NOMINATION_MODE_AGGRESSIVE */
    assert_true(!upnp && !tcp && checks);
    assert_true(trickle); /* its other options are GStreamer's */
    assert_int_equal(questions, 5);
    g_object_unref(agent);
    g_object_unref(ice);
    gst_object_unref(gst_object_ref_sink(webrtc));
}

int main(int argc, char **argv) {
    gst_init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_an_agent_of_webrtcbin)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
