/* page-overview.c: what the operator looks at all day: four values, the line, production, commands, latest alarms. */
#include "panel.h"

#include <stdio.h>

#define BATCH 24000 /* bottles ordered */
#define LATEST 5

struct figure {
    enum text_id name;
    char value[32];
    const char *unit;
};

static void draw_figures(GtkWidget *canvas, GtkSnapshot *s, const struct figure *figures, int n, double width,
                         double height) {
    for (int i = 0; i < n; i++) {
        double x = 13 + (i % 3) * (width - 12) / 3, y = 54 + (i / 3) * (height - 46) / 2, w;

        canvas_text(canvas, s, x, y, text(figures[i].name),
                    &(struct canvas_text){.size = 11.5, .color = &color_faint, .width = width / 3 - 16});
        w = canvas_text(canvas, s, x, y + 24, figures[i].value,
                        &(struct canvas_text){.size = 21, .color = &color_value, .bold = true});
        canvas_text(canvas, s, x + w + 5, y + 24, figures[i].unit,
                    &(struct canvas_text){.size = 12, .color = &color_faint});
    }
}

static void draw_production(GtkWidget *canvas, GtkSnapshot *s, double width, double height, gpointer user) {
    const struct sim *sim = &((struct panel *)user)->sim;
    struct figure f[6] = {
        {.name = T_GOOD, .unit = ""},   {.name = T_REJECTED, .unit = ""},   {.name = T_OEE, .unit = "%"},
        {.name = T_BATCH, .unit = "%"}, {.name = T_REMAINING, .unit = "h"}, {.name = T_MEAN_VOLUME, .unit = "ml"},
    };
    double mean = 0, left = sim->good < BATCH ? (BATCH - sim->good) / 118.0 : 0;

    for (int i = 0; i < SIM_VALVES; i++)
        mean += sim->volume[i] / SIM_VALVES;
    snprintf(f[0].value, sizeof f[0].value, "%u %03u", sim->good / 1000, sim->good % 1000);
    snprintf(f[1].value, sizeof f[1].value, "%u", sim->rejected);
    format_value(f[2].value, sizeof f[2].value, sim_oee(sim) * 100, 1);
    format_value(f[3].value, sizeof f[3].value, MIN(100, sim->good * 100.0 / BATCH), 1);
    snprintf(f[4].value, sizeof f[4].value, "%d:%02d", (int)left / 60, (int)left % 60);
    format_value(f[5].value, sizeof f[5].value, mean, 1);
    canvas_card(canvas, s, width, height, text(T_PRODUCTION));
    draw_figures(canvas, s, f, G_N_ELEMENTS(f), width, height);
}

static void draw_latest(GtkWidget *canvas, GtkSnapshot *s, double width, double height, gpointer user) {
    struct panel *p = user;

    canvas_card(canvas, s, width, height, text(T_ACTIVE_ALARMS));
    for (int i = 0; i < LATEST && i < p->sim.n_alarms; i++) {
        const struct sim_alarm *a = &p->sim.alarms[i];
        const GdkRGBA *color = a->cleared == 0 ? &color_ink : &color_faint;
        double y = 36 + i * (height - 44) / LATEST;
        cairo_t *cr = canvas_cairo(s, 8, y, 28, 26);
        char time[16];

        if (a->cleared == 0)
            canvas_priority(cr, sim_alarm_priority(a->kind), 21, y + 12, 13);
        cairo_destroy(cr);
        canvas_text(canvas, s, 38, y + 17, window_time(p, a->raised, time),
                    &(struct canvas_text){.size = 12.5, .color = color});
        canvas_text(
            canvas, s, 100, y + 17, text((enum text_id)(T_ALARM + (int)a->kind)),
            &(struct canvas_text){
                .size = 12.5, .color = color, .bold = a->cleared == 0 && !a->acknowledged, .width = width - 112});
    }
}

static void on_start(GtkButton *button, struct panel *p) {
    sim_start(&p->sim);
    header_update(p);
}

static void on_stop(GtkButton *button, struct panel *p) {
    sim_stop(&p->sim);
    header_update(p);
}

static void on_reset(GtkButton *button, struct panel *p) {
    sim_reset(&p->sim);
    header_update(p);
}

static GtkWidget *commands(struct panel *p) {
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

    p->start = window_button(window_label(p, T_LINE_START, NULL), "command", G_CALLBACK(on_start), p);
    p->stop = window_button(window_label(p, T_LINE_STOP, NULL), "command", G_CALLBACK(on_stop), p);
    p->reset = window_button(window_label(p, T_LINE_RESET, NULL), "command", G_CALLBACK(on_reset), p);
    gtk_widget_add_css_class(box, "commands");
    for (int i = 0; i < 3; i++) {
        GtkWidget *button = (GtkWidget *[]){p->start, p->stop, p->reset}[i];

        gtk_widget_set_vexpand(button, TRUE);
        gtk_box_append(GTK_BOX(box), button);
    }
    return box;
}

GtkWidget *overview_create(struct panel *p) {
    GtkWidget *page = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *top = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0),
              *bottom = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);

    gtk_widget_add_css_class(page, "page");
    gtk_widget_add_css_class(top, "row");
    gtk_widget_add_css_class(bottom, "row");
    gtk_box_set_homogeneous(GTK_BOX(top), TRUE);
    for (int c = 0; c < SIM_CHANNELS; c++) {
        p->gauges[c] = gauge_new(p, (enum sim_channel)c);
        gtk_box_append(GTK_BOX(top), p->gauges[c]);
    }
    p->mimic = mimic_new(p);
    p->production = canvas_new(440, 146, draw_production, p);
    p->latest = canvas_new(300, 146, draw_latest, p);
    gtk_widget_set_hexpand(p->latest, TRUE);
    gtk_box_append(GTK_BOX(bottom), p->production);
    gtk_box_append(GTK_BOX(bottom), p->latest);
    gtk_box_append(GTK_BOX(bottom), commands(p));
    gtk_box_append(GTK_BOX(page), top);
    gtk_box_append(GTK_BOX(page), p->mimic);
    gtk_box_append(GTK_BOX(page), bottom);
    return page;
}
