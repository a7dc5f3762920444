/* page-service.c: what the fitter wants to know: wear, inputs and outputs, versions; and, by a button, who looked
 * (looked.c). */
#include "panel.h"

#include <stdio.h>

static const struct {
    enum text_id name;
    int hours, interval;
} parts[] = {
    {T_S_SEALS, 1312, 2000}, {T_S_CHUCKS, 873, 4000}, {T_S_BELT, 5210, 8000},    {T_S_PUMP, 9604, 12000},
    {T_S_FILTER, 164, 250},  {T_S_GREASE, 467, 500},  {T_S_CAMERA, 6120, 20000}, {T_S_SCREW, 2244, 6000},
};

static const struct table_column columns[] = {
    {T_COMPONENT, 36, 0}, {T_HOURS, 14, 1}, {T_INTERVAL, 14, 1}, {T_LEFT_OVER, 12, 1}, {T_WEAR, 26, 1},
};

static int rows(void *user) {
    return G_N_ELEMENTS(parts);
}

static void cell(void *user, int row, int column, struct table_cell *cell) {
    int n = column == 1 ? parts[row].hours : column == 2 ? parts[row].interval : parts[row].interval - parts[row].hours;

    if (column == 0) {
        snprintf(cell->text, sizeof cell->text, "%s", text(parts[row].name));
    } else if (column == 4) {
        cell->bar = (double)parts[row].hours / parts[row].interval;
        snprintf(cell->text, sizeof cell->text, "%d %%", (int)(cell->bar * 100));
    } else {
        cell->color = column == 1 ? &color_value : column == 2 ? &color_faint : NULL;
        snprintf(cell->text, sizeof cell->text, "%d", n);
    }
}

static void draw_points(GtkWidget *canvas, GtkSnapshot *s, const char *prefix, unsigned bits, double x, double width) {
    for (int i = 0; i < 16; i++) {
        double at = x + (i % 8) * width / 8, y = 46 + (i / 8) * 42;
        char name[16];

        canvas_rect(s, at, y, width / 8 - 6, 20, &color_steel);
        canvas_rect(s, at + 1, y + 1, width / 8 - 8, 18, bits >> i & 1 ? &color_value : &color_card);
        snprintf(name, sizeof name, "%s%d.%d", prefix, i / 8, i % 8);
        canvas_text(
            canvas, s, at + width / 16 - 3, y + 14, name,
            &(struct canvas_text){
                .size = 10.5, .color = bits >> i & 1 ? &color_white : &color_faint, .bold = true, .align = 0.5});
    }
}

static void draw_io(GtkWidget *canvas, GtkSnapshot *s, double width, double height, gpointer user) {
    const struct sim *sim = &((struct panel *)user)->sim;
    bool runs = sim->state == SIM_RUNNING;
    unsigned inputs = 0x52d1u | (sim->state == SIM_HELD ? 0x2u : 0), outputs = runs ? 0x1a37u : 0x0210u;

    canvas_card(canvas, s, width, height, NULL);
    canvas_text(canvas, s, 12, 25, text(T_INPUTS),
                &(struct canvas_text){.size = 13, .color = &color_ink, .bold = true});
    canvas_text(canvas, s, width / 2 + 8, 25, text(T_OUTPUTS),
                &(struct canvas_text){.size = 13, .color = &color_ink, .bold = true});
    draw_points(canvas, s, "I", inputs, 12, width / 2 - 22);
    draw_points(canvas, s, "Q", outputs | (sim->refilling ? 0x40u : 0), width / 2 + 8, width / 2 - 22);
}

static void draw_system(GtkWidget *canvas, GtkSnapshot *s, double width, double height, gpointer user) {
    struct panel *p = user;
    bool connected = support_connected(p);
    const struct {
        enum text_id name;
        const char *value;
    } facts[] = {
        {T_SYS_PLC, "BF200_main 4.2.1"},     {T_SYS_HMI, "4.2.1 (2026-02-19)"},
        {T_SYS_SERIAL, "BF200-0417-22"},     {T_SYS_HOURS, "11 862"},
        {T_SYS_NETWORK, "PROFINET · 14/14"}, {T_SYS_SUPPORT, text(connected ? T_CONNECTED : T_NOT_CONNECTED)},
    };

    canvas_card(canvas, s, width, height, text(T_SYSTEM));
    for (size_t i = 0; i < G_N_ELEMENTS(facts); i++) {
        canvas_text(canvas, s, 12, 60 + (double)i * 37.5, text(facts[i].name),
                    &(struct canvas_text){.size = 12.5, .color = &color_faint, .width = width * 0.45});
        canvas_text(canvas, s, width - 12, 60 + (double)i * 37.5, facts[i].value,
                    &(struct canvas_text){.size = 12.5, .color = &color_ink, .align = 1, .width = width * 0.5});
    }
}

/* The table shows one or the other. */
static void on_looked(GtkToggleButton *button, gpointer user) {
    struct panel *p = user;
    struct table *t = p->service_table;
    bool looked = gtk_toggle_button_get_active(button);

    t->columns = looked ? looked_columns(&t->n_columns) : columns;
    t->n_columns = looked ? t->n_columns : (int)G_N_ELEMENTS(columns);
    t->row_height = looked ? 27 : 37.5;
    t->rows = looked ? looked_rows : rows;
    t->cell = looked ? looked_cell : cell;
    t->title = looked ? T_LOOKED : T_MAINTENANCE;
    if (looked)
        support_ask_past(p);
    gtk_widget_queue_draw(t->canvas);
}

GtkWidget *service_create(struct panel *p) {
    static struct table table = {
        .columns = columns,
        .n_columns = G_N_ELEMENTS(columns),
        .row_height = 37.5,
        .text_size = 13,
        .rows = rows,
        .cell = cell,
        .title = T_MAINTENANCE,
    };
    GtkWidget *page = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *top = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0),
              *side = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *looked = gtk_toggle_button_new(), *system;

    table.user = p;
    p->service_table = &table;
    table_create(&table, 600, 320);
    gtk_widget_set_hexpand(table.canvas, TRUE);
    gtk_widget_set_vexpand(table.canvas, TRUE);
    system = canvas_new(330, 220, draw_system, p);
    p->io = canvas_new(600, 138, draw_io, p);
    gtk_widget_set_hexpand(p->io, TRUE);
    gtk_widget_add_css_class(page, "page");
    gtk_widget_add_css_class(top, "row");
    gtk_box_append(GTK_BOX(top), table.canvas);
    gtk_widget_set_vexpand(system, TRUE);
    gtk_button_set_child(GTK_BUTTON(looked), window_label(p, T_LOOKED, NULL));
    gtk_widget_add_css_class(looked, "command");
    g_signal_connect(looked, "toggled", G_CALLBACK(on_looked), p);
    geometry_add(p, "looked", looked);
    gtk_widget_add_css_class(side, "row");
    gtk_box_append(GTK_BOX(side), system);
    gtk_box_append(GTK_BOX(side), looked);
    gtk_box_append(GTK_BOX(top), side);
    gtk_box_append(GTK_BOX(page), top);
    gtk_box_append(GTK_BOX(page), p->io);
    return page;
}
