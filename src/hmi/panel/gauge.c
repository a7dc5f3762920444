/* gauge.c: one process value: figure, bar with its normal range and set point, and the last minute as a line.
 *
 * A bar against its limits is read quicker than a dial: the normal range is shaded, so that a value outside catches the
 * eye although nothing is coloured while all is well (ISA-101).
 */
#include "panel.h"

#include <stdio.h>
#include <string.h>

#define MINUTE 60

struct gauge {
    struct panel *panel;
    enum sim_channel channel;
};

void format_value(char *buffer, size_t size, double value, int decimals) {
    snprintf(buffer, size, "%.*f", decimals, value);
    if (text_get_language() != TEXT_EN && text_get_language() != TEXT_ZH && strchr(buffer, '.'))
        *strchr(buffer, '.') = ',';
}

static void draw_bar(GtkWidget *canvas, GtkSnapshot *s, const struct sim_range *r, double value, double y,
                     double width) {
    double left = 14, length = width - 28, span = r->max - r->min;
    double low = left + (r->low - r->min) / span * length, high = left + (r->high - r->min) / span * length;
    double at = left + CLAMP((value - r->min) / span, 0, 1) * length, set = left + (r->set - r->min) / span * length;
    cairo_t *cr;

    canvas_rect(s, left, y, length, 12, &color_trough);
    canvas_rect(s, low, y, high - low, 12, &color_band);
    canvas_rect(s, left, y + 3, at - left, 6, &color_dark);
    cr = canvas_cairo(s, 0, y - 8, width, 30);
    canvas_set_color(cr, &color_value);
    cairo_move_to(cr, at, y + 1);
    cairo_line_to(cr, at - 5.5, y - 7);
    cairo_line_to(cr, at + 5.5, y - 7);
    cairo_close_path(cr);
    cairo_fill(cr);
    canvas_set_color(cr, &color_ink);
    cairo_move_to(cr, set, y + 11);
    cairo_line_to(cr, set - 4, y + 18);
    cairo_line_to(cr, set + 4, y + 18);
    cairo_close_path(cr);
    cairo_set_line_width(cr, 1.2);
    cairo_stroke(cr);
    cairo_destroy(cr);
}

static void draw_minute(GtkSnapshot *s, const float *history, double x, double y, double width, double height,
                        double span) {
    const float *h = history + SIM_HISTORY - MINUTE;
    double mean = 0;
    cairo_t *cr = canvas_cairo(s, x, y, width, height);

    for (int i = 0; i < MINUTE; i++)
        mean += h[i] / MINUTE;
    for (int i = 0; i < MINUTE; i++)
        cairo_line_to(cr, x + width * i / (MINUTE - 1),
                      y + CLAMP(height / 2 - (h[i] - mean) / span * height, 1, height - 1));
    canvas_set_color(cr, &color_steel);
    cairo_set_line_width(cr, 1.5);
    cairo_stroke(cr);
    cairo_destroy(cr);
}

static void draw(GtkWidget *canvas, GtkSnapshot *s, double width, double height, gpointer user) {
    struct gauge *g = user;
    const struct sim *sim = &g->panel->sim;
    const struct sim_range *r = &sim_ranges[g->channel];
    double value = sim->value[g->channel], w, bar = height - 42;
    bool good = value >= r->low && value <= r->high;
    char figure[32], set[64];

    canvas_card(canvas, s, width, height, text((enum text_id)(T_LEVEL + (int)g->channel)));
    canvas_text(canvas, s, width - 12, 21, r->tag,
                &(struct canvas_text){.size = 11, .color = &color_faint, .align = 1});
    format_value(figure, sizeof figure, value, r->decimals);
    w = canvas_text(canvas, s, 13, 66, figure,
                    &(struct canvas_text){.size = 38, .color = good ? &color_value : &color_high, .bold = true});
    canvas_text(canvas, s, 20 + w, 66, text((enum text_id)(T_UNIT_LEVEL + (int)g->channel)),
                &(struct canvas_text){.size = 14, .color = &color_faint});
    draw_minute(s, sim->history[g->channel], width - 98, 36, 84, 34, (r->max - r->min) * 0.16);
    draw_bar(canvas, s, r, value, bar, width);
    format_value(figure, sizeof figure, r->min, 0);
    canvas_text(canvas, s, 14, height - 9, figure, &(struct canvas_text){.size = 11, .color = &color_faint});
    format_value(figure, sizeof figure, r->max, 0);
    canvas_text(canvas, s, width - 14, height - 9, figure,
                &(struct canvas_text){.size = 11, .color = &color_faint, .align = 1});
    format_value(figure, sizeof figure, r->set, r->decimals);
    canvas_text(canvas, s, width / 2, height - 9, text_with(set, sizeof set, T_SET_POINT, figure),
                &(struct canvas_text){.size = 11, .color = &color_faint, .align = 0.5});
}

GtkWidget *gauge_new(struct panel *panel, enum sim_channel channel) {
    struct gauge *g = g_new(struct gauge, 1);
    GtkWidget *canvas;

    *g = (struct gauge){panel, channel};
    canvas = canvas_new(200, 128, draw, g);
    g_object_set_data_full(G_OBJECT(canvas), "gauge", g, g_free);
    gtk_widget_set_hexpand(canvas, TRUE);
    return canvas;
}
