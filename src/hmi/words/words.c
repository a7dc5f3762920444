/* words.c: see words.h. */
#include "words.h"

#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DOMAIN "oriel"

/* ---- the language ---- */

static const char *environment_language(void) {
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);

        if (value && *value)
            return value;
    }
    return "C";
}

static const char *find_catalogues(char beside[PATH_MAX]) {
    const char *said = getenv("ORIEL_LOCALEDIR");
    ssize_t n;

    if (said && *said)
        return said;
    n = readlink("/proc/self/exe", beside, PATH_MAX - 8);
    while (n > 0 && beside[n - 1] != '/')
        n--;
    if (n <= 0)
        return LOCALEDIR;
    strcpy(beside + n, "po");
    return access(beside, X_OK) == 0 ? beside : LOCALEDIR;
}

/* gettext looks at LANGUAGE only in a locale that is not "C"; a panel often has no other one but C.UTF-8. */
void words_begin(const char *language) {
    char beside[PATH_MAX], name[64];
    const char *locale = setlocale(LC_ALL, ""), *from = language ? language : environment_language();
    bool plain = !locale || !strcmp(locale, "C") || !strcmp(locale, "POSIX");

    snprintf(name, sizeof name, "%.*s", (int)strcspn(from, ".@"), from);
    if (!strcmp(name, "zh")) /* the catalogue names the script's country */
        strcpy(name, "zh_CN");
    if (plain)
        setlocale(LC_ALL, "C.UTF-8");
    if (language || (plain && !getenv("LANGUAGE") && strcmp(name, "C") && strcmp(name, "POSIX")))
        setenv("LANGUAGE", name, 1);
    bindtextdomain(DOMAIN, find_catalogues(beside));
    bind_textdomain_codeset(DOMAIN, "UTF-8");
    textdomain(DOMAIN);
}

bool words_right_to_left(void) {
    /* Translators: "ltr" for a language that is written from the left, "rtl" for one from the right. */
    return !strcmp(_("ltr"), "rtl");
}

/* ---- the sentences ---- */

const struct words_scope words_scopes[WORDS_SCOPES] = {
    {"view", N_("See this screen"), N_("All that this panel shows.")},
    {"camera", N_("Use the camera"), N_("What the camera of this machine sees.")},
    {"voice", N_("Hear and talk"), N_("The microphone here, and their voice.")},
    {"face", N_("Show their face"), N_("Who helps you appears on this panel.")},
    {"control", N_("Press buttons here"), N_("Touch and type on this panel from afar.")},
    {"logs", N_("Read the logs"), N_("What this machine has written down about itself.")},
};

int words_find_scope(const char *name) {
    for (int i = 0; i < WORDS_SCOPES; i++)
        if (!strcmp(words_scopes[i].name, name))
            return i;
    return -1;
}

const char *words_question(enum oriel_ask_kind kind) {
    switch (kind) {
    case ORIEL_ASK_MORE:
        return _("Remote support asks for more");
    case ORIEL_ASK_AGAIN:
        return _("May remote support go on? The picture stands still until you answer.");
    case ORIEL_ASK_REQUEST:
        break;
    }
    return _("Remote support asks for your permission");
}

const char *words_duration(unsigned seconds, char line[WORDS_LINE]) {
    unsigned minutes = (seconds + 59) / 60;

    snprintf(line, WORDS_LINE,
             ngettext("At most %u minute. You can stop it at any time.",
                      "At most %u minutes. You can stop it at any time.", minutes),
             minutes);
    return line;
}

const char *words_silence(unsigned seconds, char line[WORDS_LINE]) {
    snprintf(line, WORDS_LINE, _("No answer within %u s means no."), seconds);
    return line;
}

const char *words_left(unsigned seconds, char line[WORDS_LINE]) {
    unsigned minutes = seconds / 60;

    if (seconds < 60)
        return _("less than a minute left");
    snprintf(line, WORDS_LINE, ngettext("%u min left", "%u min left", minutes), minutes);
    return line;
}

const char *words_session(const struct oriel_session *session, char line[WORDS_LINE]) {
    switch (session->state) {
    case ORIEL_SESSION_STARTING:
        snprintf(line, WORDS_LINE, _("%s is being connected"), session->agent);
        break;
    case ORIEL_SESSION_LIVE:
        snprintf(line, WORDS_LINE, _("%s sees this screen"), session->agent);
        break;
    case ORIEL_SESSION_PAUSED:
        if (!strcmp(session->why, "connection"))
            snprintf(line, WORDS_LINE, _("The connection to %s is lost, and tried again"), session->agent);
        else
            snprintf(line, WORDS_LINE, _("%s sees a picture that stands still"), session->agent);
        break;
    case ORIEL_SESSION_ENDED:
        return words_end(session);
    }
    return line;
}

const char *words_camera(const struct oriel_session *session, char line[WORDS_LINE]) {
    if (!*session->camera || session->state == ORIEL_SESSION_PAUSED) /* paused, nothing is captured */
        return NULL;
    snprintf(line, WORDS_LINE, _("They see the camera: %s"), session->camera);
    return line;
}

bool words_is_loud(unsigned level) {
    return level >= 25; /* 45 dB below the loudest: a voice, not a hall */
}

const char *words_voice(const struct oriel_voice *voice, bool talks, char line[WORDS_LINE]) {
    const char *hears = !voice->microphone ? _("No microphone works here")
                        : voice->muted     ? _("The microphone is muted")
                                           : _("They hear you");

    if (!voice->on)
        return NULL;
    if (!voice->microphone && !voice->speaker)
        return _("No sound: no sound card works here");
    if (!voice->speaker || talks)
        snprintf(line, WORDS_LINE, "%s · %s", hears, voice->speaker ? _("They talk") : _("No loudspeaker works here"));
    else
        snprintf(line, WORDS_LINE, "%s", hears);
    return line;
}

const char *words_pointed(struct oriel_draw_point at) {
    static const char *const places[3][3] = {
        {N_("They point at the top left of the screen"), N_("They point at the top of the screen"),
         N_("They point at the top right of the screen")},
        {N_("They point at the left of the screen"), N_("They point at the middle of the screen"),
         N_("They point at the right of the screen")},
        {N_("They point at the bottom left of the screen"), N_("They point at the bottom of the screen"),
         N_("They point at the bottom right of the screen")}};
    return _(places[at.y * 3 / (ORIEL_DRAW_END + 1)][at.x * 3 / (ORIEL_DRAW_END + 1)]);
}

const char *words_answered(const struct oriel_answer *answer, char line[WORDS_LINE]) {
    snprintf(line, WORDS_LINE, _("%s (%s) has closed your call: %s"), answer->agent, answer->company, answer->note);
    return line;
}

const char *words_end(const struct oriel_session *session) {
    if (!strcmp(session->reason, "disconnected") || !strcmp(session->reason, "provider-lost"))
        return _("Support has ended: the connection inside this machine was lost");
    if (!strcmp(session->by, "person"))
        return _("Support has ended: you stopped it");
    if (!strcmp(session->by, "local"))
        return _("Support has ended: it was stopped at this machine");
    if (!strcmp(session->reason, "not-renewed"))
        return _("Support has ended: nobody answered whether it may go on");
    if (!strcmp(session->reason, "hung-up"))
        return _("Support has ended: the supporter hung up");
    if (!strcmp(session->reason, "expired"))
        return _("Support has ended: its time is over");
    if (!strcmp(session->reason, "peer-lost"))
        return _("Support has ended: the supporter is not reached any more");
    return _("Support has ended because of a fault");
}

const char *words_withdrawn(const char *why) {
    if (!strcmp(why, "timeout"))
        return _("Nobody answered: that was a no");
    if (!strcmp(why, "disconnected"))
        return _("The question was taken back: the connection inside this machine was lost");
    return _("The supporter took the question back");
}

const char *words_quoted(const char *text, char line[WORDS_LINE]) {
    /* Translators: the quotation marks of your language around %s, which is what the supporter wrote. */
    snprintf(line, WORDS_LINE, _("“%s”"), text);
    return line;
}
