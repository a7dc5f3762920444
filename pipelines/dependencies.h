/* The RTP header extension "dependency descriptor": which picture a packet belongs to, and which earlier one that
 * needs. https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension, which is not for AV1
 * alone. Without it a browser takes VP8 pictures to need each the one before, and waits for what is lost; with it, it
 * goes on with the next picture that needs nothing that it does not have.
 *
 * What is said: one layer, and a template for keyframes and one for pictures that need the one before; all others name
 * their distance, 1 to 4096. Written on every packet of pictures that were marked by oriel_dependencies_add(), on no
 * other; ignored when read. */
#ifndef ORIEL_DEPENDENCIES_H
#define ORIEL_DEPENDENCIES_H

#include <gst/rtp/rtp.h>

#include "references.h"

#define ORIEL_DEPENDENCIES_URI "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"

/* Marks an encoded picture. */
void oriel_dependencies_add(GstBuffer *picture, const struct oriel_reference_made *made);

/* The descriptor's bytes, their number. */
enum { ORIEL_DEPENDENCIES_SIZE = 8 };
gsize oriel_dependencies_write(const struct oriel_reference_made *made, gboolean first, gboolean last,
                               guint8 bytes[ORIEL_DEPENDENCIES_SIZE]);

/* Which packet of which picture it is. False: that is no descriptor. */
gboolean oriel_dependencies_read(const guint8 *bytes, gsize size, guint16 *number, gboolean *first, gboolean *last);

/* A floating reference, with its id (1..14) set. */
GstRTPHeaderExtension *oriel_dependencies_new(guint id);

#endif
