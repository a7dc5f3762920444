/* pipelines/graph: the graphs that we ship are good, and bad ones are refused with a reason. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "graph.h"

static const struct oriel_graph_numbers numbers = {.kbits = 1234, .fps = 25, .threads = 1};

static char *shipped(const char *name) {
    g_autofree char *path = g_strdup_printf(SOURCE_ROOT "/pipelines/graphs/%s.pipeline", name);
    char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static void test_default(void **state) {
    g_autofree char *text = shipped("vp8");
    g_autoptr(GError) error = NULL;
    GstElement *bin = oriel_graph_parse(text, &numbers, &error);
    if (!bin)
        fail_msg("%s", error->message);
    gst_object_ref_sink(bin);
    assert_string_equal(GST_OBJECT_NAME(bin), "screen");
    g_autoptr(GstElement) encoder = gst_bin_get_by_name(GST_BIN(bin), "encoder");
    guint kbits, fps;
    g_object_get(encoder, "bitrate", &kbits, "max-frame-rate", &fps, NULL);
    assert_int_equal(kbits, 1234);
    assert_int_equal(fps, 25);
    g_autoptr(GstPad) out = gst_element_get_static_pad(bin, "src");
    assert_non_null(out);
    gst_object_unref(bin);
}

static void test_stock(void **state) {
    g_autofree char *text = shipped("vp8enc");
    g_autoptr(GError) error = NULL;
    GstElement *bin = oriel_graph_parse(text, &numbers, &error);
    if (!bin)
        fail_msg("%s", error->message);
    gst_object_ref_sink(bin);
    g_autoptr(GstElement) encoder = gst_bin_get_by_name(GST_BIN(bin), "encoder");
    gint bits;
    g_object_get(encoder, "target-bitrate", &bits, NULL);
    assert_int_equal(bits, 1234000);
    gst_object_unref(bin);
}

/* Where the hardware is not there, the reason names it. */
static void test_hardware(void **state) {
    const char *const names[] = {"v4l2vp8enc", "v4l2h264enc"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *text = shipped(names[i]);
        g_autoptr(GError) error = NULL;
        GstElement *bin = oriel_graph_parse(text, &numbers, &error);
        if (bin)
            gst_object_unref(gst_object_ref_sink(bin));
        else if (!strstr(error->message, names[i]) || !strstr(error->message, "/dev/video"))
            fail_msg("the reason is \"%s\"", error->message);
    }
}

static void test_refused(void **state) {
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"", "empty"},
        {"# only a comment\n", "empty"},
        {"orielframesrc name=frames ! orielvp8enc name=encoder", "name=pay"},
        {"orielframesrc ! orielvp8enc name=encoder ! rtpvp8pay name=pay", "name=frames"},
        {"orielframesrc name=frames ! orielvp8enc ! rtpvp8pay name=pay", "name=encoder"},
        {"orielframesrc name=frames ! orielvp8enc name=encoder ! rtpvp8pay name=pay ! queue", "must end"},
        {"orielframesrc name=frames ! nosuch name=encoder ! rtpvp8pay name=pay", "nosuch"},
        {"orielframesrc name=frames ! orielvp8enc name=encoder colour=red ! rtpvp8pay name=pay", "colour"},
        {"orielframesrc name=frames ! orielvp8enc name=encoder ! rtph264pay name=pay", "link"},
        {"orielframesrc name=frames ! tee ! orielvp8enc name=encoder ! rtpvp8pay name=pay",
         "tee, which is not allowed"},
        {"filesrc location=/etc/passwd ! queue orielframesrc name=frames ! orielvp8enc name=encoder ! rtpvp8pay "
         "name=pay",
         "filesrc, which is not allowed"},
        {"\xff", "UTF-8"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(oriel_graph_parse(bad[i].text, &numbers, &error));
        if (!strstr(error->message, bad[i].why))
            fail_msg("\"%s\": the reason is \"%s\", not about \"%s\"", bad[i].text, error->message, bad[i].why);
    }
    g_autofree char *large = g_strnfill(ORIEL_GRAPH_MAX + 1, ' ');
    g_autoptr(GError) error = NULL;
    assert_null(oriel_graph_parse(large, &numbers, &error));
}

int main(void) {
    gst_init(NULL, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_stock),
        cmocka_unit_test(test_hardware),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
