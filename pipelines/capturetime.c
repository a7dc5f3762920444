/* See capturetime.h. */
#include "capturetime.h"

#include <string.h>
#include <time.h>

#include "clock.h"

enum { SIZE = 8 };
#define SECONDS_1900_TO_1970 G_GUINT64_CONSTANT(2208988800)

struct _OrielCaptureTime {
    GstRTPHeaderExtension parent;
    GWeakRef element;
};

G_DECLARE_FINAL_TYPE(OrielCaptureTime, oriel_capture_time, ORIEL, CAPTURE_TIME, GstRTPHeaderExtension)
G_DEFINE_TYPE(OrielCaptureTime, oriel_capture_time, GST_TYPE_RTP_HEADER_EXTENSION)

static GstRTPHeaderExtensionFlags flags(GstRTPHeaderExtension *extension) {
    return GST_RTP_HEADER_EXTENSION_ONE_BYTE | GST_RTP_HEADER_EXTENSION_TWO_BYTE;
}

static gsize max_size(GstRTPHeaderExtension *extension, const GstBuffer *buffer) {
    return SIZE;
}

static guint64 to_ntp(gint64 unix_ns) {
    guint64 seconds = (guint64)(unix_ns / ORIEL_SECOND) + SECONDS_1900_TO_1970;
    return seconds << 32 | ((guint64)(unix_ns % ORIEL_SECOND) << 32) / (guint64)ORIEL_SECOND;
}

/* Without the bin's lock, which gst_element_get_base_time takes: who changes the bin's state holds that and waits for
 * the payloader's, which is held while this is written. */
static gint64 base_time(GstElement *element) {
    return (gint64)__atomic_load_n(&element->base_time, __ATOMIC_RELAXED);
}

static gssize write_time(GstRTPHeaderExtension *extension, const GstBuffer *input,
                         GstRTPHeaderExtensionFlags write_flags, GstBuffer *output, guint8 *data, gsize size) {
    g_autoptr(GstElement) element = g_weak_ref_get(&ORIEL_CAPTURE_TIME(extension)->element);
    GstClockTime pts = GST_BUFFER_PTS((GstBuffer *)input);
    if (size < SIZE || !element || !GST_CLOCK_TIME_IS_VALID(pts))
        return size < SIZE ? -1 : 0;
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    gint64 age = oriel_monotonic() - base_time(element) - (gint64)pts;
    guint64 ntp = GUINT64_TO_BE(to_ntp(wall.tv_sec * ORIEL_SECOND + wall.tv_nsec - age));
    memcpy(data, &ntp, SIZE); /* it is not aligned */
    return SIZE;
}

static gboolean read_nothing(GstRTPHeaderExtension *extension, GstRTPHeaderExtensionFlags read_flags,
                             const guint8 *data, gsize size, GstBuffer *buffer) {
    return TRUE;
}

static void finalize(GObject *object) {
    g_weak_ref_clear(&ORIEL_CAPTURE_TIME(object)->element);
    G_OBJECT_CLASS(oriel_capture_time_parent_class)->finalize(object);
}

static void oriel_capture_time_class_init(OrielCaptureTimeClass *class) {
    GstRTPHeaderExtensionClass *extension = GST_RTP_HEADER_EXTENSION_CLASS(class);
    G_OBJECT_CLASS(class)->finalize = finalize;
    extension->get_supported_flags = flags;
    extension->get_max_size = max_size;
    extension->write = write_time;
    extension->read = read_nothing;
    gst_rtp_header_extension_class_set_uri(extension, ORIEL_CAPTURE_TIME_URI);
    gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(class), "Capture time", GST_RTP_HDREXT_ELEMENT_CLASS,
                                          "Says when the picture was on the screen", "Oriel");
}

static void oriel_capture_time_init(OrielCaptureTime *self) {
    g_weak_ref_init(&self->element, NULL);
}

GstRTPHeaderExtension *oriel_capture_time_new(guint id, GstElement *element) {
    OrielCaptureTime *self = g_object_new(oriel_capture_time_get_type(), NULL);
    g_weak_ref_set(&self->element, element);
    gst_rtp_header_extension_set_id(GST_RTP_HEADER_EXTENSION(self), id);
    return GST_RTP_HEADER_EXTENSION(self);
}
