/* Makes a directory with only the GStreamer plugins that Oriel uses, and their registry, at build time:
 *
 *     plugindir FROM TO STAMP PLUGIN…
 *
 * Policy: with it oriel-media starts in milliseconds, needs no cache directory, and runs no scanner; the plugins are
 * links, so an upgrade of GStreamer is followed (it compares file times and reads a changed plugin anew). When a plugin
 * is not there (it may be only on the target), nothing is made and oriel-media looks where GStreamer always looks. */
#include <errno.h>
#include <gst/gst.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool link_plugin(const char *from, const char *to, const char *name) {
    g_autofree char *source = g_strdup_printf("%s/libgst%s.so", from, name);
    g_autofree char *target = g_strdup_printf("%s/libgst%s.so", to, name);
    if (access(source, R_OK) < 0) {
        fprintf(stderr, "plugindir: %s: %s; oriel-media will use the system's plugin directory\n", source,
                strerror(errno));
        return false;
    }
    unlink(target);
    return symlink(source, target) == 0;
}

int main(int argc, char **argv) {
    if (argc < 5)
        return 2;
    const char *from = argv[1], *to = argv[2];
    g_autofree char *registry = g_strconcat(to, "/registry.bin", NULL);
    mkdir(to, 0755);
    unlink(registry);
    bool good = true;
    for (int i = 4; good && i < argc; i++)
        good = link_plugin(from, to, argv[i]);
    if (good) {
        g_unsetenv("GST_PLUGIN_PATH");
        g_unsetenv("GST_PLUGIN_PATH_1_0");
        g_setenv("GST_PLUGIN_SYSTEM_PATH_1_0", to, TRUE);
        g_setenv("GST_REGISTRY_1_0", registry, TRUE);
        g_setenv("GST_REGISTRY_FORK", "no", TRUE);
        gst_init(NULL, NULL);
        good = chmod(registry, 0644) == 0; /* for whoever runs oriel-media */
    }
    return g_file_set_contents(argv[3], good ? "made\n" : "not made\n", -1, NULL) ? 0 : 1;
}
