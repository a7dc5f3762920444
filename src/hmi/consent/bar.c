/* bar.c: the corner of the screen that is ours.
 *
 *   nobody is here   "Call support", or that it was called and for how long, with "Take back"
 *   a session        the indicator: who, their face if they show it, which camera they see, whether they hear and talk,
 *                    what they may (each with a tap that takes it away), the time left, Stop, Mute, Text
 *   afterwards       for some seconds why it ended
 *
 * The indicator counts as visible only when it was drawn and nothing lies over it. "Move" takes the corner to the other
 * edge of the screen, when it is in the way of what the person has to see.
 */
#include "../panel/portrait.h"
#include "app.h"

#include <string.h>

enum { LOOK_MS = 250, REST_MS = 2000, NOTICE_MS = 8000 }; /* an indicator is looked after closely, a button not */

enum shown { NOTHING, CALL, CALLED, SESSION, NOTICE };

struct bar {
    enum shown shown;
    GtkWidget *window, *line, *time, *stop;
    GtkWidget *voice, *voice_on, *voice_off, *voice_line, *mute, *mute_words; /* NULL: without that scope */
    struct {
        enum oriel_session_state state;
        char *agent, *company, *camera;
        bool scopes[WORDS_SCOPES];
        gint64 end; /* monotonic, us */
    } session;
    struct oriel_voice sound;
    gint64 talked; /* when they did last; monotonic, us; 0: never */
    char *notice;
    gint64 called_at;
    guint look, fade;
};

static void show(struct app *app, enum shown what);

static void on_call(GtkButton *button, struct app *app) {
    call_open(app);
}

static void on_take_back(GtkButton *button, struct app *app) {
    support_take_back(app);
}

static void on_stop(GtkButton *button, struct app *app) {
    support_stop(app);
    gtk_widget_set_sensitive(app->bar->stop, FALSE);
    gtk_label_set_text(GTK_LABEL(app->bar->line), _("Stopping …"));
}

static void on_text(GtkButton *button, struct app *app) {
    chat_open(app);
}

static void on_mute(GtkButton *button, struct app *app) {
    support_mute(app, !app->bar->sound.muted);
}

static void on_move(GtkButton *button, struct app *app) {
    app->options.bottom = !app->options.bottom;
    show(app, app->bar->shown);
}

static void on_remove(GtkButton *button, struct app *app) {
    support_remove(app, GPOINTER_TO_INT(g_object_get_data(G_OBJECT(button), "scope")));
}

/* ---- what is in it ---- */

static void add_move(struct app *app, GtkWidget *row) {
    GtkWidget *move = part_button(app, "move", -1, "⇕", "quiet", G_CALLBACK(on_move), app);

    part_name(move, _("Move to the other edge"), NULL);
    part_add(row, move);
}

static GtkWidget *call_bar(struct app *app) {
    GtkWidget *row = part_row("corner");

    part_add(row, part_button(app, "call", ICON_PHONE, _("Call support"), "call", G_CALLBACK(on_call), app));
    add_move(app, row);
    return row;
}

static GtkWidget *called_bar(struct app *app) {
    GtkWidget *row = part_row("corner"), *words = part_column(NULL);

    app->bar->time = part_label("", "plain");
    part_add(words, part_label(_("Support is called"), "strong"));
    part_add(words, app->bar->time);
    gtk_widget_set_valign(words, GTK_ALIGN_CENTER);
    part_add(row, icon_new(ICON_PHONE, 26));
    part_add(row, words);
    part_add(row, part_button(app, "take-back", -1, _("Take back"), NULL, G_CALLBACK(on_take_back), app));
    add_move(app, row);
    return row;
}

/* Beside the screen, which goes by Stop, all that they may goes by a tap of its own. */
static GtkWidget *scope_chip(struct app *app, int i) {
    char name[32], words[WORDS_LINE];
    GtkWidget *chip;

    g_snprintf(name, sizeof name, "remove-%s", words_scopes[i].name);
    g_snprintf(words, sizeof words, "%s  ✕", _(words_scopes[i].title));
    chip = part_button(app, name, (int)part_scope_icon(i), words, "chip", G_CALLBACK(on_remove), app);
    g_snprintf(words, sizeof words, _("Take away: %s"), _(words_scopes[i].title));
    part_name(chip, words, NULL);
    g_object_set_data(G_OBJECT(chip), "scope", GINT_TO_POINTER(i));
    return chip;
}

static GtkWidget *chips(struct app *app) {
    GtkWidget *grid = gtk_grid_new(), *row = part_row("head");
    int n = 0;

    gtk_widget_add_css_class(grid, "chips");
    gtk_grid_set_column_homogeneous(GTK_GRID(grid), TRUE);
    for (int i = 1; i < WORDS_SCOPES; i++)
        if (app->bar->session.scopes[i]) {
            gtk_grid_attach(GTK_GRID(grid), scope_chip(app, i), n % 2, n / 2, 1, 1);
            n++;
        }
    gtk_widget_set_halign(row, GTK_ALIGN_END);
    if (app->bar->session.scopes[words_find_scope("voice")]) {
        app->bar->mute = part_button(app, "mute", -1, _("Mute"), NULL, G_CALLBACK(on_mute), app);
        app->bar->mute_words = gtk_widget_get_last_child(gtk_button_get_child(GTK_BUTTON(app->bar->mute)));
        part_add(row, app->bar->mute);
    }
    part_add(row, part_button(app, "text", -1, _("Text"), NULL, G_CALLBACK(on_text), app));
    add_move(app, row);
    gtk_grid_attach(GTK_GRID(grid), row, n % 2, n / 2, n % 2 ? 1 : 2, 1);
    return grid;
}

static GtkWidget *voice_row(struct app *app) {
    struct bar *b = app->bar;

    b->voice = part_row("voice");
    b->voice_line = part_label("", "strong");
    gtk_label_set_wrap(GTK_LABEL(b->voice_line), FALSE);
    gtk_label_set_ellipsize(GTK_LABEL(b->voice_line), PANGO_ELLIPSIZE_END);
    gtk_widget_set_hexpand(b->voice_line, TRUE);
    /* Of the longest that it says: the window keeps its size, and Stop its place. */
    gtk_label_set_width_chars(GTK_LABEL(b->voice_line), 40);
    gtk_label_set_max_width_chars(GTK_LABEL(b->voice_line), 40);
    b->voice_on = icon_new(ICON_MICROPHONE, 20);
    b->voice_off = icon_new(ICON_MICROPHONE_OFF, 20);
    gtk_widget_set_visible(b->voice_off, FALSE);
    part_add(b->voice, b->voice_on);
    part_add(b->voice, b->voice_off);
    part_add(b->voice, b->voice_line);
    return b->voice;
}

static GtkWidget *session_bar(struct app *app) {
    struct bar *b = app->bar;
    GtkWidget *all = part_column("corner"), *top = part_row("head"), *words = part_column(NULL);
    const struct oriel_session now = {
        .state = b->session.state, .agent = b->session.agent, .camera = b->session.camera};
    char line[WORDS_LINE];

    gtk_widget_add_css_class(all, "indicator");
    b->line = part_label(words_session(&now, line), "strong");
    b->time = part_label("", "plain");
    gtk_label_set_max_width_chars(GTK_LABEL(b->line), 28);
    gtk_label_set_max_width_chars(GTK_LABEL(b->time), 28);
    gtk_widget_set_hexpand(words, TRUE);
    gtk_widget_set_valign(words, GTK_ALIGN_CENTER);
    part_add(words, b->line);
    part_add(words, b->time);
    if (words_camera(&now, line)) {
        GtkWidget *camera = part_row("camera");

        GtkWidget *name = part_label(line, "strong");

        gtk_label_set_max_width_chars(GTK_LABEL(name), 38);
        part_add(camera, icon_new(ICON_CAMERA, 20));
        part_add(camera, name);
        part_add(words, camera);
    }
    if (b->session.scopes[words_find_scope("voice")]) /* its place is kept, as of the face */
        part_add(words, voice_row(app));
    part_add(top, icon_new(b->session.state == ORIEL_SESSION_LIVE ? ICON_EYE : ICON_EYE_OFF, 30));
    if (b->session.scopes[words_find_scope("face")]) { /* also before they show it: Stop must not move under a finger */
        GtkWidget *face = portrait_widget(app->portrait, 120, 90);

        geometry_add(app, "face", face);
        part_add(top, face);
    }
    part_add(top, words);
    b->stop = part_button(app, "stop", ICON_STOP, _("Stop"), "stop", G_CALLBACK(on_stop), app);
    part_add(top, b->stop);
    part_add(all, top);
    part_add(all, chips(app));
    return all;
}

static GtkWidget *notice_bar(struct app *app) {
    GtkWidget *row = part_row("corner"), *label = part_label(app->bar->notice, "strong");

    gtk_widget_add_css_class(row, "notice");
    gtk_label_set_max_width_chars(GTK_LABEL(label), 34);
    part_add(row, label);
    return row;
}

/* ---- what changes in it ---- */

static void show_time(struct app *app) {
    struct bar *b = app->bar;
    gint64 now = g_get_monotonic_time();
    char line[WORDS_LINE], left[WORDS_LINE];
    unsigned minutes = (unsigned)((now - b->called_at) / 60 / G_USEC_PER_SEC);

    if (b->shown == SESSION) {
        g_snprintf(line, sizeof line, "%s · %s", b->session.company,
                   words_left((unsigned)(MAX(0, b->session.end - now) / G_USEC_PER_SEC), left));
        gtk_label_set_text(GTK_LABEL(b->time), line);
    } else if (b->shown == CALLED) {
        g_snprintf(line, sizeof line,
                   ngettext("for %u minute; somebody will ask to connect",
                            "for %u minutes; somebody will ask to connect", minutes),
                   minutes);
        gtk_label_set_text(GTK_LABEL(b->time), minutes ? line : _("just now; somebody will ask to connect"));
    }
}

/* Whether they are heard, and hear. Words that did not change are left alone: nothing is drawn for them. */
static void show_voice(struct app *app) {
    struct bar *b = app->bar;
    bool talks = b->talked && g_get_monotonic_time() - b->talked < WORDS_QUIET_MS * 1000;
    char line[WORDS_LINE];
    const char *words = words_voice(&b->sound, talks, line), *act = b->sound.muted ? _("Talk") : _("Mute");

    if (!b->voice)
        return;
    gtk_widget_set_opacity(b->voice, words ? 1 : 0);
    if (strcmp(gtk_label_get_text(GTK_LABEL(b->voice_line)), words ? words : ""))
        gtk_label_set_text(GTK_LABEL(b->voice_line), words ? words : "");
    gtk_widget_set_visible(b->voice_on, b->sound.microphone && !b->sound.muted);
    gtk_widget_set_visible(b->voice_off, !b->sound.microphone || b->sound.muted);
    gtk_widget_set_sensitive(b->mute, b->sound.on && b->sound.microphone);
    if (strcmp(gtk_label_get_text(GTK_LABEL(b->mute_words)), act)) {
        gtk_label_set_text(GTK_LABEL(b->mute_words), act);
        part_name(b->mute, act, NULL);
    }
}

static gboolean on_look(gpointer user) {
    struct app *app = user;
    bool seen = shell_is_seen(app->bar->window);

    support_indicator(app, seen && app->bar->shown == SESSION);
    if (app->bar->window)
        show_time(app);
    show_voice(app);
    geometry_look(app);
    return G_SOURCE_CONTINUE;
}

static void show(struct app *app, enum shown what) {
    static const struct {
        GtkWidget *(*make)(struct app *app);
        const char *title;
    } bars[] = {
        [CALL] = {call_bar, N_("Call support")},
        [CALLED] = {called_bar, N_("Support is called")},
        [SESSION] = {session_bar, N_("Remote support is here")},
        [NOTICE] = {notice_bar, N_("Remote support")},
    };
    struct bar *b = app->bar;
    GtkWidget *before = b->window;

    b->shown = what;
    b->window = b->line = b->time = b->stop = b->voice = b->voice_line = b->mute = b->mute_words = NULL;
    if (what != NOTHING) {
        GtkWidget *content = bars[what].make(app);

        b->window = shell_open(app, _(bars[what].title), content, SHELL_CORNER, false);
        show_time(app);
    }
    shell_close(before); /* after: something of ours is always there */
    if (b->look)
        g_source_remove(b->look);
    b->look = g_timeout_add(what == SESSION || app->options.print_geometry ? LOOK_MS : REST_MS, on_look, app);
    on_look(app);
}

/* What is due when there is neither a session nor a notice. */
static void rest(struct app *app) {
    enum shown what = support_called(app) ? CALLED : support_reached(app) && !app->options.no_call ? CALL : NOTHING;

    if (what == CALLED && app->bar->shown != CALLED)
        app->bar->called_at = g_get_monotonic_time();
    if (what != app->bar->shown)
        show(app, what);
}

void bar_begin(struct app *app) {
    app->bar = g_new0(struct bar, 1);
    show(app, NOTHING);
}

void bar_end(struct app *app) {
    struct bar *b = app->bar;

    g_clear_handle_id(&b->look, g_source_remove);
    if (b->fade)
        g_source_remove(b->fade);
    shell_close(b->window);
    g_free(b->session.agent);
    g_free(b->session.company);
    g_free(b->session.camera);
    g_free(b->notice);
    g_clear_pointer(&app->bar, g_free);
}

GtkWidget *bar_window(struct app *app) {
    return app->bar->window;
}

void bar_update(struct app *app) {
    if (app->bar->shown != SESSION && app->bar->shown != NOTICE)
        rest(app);
}

void bar_session(struct app *app, const struct oriel_session *session, const bool scopes[WORDS_SCOPES]) {
    struct bar *b = app->bar;

    if (b->fade)
        g_source_remove(b->fade);
    b->fade = 0;
    g_free(b->session.agent);
    g_free(b->session.company);
    g_free(b->session.camera);
    b->session.agent = g_strdup(session->agent);
    b->session.company = g_strdup(session->company);
    b->session.camera = g_strdup(session->camera);
    b->session.state = session->state;
    b->session.end = g_get_monotonic_time() + (gint64)session->left * G_USEC_PER_SEC;
    memcpy(b->session.scopes, scopes, sizeof b->session.scopes);
    show(app, SESSION);
}

void bar_voice(struct app *app, const struct oriel_voice *voice) {
    struct bar *b = app->bar;
    bool told = voice->on != b->sound.on || voice->muted != b->sound.muted || voice->microphone != b->sound.microphone;

    b->sound = *voice;
    b->sound.why = NULL; /* the library's */
    if (words_is_loud(voice->hearing))
        b->talked = g_get_monotonic_time();
    show_voice(app);
    if (told) /* not for the loudness */
        geometry_event(app, !voice->on           ? "voice off"
                            : !voice->microphone ? "voice without a microphone"
                            : voice->muted       ? "voice muted"
                                                 : "voice on");
}

static gboolean on_fade(gpointer user) {
    struct app *app = user;

    app->bar->fade = 0;
    app->bar->shown = NOTHING;
    shell_close(app->bar->window);
    app->bar->window = NULL;
    rest(app);
    return G_SOURCE_REMOVE;
}

void bar_notice(struct app *app, const char *words) {
    struct bar *b = app->bar;

    if (b->fade)
        g_source_remove(b->fade);
    g_free(b->notice);
    b->notice = g_strdup(words);
    show(app, NOTICE);
    b->fade = g_timeout_add(NOTICE_MS, on_fade, app);
}
