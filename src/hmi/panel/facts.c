/* facts.c: what is on in this session, in words: who sees this screen and which camera, whether they hear the person,
 * who talks. In the header, above the indicator's buttons, where "Call support" is at other times.
 *
 * It says what is, not what was granted: a muted microphone is muted, one that does not work is none. Who talks is
 * shown with the first loud moment, and until it has been quiet for a moment: sentences have gaps.
 */
#include "panel.h"

#include "oriel.h"

#include <stdio.h>
#include <string.h>

enum { LOUD = 25, QUIET_MS = 900 }; /* of 100: 45 dB below the loudest */

enum fact { SEES, CAMERA, HEARS, TALKS, FACTS };

struct facts {
    GtkWidget *box, *name, *meters;
    struct {
        GtkWidget *box, *on, *off, *words; /* one of two icons */
    } facts[FACTS];
    enum indicator_mode mode;
    unsigned lost; /* seconds */
    char *camera;
    struct oriel_voice voice;
    bool loud[FACTS];
    guint quiet[FACTS]; /* sources */
};

static GtkWidget *create(struct facts *f, enum fact fact, enum icon on, enum icon off) {
    GtkWidget *box = f->facts[fact].box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0),
              *words = f->facts[fact].words = gtk_label_new("");

    f->facts[fact].on = icon_new(on, 16);
    f->facts[fact].off = icon_new(off, 16);
    gtk_widget_add_css_class(box, "fact");
    gtk_label_set_ellipsize(GTK_LABEL(words), PANGO_ELLIPSIZE_END);
    gtk_box_append(GTK_BOX(box), f->facts[fact].on);
    gtk_box_append(GTK_BOX(box), f->facts[fact].off);
    gtk_box_append(GTK_BOX(box), words);
    return box;
}

static void say(struct facts *f, enum fact fact, bool on, const char *words) {
    bool there = words != NULL, loud = there && f->loud[fact];

    gtk_widget_set_visible(f->facts[fact].box, there);
    if (!there)
        return;
    gtk_widget_set_visible(f->facts[fact].on, on);
    gtk_widget_set_visible(f->facts[fact].off, !on);
    gtk_widget_set_visible(f->facts[fact].words, *words);
    if (strcmp(gtk_label_get_text(GTK_LABEL(f->facts[fact].words)), words))
        gtk_label_set_text(GTK_LABEL(f->facts[fact].words), words);
    if (loud != gtk_widget_has_css_class(f->facts[fact].box, "loud"))
        (loud ? gtk_widget_add_css_class : gtk_widget_remove_css_class)(f->facts[fact].box, "loud");
}

static void say_voice(struct facts *f) {
    const struct oriel_voice *v = &f->voice;

    if (!v->on || (!v->microphone && !v->speaker)) {
        f->loud[HEARS] = f->loud[TALKS] = false;
        say(f, HEARS, false, v->on ? text(T_NO_SOUND) : NULL);
        say(f, TALKS, false, NULL);
        return;
    }
    f->loud[HEARS] = f->loud[HEARS] && v->microphone && !v->muted;
    f->loud[TALKS] = f->loud[TALKS] && v->speaker;
    say(f, HEARS, v->microphone && !v->muted, text(!v->microphone ? T_NO_MICROPHONE : v->muted ? T_MUTED : T_HEARS));
    say(f, TALKS, v->speaker, !v->speaker ? text(T_NO_SPEAKER) : f->loud[TALKS] ? text(T_TALKS) : "");
}

void facts_translate(struct panel *p) {
    struct facts *f = p->facts;
    bool still = f->mode == INDICATOR_FROZEN || f->mode == INDICATOR_LOST, /* then nothing is captured */
        camera = f->camera && *f->camera && !still;
    char words[200], seconds[16];

    snprintf(seconds, sizeof seconds, "%u", f->lost);
    say(f, SEES, f->mode == INDICATOR_LIVE,
        f->mode == INDICATOR_LOST ? text_with(words, sizeof words, T_LOST, seconds)
                                  : text(f->mode == INDICATOR_LIVE     ? T_SEES
                                         : f->mode == INDICATOR_FROZEN ? T_FROZEN
                                                                       : T_CONNECTING));
    say(f, CAMERA, true, camera ? text_with(words, sizeof words, T_SEES_CAMERA, f->camera) : NULL);
    say_voice(f);
}

void facts_show(struct panel *p, const char *agent, const char *company, enum indicator_mode mode) {
    struct facts *f = p->facts;
    g_autofree char *name = g_strdup_printf("%s (%s)", agent, company);

    gtk_label_set_text(GTK_LABEL(f->name), name);
    gtk_widget_set_tooltip_text(f->name, name);
    f->mode = mode;
    facts_translate(p);
    gtk_widget_set_visible(f->box, TRUE);
}

void facts_lost(struct panel *p, unsigned seconds) {
    p->facts->lost = seconds;
    facts_translate(p);
}

void facts_camera(struct panel *p, const char *name) {
    g_free(p->facts->camera);
    p->facts->camera = g_strdup(name);
    facts_translate(p);
}

void facts_hide(struct panel *p) {
    gtk_widget_set_visible(p->facts->box, FALSE);
}

bool facts_seen(struct panel *p) {
    return gtk_widget_get_mapped(p->facts->box);
}

static void on_quiet(struct panel *p, enum fact fact) {
    p->facts->quiet[fact] = 0;
    p->facts->loud[fact] = false;
    say_voice(p->facts);
}

static gboolean on_quiet_here(gpointer p) {
    on_quiet(p, HEARS);
    return G_SOURCE_REMOVE;
}

static gboolean on_quiet_there(gpointer p) {
    on_quiet(p, TALKS);
    return G_SOURCE_REMOVE;
}

static void note_loud(struct panel *p, enum fact fact, unsigned level) {
    struct facts *f = p->facts;

    if (level < LOUD)
        return;
    f->loud[fact] = true;
    g_clear_handle_id(&f->quiet[fact], g_source_remove);
    f->quiet[fact] = g_timeout_add(QUIET_MS, fact == HEARS ? on_quiet_here : on_quiet_there, p);
}

void facts_voice(struct panel *p, const struct oriel_voice *voice) {
    struct facts *f = p->facts;

    f->voice = *voice;
    f->voice.why = NULL; /* the library's */
    gtk_widget_set_visible(f->meters, voice->on && (voice->microphone || voice->speaker));
    if (voice->why) {
        gtk_widget_set_tooltip_text(f->facts[HEARS].box, *voice->why ? voice->why : NULL);
        gtk_widget_set_tooltip_text(f->facts[TALKS].box, *voice->why ? voice->why : NULL);
    }
    note_loud(p, HEARS, voice->talking);
    note_loud(p, TALKS, voice->hearing);
    say_voice(f);
}

GtkWidget *facts_new(struct panel *p) {
    struct facts *f = p->facts = g_new0(struct facts, 1);
    GtkWidget *who = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0), *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);

    f->box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_widget_add_css_class(f->box, "facts");
    gtk_widget_add_css_class(who, "who");
    gtk_widget_add_css_class(row, "row");
    f->name = gtk_label_new("");
    gtk_label_set_xalign(GTK_LABEL(f->name), 0);
    gtk_label_set_ellipsize(GTK_LABEL(f->name), PANGO_ELLIPSIZE_END);
    gtk_widget_add_css_class(f->name, "name");
    gtk_widget_set_hexpand(f->name, TRUE);
    f->meters = voice_meters_new(p);
    gtk_widget_set_visible(f->meters, FALSE);
    gtk_box_append(GTK_BOX(who), f->name);
    gtk_box_append(GTK_BOX(who), f->meters);
    gtk_box_append(GTK_BOX(row), create(f, SEES, ICON_EYE, ICON_EYE_OFF));
    gtk_box_append(GTK_BOX(row), create(f, CAMERA, ICON_CAMERA, ICON_CAMERA));
    gtk_box_append(GTK_BOX(row), create(f, HEARS, ICON_MICROPHONE, ICON_MICROPHONE_OFF));
    gtk_box_append(GTK_BOX(row), create(f, TALKS, ICON_SPEAKER, ICON_SPEAKER_OFF));
    gtk_widget_add_css_class(f->facts[CAMERA].box, "camera");
    gtk_box_append(GTK_BOX(f->box), who);
    gtk_box_append(GTK_BOX(f->box), row);
    gtk_widget_set_hexpand(f->box, TRUE);
    gtk_widget_set_visible(f->box, FALSE);
    geometry_add(p, "facts", f->box);
    geometry_add(p, "camera", f->facts[CAMERA].box);
    geometry_add(p, "hears", f->facts[HEARS].box);
    geometry_add(p, "talks", f->facts[TALKS].words);
    return f->box;
}
