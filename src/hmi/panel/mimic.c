/* mimic.c: the line as a picture: bottles on the conveyor, nozzles that travel with them, capper, check, reject.
 *
 * Two layers: the machine, which stands still and is kept as a render node (GTK then sees that it did not change), and
 * the band of bottles with the nozzles, drawn anew at each step.
 */
#include "panel.h"

#include <math.h>

#define PITCHES 27.5 /* that the picture is wide */
#define BAND_TOP 34.0

struct mimic {
    struct panel *panel;
    GskRenderNode *machine; /* as drawn for the size, unit and language below */
    double width, height, unit;
    enum text_language language;
};

struct scale {
    double pitch, belt; /* units of one pitch; y of the conveyor */
};

static struct scale scale_of(double width, double height) {
    return (struct scale){width / PITCHES, height - 44};
}

static void draw_block(cairo_t *cr, double x, double y, double width, double height) {
    cairo_rectangle(cr, x, y, width, height);
    canvas_set_color(cr, &color_trough);
    cairo_fill_preserve(cr);
    canvas_set_color(cr, &color_steel);
    cairo_set_line_width(cr, 1.2);
    cairo_stroke(cr);
}

static void draw_belt(cairo_t *cr, struct scale z, double width) {
    cairo_rectangle(cr, 12, z.belt, width - 24, 7);
    canvas_set_color(cr, &color_dark);
    cairo_fill(cr);
    for (double x = 40; x < width - 30; x += (width - 80) / 6) {
        cairo_rectangle(cr, x - 3, z.belt + 7, 6, 15);
        canvas_set_color(cr, &color_steel);
        cairo_fill(cr);
    }
    for (int end = 0; end < 2; end++) {
        cairo_arc(cr, end ? width - 12 : 12, z.belt + 3.5, 6, 0, 2 * G_PI);
        canvas_set_color(cr, &color_steel);
        cairo_fill_preserve(cr);
        canvas_set_color(cr, &color_dark);
        cairo_stroke(cr);
    }
}

static void draw_machine(GtkWidget *canvas, GtkSnapshot *s, double width, double height) {
    static const struct {
        enum text_id name;
        double at;
    } stations[] = {
        {T_INFEED, 3}, {T_FILLER, 10.5}, {T_CAPPER, SIM_CAP_AT}, {T_INSPECTION, SIM_CHECK_AT}, {T_OUTFEED, 25.5}};
    struct scale z = scale_of(width, height);
    cairo_t *cr;

    canvas_card(canvas, s, width, height, NULL);
    cr = canvas_cairo(s, 0, 0, width, height);
    draw_belt(cr, z, width);
    /* Guide rails behind the bottles, and the posts of what stands over them. */
    cairo_rectangle(cr, 12, z.belt - 24, width - 24, 3);
    canvas_set_color(cr, &color_line);
    cairo_fill(cr);
    draw_block(cr, SIM_CAP_AT * z.pitch - 26, 8, 8, z.belt - 8);
    draw_block(cr, SIM_CAP_AT * z.pitch - 26, 8, 52, 8);
    draw_block(cr, SIM_CHECK_AT * z.pitch + 18, 20, 6, z.belt - 20);
    draw_block(cr, SIM_CHECK_AT * z.pitch - 4, 20, 28, 6);
    draw_block(cr, SIM_REJECT_AT * z.pitch + 12, 20, 6, z.belt - 20);
    draw_block(cr, SIM_REJECT_AT * z.pitch, 20, 18, 6);
    /* The filler's gantry, with the product pipe over it. */
    draw_block(cr, 5.2 * z.pitch, 12, 10.6 * z.pitch, 20);
    draw_block(cr, 5.2 * z.pitch, 32, 8, z.belt - 32);
    draw_block(cr, 15.8 * z.pitch - 8, 32, 8, z.belt - 32);
    cairo_rectangle(cr, 5.2 * z.pitch + 10, 19, 10.6 * z.pitch - 20, 6);
    canvas_set_color(cr, &color_band);
    cairo_fill(cr);
    /* The check: a lamp under and a camera over the bottles; the pusher behind it. */
    draw_block(cr, SIM_CHECK_AT * z.pitch - 13, 14, 26, 16);
    cairo_rectangle(cr, SIM_CHECK_AT * z.pitch - 5, 30, 10, 7);
    canvas_set_color(cr, &color_dark);
    cairo_fill(cr);
    draw_block(cr, SIM_REJECT_AT * z.pitch - 6, 14, 12, 22);
    cairo_destroy(cr);
    for (size_t i = 0; i < G_N_ELEMENTS(stations); i++)
        canvas_text(canvas, s, stations[i].at * z.pitch, height - 9, text(stations[i].name),
                    &(struct canvas_text){.size = 11, .color = &color_faint, .bold = true, .align = 0.5});
}

static void trace_bottle(cairo_t *cr, double x, double foot, double w, double h) {
    double l = x - w / 2, r = x + w / 2, neck = w * 0.2, shoulder = foot - h * 0.66;

    cairo_move_to(cr, l, foot);
    cairo_line_to(cr, l, shoulder + h * 0.06);
    cairo_curve_to(cr, l, shoulder - h * 0.12, x - neck, shoulder - h * 0.06, x - neck, foot - h * 0.94);
    cairo_line_to(cr, x + neck, foot - h * 0.94);
    cairo_curve_to(cr, x + neck, shoulder - h * 0.06, r, shoulder - h * 0.12, r, shoulder + h * 0.06);
    cairo_line_to(cr, r, foot);
    cairo_close_path(cr);
}

static void draw_bottle(cairo_t *cr, double x, double foot, double w, double h, double fill, bool capped) {
    static const GdkRGBA glass = {0.94f, 0.955f, 0.965f, 1}, juice = {0.78f, 0.6f, 0.27f, 1};

    trace_bottle(cr, x, foot, w, h);
    canvas_set_color(cr, &glass);
    cairo_fill(cr);
    if (fill > 0) {
        cairo_save(cr);
        cairo_rectangle(cr, x - w, foot - h * 0.76 * fill, 2 * w, h * 0.76 * fill);
        cairo_clip(cr);
        trace_bottle(cr, x, foot, w, h);
        canvas_set_color(cr, &juice);
        cairo_fill(cr);
        cairo_restore(cr);
    }
    trace_bottle(cr, x, foot, w, h);
    canvas_set_color(cr, &color_dark);
    cairo_set_line_width(cr, 1.1);
    cairo_stroke(cr);
    if (capped) {
        cairo_rectangle(cr, x - w * 0.25, foot - h, w * 0.5, h * 0.09);
        canvas_set_color(cr, &color_value);
        cairo_fill(cr);
    }
}

static void draw_nozzles(cairo_t *cr, const struct sim *sim, struct scale z, double mouth) {
    double first = sim_nozzle_position(sim), depth = sim_nozzle_depth(sim), tip = mouth - 11 + 10 * depth;

    cairo_rectangle(cr, (first - SIM_VALVES + 0.55) * z.pitch, BAND_TOP + 1, (SIM_VALVES - 0.1) * z.pitch, 9);
    canvas_set_color(cr, &color_dark);
    cairo_fill(cr);
    for (int i = 0; i < SIM_VALVES; i++) {
        double x = (first - i) * z.pitch;

        cairo_rectangle(cr, x - 4.5, BAND_TOP + 10, 9, tip - BAND_TOP - 19);
        cairo_rectangle(cr, x - 1.8, tip - 10, 3.6, 10);
        canvas_set_color(cr, &color_steel);
        cairo_fill(cr);
        if (depth >= 1 && sim->value[SIM_SPEED] > 1) {
            cairo_rectangle(cr, x - 1, tip, 2, 12);
            cairo_set_source_rgb(cr, 0.78, 0.6, 0.27);
            cairo_fill(cr);
        }
    }
}

/* A star wheel seen from the side: its head turns with the bottles that pass below. */
static void draw_capper(cairo_t *cr, const struct sim *sim, struct scale z, double mouth) {
    double x = SIM_CAP_AT * z.pitch, phase = sim->travel - SIM_CAP_AT;
    double down = 1 - fmin(1, fabs(phase - round(phase)) / 0.3);

    cairo_rectangle(cr, x - 20, BAND_TOP - 22, 40, 26);
    canvas_set_color(cr, &color_trough);
    cairo_fill_preserve(cr);
    canvas_set_color(cr, sim->state == SIM_HELD ? &color_high : &color_steel);
    cairo_set_line_width(cr, sim->state == SIM_HELD ? 2.5 : 1.2);
    cairo_stroke(cr);
    for (int i = 0; i < 4; i++) {
        double at = cos((phase + i * 0.5) * G_PI) * 14;

        cairo_rectangle(cr, x + at - 2, BAND_TOP - 17, 4, 16);
    }
    canvas_set_color(cr, &color_steel);
    cairo_fill(cr);
    cairo_rectangle(cr, x - 3.5, BAND_TOP + 4, 7, mouth - 16 - BAND_TOP + 9 * down);
    canvas_set_color(cr, &color_dark);
    cairo_fill(cr);
    cairo_rectangle(cr, x - 7, mouth - 13 + 9 * down, 14, 6);
    cairo_fill(cr);
}

static void draw_band(GtkSnapshot *s, const struct sim *sim, double width, double height) {
    struct scale z = scale_of(width, height);
    double h = fmin(z.belt - BAND_TOP - 46, z.pitch * 2.1), w = fmin(z.pitch * 0.68, h * 0.42), mouth = z.belt - h;
    cairo_t *cr = canvas_cairo(s, 12, BAND_TOP - 24, width - 24, z.belt - BAND_TOP + 24);

    for (long n = (long)floor(sim->travel); n > (long)(sim->travel - PITCHES); n--) {
        double at = sim->travel - (double)n;
        double lift = 0;

        if (sim_is_bad(n) && at > SIM_REJECT_AT) {
            lift = (at - SIM_REJECT_AT) * 60; /* pushed off, to the back */
            if (at > SIM_REJECT_AT + 0.5)
                continue;
        }
        draw_bottle(cr, at * z.pitch, z.belt - lift, w, h, sim_is_bad(n) ? sim_fill(sim, n) * 0.8 : sim_fill(sim, n),
                    at > SIM_CAP_AT);
    }
    draw_nozzles(cr, sim, z, mouth);
    draw_capper(cr, sim, z, mouth);
    if (sim->value[SIM_SPEED] > 1 && sim->travel - floor(sim->travel - SIM_CHECK_AT) - SIM_CHECK_AT < 0.2) {
        cairo_rectangle(cr, SIM_CHECK_AT * z.pitch - 4, BAND_TOP - 1, 8, 3);
        canvas_set_color(cr, &color_white);
        cairo_fill(cr);
    }
    cairo_destroy(cr);
}

static void draw(GtkWidget *canvas, GtkSnapshot *s, double width, double height, gpointer user) {
    struct mimic *m = user;

    if (!m->machine || m->width != width || m->height != height || m->unit != canvas_unit() ||
        m->language != text_get_language()) {
        GtkSnapshot *own = gtk_snapshot_new();

        g_clear_pointer(&m->machine, gsk_render_node_unref);
        draw_machine(canvas, own, width, height);
        m->machine = gtk_snapshot_free_to_node(own);
        m->width = width;
        m->height = height;
        m->unit = canvas_unit();
        m->language = text_get_language();
    }
    gtk_snapshot_append_node(s, m->machine);
    draw_band(s, &m->panel->sim, width, height);
}

static void destroy(gpointer user) {
    struct mimic *m = user;

    g_clear_pointer(&m->machine, gsk_render_node_unref);
    g_free(m);
}

GtkWidget *mimic_new(struct panel *panel) {
    struct mimic *m = g_new0(struct mimic, 1);
    GtkWidget *canvas = canvas_new(600, 190, draw, m);

    m->panel = panel;
    g_object_set_data_full(G_OBJECT(canvas), "mimic", m, destroy);
    gtk_widget_set_hexpand(canvas, TRUE);
    gtk_widget_set_vexpand(canvas, TRUE);
    return canvas;
}
