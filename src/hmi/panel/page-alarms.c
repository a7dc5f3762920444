/* page-alarms.c: the alarm list, newest first, and its acknowledgement. */
#include "panel.h"

#include <stdio.h>

static const struct table_column columns[] = {
    {T_TIME, 10, 0}, {T_PRIORITY, 11, 0}, {T_TAG, 10, 0}, {T_MESSAGE, 44, 0}, {T_STATE, 25, 0},
};

static int rows(void *user) {
    return ((struct panel *)user)->sim.n_alarms;
}

static void cell(void *user, int row, int column, struct table_cell *cell) {
    struct panel *p = user;
    const struct sim_alarm *a = &p->sim.alarms[row];
    int priority = sim_alarm_priority(a->kind);
    bool active = a->cleared == 0;
    char time[16];

    cell->color = active ? &color_ink : &color_faint;
    cell->bold = active && !a->acknowledged;
    if (column == 0) {
        snprintf(cell->text, sizeof cell->text, "%s", window_time(p, a->raised, time));
    } else if (column == 1) {
        cell->priority = active ? priority : -1;
        snprintf(cell->text, sizeof cell->text, "%s", text((enum text_id)(T_HIGH + priority - 1)));
    } else if (column == 2) {
        snprintf(cell->text, sizeof cell->text, "%s", sim_alarm_tag(a->kind));
    } else if (column == 3) {
        snprintf(cell->text, sizeof cell->text, "%s", text((enum text_id)(T_ALARM + (int)a->kind)));
    } else if (active) {
        snprintf(cell->text, sizeof cell->text, "%s%s%s", text(T_ACTIVE), a->acknowledged ? " · " : "",
                 a->acknowledged ? text(T_ACKNOWLEDGED) : "");
    } else {
        text_with(cell->text, sizeof cell->text, T_CLEARED, window_time(p, a->cleared, time));
    }
}

static void acknowledge(struct panel *p, int alarm) {
    sim_acknowledge(&p->sim, alarm);
    gtk_widget_queue_draw(p->alarm_table->canvas);
    header_update(p);
}

static void on_one(GtkButton *button, struct panel *p) {
    if (p->alarm_table->selected >= 0)
        acknowledge(p, p->alarm_table->selected);
}

static void on_all(GtkButton *button, struct panel *p) {
    acknowledge(p, -1);
}

GtkWidget *alarms_create(struct panel *p) {
    static struct table table = {
        .columns = columns,
        .n_columns = G_N_ELEMENTS(columns),
        .row_height = 27,
        .text_size = 13,
        .rows = rows,
        .cell = cell,
        .selectable = true,
    };
    GtkWidget *page = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0),
              *canvas;

    table.user = p;
    p->alarm_table = &table;
    canvas = table_create(&table, 600, 300);
    gtk_widget_set_hexpand(canvas, TRUE);
    gtk_widget_set_vexpand(canvas, TRUE);
    gtk_widget_add_css_class(page, "page");
    gtk_widget_add_css_class(bar, "row");
    gtk_widget_set_halign(bar, GTK_ALIGN_END);
    gtk_box_append(GTK_BOX(bar), window_button(window_label(p, T_ACK_ONE, NULL), "command", G_CALLBACK(on_one), p));
    gtk_box_append(GTK_BOX(bar), window_button(window_label(p, T_ACK_ALL, NULL), "command", G_CALLBACK(on_all), p));
    gtk_box_append(GTK_BOX(page), canvas);
    gtk_box_append(GTK_BOX(page), bar);
    return page;
}
