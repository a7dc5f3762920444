/* voice.c: while the person can be heard: a button in the indicator, and two meters among the facts.
 *
 * The button mutes by a tap and unmutes by another; held down while muted it is push-to-talk: open as long as it is
 * held. One meter is the person, the other what comes from the agent. What does not work facts.c says in words.
 */
#include "panel.h"

#include "oriel.h"

enum { HELD_MS = 400 };

struct voice {
    GtkWidget *box, *button, *face, *words;
    struct {
        GtkWidget *label, *bar;
    } meters[2]; /* the person's, the agent's */
    char *agent;
    struct oriel_voice state;
    gint64 pressed; /* us; 0: the button is up */
    bool was_muted; /* when it was pressed */
};

static void on_pressed(GtkGestureClick *gesture, int count, double x, double y, struct panel *p) {
    struct voice *v = p->voice;

    v->pressed = g_get_monotonic_time();
    v->was_muted = v->state.muted;
    if (v->was_muted)
        support_mute(p, false);
}

static void on_released(struct panel *p) {
    struct voice *v = p->voice;
    bool held = v->pressed && g_get_monotonic_time() - v->pressed > HELD_MS * 1000;

    if (v->pressed && (!v->was_muted || held))
        support_mute(p, true);
    v->pressed = 0;
}

static void on_up(GtkGestureClick *gesture, int count, double x, double y, struct panel *p) {
    on_released(p);
}

/* The finger slid off, or the window took the touch: what was open by it must not stay open. */
static void on_cancel(GtkGesture *gesture, GdkEventSequence *sequence, struct panel *p) {
    on_released(p);
}

static void draw_face(GtkWidget *canvas, GtkSnapshot *s, double width, double height, gpointer user) {
    struct panel *p = user;
    cairo_t *cr = canvas_cairo(s, 0, 0, width, height);
    bool off = p->voice->state.muted || !p->voice->state.microphone;

    canvas_set_color(cr, &color_white);
    cairo_scale(cr, width / 24, height / 24);
    cairo_set_line_width(cr, 2.2);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    canvas_rounded(cr, 8.5, 2, 7, 12, 3.5);
    off ? cairo_stroke(cr) : cairo_fill(cr);
    cairo_arc(cr, 12, 11, 7, 0, G_PI);
    cairo_move_to(cr, 12, 18);
    cairo_line_to(cr, 12, 22);
    cairo_stroke(cr);
    if (off) {
        cairo_move_to(cr, 3.5, 21.5);
        cairo_line_to(cr, 20.5, 2.5);
        cairo_stroke(cr);
    }
    cairo_destroy(cr);
}

static unsigned meter_level(const struct oriel_voice *state, bool theirs) {
    if (theirs)
        return state->speaker ? MIN(state->hearing, 100U) : 0;
    return state->microphone && !state->muted ? MIN(state->talking, 100U) : 0;
}

static void draw_meter(GtkWidget *canvas, GtkSnapshot *s, double width, double height, gpointer user) {
    const struct voice *v = ((struct panel *)user)->voice;
    const GdkRGBA back = {1, 1, 1, 0.22F}, front = {1, 1, 1, 0.95F};

    unsigned level = meter_level(&v->state, canvas == v->meters[1].bar);

    canvas_rect(s, 0, height / 2 - 3, width, 6, &back);
    if (level)
        canvas_rect(s, 0, height / 2 - 3, width * level / 100, 6, &front);
}

GtkWidget *voice_meters_new(struct panel *p) {
    struct voice *v = p->voice = g_new0(struct voice, 1);
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);

    gtk_widget_add_css_class(row, "meters");
    v->meters[0].label = window_label(p, T_METER_YOURS, NULL);
    v->meters[1].label = gtk_label_new("");
    gtk_label_set_ellipsize(GTK_LABEL(v->meters[1].label), PANGO_ELLIPSIZE_END);
    gtk_label_set_max_width_chars(GTK_LABEL(v->meters[1].label), 10);
    gtk_label_set_width_chars(GTK_LABEL(v->meters[1].label), 4);
    for (int i = 0; i < 2; i++) {
        v->meters[i].bar = canvas_new(54, 16, draw_meter, p);
        g_object_set(v->meters[i].bar, "accessible-role", GTK_ACCESSIBLE_ROLE_METER, NULL);
        gtk_widget_set_valign(v->meters[i].bar, GTK_ALIGN_CENTER);
        gtk_box_append(GTK_BOX(row), v->meters[i].label);
        gtk_box_append(GTK_BOX(row), v->meters[i].bar);
    }
    return row;
}

GtkWidget *voice_new(struct panel *p) {
    struct voice *v = p->voice;
    GtkWidget *inner = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    GtkGesture *press = gtk_gesture_click_new();

    v->box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
    gtk_widget_add_css_class(v->box, "voice");
    gtk_widget_add_css_class(inner, "icon-text");
    v->face = canvas_new(22, 22, draw_face, p);
    gtk_widget_set_valign(v->face, GTK_ALIGN_CENTER);
    v->words = gtk_label_new("");
    gtk_box_append(GTK_BOX(inner), v->face);
    gtk_box_append(GTK_BOX(inner), v->words);
    v->button = window_button(inner, "mute", NULL, p);
    /* Before the button's own gesture, which would keep the release for itself. */
    gtk_event_controller_set_propagation_phase(GTK_EVENT_CONTROLLER(press), GTK_PHASE_CAPTURE);
    g_signal_connect(press, "pressed", G_CALLBACK(on_pressed), p);
    g_signal_connect(press, "released", G_CALLBACK(on_up), p);
    g_signal_connect(press, "cancel", G_CALLBACK(on_cancel), p);
    gtk_widget_add_controller(v->button, GTK_EVENT_CONTROLLER(press));
    gtk_box_append(GTK_BOX(v->box), v->button);
    gtk_widget_set_visible(v->box, FALSE);
    geometry_add(p, "mute", v->button);
    voice_translate(p);
    return v->box;
}

void voice_name(struct panel *p, const char *agent) {
    g_free(p->voice->agent);
    p->voice->agent = g_strdup(agent);
    gtk_label_set_text(GTK_LABEL(p->voice->meters[1].label), agent);
    voice_translate(p);
}

void voice_translate(struct panel *p) {
    const struct oriel_voice *state = &p->voice->state;
    const char *act = text(!state->microphone ? T_NO_MICROPHONE : state->muted ? T_UNMUTE : T_MUTE);
    char words[400];

    for (int i = 0; i < 2; i++) {
        text_with(words, sizeof words, T_LOUDNESS, i ? p->voice->agent ? p->voice->agent : "" : text(T_METER_YOURS));
        gtk_accessible_update_property(GTK_ACCESSIBLE(p->voice->meters[i].bar), GTK_ACCESSIBLE_PROPERTY_LABEL, words,
                                       -1);
    }
    gtk_label_set_text(GTK_LABEL(p->voice->words), act);
    gtk_accessible_update_property(GTK_ACCESSIBLE(p->voice->button), GTK_ACCESSIBLE_PROPERTY_LABEL, act, -1);
}

void voice_show(struct panel *p, const struct oriel_voice *state) {
    struct voice *v = p->voice;
    const struct oriel_voice before = v->state;

    v->state = state ? *state : (struct oriel_voice){.on = false};
    v->state.why = NULL; /* the library's */
    gtk_widget_set_visible(v->box, v->state.on);
    gtk_widget_set_sensitive(v->button, v->state.microphone);
    facts_voice(p, state ? state : &v->state);
    for (int i = 0; i < 2; i++)
        if (meter_level(&before, i) != meter_level(&v->state, i))
            gtk_widget_queue_draw(v->meters[i].bar);
    if (before.microphone == v->state.microphone && before.muted == v->state.muted)
        return; /* only the loudness */
    voice_translate(p);
    gtk_widget_queue_draw(v->face);
}
