/* canvas.h: a widget that draws itself by a function, and the few things that such functions need.
 *
 * Lengths are in panel units: one unit is a pixel on a 1280x720 screen and grows with the screen (canvas_unit()).
 * GTK main thread only.
 */
#pragma once

#include <gtk/gtk.h>

/* The palette: calm greys, dark blue for live values; saturated colours only for what needs somebody's attention. */
extern const GdkRGBA color_background, color_card, color_line, color_ink, color_faint, color_value, color_band,
    color_trough, color_steel, color_dark, color_white, color_high, color_medium, color_low, color_good, color_support;

/* Pixels of one unit; set by the window when the screen's size changes. */
double canvas_unit(void);
void canvas_set_unit(double unit);

/* Draws within (0, 0, width, height), all in units. */
typedef void (*canvas_draw)(GtkWidget *canvas, GtkSnapshot *snapshot, double width, double height, gpointer user);

/* A floating reference to a widget of at least that size in units. */
GtkWidget *canvas_new(double width, double height, canvas_draw draw, gpointer user);

struct canvas_text {
    double size; /* of the font, units */
    const GdkRGBA *color;
    bool bold;
    double align; /* 0: x is the left end, 0.5: the middle, 1: the right end */
    double width; /* ellipsized beyond; 0: no limit */
};

/* Draws one line with its baseline at y. Returns the width drawn. */
double canvas_text(GtkWidget *canvas, GtkSnapshot *snapshot, double x, double y, const char *text,
                   const struct canvas_text *style);
void canvas_rect(GtkSnapshot *snapshot, double x, double y, double width, double height, const GdkRGBA *color);
/* A card with a thin border and a title; the body begins 34 units below its top. */
void canvas_card(GtkWidget *canvas, GtkSnapshot *snapshot, double width, double height, const char *title);
/* A cairo context over that area, in units. End with cairo_destroy(). */
cairo_t *canvas_cairo(GtkSnapshot *snapshot, double x, double y, double width, double height);
void canvas_set_color(cairo_t *cr, const GdkRGBA *color);
void canvas_rounded(cairo_t *cr, double x, double y, double width, double height, double radius);
/* The mark of a priority: 1 red square, 2 amber triangle, 3 blue-grey diamond: told apart without colour too. */
void canvas_priority(cairo_t *cr, int priority, double x, double y, double size);
const GdkRGBA *canvas_priority_color(int priority);

/* A small drawing as a widget, in the current text colour. */
enum icon {
    ICON_PHONE,
    ICON_EYE,
    ICON_EYE_OFF,
    ICON_USER,
    ICON_STOP,
    ICON_HAND,
    ICON_FILE,
    ICON_CAMERA,
    ICON_MICROPHONE,
    ICON_MICROPHONE_OFF,
    ICON_SPEAKER,
    ICON_SPEAKER_OFF,
    ICON_HEADSET
};
GtkWidget *icon_new(enum icon icon, double size);
