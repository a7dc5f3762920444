/* core/provider: packets, parted by a NUL, through its real socket, in one connection. Nothing happens before a good
 * hello; ids that reach the callbacks are ids; texts are clean. */
#include "fuzz.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "message.h"
#include "provider.h"
#include "text.h"

static struct oriel_provider *provider;
static bool greeted;

static void connected(void *user, const char *name) {
    fuzz_check(!greeted && g_utf8_strlen(name, -1) <= 64);
    greeted = true;
}

static void lost(void *user, bool invalid, const char *detail) {
    fuzz_check(greeted && detail);
    greeted = false;
}

static void shown(void *user, const char *request) {
    fuzz_check(greeted && oriel_is_hash(request));
}

static void decision(void *user, const char *request, const json_t *scopes) {
    fuzz_check(greeted && oriel_is_hash(request) && (!scopes || json_array_size(scopes) > 0));
}

static void removed(void *user, const char *session, const char *scope) {
    fuzz_check(greeted && oriel_is_hash(session) && oriel_scope_find(scope));
}

static void masks(void *user, const uint8_t *bytes, guint count) {
    fuzz_check(greeted && count <= ORIEL_PROVIDER_MASKS_MAX);
}

static void alive(void *user, bool indicator) {
    fuzz_check(greeted);
}

static void stop(void *user, const char *session) {
    fuzz_check(greeted && oriel_is_hash(session));
}

static void call(void *user, const json_t *help) {
    const char *note = json_string_value(json_object_get(help, "note"));
    g_autofree char *clean = note ? oriel_text_clean(note, 120) : NULL;
    fuzz_check(greeted &&
               (!help || (note && strcmp(note, clean) == 0 && json_array_size(json_object_get(help, "alarms")) <= 8)));
}

static void chat(void *user, const char *session, const char *text) {
    fuzz_check(greeted && oriel_is_hash(session) && *text && g_utf8_strlen(text, -1) <= ORIEL_CHAT_MAX);
}

static void sessions(void *user) {
    fuzz_check(greeted);
}

static const struct oriel_provider_events events = {connected, lost,  shown, decision, stop, removed,
                                                    alive,     masks, call,  sessions, chat};
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static void tidy_up(void) {
    oriel_provider_free(provider);
    g_autofree char *folder = g_path_get_dirname(address.sun_path);
    g_rmdir(folder);
}

static void set_up(void) {
    g_autofree char *folder = g_dir_make_tmp("oriel-XXXXXX", NULL), *path = g_build_filename(folder, "s", NULL);
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    provider = oriel_provider_new(path, "", &events, NULL, NULL);
    fuzz_check(provider);
    atexit(tidy_up);
}

static void turn(void) {
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!provider)
        set_up();
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    fuzz_check(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    turn();
    for (const uint8_t *end = data + size; data < end;) {
        const uint8_t *nul = memchr(data, '\0', (size_t)(end - data));
        size_t n = (size_t)((nul ? nul : end) - data);
        send(fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        turn();
        data += n + 1;
    }
    close(fd);
    turn();
    fuzz_check(!greeted && !oriel_provider_connected(provider));
    return 0;
}
