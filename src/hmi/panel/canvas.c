/* canvas.c: see canvas.h. */
#include "canvas.h"

#include <math.h>

#define RGB(hex)                                                                                                       \
    { ((hex) >> 16 & 255) / 255.0f, ((hex) >> 8 & 255) / 255.0f, ((hex)&255) / 255.0f, 1 }

const GdkRGBA color_background = RGB(0xd5d8da), color_card = RGB(0xe9ebec), color_line = RGB(0xb4bac0),
              color_ink = RGB(0x20262c), color_faint = RGB(0x59636c), color_value = RGB(0x0b3d66),
              color_band = RGB(0xb3cbdc), color_trough = RGB(0xcbd0d4), color_steel = RGB(0x8d979f),
              color_dark = RGB(0x4a545d), color_white = RGB(0xffffff), color_high = RGB(0xc4161c),
              color_medium = RGB(0xe79a00), color_low = RGB(0x2f7fb5), color_good = RGB(0x2e7d46),
              color_support = RGB(0x5b2a9d);

struct _PanelCanvas {
    GtkWidget parent;
    double width, height;
    canvas_draw draw;
    gpointer user;
};

#define PANEL_TYPE_CANVAS (panel_canvas_get_type())
G_DECLARE_FINAL_TYPE(PanelCanvas, panel_canvas, PANEL, CANVAS, GtkWidget)
G_DEFINE_FINAL_TYPE(PanelCanvas, panel_canvas, GTK_TYPE_WIDGET)

static double unit = 1;

double canvas_unit(void) {
    return unit;
}

void canvas_set_unit(double pixels) {
    unit = pixels;
}

static void measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                    int *minimum_baseline, int *natural_baseline) {
    PanelCanvas *self = PANEL_CANVAS(widget);

    *minimum = *natural = (int)ceil((orientation == GTK_ORIENTATION_HORIZONTAL ? self->width : self->height) * unit);
    *minimum_baseline = *natural_baseline = -1;
}

static void snapshot(GtkWidget *widget, GtkSnapshot *s) {
    PanelCanvas *self = PANEL_CANVAS(widget);

    self->draw(widget, s, gtk_widget_get_width(widget) / unit, gtk_widget_get_height(widget) / unit, self->user);
}

static void panel_canvas_class_init(PanelCanvasClass *class) {
    GTK_WIDGET_CLASS(class)->measure = measure;
    GTK_WIDGET_CLASS(class)->snapshot = snapshot;
}

static void panel_canvas_init(PanelCanvas *self) {
}

GtkWidget *canvas_new(double width, double height, canvas_draw draw, gpointer user) {
    PanelCanvas *self = g_object_new(PANEL_TYPE_CANVAS, NULL);

    self->width = width;
    self->height = height;
    self->draw = draw;
    self->user = user;
    return GTK_WIDGET(self);
}

double canvas_text(GtkWidget *canvas, GtkSnapshot *s, double x, double y, const char *text,
                   const struct canvas_text *style) {
    PangoLayout *layout = gtk_widget_create_pango_layout(canvas, text);
    PangoFontDescription *font =
        pango_font_description_copy(pango_context_get_font_description(pango_layout_get_context(layout)));
    int width, height;
    double left, top;

    pango_font_description_set_absolute_size(font, style->size * unit * PANGO_SCALE);
    pango_font_description_set_weight(font, style->bold ? PANGO_WEIGHT_SEMIBOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    if (style->width > 0) {
        pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
        pango_layout_get_pixel_size(layout, &width, &height);
        if (width > style->width * unit)
            pango_layout_set_width(layout, (int)(style->width * unit * PANGO_SCALE));
    }
    pango_layout_get_pixel_size(layout, &width, &height);
    /* On whole pixels: text between them is blurred, and this screen is to be read from afar. */
    left = round(x * unit - width * style->align);
    top = round(y * unit - (double)pango_layout_get_baseline(layout) / PANGO_SCALE);
    gtk_snapshot_save(s);
    gtk_snapshot_translate(s, &GRAPHENE_POINT_INIT((float)left, (float)top));
    gtk_snapshot_append_layout(s, layout, style->color);
    gtk_snapshot_restore(s);
    g_object_unref(layout);
    return width / unit;
}

static graphene_rect_t to_pixels(double x, double y, double width, double height) {
    double left = round(x * unit), top = round(y * unit);

    return GRAPHENE_RECT_INIT((float)left, (float)top, (float)(round((x + width) * unit) - left),
                              (float)(round((y + height) * unit) - top));
}

void canvas_rect(GtkSnapshot *s, double x, double y, double width, double height, const GdkRGBA *color) {
    graphene_rect_t area = to_pixels(x, y, width, height);

    if (area.size.width < 1)
        area.size.width = 1;
    if (area.size.height < 1)
        area.size.height = 1;
    gtk_snapshot_append_color(s, color, &area);
}

void canvas_card(GtkWidget *canvas, GtkSnapshot *s, double width, double height, const char *title) {
    double line = 1 / unit;

    canvas_rect(s, 0, 0, width, height, &color_line);
    canvas_rect(s, line, line, width - 2 * line, height - 2 * line, &color_card);
    if (title)
        canvas_text(canvas, s, 12, 21, title,
                    &(struct canvas_text){.size = 13, .color = &color_ink, .bold = true, .width = width - 24});
}

cairo_t *canvas_cairo(GtkSnapshot *s, double x, double y, double width, double height) {
    graphene_rect_t area = to_pixels(x, y, width, height);
    cairo_t *cr = gtk_snapshot_append_cairo(s, &area);

    cairo_scale(cr, unit, unit);
    return cr;
}

void canvas_set_color(cairo_t *cr, const GdkRGBA *color) {
    gdk_cairo_set_source_rgba(cr, color);
}

void canvas_rounded(cairo_t *cr, double x, double y, double width, double height, double radius) {
    cairo_new_sub_path(cr);
    cairo_arc(cr, x + width - radius, y + radius, radius, -G_PI_2, 0);
    cairo_arc(cr, x + width - radius, y + height - radius, radius, 0, G_PI_2);
    cairo_arc(cr, x + radius, y + height - radius, radius, G_PI_2, G_PI);
    cairo_arc(cr, x + radius, y + radius, radius, G_PI, G_PI + G_PI_2);
    cairo_close_path(cr);
}

const GdkRGBA *canvas_priority_color(int priority) {
    return priority == 1 ? &color_high : priority == 2 ? &color_medium : &color_low;
}

void canvas_priority(cairo_t *cr, int priority, double x, double y, double size) {
    char digit[2] = {(char)('0' + priority), 0};
    double h = size / 2;

    canvas_set_color(cr, canvas_priority_color(priority));
    if (priority == 1) {
        cairo_rectangle(cr, x - h, y - h, size, size);
    } else if (priority == 2) {
        cairo_move_to(cr, x, y - h - 1);
        cairo_line_to(cr, x + h + 1.5, y + h);
        cairo_line_to(cr, x - h - 1.5, y + h);
    } else {
        cairo_move_to(cr, x, y - h - 1.5);
        cairo_line_to(cr, x + h + 1.5, y);
        cairo_line_to(cr, x, y + h + 1.5);
        cairo_line_to(cr, x - h - 1.5, y);
    }
    cairo_close_path(cr);
    cairo_fill(cr);
    canvas_set_color(cr, priority == 2 ? &color_ink : &color_white);
    cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
    cairo_set_font_size(cr, size * 0.72);
    cairo_move_to(cr, x - size * 0.23, y + (priority == 2 ? h * 0.82 : h * 0.54));
    cairo_show_text(cr, digit);
}
