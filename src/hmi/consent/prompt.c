/* prompt.c: the question whether somebody may see this machine.
 *
 * Who asks stands largest, then why, what and how long. Each scope can be unticked; Deny has the focus, Escape denies;
 * Allow acts when liboriel says so. "Shown" is told once the window is drawn and nothing covers it, and what covers it
 * later takes Allow away until it is gone.
 */
#include "app.h"

#include <string.h>

enum { LOOK_MS = 100, COLUMNS_FROM = 4 }; /* scopes from which on they stand in two columns */

struct prompt {
    GtkWidget *window, *allow, *deny, *silence, *checks[WORDS_SCOPES];
    bool told, live, seen;
    unsigned timeout;
    gint64 since; /* monotonic, us */
    guint look;
};

static size_t ticked(const struct prompt *t, const char *scopes[WORDS_SCOPES]) {
    size_t n = 0;

    for (int i = 0; i < WORDS_SCOPES; i++)
        if (t->checks[i] && gtk_check_button_get_active(GTK_CHECK_BUTTON(t->checks[i])))
            scopes[n++] = words_scopes[i].name;
    return n;
}

/* Without the screen there is nothing to show, where it is asked for. */
static void update_allow(struct prompt *t) {
    const char *scopes[WORDS_SCOPES];
    size_t n = ticked(t, scopes);

    gtk_widget_set_sensitive(t->allow, t->live && t->seen && n > 0 && (!t->checks[0] || !strcmp(scopes[0], "view")));
}

static void on_tick(GtkCheckButton *check, struct prompt *t) {
    update_allow(t);
}

static void on_allow(GtkButton *button, struct app *app) {
    const char *scopes[WORDS_SCOPES];

    support_allow(app, scopes, ticked(app->prompt, scopes));
}

static void on_deny(GtkButton *button, struct app *app) {
    support_deny(app);
}

static gboolean on_key(GtkEventControllerKey *keys, guint key, guint code, GdkModifierType state, struct app *app) {
    if (key != GDK_KEY_Escape)
        return FALSE;
    support_deny(app);
    return TRUE;
}

static GtkWidget *who(const struct oriel_ask *ask) {
    GtkWidget *row = part_row("who"), *names = part_column(NULL), *code = part_column("code"), *digits;
    GtkWidget *agent = part_label(ask->agent, "agent"), *company = part_label(ask->company, "company");
    char shown[16], spoken[32] = "";

    for (int i = 0; i < 2; i++) {
        GtkLabel *label = GTK_LABEL(i ? company : agent);

        gtk_label_set_lines(label, 2);
        gtk_label_set_ellipsize(label, PANGO_ELLIPSIZE_END);
        gtk_label_set_max_width_chars(label, 22);
    }
    gtk_widget_set_hexpand(names, TRUE);
    gtk_widget_set_valign(names, GTK_ALIGN_CENTER);
    gtk_widget_set_valign(code, GTK_ALIGN_CENTER);
    part_add(names, agent);
    part_add(names, company);
    g_snprintf(shown, sizeof shown, "%.3s %s", ask->code, strlen(ask->code) > 3 ? ask->code + 3 : "");
    for (size_t i = 0; ask->code[i] && i < 8; i++) { /* digit by digit for who listens */
        spoken[2 * i] = ask->code[i];
        spoken[2 * i + 1] = ' ';
    }
    digits = part_label(shown, "digits");
    gtk_widget_set_direction(digits, GTK_TEXT_DIR_LTR);
    part_name(digits, spoken, NULL);
    part_add(code, part_label(_("Code, to compare by voice"), "field"));
    part_add(code, digits);
    part_add(row, icon_new(ICON_USER, 48));
    part_add(row, names);
    if (*ask->code)
        part_add(row, code);
    return row;
}

static GtkWidget *scope(struct app *app, struct prompt *t, int i, bool narrow) {
    GtkWidget *check = gtk_check_button_new(), *line = part_row("inside"), *words = part_column(NULL);
    GtkWidget *title = part_label(_(words_scopes[i].title), "strong"),
              *meaning = part_label(_(words_scopes[i].meaning), "plain");
    char name[24];

    gtk_label_set_max_width_chars(GTK_LABEL(meaning), narrow ? 26 : 52);
    gtk_label_set_max_width_chars(GTK_LABEL(title), narrow ? 22 : 44);
    gtk_widget_set_valign(words, GTK_ALIGN_CENTER);
    part_add(line, icon_new(part_scope_icon(i), 26));
    part_add(words, title);
    part_add(words, meaning);
    part_add(line, words);
    gtk_check_button_set_child(GTK_CHECK_BUTTON(check), line);
    gtk_check_button_set_active(GTK_CHECK_BUTTON(check), TRUE);
    gtk_widget_add_css_class(check, "scope");
    gtk_widget_set_hexpand(check, TRUE);
    part_name(check, _(words_scopes[i].title), _(words_scopes[i].meaning));
    g_signal_connect(check, "toggled", G_CALLBACK(on_tick), t);
    g_snprintf(name, sizeof name, "scope-%s", words_scopes[i].name);
    geometry_add(app, name, check);
    return t->checks[i] = check;
}

static GtkWidget *scopes_of(struct app *app, struct prompt *t, const bool asked[WORDS_SCOPES]) {
    GtkWidget *grid = gtk_grid_new();
    int n = 0, total = 0;

    for (int i = 0; i < WORDS_SCOPES; i++)
        total += asked[i];
    gtk_widget_add_css_class(grid, "scopes");
    for (int i = 0; i < WORDS_SCOPES; i++) {
        bool two = total >= COLUMNS_FROM;

        if (!asked[i])
            continue;
        gtk_grid_attach(GTK_GRID(grid), scope(app, t, i, two), two ? n % 2 : 0, two ? n / 2 : n, 1, 1);
        n++;
    }
    return grid;
}

static void add_field(GtkWidget *grid, int row, const char *name, GtkWidget *content) {
    GtkWidget *label = part_label(name, "field");

    gtk_widget_set_valign(label, GTK_ALIGN_START);
    gtk_widget_set_hexpand(content, TRUE);
    gtk_grid_attach(GTK_GRID(grid), label, 0, row, 1, 1);
    gtk_grid_attach(GTK_GRID(grid), content, 1, row, 1, 1);
}

static GtkWidget *answers(struct app *app, struct prompt *t) {
    GtkWidget *row = part_row("answers");

    gtk_box_set_homogeneous(GTK_BOX(row), TRUE);
    t->deny = part_button(app, "deny", -1, _("Deny"), "deny", G_CALLBACK(on_deny), app);
    t->allow = part_button(app, "allow", -1, _("Allow"), "allow", G_CALLBACK(on_allow), app);
    gtk_widget_set_hexpand(t->deny, TRUE);
    gtk_widget_set_hexpand(t->allow, TRUE);
    gtk_widget_set_sensitive(t->allow, FALSE);
    part_add(row, t->deny);
    part_add(row, t->allow);
    return row;
}

static GtkWidget *card(struct app *app, struct prompt *t, const struct oriel_ask *ask,
                       const bool scopes[WORDS_SCOPES]) {
    GtkWidget *body = part_column("card"), *fields = gtk_grid_new(), *reason;
    GtkWidget *outer = g_object_new(GTK_TYPE_BOX, "orientation", GTK_ORIENTATION_VERTICAL, "accessible-role",
                                    GTK_ACCESSIBLE_ROLE_ALERT_DIALOG, NULL);
    char line[WORDS_LINE];

    gtk_widget_add_css_class(fields, "fields");
    part_add(body, part_label(words_question(ask->kind), "title"));
    part_add(body, who(ask));
    reason = part_label(words_quoted(ask->reason, line), "reason");
    gtk_label_set_max_width_chars(GTK_LABEL(reason), 46);
    add_field(fields, 0, _("Why"), reason);
    add_field(fields, 1, _("What"), scopes_of(app, t, scopes));
    add_field(fields, 2, _("How long"), part_label(words_duration(ask->seconds, line), "strong"));
    part_add(body, fields);
    part_add(body, answers(app, t));
    t->silence = part_label("", "silence");
    gtk_label_set_xalign(GTK_LABEL(t->silence), 0.5f);
    part_add(body, t->silence);
    part_add(outer, body);
    g_snprintf(line, sizeof line, "%s, %s", ask->agent, ask->company);
    part_name(outer, words_question(ask->kind), line);
    return outer;
}

static gboolean on_look(gpointer user) {
    struct app *app = user;
    struct prompt *t = app->prompt;
    gint64 passed = (g_get_monotonic_time() - t->since) / G_USEC_PER_SEC;
    char line[WORDS_LINE];

    t->seen = shell_is_seen(t->window);
    if (t->seen && !t->told) {
        t->told = true;
        support_shown(app);
    }
    update_allow(t);
    gtk_label_set_text(GTK_LABEL(t->silence), words_silence((unsigned)MAX(0, (gint64)t->timeout - passed), line));
    return G_SOURCE_CONTINUE;
}

void prompt_open(struct app *app, const struct oriel_ask *ask, const bool scopes[WORDS_SCOPES]) {
    GtkEventController *keys = gtk_event_controller_key_new();
    struct prompt *t = g_new0(struct prompt, 1);

    prompt_close(app);
    app->prompt = t;
    t->timeout = ask->timeout;
    t->since = g_get_monotonic_time();
    t->window = shell_open(app, words_question(ask->kind), card(app, t, ask, scopes), SHELL_MIDDLE, true);
    gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
    g_signal_connect(keys, "key-pressed", G_CALLBACK(on_key), app);
    gtk_widget_add_controller(t->window, keys);
    gtk_widget_grab_focus(t->deny);
    gtk_window_set_focus_visible(GTK_WINDOW(t->window), TRUE);
    on_look(app);
    t->look = g_timeout_add(LOOK_MS, on_look, app);
}

void prompt_live(struct app *app) {
    if (!app->prompt)
        return;
    app->prompt->live = true;
    update_allow(app->prompt);
    geometry_event(app, "allow-live");
}

void prompt_close(struct app *app) {
    struct prompt *t = app->prompt;

    if (!t)
        return;
    g_source_remove(t->look);
    app->prompt = NULL;
    shell_close(t->window);
    g_free(t);
}
