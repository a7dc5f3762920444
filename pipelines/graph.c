/* See graph.h. */
#include "graph.h"

#include <string.h>

#include "framesource.h"
#include "vp8enc.h"

/* What a graph may be made of, and the plugin of GStreamer's that has it, for those that the private plugin directory
 * (plugindir.c) does not hold. None of them opens a file or a socket by itself. */
static const struct {
    const char *element, *plugin;
} allowed[] = {
    {"orielframesrc", NULL},
    {"orielvp8enc", NULL},
    {"queue", "coreelements"},
    {"capsfilter", "coreelements"},
    {"videoconvert", "videoconvertscale"},
    {"vp8enc", "vpx"},
    {"v4l2vp8enc", "video4linux2"},
    {"v4l2h264enc", "video4linux2"},
    {"v4l2convert", "video4linux2"},
    {"h264parse", "videoparsersbad"},
    {"rtpvp8pay", "rtp"},
    {"rtph264pay", "rtp"},
};

#define REFUSE(error, ...)                                                                                             \
    g_set_error(error, GST_PARSE_ERROR, GST_PARSE_ERROR_SYNTAX, "the pipeline graph " __VA_ARGS__)

static void register_own(void) {
    static gsize done;
    if (!g_once_init_enter(&done))
        return;
    gst_element_register(NULL, "orielframesrc", GST_RANK_NONE, oriel_frame_source_get_type());
    gst_element_register(NULL, "orielvp8enc", GST_RANK_NONE, oriel_vp8_enc_get_type());
    g_once_init_leave(&done, 1);
}

static void replace(GString *text, const char *what, unsigned number) {
    g_autofree char *digits = g_strdup_printf("%u", number);
    g_string_replace(text, what, digits, 0);
}

/* Without comments and line ends, and with the numbers. */
static GString *prepare(const char *text, const struct oriel_graph_numbers *numbers) {
    GString *out = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++)
        if (*g_strstrip(*line) != '#')
            g_string_append_printf(out, "%s ", *line);
    replace(out, "{kbits}", numbers->kbits);
    replace(out, "{bits}", numbers->kbits * 1000);
    replace(out, "{fps}", numbers->fps);
    replace(out, "{threads}", numbers->threads);
    return out;
}

static gboolean is_allowed(const char *element) {
    for (gsize i = 0; i < G_N_ELEMENTS(allowed); i++)
        if (g_str_equal(allowed[i].element, element))
            return TRUE;
    return FALSE;
}

/* Whether the text speaks of the element, as a word. */
static gboolean mentions(const char *text, const char *element) {
    gsize length = strlen(element);
    for (const char *at = text; (at = strstr(at, element)); at += length)
        if ((at == text || strchr(" !", at[-1])) && (!at[length] || strchr(" !", at[length])))
            return TRUE;
    return FALSE;
}

/* Plugins that this graph needs and nobody else: from GStreamer's own directory. */
static gboolean load_plugins(const char *text, GError **error) {
    for (gsize i = 0; i < G_N_ELEMENTS(allowed); i++) {
        if (!allowed[i].plugin || !mentions(text, allowed[i].element))
            continue;
        g_autoptr(GstElementFactory) factory = gst_element_factory_find(allowed[i].element);
        if (factory)
            continue;
        g_autofree char *path = g_strdup_printf(GST_PLUGINS "/libgst%s.so", allowed[i].plugin);
        g_autoptr(GstPlugin) plugin = gst_plugin_load_file(path, NULL);
        factory = plugin ? gst_element_factory_find(allowed[i].element) : NULL;
        if (!factory) {
            REFUSE(error, "needs the element %s, which this device does not have%s", allowed[i].element,
                   g_str_has_prefix(allowed[i].element, "v4l2")
                       ? ": no driver of the kernel offers it, or its /dev/video* is not there"
                       : "; install Debian's gstreamer1.0-plugins-good and -bad");
            return FALSE;
        }
    }
    return TRUE;
}

static char *allowed_elements(void) {
    GString *list = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(allowed); i++)
        g_string_append_printf(list, "%s%s", i ? ", " : "", allowed[i].element);
    return g_string_free(list, FALSE);
}

static const char *factory_name(GstElement *element) {
    GstElementFactory *factory = gst_element_get_factory(element);
    return factory ? GST_OBJECT_NAME(factory) : "a bin";
}

static gboolean check_elements(GstElement *bin, GError **error) {
    g_autoptr(GstIterator) elements = gst_bin_iterate_elements(GST_BIN(bin));
    g_auto(GValue) value = G_VALUE_INIT;
    while (gst_iterator_next(elements, &value) == GST_ITERATOR_OK) {
        const char *name = factory_name(g_value_get_object(&value));
        if (!is_allowed(name)) {
            g_autofree char *list = allowed_elements();
            REFUSE(error, "has the element %s, which is not allowed; allowed: %s", name, list);
            return FALSE;
        }
        g_value_reset(&value);
    }
    return TRUE;
}

/* The element of that name, which must be of a factory with that beginning and end. */
static gboolean check_named(GstElement *bin, const char *name, const char *prefix, const char *suffix, GError **error) {
    g_autoptr(GstElement) element = gst_bin_get_by_name(GST_BIN(bin), name);
    const char *factory = element ? factory_name(element) : "";
    if (element && g_str_has_prefix(factory, prefix) && g_str_has_suffix(factory, suffix))
        return TRUE;
    REFUSE(error, "must have one element with name=%s, and it must be an %s", name,
           *prefix == 'o' ? "orielframesrc"
           : *prefix      ? "RTP payloader (rtpvp8pay, rtph264pay)"
                          : "encoder");
    return FALSE;
}

static GstElement *refuse(GstElement *bin) {
    gst_object_unref(gst_object_ref_sink(bin));
    return NULL;
}

GstElement *oriel_graph_parse(const char *text, const struct oriel_graph_numbers *numbers, GError **error) {
    if (strlen(text) > ORIEL_GRAPH_MAX || !g_utf8_validate(text, -1, NULL)) {
        REFUSE(error, "is no UTF-8 text of at most %d bytes", ORIEL_GRAPH_MAX);
        return NULL;
    }
    register_own();
    g_autoptr(GString) prepared = prepare(text, numbers);
    if (!load_plugins(prepared->str, error))
        return NULL;
    g_autoptr(GError) why = NULL;
    GstElement *bin =
        gst_parse_launch_full(prepared->str, NULL, GST_PARSE_FLAG_FATAL_ERRORS | GST_PARSE_FLAG_PLACE_IN_BIN, &why);
    if (!bin) {
        REFUSE(error, "can't be read: %s", why ? why->message : "it is empty");
        return NULL;
    }
    if (!check_elements(bin, error) || !check_named(bin, "frames", "orielframesrc", "", error) ||
        !check_named(bin, "encoder", "", "enc", error) || !check_named(bin, "pay", "rtp", "pay", error))
        return refuse(bin);
    g_autoptr(GstElement) pay = gst_bin_get_by_name(GST_BIN(bin), "pay");
    g_autoptr(GstPad) out = gst_element_get_static_pad(pay, "src");
    if (gst_pad_is_linked(out)) {
        REFUSE(error, "must end with the element named pay");
        return refuse(bin);
    }
    gst_object_set_name(GST_OBJECT(bin), "screen");
    gst_element_add_pad(bin, gst_ghost_pad_new("src", out));
    return bin;
}
