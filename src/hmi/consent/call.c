/* call.c: "Call support": what it is about, by one tap on a phrase or in words of one's own, and where to call back. */
#include "app.h"

enum { PRESETS = 4, CALLBACK_MAX = 64 };

static GtkWidget *note, *callback; /* of the window that is open */

static const char *const presets[PRESETS] = {N_("The machine has stopped"), N_("An alarm that I don't know"),
                                             N_("Something needs to be set"), N_("Please call me")};

static void on_send(GtkWidget *widget, struct app *app) {
    support_call(app, gtk_editable_get_text(GTK_EDITABLE(note)), gtk_editable_get_text(GTK_EDITABLE(callback)));
    call_close(app);
}

static void on_cancel(GtkButton *button, struct app *app) {
    call_close(app);
}

static void on_preset(GtkButton *button, gpointer text) {
    gtk_editable_set_text(GTK_EDITABLE(note), _((const char *)text));
}

static gboolean on_key(GtkEventControllerKey *keys, guint key, guint code, GdkModifierType state, struct app *app) {
    if (key != GDK_KEY_Escape)
        return FALSE;
    call_close(app);
    return TRUE;
}

static GtkWidget *entry(struct app *app, GtkWidget *card, const char *name, const char *words, int max) {
    GtkWidget *field = gtk_entry_new();

    gtk_entry_set_max_length(GTK_ENTRY(field), max);
    part_name(field, words, NULL);
    g_signal_connect(field, "activate", G_CALLBACK(on_send), app);
    geometry_add(app, name, field);
    part_add(card, part_label(words, "field"));
    part_add(card, field);
    return field;
}

void call_open(struct app *app) {
    GtkWidget *card = part_column("card"), *grid = gtk_grid_new(), *row = part_row("answers"), *button;
    GtkEventController *keys = gtk_event_controller_key_new();

    if (app->call)
        return;
    part_add(card, part_label(_("Call support"), "title"));
    gtk_widget_add_css_class(grid, "presets");
    gtk_grid_set_column_homogeneous(GTK_GRID(grid), TRUE);
    for (int i = 0; i < PRESETS; i++) {
        char name[16];

        g_snprintf(name, sizeof name, "preset-%d", i + 1);
        button = part_button(app, name, -1, _(presets[i]), NULL, G_CALLBACK(on_preset), (gpointer)presets[i]);
        gtk_grid_attach(GTK_GRID(grid), button, i % 2, i / 2, 1, 1);
    }
    part_add(card, part_label(_("What is it about?"), "field"));
    part_add(card, grid);
    note = entry(app, card, "call-note", _("In your own words"), ORIEL_NOTE_MAX);
    callback = entry(app, card, "call-back", _("Where you can be reached (telephone, place)"), CALLBACK_MAX);
    gtk_box_set_homogeneous(GTK_BOX(row), TRUE);
    part_add(row, part_button(app, "call-cancel", -1, _("Cancel"), "deny", G_CALLBACK(on_cancel), app));
    button = part_button(app, "call-send", ICON_PHONE, _("Call"), "allow", G_CALLBACK(on_send), app);
    part_add(row, button);
    part_add(card, row);
    app->call = shell_open(app, _("Call support"), card, SHELL_MIDDLE, true);
    g_signal_connect(keys, "key-pressed", G_CALLBACK(on_key), app);
    gtk_widget_add_controller(app->call, keys);
    gtk_widget_grab_focus(button);
}

void call_close(struct app *app) {
    shell_close(app->call);
    app->call = NULL;
}
