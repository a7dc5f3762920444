/* See plugged.h. */
#include "plugged.h"

#include <gst/gst.h>
#include <string.h>

#define CARDS "/dev/snd"
enum { LOOK_S = 2 };

struct plugged {
    void (*came)(void *user, const char *name);
    void *user;
    bool microphone;
    char *before; /* of ALSA: the device files, as they were seen last */
};

/* ---- sound servers ---- */

static gboolean is_wanted(const struct plugged *a, GstDevice *device) {
    g_autoptr(GstStructure) properties = gst_device_get_properties(device);
    const char *kind = properties ? gst_structure_get_string(properties, "device.class") : NULL;
    return gst_device_has_classes(device, a->microphone ? "Audio/Source" : "Audio/Sink") &&
           g_strcmp0(kind, "monitor") != 0;
}

static gboolean on_news(GstBus *bus, GstMessage *message, gpointer user) {
    struct plugged *a = user;
    g_autoptr(GstDevice) device = NULL;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_DEVICE_ADDED)
        gst_message_parse_device_added(message, &device);
    if (!device || !is_wanted(a, device))
        return G_SOURCE_CONTINUE;
    g_autofree char *name = gst_device_get_display_name(device);
    a->came(a->user, name);
    return G_SOURCE_REMOVE;
}

static void await_provider(struct plugged *a, const char *factory, const char *server) {
    GstDeviceProvider *provider = gst_device_provider_factory_get_by_name(factory);
    if (!provider)
        return;
    if (*server && g_object_class_find_property(G_OBJECT_GET_CLASS(provider), "server"))
        g_object_set(provider, "server", server, NULL);
    if (!gst_device_provider_start(provider))
        return;
    g_autoptr(GstBus) bus = gst_device_provider_get_bus(provider);
    for (GstMessage *old; (old = gst_bus_pop(bus));) /* what is there now */
        gst_message_unref(old);
    gst_bus_add_watch(bus, on_news, a);
}

/* ---- ALSA ---- */

/* The files of devices that record, or play: pcmC0D0c, pcmC0D0p. */
static char *list_cards(const struct plugged *a) {
    g_autoptr(GDir) folder = g_dir_open(CARDS, 0, NULL);
    GString *list = g_string_new("\n");
    for (const char *name; folder && (name = g_dir_read_name(folder));)
        if (g_str_has_prefix(name, "pcm") && name[strlen(name) - 1] == (a->microphone ? 'c' : 'p'))
            g_string_append_printf(list, "%s\n", name);
    return g_string_free(list, FALSE);
}

static gboolean look(gpointer user) {
    struct plugged *a = user;
    g_autofree char *now = list_cards(a);
    g_auto(GStrv) names = g_strsplit(now, "\n", -1);
    for (char **name = names; *name; name++) {
        g_autofree char *line = g_strdup_printf("\n%s\n", *name);
        if (**name && !strstr(a->before, line)) {
            a->came(a->user, *name);
            return G_SOURCE_REMOVE;
        }
    }
    g_free(a->before);
    a->before = g_steal_pointer(&now);
    return G_SOURCE_CONTINUE;
}

void oriel_plugged_await(const char *backend, const char *server, bool microphone,
                         void (*came)(void *user, const char *name), void *user) {
    struct plugged *a = g_new0(struct plugged, 1);
    *a = (struct plugged){.came = came, .user = user, .microphone = microphone};
    if (strcmp(backend, "alsa") == 0) {
        a->before = list_cards(a);
        g_timeout_add_seconds(LOOK_S, look, a);
    } else {
        await_provider(a, strcmp(backend, "pulse") == 0 ? "pulsedeviceprovider" : "pipewiredeviceprovider", server);
    }
}
