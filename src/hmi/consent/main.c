/* main.c: oriel-consent: the consent app for panels whose HMI can't be changed. See oriel-consent(1). */
#include "app.h"

#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>

static gboolean on_signal(gpointer user) {
    g_main_loop_quit(((struct app *)user)->loop);
    return G_SOURCE_CONTINUE;
}

/* False: it ends with *status. */
static bool read_options(struct app *app, int argc, char **argv, int *status) {
    gboolean bottom = FALSE, no_call = FALSE, geometry = FALSE, version = FALSE;
    const GOptionEntry entries[] = {
        {"socket", 0, 0, G_OPTION_ARG_FILENAME, &app->options.socket, "orield's consent socket", "PATH"},
        {"language", 0, 0, G_OPTION_ARG_STRING, &app->options.language, "en, de, fr, es, zh; default: the locale's",
         "CODE"},
        {"bottom", 0, 0, G_OPTION_ARG_NONE, &bottom, "at the lower edge of the screen", NULL},
        {"no-call", 0, 0, G_OPTION_ARG_NONE, &no_call, "without \"Call support\"", NULL},
        {"print-geometry", 0, 0, G_OPTION_ARG_NONE, &geometry, "for tests: where things are, what happens", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &version, "print the version", NULL},
        {NULL},
    };
    GOptionContext *context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    bool good;

    g_option_context_add_main_entries(context, entries, NULL);
    good = g_option_context_parse(context, &argc, &argv, &error);
    g_option_context_free(context);
    if (!good || argc > 1) {
        g_printerr("oriel-consent: %s (--help says what there is)\n", good ? "no operands" : error->message);
        *status = 2;
        return false;
    }
    if (version) {
        printf("oriel-consent %s\n", ORIEL_VERSION);
        *status = 0;
        return false;
    }
    app->options.bottom = bottom;
    app->options.no_call = no_call;
    app->options.print_geometry = geometry;
    return true;
}

int main(int argc, char **argv) {
    struct app app = {0};
    int status;

    if (!read_options(&app, argc, argv, &status))
        return status;
    words_begin(app.options.language);
    gtk_disable_setlocale();
    g_setenv("GSK_RENDERER", "cairo", FALSE); /* panels without a GPU; nothing here moves */
    if (!gtk_init_check()) {
        g_printerr("oriel-consent: no display: DISPLAY names an X screen that can be opened? (oriel-consent-tty needs "
                   "none)\n");
        return 1;
    }
    gtk_widget_set_default_direction(words_right_to_left() ? GTK_TEXT_DIR_RTL : GTK_TEXT_DIR_LTR);
    app.loop = g_main_loop_new(NULL, FALSE);
    geometry_begin(&app);
    shell_begin(&app);
    bar_begin(&app);
    if (!support_begin(&app))
        return 2;
    g_unix_signal_add(SIGINT, on_signal, &app);
    g_unix_signal_add(SIGTERM, on_signal, &app);
    g_main_loop_run(app.loop);
    prompt_close(&app);
    call_close(&app);
    chat_forget(&app);
    bar_end(&app);
    support_end(&app);
    return 0;
}
