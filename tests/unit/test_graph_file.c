/* core/graph: the pipeline graph that the configuration names is read at start, and a bad one refused then. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "graph.h"

static char folder[64];

static int start(void **state) {
    g_strlcpy(folder, "/tmp/oriel-graph-XXXXXX", sizeof folder);
    return g_mkdtemp(folder) ? 0 : -1;
}

static int end(void **state) {
    g_autofree char *file = g_build_filename(folder, "own.pipeline", NULL);
    g_unlink(file);
    return g_rmdir(folder);
}

/* The path of a graph with that text. */
static char *file_with(const char *text, gssize length) {
    char *path = g_build_filename(folder, "own.pipeline", NULL);
    assert_true(g_file_set_contents(path, text, length, NULL));
    return path;
}

static struct oriel_config *config(const char *pipeline) {
    g_autofree char *text = g_strdup_printf("[device]\nid=a\ntenant=b\n[broker]\nurl=mqtts://broker:8883\n[media]\n"
                                            "pipeline=%s\n[run]\nhelpers=" BUILD_ROOT "\n",
                                            pipeline);
    g_autoptr(GError) error = NULL;
    struct oriel_config *c = oriel_config_parse("oriel.conf", text, &error);
    if (!c)
        fail_msg("%s", error->message);
    return c;
}

static void expect_refused(const char *pipeline, const char *why) {
    struct oriel_config *c = config(pipeline);
    g_autoptr(GError) error = NULL;
    assert_false(oriel_graph_load(c, &error));
    if (!strstr(error->message, why) || !strstr(error->message, pipeline) || !strstr(error->message, "oriel.conf"))
        fail_msg("the reason is \"%s\", not about \"%s\"", error->message, why);
    assert_null(c->media_graph);
    oriel_config_free(c);
}

static void test_own_graph(void **state) {
    const char *text = "# mine\norielframesrc name=frames !\norielvp8enc name=encoder burst=250 ! rtpvp8pay name=pay\n";
    g_autofree char *path = file_with(text, -1);
    struct oriel_config *c = config(path);
    g_autoptr(GError) error = NULL;
    if (!oriel_graph_load(c, &error))
        fail_msg("%s", error->message);
    assert_string_equal(c->media_graph, text);
    oriel_config_free(c);
}

static void test_refused_by_media(void **state) {
    g_autofree char *path = file_with("filesrc location=/etc/passwd ! orielvp8enc", -1);
    expect_refused(path, "refused by oriel-media");
}

static void test_unreadable(void **state) {
    expect_refused("no-such-graph", "No such file");
    g_autofree char *missing = g_build_filename(folder, "missing.pipeline", NULL);
    expect_refused(missing, "No such file");
    g_autofree char *zero = file_with("a\0b", 3);
    expect_refused(zero, "UTF-8");
    g_autofree char *large = g_strnfill(16 * 1024 + 1, ' ');
    g_autofree char *path = file_with(large, -1);
    expect_refused(path, "at most 16384 bytes");
}

static void test_names(void **state) {
    static const char *const bad[] = {"", "Vp8", "../vp8", "vp8.pipeline", "own/vp8", "-vp8"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strdup_printf(
            "[device]\nid=a\ntenant=b\n[broker]\nurl=mqtts://broker:8883\n[media]\npipeline=%s\n", bad[i]);
        g_autoptr(GError) error = NULL;
        assert_null(oriel_config_parse("oriel.conf", text, &error));
        assert_true(strstr(error->message, "absolute path"));
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {TEST(test_own_graph), TEST(test_refused_by_media), TEST(test_unreadable),
                                       TEST(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
