/* app.h: oriel-consent, a consent app for panels whose HMI can't be changed: what its files share.
 *
 *   main.c       options, the loop
 *   support.c    liboriel: what Oriel says becomes windows, what the person taps goes to Oriel
 *   shell.c      windows that stay above everything on an X screen, with or without a window manager
 *   parts.c      labels, buttons, rows: each large enough for a finger and named for a screen reader
 *   prompt.c     the question
 *   bar.c        the corner: call support, that it was called, the indicator with Stop, why it ended
 *   call.c       what a call is about
 *   chat.c       text with the supporter
 *   ../panel/overlay.c   what the supporter points at and draws
 *   ../panel/portrait.c  the supporter's camera
 *   geometry.c   for tests: where things are, what happened
 *
 * One window a purpose, made when it is needed and destroyed after: without a window manager a window that is there
 * can't be given another size. GTK's main thread only.
 */
#pragma once

#include "../panel/canvas.h"
#include "words.h"

#include <gtk/gtk.h>

struct app {
    struct {
        const char *socket, *language;
        bool bottom, no_call, print_geometry;
    } options;
    GMainLoop *loop;
    struct geometry *geometry;
    struct support *support;
    struct prompt *prompt; /* NULL: nothing is asked */
    struct bar *bar;
    GtkWidget *call, *chat;  /* their windows, or NULL */
    struct overlay *overlay; /* NULL: this screen can't have one */
    struct portrait *portrait;
};

/* ---- shell.c ---- */
enum shell_place { SHELL_MIDDLE, SHELL_CORNER, SHELL_BESIDE };
/* Style and size of everything, by the screen. */
void shell_begin(struct app *app);
/* A window around `content`. `keyboard`: keys go to it. */
GtkWidget *shell_open(struct app *app, const char *title, GtkWidget *content, enum shell_place place, bool keyboard);
void shell_close(GtkWidget *window); /* NULL is fine */
/* Whether it can really be seen: drawn, on the screen, and nothing of another program lies over it. Raises it if so. */
bool shell_is_seen(GtkWidget *window);
unsigned long shell_x_window(GtkWidget *window); /* 0: it has none */
void shell_size(int *width, int *height);        /* of the screen */
void shell_origin(GtkWidget *window, int *x, int *y);

/* ---- parts.c ---- */
GtkWidget *part_label(const char *text, const char *css); /* wraps, begins at the start */
GtkWidget *part_row(const char *css);                     /* boxes */
GtkWidget *part_column(const char *css);
void part_add(GtkWidget *box, GtkWidget *child);
/* A button of words, with an icon before them if it is not negative. */
GtkWidget *part_button(struct app *app, const char *name, int icon, const char *words, const char *css,
                       GCallback clicked, gpointer user);
enum icon part_scope_icon(int scope);
void part_name(GtkWidget *widget, const char *label, const char *description); /* for a screen reader; NULL: none */

/* ---- support.c ---- */
bool support_begin(struct app *app); /* false: not with these options (said) */
void support_end(struct app *app);
bool support_reached(const struct app *app); /* somebody can be called */
bool support_called(const struct app *app);
void support_call(struct app *app, const char *note, const char *callback);
void support_take_back(struct app *app);
void support_shown(struct app *app);
void support_allow(struct app *app, const char *const *scopes, size_t n);
void support_deny(struct app *app);
void support_stop(struct app *app);
void support_remove(struct app *app, int scope);
bool support_chat(struct app *app, const char *text);
void support_mute(struct app *app, bool muted);
void support_indicator(struct app *app, bool seen);

/* ---- prompt.c ---- */
/* `scopes`: those that there are words for. */
void prompt_open(struct app *app, const struct oriel_ask *ask, const bool scopes[WORDS_SCOPES]);
void prompt_live(struct app *app); /* Allow acts from now on */
void prompt_close(struct app *app);

/* ---- bar.c ---- */
void bar_begin(struct app *app);
void bar_end(struct app *app);
void bar_update(struct app *app); /* whether support can be called, was called */
void bar_session(struct app *app, const struct oriel_session *session, const bool scopes[WORDS_SCOPES]);
void bar_voice(struct app *app, const struct oriel_voice *voice);
void bar_notice(struct app *app, const char *words); /* for some seconds */
GtkWidget *bar_window(struct app *app);              /* NULL: nothing is shown */

/* ---- call.c, chat.c ---- */
void call_open(struct app *app);
void call_close(struct app *app);
void chat_open(struct app *app);
void chat_line(struct app *app, const char *text); /* the supporter's */
void chat_forget(struct app *app);                 /* the session is over */

/* ---- geometry.c: --print-geometry ---- */
void geometry_begin(struct app *app);
void geometry_add(struct app *app, const char *name, GtkWidget *widget);
void geometry_look(struct app *app);
void geometry_event(struct app *app, const char *event);
