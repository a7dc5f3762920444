/* indicator.c: the sign that somebody sees this screen, with the button that ends it.
 *
 * Its place is the right end of the row of tabs, which nothing else uses, and the header above it, where facts.c says
 * what is on: it can't be missed (together with the frame around the whole panel) and covers nothing. The same place
 * shows for some seconds why a session or a request ended. What is reported to Oriel is what is drawn: in this window,
 * mapped, not minimized.
 */
#include "panel.h"

#include <stdio.h>
#include <string.h>

#define NOTICE_MS 8000
#define CHECK_MS 500

struct indicator {
    GtkWidget *stack, *nothing, *bar, *notice; /* the stack shows one of the three */
    GtkWidget *mark, *detail, *stop, *message, *take[PROMPT_SCOPES];
    bool active, drawn;
    enum indicator_mode mode;
    unsigned seconds;
    gint64 end, lost; /* monotonic, us; `lost`: since when there is no connection */
    guint check, fade;
};

static void on_stop(GtkButton *button, struct panel *p) {
    support_stop(p);
}

static bool really_visible(struct panel *p) {
    struct indicator *i = p->indicator;

    return i->active && i->drawn && gtk_widget_get_mapped(i->bar) && facts_seen(p) && window_is_visible(p);
}

static void report(struct panel *p) {
    support_set_indicator(p, really_visible(p));
}

static void on_take(GtkButton *button, struct panel *p) {
    for (int i = 1; i < PROMPT_SCOPES; i++)
        if (GTK_WIDGET(button) == p->indicator->take[i])
            support_remove(p, i);
}

/* The screen goes by Stop; what else they may goes by a tap of its own. A microphone is the button beside it, which
 * mutes. */
static GtkWidget *create_take(struct panel *p, int i) {
    const struct prompt_scope *scope = prompt_scope(i);
    GtkWidget *inner = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0), *button;
    char name[32];

    gtk_box_append(GTK_BOX(inner), icon_new(scope->icon == ICON_MICROPHONE ? ICON_HEADSET : scope->icon, 22));
    gtk_box_append(GTK_BOX(inner), gtk_label_new("✕"));
    gtk_widget_add_css_class(inner, "icon-text");
    button = window_button(inner, "take", G_CALLBACK(on_take), p);
    snprintf(name, sizeof name, "remove-%s", scope->name);
    geometry_add(p, name, button);
    gtk_widget_set_visible(button, FALSE);
    return p->indicator->take[i] = button;
}

/* For a screen reader, which gets nothing of a button whose words are in a box. */
static void name_buttons(struct panel *p) {
    char words[160];

    gtk_accessible_update_property(GTK_ACCESSIBLE(p->indicator->stop), GTK_ACCESSIBLE_PROPERTY_LABEL, text(T_STOP), -1);
    for (int i = 1; i < PROMPT_SCOPES; i++) {
        text_with(words, sizeof words, T_TAKE_AWAY, text(prompt_scope(i)->text));
        gtk_widget_set_tooltip_text(p->indicator->take[i], words);
        gtk_accessible_update_property(GTK_ACCESSIBLE(p->indicator->take[i]), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
    }
}

void indicator_scopes(struct panel *p, const char *const *scopes, size_t n) {
    name_buttons(p);
    for (int i = 1; i < PROMPT_SCOPES; i++) {
        bool has = false;

        for (size_t j = 0; j < n; j++)
            has = has || !strcmp(scopes[j], prompt_scope(i)->name);
        gtk_widget_set_visible(p->indicator->take[i], has);
    }
}

static void draw_mark(GtkWidget *canvas, GtkSnapshot *s, double width, double height, gpointer user) {
    struct panel *p = user;
    cairo_t *cr = canvas_cairo(s, 0, 0, width, height);

    p->indicator->drawn = p->indicator->active;
    cairo_arc(cr, width / 2, height / 2, 6, 0, 2 * G_PI);
    canvas_set_color(cr, &color_white);
    if (p->indicator->mode == INDICATOR_LIVE) {
        cairo_fill(cr);
    } else {
        cairo_set_line_width(cr, 2);
        cairo_stroke(cr);
    }
    cairo_destroy(cr);
}

static GtkWidget *line(const char *css) {
    GtkWidget *label = gtk_label_new("");

    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
    gtk_widget_add_css_class(label, css);
    return label;
}

static GtkWidget *create_bar(struct panel *p) {
    struct indicator *i = p->indicator;
    GtkWidget *bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0), *inner = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);

    gtk_widget_add_css_class(bar, "indicator");
    gtk_widget_add_css_class(inner, "icon-text");
    i->mark = canvas_new(16, 16, draw_mark, p);
    gtk_widget_set_valign(i->mark, GTK_ALIGN_CENTER);
    i->detail = line("detail");
    gtk_widget_set_hexpand(i->detail, TRUE);
    gtk_box_append(GTK_BOX(inner), icon_new(ICON_STOP, 16));
    gtk_box_append(GTK_BOX(inner), window_label(p, T_STOP, NULL));
    gtk_widget_set_halign(inner, GTK_ALIGN_CENTER);
    i->stop = window_button(inner, "stop", G_CALLBACK(on_stop), p);
    gtk_box_append(GTK_BOX(bar), i->mark);
    gtk_box_append(GTK_BOX(bar), icon_new(ICON_EYE, 26));
    gtk_box_append(GTK_BOX(bar), i->detail);
    gtk_box_append(GTK_BOX(bar), voice_new(p));
    for (int scope = 1; scope < PROMPT_SCOPES; scope++)
        gtk_box_append(GTK_BOX(bar), create_take(p, scope));
    gtk_box_append(GTK_BOX(bar), chat_button_new(p));
    gtk_box_append(GTK_BOX(bar), i->stop);
    return bar;
}

GtkWidget *indicator_create(struct panel *p) {
    struct indicator *i = p->indicator = g_new0(struct indicator, 1);

    i->stack = gtk_stack_new();
    i->nothing = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    i->bar = create_bar(p);
    i->notice = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    gtk_widget_add_css_class(i->notice, "notice");
    i->message = line("message");
    gtk_widget_set_hexpand(i->message, TRUE);
    gtk_box_append(GTK_BOX(i->notice), icon_new(ICON_EYE_OFF, 24));
    gtk_box_append(GTK_BOX(i->notice), i->message);
    gtk_stack_add_child(GTK_STACK(i->stack), i->nothing);
    gtk_stack_add_child(GTK_STACK(i->stack), i->bar);
    gtk_stack_add_child(GTK_STACK(i->stack), i->notice);
    geometry_add(p, "indicator", i->bar);
    geometry_add(p, "stop", i->stop);
    geometry_add(p, "notice", i->notice);
    return i->stack;
}

static void show_detail(struct panel *p) {
    struct indicator *i = p->indicator;
    gint64 left = MAX(0, (i->end - g_get_monotonic_time() + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
    char time[32], words[64];

    if (p->options.still) {
        snprintf(time, sizeof time, "%u", (i->seconds + 59) / 60);
        text_with(words, sizeof words, T_MINUTES_GRANTED, time);
    } else {
        snprintf(time, sizeof time, "%d:%02d", (int)(left / 60), (int)(left % 60));
        text_with(words, sizeof words, T_TIME_LEFT, time);
    }
    if (gtk_widget_get_sensitive(i->stop)) /* else it says that it is stopping */
        gtk_label_set_text(GTK_LABEL(i->detail), words);
    if (i->mode == INDICATOR_LOST)
        facts_lost(p, p->options.still ? 0 : (unsigned)((g_get_monotonic_time() - i->lost) / G_USEC_PER_SEC));
}

static gboolean on_check(gpointer user) {
    struct panel *p = user;

    if (!p->options.still)
        show_detail(p);
    report(p);
    return G_SOURCE_CONTINUE;
}

static void show(struct indicator *i, GtkWidget *child) {
    if (i->fade)
        g_source_remove(i->fade);
    i->fade = 0;
    gtk_stack_set_visible_child(GTK_STACK(i->stack), child);
}

void indicator_show(struct panel *p, const char *agent, const char *company, unsigned seconds, unsigned left,
                    enum indicator_mode mode) {
    struct indicator *i = p->indicator;

    if (!i->active)
        gtk_widget_set_sensitive(i->stop, TRUE);
    if (!i->active)
        i->drawn = false; /* what changes in it later does not hide it */
    i->active = true;
    if (mode != i->mode)
        i->lost = g_get_monotonic_time();
    i->mode = mode;
    i->seconds = seconds;
    i->end = g_get_monotonic_time() + (gint64)left * G_USEC_PER_SEC;
    facts_show(p, agent, company, mode);
    show_detail(p);
    show(i, i->bar);
    gtk_widget_queue_draw(i->mark);
    window_set_watched(p, true);
    if (!i->check)
        i->check = g_timeout_add(CHECK_MS, on_check, p);
}

static gboolean on_fade(gpointer user) {
    struct panel *p = user;

    p->indicator->fade = 0;
    show(p->indicator, p->indicator->nothing);
    return G_SOURCE_REMOVE;
}

void indicator_notice(struct panel *p, const char *message) {
    struct indicator *i = p->indicator;

    if (i->active && support_in_session(p))
        return; /* a request that was withdrawn while a session lives must not hide the sign of that */
    i->active = i->drawn = false;
    if (i->check)
        g_source_remove(i->check);
    i->check = 0;
    window_set_watched(p, false);
    facts_hide(p);
    gtk_label_set_text(GTK_LABEL(i->message), message);
    show(i, i->notice);
    i->fade = g_timeout_add(NOTICE_MS, on_fade, p);
    report(p);
}

void indicator_stopping(struct panel *p) {
    gtk_widget_set_sensitive(p->indicator->stop, FALSE);
    gtk_label_set_text(GTK_LABEL(p->indicator->detail), text(T_STOPPING));
}

void indicator_translate(struct panel *p) {
    voice_translate(p);
    facts_translate(p);
    name_buttons(p);
    if (p->indicator->active)
        show_detail(p);
}

void indicator_painted(struct panel *p) {
    if (p->indicator->active)
        report(p);
}
