/* See preload.h. */
#include "preload.h"

#include <dlfcn.h>
#include <gst/gst.h>

/* The first dtlsdec makes the certificate that all later ones share. */
static gpointer make_key(gpointer unused) {
    GstElement *dtls = gst_element_factory_make("dtlsdec", NULL);
    if (dtls)
        gst_object_unref(gst_object_ref_sink(dtls));
    return NULL;
}

/* All that a session can need: with the private plugins, each of them (a graph of the integrator's may name any); of
 * the system's, those that the usual graph has. */
static void load_plugins(void) {
    const char *const used[] = {"nice", "srtp",   "sctp",         "dtls", "rtpmanager",   "rtp",          "vpx",
                                "app",  "webrtc", "coreelements", "opus", "audioconvert", "audioresample"};
    for (guint i = 0; i < G_N_ELEMENTS(used); i++) {
        GstPlugin *plugin = gst_plugin_load_by_name(used[i]);
        if (plugin)
            gst_object_unref(plugin);
    }
    GList *all = g_getenv("GST_PLUGIN_SYSTEM_PATH_1_0") ? gst_registry_get_plugin_list(gst_registry_get()) : NULL;
    for (GList *one = all; one; one = one->next) {
        GstPlugin *plugin = gst_plugin_load(one->data);
        if (plugin)
            gst_object_unref(plugin);
    }
    gst_plugin_list_free(all);
}

/* What libraries load of libraries only when they need it. Debian's libsrtp does its ciphers by NSS, which does so when
 * the first stream begins, and again for each. */
static void load_the_rest(void) {
    const char *const later[] = {"libsoftokn3.so", "libfreeblpriv3.so"};
    for (gsize i = 0; i < G_N_ELEMENTS(later); i++)
        dlopen(later[i], RTLD_NOW | RTLD_NODELETE); /* not there: then they are not used, either */
}

void oriel_preload(void) {
    g_thread_unref(g_thread_new("dtls-key", make_key, NULL));
    load_plugins();
    load_the_rest();
}
