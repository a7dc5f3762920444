/* Which kind of element it is: media looks for some of those that webrtcbin makes. Any thread. */
#ifndef ORIEL_FACTORY_H
#define ORIEL_FACTORY_H

#include <gst/gst.h>

/* Whether the factory of that name has made it. `element` may be NULL. */
static inline gboolean oriel_made_by(GstElement *element, const char *name) {
    GstElementFactory *factory = element ? gst_element_get_factory(element) : NULL;
    return factory && g_str_equal(GST_OBJECT_NAME(factory), name);
}

#endif
