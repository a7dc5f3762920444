/* portrait.h: the supporter's camera as a widget, for the demo panel and oriel-consent.
 *
 * Pictures come from liboriel, valid in its callback only: each is copied into a texture of GTK's. It is gone when none
 * has come for some seconds (they have stopped it), and at once when told so. GTK's main thread only.
 */
#pragma once

#include "oriel.h"

#include <gtk/gtk.h>
#include <stdbool.h>

struct portrait;

/* `shown`: there is a picture to show now, there is none any more. */
struct portrait *portrait_new(void (*shown)(void *user, bool shown), void *user);
void portrait_free(struct portrait *portrait);
/* A floating reference to a widget that shows it, as large as fits in that many units, and nothing without a picture.
 * One at a time: an earlier one stands still. */
GtkWidget *portrait_widget(struct portrait *portrait, double width, double height);
/* NULL: there are no more. */
void portrait_take(struct portrait *portrait, const struct oriel_face_picture *picture);
