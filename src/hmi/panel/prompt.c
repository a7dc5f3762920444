/* prompt.c: the question whether somebody may see this screen.
 *
 * It lies over the dimmed panel and takes all input. Deny has the focus; Allow acts when liboriel says so, one second
 * after the prompt was really drawn, so that a finger on its way to something else doesn't answer. "Shown" is told
 * after the frame in which the card was drawn, not when drawing was asked for.
 */
#include "panel.h"

#include <stdio.h>
#include <string.h>

enum { COLUMNS_FROM = 4 }; /* scopes */

struct prompt {
    GtkWidget *title, *code, *scopes[PROMPT_SCOPES]; /* rows that can be unticked */
    GtkWidget *means[PROMPT_SCOPES], *grid;
    GtkWidget *layer, *agent, *company, *reason, *duration, *silence, *allow, *deny;
    bool open;
    bool live_now; /* Allow acts */
    enum text_id title_id;
    bool asked[PROMPT_SCOPES];
    bool drawn;  /* the card was drawn since the prompt opened */
    bool told;   /* support_shown() was called */
    guint clock; /* the countdown */
    unsigned seconds;
    unsigned timeout;
    gint64 deadline; /* monotonic, us */
};

/* What the prompt has words for. */
static const struct prompt_scope known[PROMPT_SCOPES + 1] = {
    {"view", ICON_EYE, T_SEE_SCREEN, T_SEE_SCREEN_MEANS}, {"camera", ICON_CAMERA, T_CAMERA, T_CAMERA_MEANS},
    {"voice", ICON_MICROPHONE, T_VOICE, T_VOICE_MEANS},   {"face", ICON_USER, T_FACE, T_FACE_MEANS},
    {"control", ICON_HAND, T_CONTROL, T_CONTROL_MEANS},   {"logs", ICON_FILE, T_LOGS, T_LOGS_MEANS},
};

const struct prompt_scope *prompt_scope(int i) {
    return &known[i];
}

static int find_scope(const char *name) {
    for (int i = 0; i < PROMPT_SCOPES; i++)
        if (!strcmp(known[i].name, name))
            return i;
    return -1;
}

bool prompt_knows(const char *const *scopes, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (find_scope(scopes[i]) < 0)
            return false;
    return n > 0;
}

static bool is_ticked(struct prompt *t, int i) {
    return t->asked[i] && gtk_check_button_get_active(GTK_CHECK_BUTTON(t->scopes[i]));
}

size_t prompt_ticked(struct panel *p, const char *ticked[PROMPT_SCOPES]) {
    size_t n = 0;

    for (int i = 0; i < PROMPT_SCOPES; i++)
        if (is_ticked(p->prompt, i))
            ticked[n++] = known[i].name;
    return n;
}

/* Allow means something: of a session, that the screen is seen. */
static void update_allow(struct panel *p) {
    const char *ticked[PROMPT_SCOPES];
    struct prompt *t = p->prompt;

    gtk_widget_set_sensitive(t->allow, t->live_now && prompt_ticked(p, ticked) && (!t->asked[0] || is_ticked(t, 0)));
}

static void on_tick(GtkCheckButton *button, struct panel *p) {
    update_allow(p);
}

static void on_allow(GtkButton *button, struct panel *p) {
    support_decide(p, true);
}

static void on_deny(GtkButton *button, struct panel *p) {
    support_decide(p, false);
}

static gboolean on_escape(GtkEventControllerKey *keys, guint key, guint code, GdkModifierType modifiers,
                          struct panel *p) {
    if (key != GDK_KEY_Escape)
        return FALSE;
    support_decide(p, false);
    return TRUE;
}

/* The icon of what is asked for; that it is drawn proves that the card is. */
static void draw_mark(GtkWidget *canvas, GtkSnapshot *s, double width, double height, gpointer user) {
    struct panel *p = user;

    p->prompt->drawn = p->prompt->open;
    canvas_rect(s, 0, 0, width, height, &color_support);
}

/* A heading to the left, what it is about to the right. */
static void add_row(struct panel *p, GtkWidget *grid, int row, enum text_id name, GtkWidget *content) {
    GtkWidget *label = window_label(p, name, "field");

    gtk_widget_set_valign(label, GTK_ALIGN_START);
    gtk_grid_attach(GTK_GRID(grid), label, 0, row, 1, 1);
    gtk_widget_set_hexpand(content, TRUE);
    gtk_grid_attach(GTK_GRID(grid), content, 1, row, 1, 1);
}

static GtkWidget *wrapping(GtkWidget *label, int characters) {
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_max_width_chars(GTK_LABEL(label), characters);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    return label;
}

static GtkWidget *one_line(const char *css) {
    GtkWidget *label = gtk_label_new("");

    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
    gtk_label_set_max_width_chars(GTK_LABEL(label), 20); /* a long name must not widen the card */
    gtk_widget_add_css_class(label, css);
    return label;
}

/* Names decide: they get a second line before they are cut. */
static GtkWidget *two_lines(const char *css) {
    GtkWidget *label = wrapping(one_line(css), 20);

    gtk_label_set_lines(GTK_LABEL(label), 2);
    return label;
}

/* The agent's page shows the same: on the phone, the two can be compared. */
static GtkWidget *code(struct panel *p) {
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

    p->prompt->code = gtk_label_new("");
    gtk_widget_add_css_class(box, "code");
    gtk_widget_add_css_class(p->prompt->code, "digits");
    gtk_widget_set_valign(box, GTK_ALIGN_CENTER);
    gtk_box_append(GTK_BOX(box), window_label(p, T_CODE, "field"));
    gtk_box_append(GTK_BOX(box), p->prompt->code);
    return box;
}

static GtkWidget *who(struct panel *p) {
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0), *names = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

    gtk_widget_add_css_class(row, "who");
    gtk_box_append(GTK_BOX(row), icon_new(ICON_USER, 52));
    p->prompt->agent = two_lines("agent");
    p->prompt->company = two_lines("company");
    gtk_widget_set_hexpand(names, TRUE);
    gtk_widget_set_valign(names, GTK_ALIGN_CENTER);
    gtk_box_append(GTK_BOX(names), p->prompt->agent);
    gtk_box_append(GTK_BOX(names), p->prompt->company);
    gtk_box_append(GTK_BOX(row), names);
    gtk_box_append(GTK_BOX(row), code(p));
    return row;
}

static GtkWidget *scope_row(struct panel *p, int i) {
    GtkWidget *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0), *words = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0),
              *check = gtk_check_button_new();
    char name[24];

    gtk_widget_add_css_class(line, "icon-text");
    gtk_widget_add_css_class(check, "scope");
    gtk_box_append(GTK_BOX(line), icon_new(known[i].icon, 26));
    gtk_box_append(GTK_BOX(words), window_label(p, known[i].text, "strong"));
    p->prompt->means[i] = wrapping(window_label(p, known[i].means, "plain"), 40);
    gtk_box_append(GTK_BOX(words), p->prompt->means[i]);
    gtk_box_append(GTK_BOX(line), words);
    gtk_check_button_set_child(GTK_CHECK_BUTTON(check), line);
    g_signal_connect(check, "toggled", G_CALLBACK(on_tick), p);
    snprintf(name, sizeof name, "scope-%s", known[i].name);
    geometry_add(p, name, check);
    return check;
}

static GtkWidget *what(struct panel *p) {
    GtkWidget *grid = p->prompt->grid = gtk_grid_new();

    gtk_widget_add_css_class(grid, "scopes");
    for (int i = 0; i < PROMPT_SCOPES; i++)
        gtk_grid_attach(GTK_GRID(grid), p->prompt->scopes[i] = scope_row(p, i), 0, i, 1, 1);
    return grid;
}

/* One below the other; from COLUMNS_FROM on in two columns, or the answers would be off a small screen. */
static void arrange(struct prompt *t, int n) {
    GtkLayoutManager *layout = gtk_widget_get_layout_manager(t->grid);
    bool two = n >= COLUMNS_FROM;
    int at = 0;

    for (int i = 0; i < PROMPT_SCOPES; i++) {
        GtkGridLayoutChild *place = GTK_GRID_LAYOUT_CHILD(gtk_layout_manager_get_layout_child(layout, t->scopes[i]));

        gtk_grid_layout_child_set_column(place, two && t->asked[i] ? at % 2 : 0);
        gtk_grid_layout_child_set_row(place, two && t->asked[i] ? at / 2 : i);
        gtk_label_set_max_width_chars(GTK_LABEL(t->means[i]), two ? 24 : 40);
        at += t->asked[i];
    }
}

static GtkWidget *how_long(struct panel *p) {
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

    p->prompt->duration = one_line("strong");
    gtk_box_append(GTK_BOX(box), p->prompt->duration);
    gtk_box_append(GTK_BOX(box), window_label(p, T_STOP_ANY_TIME, "plain"));
    return box;
}

static GtkWidget *buttons(struct panel *p) {
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);

    p->prompt->deny = window_button(window_label(p, T_DENY, NULL), "deny", G_CALLBACK(on_deny), p);
    p->prompt->allow = window_button(window_label(p, T_ALLOW, NULL), "allow", G_CALLBACK(on_allow), p);
    geometry_add(p, "deny", p->prompt->deny);
    geometry_add(p, "allow", p->prompt->allow);
    gtk_widget_add_css_class(row, "answers");
    gtk_box_set_homogeneous(GTK_BOX(row), TRUE);
    gtk_widget_set_hexpand(p->prompt->deny, TRUE);
    gtk_widget_set_hexpand(p->prompt->allow, TRUE);
    gtk_box_append(GTK_BOX(row), p->prompt->deny);
    gtk_box_append(GTK_BOX(row), p->prompt->allow);
    return row;
}

void prompt_create(struct panel *p, GtkWidget *overlay) {
    GtkWidget *card = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *body = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0),
              *grid = gtk_grid_new();
    GtkEventController *keys = gtk_event_controller_key_new();
    struct prompt *t = p->prompt = g_new0(struct prompt, 1);

    gtk_widget_add_css_class(card, "prompt");
    gtk_widget_add_css_class(body, "content");
    gtk_widget_add_css_class(grid, "fields");
    gtk_box_append(GTK_BOX(card), canvas_new(660, 8, draw_mark, p));
    t->title = one_line("title");
    gtk_box_append(GTK_BOX(body), t->title);
    gtk_box_append(GTK_BOX(body), who(p));
    t->reason = wrapping(gtk_label_new(""), 40);
    gtk_widget_add_css_class(t->reason, "reason");
    add_row(p, grid, 0, T_WHY, t->reason);
    add_row(p, grid, 1, T_WHAT, what(p));
    add_row(p, grid, 2, T_HOW_LONG, how_long(p));
    gtk_box_append(GTK_BOX(body), grid);
    gtk_box_append(GTK_BOX(body), buttons(p));
    t->silence = gtk_label_new("");
    gtk_widget_add_css_class(t->silence, "silence");
    gtk_box_append(GTK_BOX(body), t->silence);
    gtk_box_append(GTK_BOX(card), body);
    t->layer = window_add_layer(overlay, card);
    g_signal_connect(keys, "key-pressed", G_CALLBACK(on_escape), p);
    gtk_widget_add_controller(t->layer, keys);
}

static void show_times(struct panel *p) {
    struct prompt *t = p->prompt;
    gint64 left = (t->deadline - g_get_monotonic_time() + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC;
    char number[32], line[160];

    snprintf(number, sizeof number, "%u", (t->seconds + 59) / 60);
    gtk_label_set_text(GTK_LABEL(t->duration), text_with(line, sizeof line, T_UP_TO_MINUTES, number));
    snprintf(number, sizeof number, "%u s", p->options.still ? t->timeout : (unsigned)MAX(0, left));
    gtk_label_set_text(GTK_LABEL(t->silence), text_with(line, sizeof line, T_SILENCE, number));
}

static gboolean on_clock(gpointer user) {
    show_times(user);
    return G_SOURCE_CONTINUE;
}

static void stop_timers(struct prompt *t) {
    if (t->clock)
        g_source_remove(t->clock);
    t->clock = 0;
}

void prompt_show(struct panel *p, const struct prompt_content *content) {
    struct prompt *t = p->prompt;
    char *quoted = g_strdup_printf("“%s”", content->reason), digits[16];

    stop_timers(t);
    t->open = true;
    t->drawn = t->told = false;
    t->seconds = content->seconds;
    t->timeout = content->timeout;
    t->deadline = g_get_monotonic_time() + (gint64)content->timeout * G_USEC_PER_SEC;
    gtk_label_set_text(GTK_LABEL(t->agent), content->agent);
    gtk_label_set_text(GTK_LABEL(t->company), content->company);
    gtk_label_set_text(GTK_LABEL(t->reason), quoted);
    g_free(quoted);
    t->title_id = content->title;
    gtk_label_set_text(GTK_LABEL(t->title), text(t->title_id));
    g_snprintf(digits, sizeof digits, "%.3s %s", content->code, strlen(content->code) > 3 ? content->code + 3 : "");
    gtk_label_set_text(GTK_LABEL(t->code), digits);
    for (int i = 0; i < PROMPT_SCOPES; i++)
        t->asked[i] = false;
    for (size_t i = 0; i < content->n_scopes; i++)
        t->asked[find_scope(content->scopes[i])] = true;
    for (int i = 0; i < PROMPT_SCOPES; i++) {
        gtk_check_button_set_active(GTK_CHECK_BUTTON(t->scopes[i]), TRUE);
        gtk_widget_set_visible(t->scopes[i], t->asked[i]);
    }
    arrange(t, (int)content->n_scopes);
    show_times(p);
    t->live_now = false;
    update_allow(p);
    window_block(p, true);
    gtk_widget_set_visible(t->layer, TRUE);
    gtk_widget_queue_draw(t->layer);
    gtk_widget_queue_draw(gtk_widget_get_first_child(gtk_widget_get_first_child(t->layer)));
    gtk_widget_grab_focus(t->deny);
    if (!p->options.still)
        t->clock = g_timeout_add(1000, on_clock, p);
}

void prompt_hide(struct panel *p) {
    struct prompt *t = p->prompt;

    stop_timers(t);
    if (!t->open)
        return;
    t->open = false;
    gtk_widget_set_visible(t->layer, FALSE);
    window_block(p, false);
}

void prompt_translate(struct panel *p) {
    if (!p->prompt->open)
        return;
    gtk_label_set_text(GTK_LABEL(p->prompt->title), text(p->prompt->title_id));
    show_times(p);
}

void prompt_live(struct panel *p) {
    p->prompt->live_now = true;
    update_allow(p);
    geometry_event(p, "allow-live");
}

void prompt_painted(struct panel *p) {
    struct prompt *t = p->prompt;

    if (!t->open || !t->drawn || t->told || !window_is_visible(p))
        return;
    t->told = true;
    support_shown(p);
}
