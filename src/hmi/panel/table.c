/* table.c: see table.h. */
#include "table.h"

#define HEADING 26.0

static double top_of(const struct table *t) {
    return t->title == T_NONE ? 1 : 32;
}

static double fit_rows(const struct table *t, double height) {
    return (height - top_of(t) - HEADING - 1) / t->row_height;
}

static void draw_heading(struct table *t, GtkSnapshot *s, double width, double total) {
    double x = 1, top = top_of(t);

    canvas_rect(s, 1, top, width - 2, HEADING, &color_trough);
    for (int c = 0; c < t->n_columns; c++) {
        double w = (width - 2) * t->columns[c].share / total, at = t->columns[c].align > 0 ? x + w - 10 : x + 10;

        canvas_text(
            t->canvas, s, at, top + 18, text(t->columns[c].title),
            &(struct canvas_text){
                .size = 11.5, .color = &color_faint, .bold = true, .align = t->columns[c].align, .width = w - 14});
        x += w;
    }
}

static void draw_cell(struct table *t, GtkSnapshot *s, const struct table_cell *cell, double x, double y, double w,
                      double align) {
    double indent = cell->priority ? 24 : 0, at = align > 0 ? x + w - 10 : x + 10 + indent;

    if (cell->bar >= 0) {
        const GdkRGBA *color = cell->bar > 0.9 ? &color_medium : &color_steel;

        canvas_rect(s, x + 10, y + t->row_height / 2 - 4, w - 66, 8, &color_trough);
        canvas_rect(s, x + 10, y + t->row_height / 2 - 4, (w - 66) * cell->bar, 8, color);
    }
    if (cell->priority > 0) {
        cairo_t *cr = canvas_cairo(s, x, y, 34, t->row_height);

        canvas_priority(cr, cell->priority, x + 18, y + t->row_height / 2, 13);
        cairo_destroy(cr);
    }
    canvas_text(t->canvas, s, at, y + t->row_height / 2 + t->text_size * 0.36, cell->text,
                &(struct canvas_text){.size = t->text_size,
                                      .color = cell->color ? cell->color : &color_ink,
                                      .bold = cell->bold,
                                      .align = align,
                                      .width = w - 14 - indent});
}

static void draw_row(struct table *t, GtkSnapshot *s, int row, double y, double width, double total) {
    double x = 1;

    if (t->selectable && row == t->selected)
        canvas_rect(s, 1, y, width - 2, t->row_height, &color_band);
    for (int c = 0; c < t->n_columns; c++) {
        struct table_cell cell = {.bar = -1};
        double w = (width - 2) * t->columns[c].share / total;

        t->cell(t->user, row, c, &cell);
        if (c == 0 && cell.group) {
            cell.bold = true;
            canvas_rect(s, 1, y, width - 2, t->row_height, &color_background);
            draw_cell(t, s, &cell, x, y, width - 2, 0);
            break;
        }
        draw_cell(t, s, &cell, x, y, w, t->columns[c].align);
        x += w;
    }
    canvas_rect(s, 1, y + t->row_height - 1 / canvas_unit(), width - 2, 1 / canvas_unit(), &color_trough);
}

static void draw(GtkWidget *canvas, GtkSnapshot *s, double width, double height, gpointer user) {
    struct table *t = user;
    int rows = t->rows(t->user), fit = (int)fit_rows(t, height);
    double total = 0;

    for (int c = 0; c < t->n_columns; c++)
        total += t->columns[c].share;
    canvas_card(canvas, s, width, height, t->title == T_NONE ? NULL : text(t->title));
    draw_heading(t, s, width, total);
    for (int row = 0; row < rows && row < fit; row++)
        draw_row(t, s, row, top_of(t) + HEADING + row * t->row_height, width, total);
    if (!rows && t->empty != T_NONE)
        canvas_text(canvas, s, 10, top_of(t) + HEADING + t->row_height / 2 + 5, text(t->empty),
                    &(struct canvas_text){.size = t->text_size, .color = &color_faint});
}

static void pressed(GtkGestureClick *click, int n, double x, double y, gpointer user) {
    struct table *t = user;
    double at = y / canvas_unit() - top_of(t) - HEADING;
    int row = at < 0 ? -1 : (int)(at / t->row_height);

    t->selected = row < t->rows(t->user) ? row : -1;
    gtk_widget_queue_draw(t->canvas);
}

GtkWidget *table_create(struct table *table, double width, double height) {
    table->canvas = canvas_new(width, height, draw, table);
    table->selected = -1;
    if (table->selectable) {
        GtkGesture *click = gtk_gesture_click_new();

        g_signal_connect(click, "pressed", G_CALLBACK(pressed), table);
        gtk_widget_add_controller(table->canvas, GTK_EVENT_CONTROLLER(click));
    }
    return table->canvas;
}
