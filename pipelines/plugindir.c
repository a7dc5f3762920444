/* Makes or checks the directories with only the GStreamer plugins that oriel-media and oriel-voice use, and their
 * registries:
 *
 *     oriel-plugindir [--check] [--try] [DIRECTORY]
 *
 * Policy: with them oriel-media starts in milliseconds, needs no cache directory, and runs no scanner. The plugins are
 * links, so an upgrade of GStreamer is followed; but the registry holds the files' times and places, so it is made
 * where it will lie, and again after GStreamer was upgraded. Until then oriel-media reads the changed plugins anew at
 * each start, which is slow and not wrong. Each file is made beside its place and renamed, so that a session may start
 * meanwhile. Without DIRECTORY it is `gst` beside this program, which is where oriel-media looks; oriel-voice's has
 * "-voice" behind its name. Of the sound systems' plugins those that are there are taken. Exit status: 0 made, or good
 * · 1 a plugin is missing, something can't be written, or --check found it old · 2 usage. */
#include <errno.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] = "usage: oriel-plugindir [--check] [--try] [DIRECTORY]\n"
                            "  --check    only say whether it is there and not older than the plugins\n"
                            "  --try      a missing plugin is no error: then nothing is made\n"
                            "  DIRECTORY  default: gst, beside this program\n";

static const char *const media_plugins[] = {GST_PLUGINS, NULL}, *const voice_plugins[] = {GST_PLUGINS_VOICE, NULL},
                         *const sound_plugins[] = {GST_PLUGINS_SOUND, NULL}, *const no_plugins[] = {NULL};

/* Each is made by a process of its own: GStreamer has one registry a process. */
static const struct set {
    const char *suffix;
    const char *const *needed, *const *optional;
} sets[] = {{"", media_plugins, no_plugins}, {"-voice", voice_plugins, sound_plugins}};

static const char *plugins[32]; /* of the set that is worked on, NULL-terminated */

static char *source_of(const char *name) {
    return g_strdup_printf("%s/libgst%s.so", GST_PLUGINS_DIRECTORY, name);
}

static char *link_of(const char *to, const char *name) {
    return g_strdup_printf("%s/libgst%s.so", to, name);
}

static bool fail(const char *path) {
    fprintf(stderr, "oriel-plugindir: %s: %s\n", path, strerror(errno));
    return false;
}

static void choose_plugins(const struct set *set) {
    size_t count = 0;
    for (const char *const *name = set->needed; *name; name++)
        plugins[count++] = *name;
    for (const char *const *name = set->optional; *name; name++) {
        g_autofree char *source = source_of(*name);
        if (access(source, R_OK) == 0)
            plugins[count++] = *name;
    }
    plugins[count] = NULL;
}

/* All of them are there to be linked. */
static bool find_plugins(void) {
    for (const char *const *name = plugins; *name; name++) {
        g_autofree char *source = source_of(*name);
        if (access(source, R_OK) < 0) {
            fail(source);
            fputs("oriel-plugindir: install the GStreamer package that has it; "
                  "without this directory oriel-media uses the system's plugins\n",
                  stderr);
            return false;
        }
    }
    return true;
}

static bool link_plugins(const char *to) {
    for (const char *const *name = plugins; *name; name++) {
        g_autofree char *source = source_of(*name), *target = link_of(to, *name);
        g_autofree char *fresh = g_strconcat(target, ".new", NULL);
        unlink(fresh);
        if (symlink(source, fresh) < 0 || rename(fresh, target) < 0)
            return fail(target);
    }
    return true;
}

/* What an earlier version used and this one does not. */
static bool is_ours(const char *file) {
    for (const char *const *name = plugins; *name; name++) {
        g_autofree char *own = g_strdup_printf("libgst%s.so", *name);
        if (strcmp(file, own) == 0)
            return true;
    }
    return !g_str_has_prefix(file, "libgst");
}

static bool remove_others(const char *to) {
    g_autoptr(GDir) dir = g_dir_open(to, 0, NULL);
    if (!dir)
        return fail(to);
    for (const char *file; (file = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(to, file, NULL);
        if (!is_ours(file) && unlink(path) < 0)
            return fail(path);
    }
    return true;
}

static bool make_registry(const char *to, const char *registry) {
    g_autofree char *fresh = g_strconcat(registry, ".new", NULL);
    unlink(fresh);
    g_unsetenv("GST_PLUGIN_PATH");
    g_unsetenv("GST_PLUGIN_PATH_1_0");
    g_setenv("GST_PLUGIN_SYSTEM_PATH_1_0", to, TRUE);
    g_setenv("GST_REGISTRY_1_0", fresh, TRUE);
    g_setenv("GST_REGISTRY_FORK", "no", TRUE);
    gst_init(NULL, NULL);
    for (const char *const *name = plugins; *name; name++) {
        g_autoptr(GstPlugin) plugin = gst_registry_find_plugin(gst_registry_get(), *name);
        if (!plugin) {
            fprintf(stderr, "oriel-plugindir: the plugin '%s' does not load here: gst-inspect-1.0 %s says why\n", *name,
                    *name);
            return false;
        }
    }
    /* For whoever runs oriel-media. */
    return (chmod(fresh, 0644) == 0 && rename(fresh, registry) == 0) || fail(registry);
}

static bool is_later(const struct timespec *a, const struct timespec *b) {
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* A package brings files with old times, but it can't set when they came (ctime). */
static bool check(const char *to, const char *registry) {
    struct stat made, plugin;
    if (stat(registry, &made) < 0)
        return fail(registry);
    for (const char *const *name = plugins; *name; name++) {
        g_autofree char *target = link_of(to, *name);
        if (stat(target, &plugin) < 0)
            return fail(target);
        if (is_later(&plugin.st_ctim, &made.st_ctim)) {
            fprintf(stderr, "oriel-plugindir: %s is newer than %s; run oriel-plugindir again\n", target, registry);
            return false;
        }
    }
    return true;
}

static char *beside_this_program(void) {
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = self ? g_path_get_dirname(self) : NULL;
    return folder ? g_build_filename(folder, "gst", NULL) : NULL;
}

/* The exit status. */
static int make(const char *to, bool only_check, bool try) {
    g_autofree char *registry = g_build_filename(to, "registry.bin", NULL);
    if (only_check)
        return check(to, registry) ? 0 : 1;
    if (!find_plugins())
        return try ? 0 : 1;
    if (g_mkdir_with_parents(to, 0755) < 0)
        return fail(to), 1;
    return link_plugins(to) && remove_others(to) && make_registry(to, registry) ? 0 : 1;
}

static int work_on(const struct set *set, const char *to, bool only_check, bool try) {
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        g_autofree char *directory = g_strconcat(to, set->suffix, NULL);
        choose_plugins(set);
        exit(make(directory, only_check, try));
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv) {
    bool only_check = false, try = false;
    g_autofree char *to = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return fputs(usage, stdout) < 0;
        if (strcmp(argv[i], "--check") == 0) {
            only_check = true;
        } else if (strcmp(argv[i], "--try") == 0) {
            try = true;
        } else if (argv[i][0] == '-' || to) {
            fprintf(stderr, "oriel-plugindir: '%s' is not an option here\n%s", argv[i], usage);
            return 2;
        } else {
            to = g_canonicalize_filename(argv[i], NULL); /* GStreamer records places as they are given */
        }
    }
    if (!to && !(to = beside_this_program())) {
        fputs("oriel-plugindir: where this program lies is not known (no /proc?); name the directory\n", stderr);
        return 2;
    }
    int status = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(sets) && status == 0; i++)
        status = work_on(&sets[i], to, only_check, try);
    return status;
}
