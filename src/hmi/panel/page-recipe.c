/* page-recipe.c: the parameters of the loaded recipe, close together and small: a test of how sharp text arrives. */
#include "panel.h"

#include <stdio.h>

struct parameter {
    enum text_id name; /* with no unit: a group */
    const char *unit;
    double set, min, max;
    int decimals;
    int channel; /* whose value is the actual one; -1: close to the set one */
};

static const struct parameter parameters[] = {
    {.name = T_GROUP_FILLING},
    {T_P_VOLUME, "ml", 500, 330, 1000, 1, -1},
    {T_P_SPEED, "1/min", 120, 30, 150, 0, SIM_SPEED},
    {T_P_PREFILL, "ms", 180, 50, 400, 0, -1},
    {T_P_COARSE, "ml/s", 310, 100, 420, 0, -1},
    {T_P_FINE, "ml/s", 85, 20, 120, 0, -1},
    {T_P_SETTLE, "ms", 140, 0, 500, 0, -1},
    {T_P_LIFT, "mm", 42.5, 10, 60, 1, -1},
    {.name = T_GROUP_CAPPING},
    {T_P_TORQUE, "Nm", 1.85, 0.8, 2.6, 2, -1},
    {T_P_TORQUE_LIMIT, "Nm", 2.3, 1, 3, 2, -1},
    {T_P_HEAD_SPEED, "1/min", 415, 100, 600, 0, -1},
    {T_P_CAP_FEED, "1/min", 132, 40, 170, 0, -1},
    {.name = T_GROUP_PRODUCT},
    {T_P_PRESSURE, "bar", 2.1, 1.6, 2.6, 2, SIM_PRESSURE},
    {T_P_TEMPERATURE, "°C", 6.5, 2, 9, 1, SIM_TEMPERATURE},
    {T_P_LEVEL, "%", 65, 30, 90, 1, SIM_LEVEL},
    {T_P_CO2, "g/l", 0.35, 0, 1.2, 2, -1},
    {.name = T_GROUP_CONVEYOR},
    {T_P_PITCH, "mm", 96, 80, 140, 1, -1},
    {T_P_RAMP, "1/min·s", 35, 5, 60, 0, -1},
    {T_P_BACK, "N", 4.2, 0, 12, 1, -1},
    {T_P_REJECT, "ms", 265, 0, 900, 0, -1},
    {T_P_GAP, "mm", 12, 4, 40, 0, -1},
};

static const struct table_column parameter_columns[] = {
    {T_PARAMETER, 36, 0}, {T_SET, 13, 1}, {T_ACTUAL, 13, 1}, {T_UNIT, 14, 0}, {T_MIN, 11, 1}, {T_MAX, 11, 1},
};

static int parameter_rows(void *user) {
    return G_N_ELEMENTS(parameters);
}

/* Two per mille off, the same for ever: what is measured is never quite what is set. */
static double actual(const struct panel *p, const struct parameter *q, int row) {
    if (q->channel >= 0)
        return p->sim.value[q->channel];
    return q->set * (1 + ((row * 37) % 9 - 4) / 2000.0);
}

static void parameter_cell(void *user, int row, int column, struct table_cell *cell) {
    const struct parameter *q = &parameters[row];

    if (!q->unit) {
        cell->group = true;
        snprintf(cell->text, sizeof cell->text, "%s", text(q->name));
    } else if (column == 0) {
        snprintf(cell->text, sizeof cell->text, "%s", text(q->name));
    } else if (column == 3) {
        cell->color = &color_faint;
        snprintf(cell->text, sizeof cell->text, "%s", q->unit);
    } else {
        double value = column == 1 ? q->set : column == 2 ? actual(user, q, row) : column == 4 ? q->min : q->max;

        cell->bold = column == 1;
        cell->color = column == 1 ? &color_ink : column == 2 ? &color_value : &color_faint;
        format_value(cell->text, sizeof cell->text, value, q->decimals);
    }
}

static const struct table_column valve_columns[] = {
    {T_VALVE, 14, 0}, {T_VOLUME, 18, 1}, {T_FILL_TIME, 21, 1}, {T_OFFSET, 25, 1}, {T_CYCLES, 24, 1},
};

static int valve_rows(void *user) {
    return SIM_VALVES;
}

static void valve_cell(void *user, int row, int column, struct table_cell *cell) {
    static const int offsets[SIM_VALVES] = {0, -4, 2, 11, -1, 3};
    const struct sim *sim = &((struct panel *)user)->sim;

    if (column == 0) {
        snprintf(cell->text, sizeof cell->text, "V%d", row + 1);
    } else if (column == 1) {
        cell->color = sim->volume[row] < 499 ? &color_high : &color_value;
        cell->bold = true;
        format_value(cell->text, sizeof cell->text, sim->volume[row], 1);
    } else if (column == 2) {
        cell->color = &color_value;
        format_value(cell->text, sizeof cell->text, 1.86 + (sim->volume[row] - 500) / 85 + offsets[row] / 1000.0, 3);
    } else if (column == 3) {
        snprintf(cell->text, sizeof cell->text, "%+d", offsets[row]);
    } else {
        snprintf(cell->text, sizeof cell->text, "%u",
                 1204377 + (sim->good + sim->rejected) / SIM_VALVES - (unsigned)row * 3);
    }
}

static const struct table_column list_columns[] = {{T_RECIPES, 70, 0}, {T_STATE, 30, 1}};

static int loaded; /* row of the list */

static int list_rows(void *user) {
    return 5;
}

static void list_cell(void *user, int row, int column, struct table_cell *cell) {
    static const char *const numbers[] = {"014", "015", "021", "032", "040"};

    cell->bold = row == loaded;
    if (column == 0)
        snprintf(cell->text, sizeof cell->text, "%s   %s", numbers[row], text((enum text_id)(T_APPLE + row)));
    else if (row == loaded)
        snprintf(cell->text, sizeof cell->text, "%s", text(T_LOADED));
}

void recipe_load(struct panel *p) {
    if (p->list_table->selected >= 0)
        loaded = p->list_table->selected;
    gtk_widget_queue_draw(p->list_table->canvas);
    geometry_event(p, "recipe loaded");
}

static void on_load(GtkButton *button, struct panel *p) {
    pin_show(p);
}

static void on_hide(GtkToggleButton *button, struct panel *p) {
    bool hide = gtk_toggle_button_get_active(button);

    hidden_set(p, p->recipe, hide);
    hidden_set(p, p->valve_table->canvas, hide);
}

static GtkWidget *commands(struct panel *p) {
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0), *load, *inner, *hide;

    gtk_widget_add_css_class(row, "row");
    load = window_button(window_label(p, T_LOAD_RECIPE, NULL), "command", G_CALLBACK(on_load), p);
    inner = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    gtk_widget_add_css_class(inner, "icon-text");
    gtk_box_append(GTK_BOX(inner), icon_new(ICON_EYE_OFF, 20));
    gtk_box_append(GTK_BOX(inner), window_label(p, T_HIDE, NULL));
    hide = gtk_toggle_button_new();
    gtk_button_set_child(GTK_BUTTON(hide), inner);
    gtk_widget_add_css_class(hide, "command");
    gtk_widget_add_css_class(hide, "hide");
    g_signal_connect(hide, "toggled", G_CALLBACK(on_hide), p);
    gtk_widget_set_hexpand(hide, TRUE);
    geometry_add(p, "load-recipe", load);
    geometry_add(p, "hide-recipe", hide);
    gtk_box_append(GTK_BOX(row), load);
    gtk_box_append(GTK_BOX(row), hide);
    return row;
}

GtkWidget *recipe_create(struct panel *p) {
    static struct table parameter_table = {
        .columns = parameter_columns,
        .n_columns = G_N_ELEMENTS(parameter_columns),
        .row_height = 20.8,
        .text_size = 12,
        .rows = parameter_rows,
        .cell = parameter_cell,
    };
    static struct table valves = {
        .columns = valve_columns,
        .n_columns = G_N_ELEMENTS(valve_columns),
        .row_height = 25,
        .text_size = 12.5,
        .rows = valve_rows,
        .cell = valve_cell,
        .title = T_VALVES,
    };
    static struct table list = {
        .columns = list_columns,
        .n_columns = G_N_ELEMENTS(list_columns),
        .row_height = 27,
        .text_size = 12.5,
        .rows = list_rows,
        .cell = list_cell,
        .selectable = true,
    };
    GtkWidget *page = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0), *side = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

    parameter_table.user = valves.user = list.user = p;
    p->recipe_table = &parameter_table;
    p->valve_table = &valves;
    p->list_table = &list;
    gtk_widget_add_css_class(page, "page");
    gtk_widget_add_css_class(side, "column");
    gtk_box_append(GTK_BOX(page), table_create(&parameter_table, 600, 400));
    gtk_widget_set_hexpand(parameter_table.canvas, TRUE);
    gtk_widget_set_vexpand(parameter_table.canvas, TRUE);
    gtk_box_append(GTK_BOX(side), table_create(&list, 430, 180));
    gtk_box_append(GTK_BOX(side), commands(p));
    gtk_box_append(GTK_BOX(side), table_create(&valves, 430, 220));
    gtk_widget_set_vexpand(valves.canvas, TRUE);
    gtk_box_append(GTK_BOX(page), side);
    p->recipe = parameter_table.canvas;
    hidden_add(p, p->recipe);
    hidden_add(p, valves.canvas);
    hidden_set(p, p->recipe, false);
    hidden_set(p, valves.canvas, false);
    return page;
}
