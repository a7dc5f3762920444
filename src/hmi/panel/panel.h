/* panel.h: the demo panel as a whole: what its files share.
 *
 *   main.c       start and end                     sim.c          the machine (no GTK)
 *   options.c    command line                      text.c         all texts
 *   window.c     window, size, tabs, time          canvas.c       drawing; icon.c icons; table.c tables
 *   header.c     header and footer                 gauge.c, mimic.c, page-*.c   what the tabs show
 *   support.c    consent, by liboriel alone        prompt.c, indicator.c, call.c   what the person sees of it
 *   facts.c      what is on in a session, in words
 *   face.c       the agent's camera
 *   voice.c      mute, push-to-talk, loudness
 *   chat.c       text chat with the agent          overlay.c, marks.c   what the agent points at and draws
 *   pin.c        the PIN pad                       hidden.c       what support never sees
 *   push.c       --push: the panel's own picture
 *   geometry.c   --print-geometry
 *
 * One struct for one process; GTK main thread only. Widgets live as long as the window.
 */
#pragma once

#include "canvas.h"
#include "options.h"
#include "sim.h"
#include "table.h"
#include "text.h"

struct panel {
    struct options options;
    struct sim sim;
    GMainLoop *loop;

    GtkWidget *window;
    GtkWidget *frame; /* all but the overlays; its border shows that somebody watches */
    GtkWidget *stack; /* of the pages */
    GtkWidget *pages[PAGES];
    GtkWidget *tabs[PAGES];
    GtkWidget *languages[TEXT_LANGUAGES];
    GPtrArray *labels; /* bound to texts */
    GtkCssProvider *scaling;

    GtkWidget *clock, *state, *footer;
    GtkWidget *call_button, *no_support, *no_record, *called; /* one of them is visible */
    GtkWidget *gauges[SIM_CHANNELS], *mimic, *production, *latest, *start, *stop, *reset;
    struct table *alarm_table, *recipe_table, *valve_table, *list_table, *service_table;
    GtkWidget *trend, *io;
    unsigned alarm_revision;

    struct support *support;
    struct prompt *prompt;
    struct indicator *indicator;
    struct call_dialog *call;
    struct chat *chat;
    struct face *face;
    struct facts *facts;
    struct voice *voice;
    struct pin *pin;
    struct hidden *hidden;
    struct push *push;         /* NULL without --push */
    GtkWidget *recipe;         /* its parameters */
    struct looked *looked;     /* NULL: not asked yet */
    struct overlay *overlay;   /* NULL: this screen can't have one */
    struct geometry *geometry; /* NULL without --print-geometry */
};

/* window.c */
void window_create(struct panel *panel);
void window_show_page(struct panel *panel, enum page page);
enum page window_page(struct panel *panel);                                     /* the one that is shown */
GtkWidget *window_label(struct panel *panel, enum text_id id, const char *css); /* follows the language */
void window_set_watched(struct panel *panel, bool watched);                     /* the coloured frame */
void window_origin(struct panel *panel, int *x, int *y);                        /* of its surface on the screen */
bool window_is_visible(struct panel *panel);                                    /* mapped and not minimized */
void window_block(struct panel *panel, bool blocked);                           /* no keyboard focus below an overlay */
/* A layer over the whole panel that dims it, with `card` in the middle; hidden at first. */
GtkWidget *window_add_layer(GtkWidget *overlay, GtkWidget *card);
GtkWidget *window_button(GtkWidget *child, const char *css, GCallback clicked, gpointer user);
/* "10:24:36" of a time of the simulation. */
const char *window_time(struct panel *panel, double time, char buffer[16]);

/* header.c */
GtkWidget *header_create(struct panel *panel);
GtkWidget *tabs_create(struct panel *panel);
GtkWidget *footer_create(struct panel *panel);
void header_update(struct panel *panel); /* state of the machine, support buttons */

/* gauge.c, mimic.c, page-*.c */
GtkWidget *gauge_new(struct panel *panel, enum sim_channel channel);
GtkWidget *mimic_new(struct panel *panel);
GtkWidget *overview_create(struct panel *panel);
GtkWidget *alarms_create(struct panel *panel);
GtkWidget *trend_create(struct panel *panel);
GtkWidget *recipe_create(struct panel *panel);
void recipe_load(struct panel *panel); /* the one that is chosen */
GtkWidget *service_create(struct panel *panel);
void format_value(char *buffer, size_t size, double value, int decimals); /* with the language's decimal sign */

/* looked.c */
enum { LOOKED_MAX = 10 };

struct looked_entry {
    char at[16], agent[128], company[128];
    unsigned seconds;
    bool over;
    enum text_id end;
};

const struct table_column *looked_columns(int *n);
int looked_rows(void *user);
void looked_cell(void *user, int row, int column, struct table_cell *cell);
/* One of the device's answer; `at` as liboriel has it. */
void looked_time(const char *at, char out[16]); /* of the record, as the panel's clock has it */
void looked_take(struct panel *panel, unsigned index, unsigned of, const char *at, const struct looked_entry *entry);

/* support.c */
void support_ask_past(struct panel *panel); /* looked_take() follows */
void support_create(struct panel *panel);
void support_destroy(struct panel *panel);
bool support_available(struct panel *panel); /* core is there and reaches the broker */
bool support_connected(struct panel *panel);
bool support_unrecorded(struct panel *panel); /* nobody can be asked, since nothing can be recorded */
bool support_called(struct panel *panel);
bool support_in_session(struct panel *panel);
void support_call(struct panel *panel, const char *note, const char *callback);
void support_take_back(struct panel *panel);
void support_shown(struct panel *panel);
void support_decide(struct panel *panel, bool allow);
void support_stop(struct panel *panel);
void support_remove(struct panel *panel, int scope); /* by its place in the prompt */
struct oriel_mask;
struct oriel_surface;
struct oriel_area;
void support_surface(struct panel *panel, const struct oriel_surface *surface);
void support_damage(struct panel *panel, const struct oriel_area *area);
void support_masks(struct panel *panel, const struct oriel_mask *masks, size_t n);
bool support_chat(struct panel *panel, const char *text); /* false: it could not be said */
void support_mute(struct panel *panel, bool muted);
void support_set_indicator(struct panel *panel, bool visible);

/* prompt.c: the question */
struct prompt_content {
    const char *agent, *company, *reason;
    unsigned seconds, timeout;
    const char *code;
    enum text_id title;
    const char *const *scopes;
    size_t n_scopes;
};
enum { PROMPT_SCOPES = 6 };
/* False: the prompt has no words for one of them. */
bool prompt_knows(const char *const *scopes, size_t n);
/* Of the scopes in their order: name, words and icon; name NULL after the last. */
struct prompt_scope {
    const char *name;
    enum icon icon;
    enum text_id text, means;
};
const struct prompt_scope *prompt_scope(int i);
/* Those left ticked, into `ticked`; their number. */
size_t prompt_ticked(struct panel *panel, const char *ticked[PROMPT_SCOPES]);
void prompt_create(struct panel *panel, GtkWidget *overlay);
void prompt_show(struct panel *panel, const struct prompt_content *content);
void prompt_hide(struct panel *panel);
void prompt_live(struct panel *panel); /* Allow acts from now on */
void prompt_translate(struct panel *panel);
void prompt_painted(struct panel *panel); /* a frame was drawn */

/* indicator.c: the sign that somebody watches */
enum indicator_mode { INDICATOR_CONNECTING, INDICATOR_LIVE, INDICATOR_FROZEN, INDICATOR_LOST };
GtkWidget *indicator_create(struct panel *panel);
void indicator_show(struct panel *panel, const char *agent, const char *company, unsigned seconds, unsigned left,
                    enum indicator_mode mode);
void indicator_scopes(struct panel *panel, const char *const *scopes, size_t n); /* what they may */
void indicator_notice(struct panel *panel, const char *text); /* for some seconds; takes the indicator's place */
void indicator_stopping(struct panel *panel);
void indicator_translate(struct panel *panel);
void indicator_painted(struct panel *panel);

/* facts.c: what is on, in words */
struct oriel_voice;
GtkWidget *facts_new(struct panel *panel); /* hidden at first */
void facts_show(struct panel *panel, const char *agent, const char *company, enum indicator_mode mode);
void facts_lost(struct panel *panel, unsigned seconds);   /* since when there is no connection */
void facts_camera(struct panel *panel, const char *name); /* that is on; "": none */
void facts_voice(struct panel *panel, const struct oriel_voice *voice);
void facts_translate(struct panel *panel);
void facts_hide(struct panel *panel);
bool facts_seen(struct panel *panel); /* they are on the screen */

/* call.c: the dialog of "Call support" */
void call_answered(struct panel *panel, const char *words); /* what became of the last one; "": nothing */
void call_create(struct panel *panel, GtkWidget *overlay);
void call_show(struct panel *panel);
void call_hide(struct panel *panel);
void call_translate(struct panel *panel);

/* chat.c */
GtkWidget *chat_button_new(struct panel *panel); /* first */
void chat_create(struct panel *panel, GtkWidget *overlay);
void chat_line(struct panel *panel, const char *text); /* of the agent's */
void chat_end(struct panel *panel);                    /* the session is over */

/* face.c */
struct oriel_face_picture;
void face_create(struct panel *panel, GtkWidget *overlay);
void face_name(struct panel *panel, const char *agent);
void face_take(struct panel *panel, const struct oriel_face_picture *picture); /* NULL: no more */

/* voice.c */
GtkWidget *voice_new(struct panel *panel); /* first: the button; hidden at first */
GtkWidget *voice_meters_new(struct panel *panel);
void voice_name(struct panel *panel, const char *agent);
void voice_show(struct panel *panel, const struct oriel_voice *voice); /* NULL: there is none */
void voice_translate(struct panel *panel);

/* pin.c */
void pin_create(struct panel *panel, GtkWidget *overlay);
void pin_show(struct panel *panel);
void pin_hide(struct panel *panel);

/* hidden.c */
void hidden_add(struct panel *panel, GtkWidget *widget); /* hidden whenever it is on the screen */
void hidden_set(struct panel *panel, GtkWidget *widget, bool hide);
void hidden_masked(struct panel *panel); /* the masks are in force */
void hidden_update(struct panel *panel); /* things may have moved, come or gone */

/* push.c */
void push_create(struct panel *panel);
void push_painted(struct panel *panel);

/* geometry.c */
void geometry_create(struct panel *panel);
void geometry_add(struct panel *panel, const char *name, GtkWidget *widget);
void geometry_painted(struct panel *panel);
void geometry_event(struct panel *panel, const char *event);
