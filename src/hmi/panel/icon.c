/* icon.c: the few icons of the panel, drawn on a grid of 24, so that no icon theme is needed. */
#include "canvas.h"

static void draw_phone(cairo_t *cr) {
    cairo_move_to(cr, 6.5, 3.5);
    cairo_curve_to(cr, 2.5, 4.5, 3.2, 9.5, 8.5, 15);
    cairo_curve_to(cr, 14, 20.8, 19.5, 21.5, 20.5, 17.5);
    cairo_line_to(cr, 16.3, 14.6);
    cairo_line_to(cr, 13.9, 16.4);
    cairo_curve_to(cr, 11.5, 15, 9, 12.5, 7.6, 10.1);
    cairo_line_to(cr, 9.4, 7.7);
    cairo_close_path(cr);
    cairo_fill(cr);
}

static void draw_eye(cairo_t *cr) {
    cairo_move_to(cr, 1.5, 12);
    cairo_curve_to(cr, 6, 4, 18, 4, 22.5, 12);
    cairo_curve_to(cr, 18, 20, 6, 20, 1.5, 12);
    cairo_close_path(cr);
    cairo_stroke(cr);
    cairo_arc(cr, 12, 12, 3.6, 0, 2 * G_PI);
    cairo_fill(cr);
}

static void draw_user(cairo_t *cr) {
    cairo_arc(cr, 12, 7.6, 4.6, 0, 2 * G_PI);
    cairo_fill(cr);
    cairo_move_to(cr, 3, 21.5);
    cairo_curve_to(cr, 3, 11, 21, 11, 21, 21.5);
    cairo_close_path(cr);
    cairo_fill(cr);
}

static void draw_hand(cairo_t *cr) {
    cairo_move_to(cr, 7, 2);
    cairo_line_to(cr, 7, 18.5);
    cairo_line_to(cr, 11, 14.6);
    cairo_line_to(cr, 13.8, 21);
    cairo_line_to(cr, 16.6, 19.8);
    cairo_line_to(cr, 13.9, 13.6);
    cairo_line_to(cr, 19, 13.4);
    cairo_close_path(cr);
    cairo_fill(cr);
}

static void draw_file(cairo_t *cr) {
    cairo_rectangle(cr, 4.5, 2.5, 15, 19);
    for (int i = 0; i < 3; i++) {
        cairo_move_to(cr, 8, 8 + 4 * i);
        cairo_line_to(cr, 16, 8 + 4 * i);
    }
    cairo_stroke(cr);
}

static void draw_camera(cairo_t *cr) {
    cairo_move_to(cr, 2.5, 7);
    cairo_line_to(cr, 7, 7);
    cairo_line_to(cr, 9, 4);
    cairo_line_to(cr, 15, 4);
    cairo_line_to(cr, 17, 7);
    cairo_line_to(cr, 21.5, 7);
    cairo_line_to(cr, 21.5, 20);
    cairo_line_to(cr, 2.5, 20);
    cairo_close_path(cr);
    cairo_stroke(cr);
    cairo_arc(cr, 12, 13.2, 3.6, 0, 2 * G_PI);
    cairo_fill(cr);
}

static void draw_microphone(cairo_t *cr) {
    cairo_arc(cr, 12, 6, 3.6, G_PI, 2 * G_PI);
    cairo_arc(cr, 12, 11, 3.6, 0, G_PI);
    cairo_close_path(cr);
    cairo_fill(cr);
    cairo_arc_negative(cr, 12, 11, 7, G_PI, 0);
    cairo_move_to(cr, 12, 18);
    cairo_line_to(cr, 12, 22);
    cairo_move_to(cr, 7.5, 22);
    cairo_line_to(cr, 16.5, 22);
    cairo_stroke(cr);
}

static void draw_speaker(cairo_t *cr) {
    cairo_move_to(cr, 2.5, 8.5);
    cairo_line_to(cr, 6.5, 8.5);
    cairo_line_to(cr, 12, 3.5);
    cairo_line_to(cr, 12, 20.5);
    cairo_line_to(cr, 6.5, 15.5);
    cairo_line_to(cr, 2.5, 15.5);
    cairo_close_path(cr);
    cairo_fill(cr);
    for (int i = 0; i < 2; i++) {
        cairo_new_sub_path(cr);
        cairo_arc(cr, 12, 12, 5 + 4.5 * i, -0.8, 0.8);
    }
    cairo_stroke(cr);
}

static void draw_headset(cairo_t *cr) {
    cairo_arc(cr, 12, 12, 8.5, G_PI, 0);
    cairo_stroke(cr);
    cairo_rectangle(cr, 2, 12, 5, 7);
    cairo_rectangle(cr, 17, 12, 5, 7);
    cairo_fill(cr);
    cairo_move_to(cr, 20.5, 19);
    cairo_curve_to(cr, 20.5, 22, 17, 22, 13, 22);
    cairo_stroke(cr);
}

/* The stroke through what is off. */
static void draw_off(cairo_t *cr) {
    cairo_move_to(cr, 4, 21);
    cairo_line_to(cr, 20, 3);
    cairo_stroke(cr);
}

static void draw(GtkWidget *canvas, GtkSnapshot *snapshot, double width, double height, gpointer user) {
    cairo_t *cr = canvas_cairo(snapshot, 0, 0, width, height);
    double size = MIN(width, height);
    GdkRGBA color;

    gtk_style_context_get_color(gtk_widget_get_style_context(canvas), &color);
    canvas_set_color(cr, &color);
    cairo_translate(cr, (width - size) / 2, (height - size) / 2);
    cairo_scale(cr, size / 24, size / 24);
    cairo_set_line_width(cr, 2.2);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    switch ((enum icon)GPOINTER_TO_INT(user)) {
    case ICON_PHONE:
        draw_phone(cr);
        break;
    case ICON_EYE:
        draw_eye(cr);
        break;
    case ICON_EYE_OFF:
        draw_eye(cr);
        draw_off(cr);
        break;
    case ICON_USER:
        draw_user(cr);
        break;
    case ICON_HAND:
        draw_hand(cr);
        break;
    case ICON_FILE:
        draw_file(cr);
        break;
    case ICON_CAMERA:
        draw_camera(cr);
        break;
    case ICON_MICROPHONE:
        draw_microphone(cr);
        break;
    case ICON_MICROPHONE_OFF:
        draw_microphone(cr);
        draw_off(cr);
        break;
    case ICON_SPEAKER:
        draw_speaker(cr);
        break;
    case ICON_SPEAKER_OFF:
        draw_speaker(cr);
        draw_off(cr);
        break;
    case ICON_HEADSET:
        draw_headset(cr);
        break;
    case ICON_STOP:
        cairo_rectangle(cr, 5, 5, 14, 14);
        cairo_fill(cr);
        break;
    }
    cairo_destroy(cr);
}

GtkWidget *icon_new(enum icon icon, double size) {
    GtkWidget *canvas = canvas_new(size, size, draw, GINT_TO_POINTER(icon));

    gtk_widget_set_valign(canvas, GTK_ALIGN_CENTER);
    gtk_widget_set_can_target(canvas, FALSE);
    return canvas;
}
