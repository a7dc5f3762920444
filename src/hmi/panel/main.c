/* main.c: oriel-panel, the HMI of a bottle filler that embeds consent to remote support. See panel.h for its files. */
#include "panel.h"

#include <glib-unix.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

static gboolean on_signal(gpointer loop) {
    g_main_loop_quit(loop);
    return G_SOURCE_CONTINUE;
}

/* What GTK would otherwise find out at the price of warnings and time. The user's own settings come first. */
static void prepare_environment(void) {
    setenv("GSK_RENDERER", "cairo", 0); /* panels seldom have GL that is worth its memory; cairo draws damage only */
    setenv("GTK_MEDIA", "none", 0);
    if (!getenv("DBUS_SESSION_BUS_ADDRESS"))
        setenv("GTK_A11Y", "none", 0); /* accessibility needs the session bus */
}

static void prepare_settings(bool still) {
    GtkSettings *settings = gtk_settings_get_default();

    g_object_set(settings, "gtk-xft-antialias", 1, "gtk-xft-hinting", 1, "gtk-xft-hintstyle", "hintslight",
                 "gtk-xft-rgba", "none", "gtk-hint-font-metrics", TRUE, NULL);
    if (still)
        g_object_set(settings, "gtk-enable-animations", FALSE, "gtk-cursor-blink", FALSE, NULL);
}

int main(int argc, char **argv) {
    static struct panel panel;
    int status = options_parse(&panel.options, argc, argv);

    if (status >= 0)
        return status;
    prepare_environment();
    setlocale(LC_ALL, "");
    gtk_disable_setlocale();
    g_set_prgname("oriel-panel"); /* its name for a screen reader */
    if (!gtk_init_check()) {
        fprintf(stderr, "oriel-panel: cannot open a display: set DISPLAY (X11) or WAYLAND_DISPLAY to one that runs\n");
        return 1;
    }
    /* Numbers are written by the panel's own language, not by the environment's. */
    setlocale(LC_NUMERIC, "C");
    prepare_settings(panel.options.still);
    panel.loop = g_main_loop_new(NULL, FALSE);
    g_unix_signal_add(SIGINT, on_signal, panel.loop);
    g_unix_signal_add(SIGTERM, on_signal, panel.loop);
    sim_init(&panel.sim, panel.options.seed);
    /* At rest the picture shall show the machine at work: nozzles in the bottles. */
    while (panel.options.still &&
           !(sim_nozzle_depth(&panel.sim) >= 1 && sim_nozzle_position(&panel.sim) > SIM_FILL_AT + 2))
        sim_step(&panel.sim);
    geometry_create(&panel);
    push_create(&panel);
    window_create(&panel);
    support_create(&panel);
    header_update(&panel);
    g_main_loop_run(panel.loop);
    support_destroy(&panel);
    gtk_window_destroy(GTK_WINDOW(panel.window));
    return 0;
}
