/* header.c: the header (machine, state, support, clock, languages), the row of tabs, and the footer with the newest
 * alarm that nobody has acknowledged. */
#include "panel.h"

#include <stdio.h>

static void draw_clock(GtkWidget *canvas, GtkSnapshot *s, double width, double height, gpointer user) {
    struct panel *p = user;
    char time[16], line[96];

    canvas_text(canvas, s, width, 26, window_time(p, sim_time(&p->sim), time),
                &(struct canvas_text){.size = 20, .color = &color_white, .bold = true, .align = 1});
    snprintf(line, sizeof line, "%s · M. Keller", text(T_SHIFT));
    canvas_text(canvas, s, width, 46, line, &(struct canvas_text){.size = 12.5, .color = &color_line, .align = 1});
}

static void draw_state(GtkWidget *canvas, GtkSnapshot *s, double width, double height, gpointer user) {
    enum sim_state state = ((struct panel *)user)->sim.state;
    cairo_t *cr = canvas_cairo(s, 0, 0, width, height);
    double y = height / 2;

    canvas_rounded(cr, 0.5, y - 15.5, width - 1, 31, 4);
    if (state == SIM_HELD) {
        canvas_set_color(cr, &color_high);
        cairo_fill(cr);
    } else {
        canvas_set_color(cr, &color_steel);
        cairo_set_line_width(cr, 1);
        cairo_stroke(cr);
    }
    /* Shapes as on the machine's buttons: a triangle runs, a square stands. */
    canvas_set_color(cr, &color_white);
    if (state == SIM_RUNNING) {
        cairo_move_to(cr, 13, y - 6);
        cairo_line_to(cr, 24, y);
        cairo_line_to(cr, 13, y + 6);
    } else {
        cairo_rectangle(cr, 13, y - 5.5, 11, 11);
    }
    cairo_fill(cr);
    cairo_destroy(cr);
    canvas_text(canvas, s, 33, y + 5.2, text((enum text_id)(T_RUNNING + (int)state)),
                &(struct canvas_text){.size = 14, .color = &color_white, .bold = true, .width = width - 40});
}

static void on_call(GtkButton *button, struct panel *p) {
    call_show(p);
}

static void on_take_back(GtkButton *button, struct panel *p) {
    support_take_back(p);
}

static void on_language(GtkToggleButton *button, struct panel *p) {
    for (int i = 0; i < TEXT_LANGUAGES; i++) {
        if (GTK_WIDGET(button) != p->languages[i] || !gtk_toggle_button_get_active(button))
            continue;
        text_set_language((enum text_language)i);
        for (guint n = 0; n < p->labels->len; n++) {
            GtkWidget *label = g_ptr_array_index(p->labels, n);

            gtk_label_set_text(GTK_LABEL(label),
                               text((enum text_id)GPOINTER_TO_INT(g_object_get_data(G_OBJECT(label), "text"))));
        }
        prompt_translate(p);
        indicator_translate(p);
        call_translate(p);
        gtk_widget_queue_draw(p->window);
        for (int t = 0; t < PAGES; t++)
            gtk_widget_queue_draw(p->pages[t]);
        header_update(p);
    }
}

static GtkWidget *languages(struct panel *p) {
    static const char *const names[TEXT_LANGUAGES] = {"EN", "DE", "FR", "ES", "中文"};
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);

    gtk_widget_add_css_class(box, "languages");
    gtk_widget_set_valign(box, GTK_ALIGN_CENTER);
    for (int i = 0; i < TEXT_LANGUAGES; i++) {
        p->languages[i] = gtk_toggle_button_new_with_label(names[i]);
        if (i)
            gtk_toggle_button_set_group(GTK_TOGGLE_BUTTON(p->languages[i]), GTK_TOGGLE_BUTTON(p->languages[0]));
        g_signal_connect(p->languages[i], "toggled", G_CALLBACK(on_language), p);
        gtk_box_append(GTK_BOX(box), p->languages[i]);
    }
    return box;
}

/* One of three: the button, the note that there is nobody to call, the note that support has been called. */
static GtkWidget *support_entry(struct panel *p) {
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0), *inner = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0),
              *back;

    gtk_widget_add_css_class(inner, "icon-text");
    gtk_box_append(GTK_BOX(inner), icon_new(ICON_PHONE, 18));
    gtk_box_append(GTK_BOX(inner), window_label(p, T_CALL_SUPPORT, NULL));
    p->call_button = window_button(inner, "call", G_CALLBACK(on_call), p);
    p->no_support = window_label(p, T_NO_SUPPORT, "no-support");
    p->no_record = window_label(p, T_NO_RECORD, "no-support");
    geometry_add(p, "no-record", p->no_record);
    p->called = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    gtk_widget_add_css_class(p->called, "called");
    gtk_box_append(GTK_BOX(p->called), icon_new(ICON_PHONE, 18));
    gtk_box_append(GTK_BOX(p->called), window_label(p, T_CALLED, NULL));
    back = window_button(window_label(p, T_TAKE_BACK, NULL), "take-back", G_CALLBACK(on_take_back), p);
    gtk_box_append(GTK_BOX(p->called), back);
    geometry_add(p, "call", p->call_button);
    geometry_add(p, "take-back", back);
    gtk_box_append(GTK_BOX(box), p->call_button);
    gtk_box_append(GTK_BOX(box), p->no_support);
    gtk_box_append(GTK_BOX(box), p->no_record);
    gtk_box_append(GTK_BOX(box), p->called);
    gtk_widget_set_valign(box, GTK_ALIGN_CENTER);
    return box;
}

GtkWidget *header_create(struct panel *p) {
    GtkWidget *header = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0), *names = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0),
              *space = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);

    gtk_widget_add_css_class(header, "header");
    gtk_widget_set_valign(names, GTK_ALIGN_CENTER);
    gtk_box_append(GTK_BOX(names), window_label(p, T_MACHINE, "machine"));
    gtk_box_append(GTK_BOX(names), window_label(p, T_PLACE, "place"));
    p->state = canvas_new(150, 58, draw_state, p);
    p->clock = canvas_new(166, 58, draw_clock, p);
    gtk_widget_set_hexpand(space, TRUE);
    gtk_box_append(GTK_BOX(header), names);
    gtk_box_append(GTK_BOX(header), p->state);
    gtk_box_append(GTK_BOX(space), facts_new(p)); /* in a session */
    gtk_box_append(GTK_BOX(header), space);
    gtk_box_append(GTK_BOX(header), support_entry(p));
    gtk_box_append(GTK_BOX(header), p->clock);
    gtk_box_append(GTK_BOX(header), languages(p));
    return header;
}

static void on_tab(GtkToggleButton *button, struct panel *p) {
    for (int i = 0; i < PAGES; i++)
        if (GTK_WIDGET(button) == p->tabs[i] && gtk_toggle_button_get_active(button))
            gtk_stack_set_visible_child(GTK_STACK(p->stack), p->pages[i]);
}

GtkWidget *tabs_create(struct panel *p) {
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0), *indicator;

    gtk_widget_add_css_class(row, "tabs");
    for (int i = 0; i < PAGES; i++) {
        char name[32];

        p->tabs[i] = gtk_toggle_button_new();
        gtk_button_set_child(GTK_BUTTON(p->tabs[i]), window_label(p, (enum text_id)(T_OVERVIEW + i), NULL));
        if (i)
            gtk_toggle_button_set_group(GTK_TOGGLE_BUTTON(p->tabs[i]), GTK_TOGGLE_BUTTON(p->tabs[0]));
        g_signal_connect(p->tabs[i], "toggled", G_CALLBACK(on_tab), p);
        snprintf(name, sizeof name, "tab-%s", page_names[i]);
        geometry_add(p, name, p->tabs[i]);
        gtk_box_append(GTK_BOX(row), p->tabs[i]);
    }
    indicator = indicator_create(p);
    gtk_widget_set_hexpand(indicator, TRUE);
    gtk_box_append(GTK_BOX(row), indicator);
    return row;
}

static const struct sim_alarm *newest_open(const struct sim *sim) {
    for (int i = 0; i < sim->n_alarms; i++)
        if (sim->alarms[i].cleared == 0 && !sim->alarms[i].acknowledged)
            return &sim->alarms[i];
    return NULL;
}

static void draw_footer(GtkWidget *canvas, GtkSnapshot *s, double width, double height, gpointer user) {
    struct panel *p = user;
    const struct sim_alarm *a = newest_open(&p->sim);
    char right[160], line[160], time[16];

    snprintf(right, sizeof right, "%s   |   PLC ● OK   |   V 4.2.1", text(T_RECIPE_IS));
    canvas_text(canvas, s, width - 14, height / 2 + 4.5, right,
                &(struct canvas_text){.size = 12.5, .color = &color_line, .align = 1});
    if (!a) {
        canvas_text(canvas, s, 14, height / 2 + 4.5, text(T_NO_ALARM),
                    &(struct canvas_text){.size = 12.5, .color = &color_line});
        return;
    }
    canvas_rect(s, 0, 0, width * 0.52, height, canvas_priority_color(sim_alarm_priority(a->kind)));
    snprintf(line, sizeof line, "%s   %s   %s", window_time(p, a->raised, time), sim_alarm_tag(a->kind),
             text((enum text_id)(T_ALARM + (int)a->kind)));
    canvas_text(canvas, s, 14, height / 2 + 4.5, line,
                &(struct canvas_text){.size = 13,
                                      .color = sim_alarm_priority(a->kind) == 2 ? &color_ink : &color_white,
                                      .bold = true,
                                      .width = width * 0.52 - 28});
}

GtkWidget *footer_create(struct panel *p) {
    p->footer = canvas_new(600, 30, draw_footer, p);
    gtk_widget_add_css_class(p->footer, "footer");
    return p->footer;
}

void header_update(struct panel *p) {
    bool called = support_called(p), available = support_available(p);

    gtk_widget_set_visible(p->called, called);
    gtk_widget_set_visible(p->call_button, available && !called && !support_in_session(p));
    gtk_widget_set_visible(p->no_support, !available && !called && !support_unrecorded(p) && !support_in_session(p));
    gtk_widget_set_visible(p->no_record, !available && !called && support_unrecorded(p) && !support_in_session(p));
    gtk_widget_set_sensitive(p->start, p->sim.state == SIM_STOPPED);
    gtk_widget_set_sensitive(p->stop, p->sim.state != SIM_STOPPED);
    gtk_widget_queue_draw(p->state);
    gtk_widget_queue_draw(p->footer);
    gtk_widget_queue_draw(p->latest);
    gtk_widget_queue_draw(p->io);
}
