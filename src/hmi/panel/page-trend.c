/* page-trend.c: the last ten minutes of all four values, each on its own scale. */
#include "panel.h"

#include <math.h>
#include <stdio.h>

#define LEGEND 250.0
#define AXIS 38.0

/* Told apart by hue and by lightness. */
static const GdkRGBA pens[SIM_CHANNELS] = {
    {0.04f, 0.24f, 0.40f, 1}, {0.70f, 0.33f, 0.05f, 1}, {0.10f, 0.48f, 0.36f, 1}, {0.50f, 0.18f, 0.50f, 1}};

struct plot {
    double x, y, width, height;
};

static double to_y(const struct plot *plot, int channel, double value) {
    const struct sim_range *r = &sim_ranges[channel];

    return plot->y + plot->height * (1 - CLAMP((value - r->min) / (r->max - r->min), 0, 1));
}

static void draw_grid(struct panel *p, GtkWidget *canvas, GtkSnapshot *s, const struct plot *plot) {
    char label[32];

    canvas_rect(s, plot->x, plot->y, plot->width, plot->height, &color_white);
    for (int i = 0; i <= 5; i++) {
        double y = plot->y + plot->height * i / 5;

        canvas_rect(s, plot->x, y, plot->width, 1 / canvas_unit(), &color_trough);
        for (int c = 0; c < SIM_CHANNELS; c++) {
            const struct sim_range *r = &sim_ranges[c];

            format_value(label, sizeof label, r->max - (r->max - r->min) * i / 5, c == SIM_PRESSURE ? 1 : 0);
            canvas_text(canvas, s, plot->x - 8 - (SIM_CHANNELS - 1 - c) * AXIS, y + 4, label,
                        &(struct canvas_text){.size = 11.5, .color = &pens[c], .align = 1});
        }
    }
    for (int i = 0; i <= 10; i++) {
        double x = plot->x + plot->width * i / 10;

        canvas_rect(s, x, plot->y, 1 / canvas_unit(), plot->height, &color_trough);
        window_time(p, sim_time(&p->sim) - (10 - i) * 60, label);
        label[5] = '\0'; /* no seconds */
        canvas_text(canvas, s, x, plot->y + plot->height + 18, label,
                    &(struct canvas_text){.size = 11.5, .color = &color_faint, .align = 0.5});
    }
}

static void draw_curves(GtkSnapshot *s, const struct sim *sim, const struct plot *plot) {
    cairo_t *cr = canvas_cairo(s, plot->x, plot->y, plot->width, plot->height);

    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    for (int c = 0; c < SIM_CHANNELS; c++) {
        for (int i = 0; i < SIM_HISTORY; i++)
            cairo_line_to(cr, plot->x + plot->width * i / (SIM_HISTORY - 1), to_y(plot, c, sim->history[c][i]));
        canvas_set_color(cr, &pens[c]);
        cairo_set_line_width(cr, 1.8);
        cairo_stroke(cr);
    }
    cairo_destroy(cr);
}

static void draw_legend(GtkWidget *canvas, GtkSnapshot *s, const struct sim *sim, double x, double height) {
    static const enum text_id names[] = {T_MINIMUM, T_MEAN, T_MAXIMUM};

    for (int c = 0; c < SIM_CHANNELS; c++) {
        double y = 52 + c * (height - 50) / SIM_CHANNELS, w, v[3] = {INFINITY, 0, -INFINITY};
        char value[32];

        for (int i = 0; i < SIM_HISTORY; i++) {
            v[0] = fmin(v[0], sim->history[c][i]);
            v[1] += sim->history[c][i] / SIM_HISTORY;
            v[2] = fmax(v[2], sim->history[c][i]);
        }
        canvas_rect(s, x, y - 11, 4, 84, &pens[c]);
        canvas_text(canvas, s, x + 14, y, text((enum text_id)(T_LEVEL + c)),
                    &(struct canvas_text){.size = 12.5, .color = &color_ink, .bold = true, .width = LEGEND - 40});
        format_value(value, sizeof value, sim->value[c], sim_ranges[c].decimals);
        w = canvas_text(canvas, s, x + 14, y + 30, value,
                        &(struct canvas_text){.size = 24, .color = &pens[c], .bold = true});
        canvas_text(canvas, s, x + 20 + w, y + 30, text((enum text_id)(T_UNIT_LEVEL + c)),
                    &(struct canvas_text){.size = 12, .color = &color_faint});
        for (int i = 0; i < 3; i++) {
            canvas_text(canvas, s, x + 14 + i * 72, y + 51, text(names[i]),
                        &(struct canvas_text){.size = 11, .color = &color_faint});
            format_value(value, sizeof value, v[i], sim_ranges[c].decimals);
            canvas_text(canvas, s, x + 14 + i * 72, y + 68, value,
                        &(struct canvas_text){.size = 13, .color = &color_ink});
        }
    }
}

static void draw(GtkWidget *canvas, GtkSnapshot *s, double width, double height, gpointer user) {
    struct panel *p = user;
    struct plot plot = {20 + SIM_CHANNELS * AXIS, 40, 0, height - 74};

    plot.width = width - plot.x - LEGEND - 36;
    canvas_card(canvas, s, width, height, text(T_LAST_MINUTES));
    draw_grid(p, canvas, s, &plot);
    draw_curves(s, &p->sim, &plot);
    draw_legend(canvas, s, &p->sim, width - LEGEND + 6, height);
}

GtkWidget *trend_create(struct panel *p) {
    GtkWidget *page = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

    p->trend = canvas_new(600, 400, draw, p);
    gtk_widget_set_hexpand(p->trend, TRUE);
    gtk_widget_set_vexpand(p->trend, TRUE);
    gtk_widget_add_css_class(page, "page");
    gtk_box_append(GTK_BOX(page), p->trend);
    return page;
}
