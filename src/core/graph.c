/* See graph.h. */
#include "graph.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GRAPH_MAX = 16 * 1024 };

#define REFUSE(error, ...) g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE, __VA_ARGS__)

/* A name is one of ours: of the same build, or where it was installed. */
static char *find(const struct oriel_config *config) {
    if (g_path_is_absolute(config->media_pipeline))
        return g_strdup(config->media_pipeline);
    g_autofree char *name = g_strconcat(config->media_pipeline, ".pipeline", NULL);
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *directory = self ? g_path_get_dirname(self) : g_strdup(".");
    char *beside = g_build_filename(directory, "pipelines", name, NULL);
    if (access(beside, R_OK) == 0)
        return beside;
    g_free(beside);
    return g_build_filename(DATA_DIRECTORY, "pipelines", name, NULL);
}

/* What media says goes to our stderr, as always. */
static bool try_graph(const struct oriel_config *config, const char *path, GError **error) {
    g_autofree char *program = g_build_filename(config->helpers, "oriel-media", NULL);
    char *argv[] = {program, (char *)"--check-graph", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, path, O_RDONLY, 0);
    /* The plugins that a session has: the graph may name no other. */
    g_autofree char *plugins = g_build_filename(config->helpers, "gst", NULL);
    g_autofree char *registry = g_build_filename(plugins, "registry.bin", NULL);
    g_auto(GStrv) envp = g_get_environ();
    if (access(registry, R_OK) == 0) {
        envp = g_environ_setenv(envp, "GST_PLUGIN_SYSTEM_PATH_1_0", plugins, TRUE);
        envp = g_environ_setenv(envp, "GST_REGISTRY_1_0", registry, TRUE);
    }
    envp = g_environ_unsetenv(envp, "GST_PLUGIN_PATH");
    envp = g_environ_unsetenv(envp, "GST_PLUGIN_PATH_1_0");
    pid_t pid;
    int status = 0, result = posix_spawn(&pid, program, &actions, NULL, argv, envp);
    posix_spawn_file_actions_destroy(&actions);
    if (result) {
        REFUSE(error, "%s can't be started to check the pipeline graph: %s", program, g_strerror(result));
        return false;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    REFUSE(error, "%s: [media] pipeline=%s is refused by oriel-media (why, it said above); the file is %s",
           config->path, config->media_pipeline, path);
    return false;
}

bool oriel_graph_load(struct oriel_config *config, GError **error) {
    g_autofree char *path = find(config), *text = NULL;
    gsize length;
    g_autoptr(GError) why = NULL;
    if (!g_file_get_contents(path, &text, &length, &why)) {
        REFUSE(error, "%s: [media] pipeline=%s: %s", config->path, config->media_pipeline, why->message);
        return false;
    }
    if (length > GRAPH_MAX || strlen(text) != length || !g_utf8_validate(text, (gssize)length, NULL)) {
        REFUSE(error, "%s: [media] pipeline=%s: %s is no UTF-8 text of at most %d bytes", config->path,
               config->media_pipeline, path, GRAPH_MAX);
        return false;
    }
    if (strcmp(config->media_pipeline, ORIEL_PIPELINE_DEFAULT) != 0 && !try_graph(config, path, error))
        return false;
    config->media_graph = g_steal_pointer(&text);
    return true;
}
