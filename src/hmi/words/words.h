/* words.h: what both consent apps (../consent, ../tty) say to people, by gettext (po/), and in which language.
 *
 * English stands in the code, other languages in po/. Which one: the environment's, as for any program (LANGUAGE,
 * LC_ALL, LC_MESSAGES, LANG), also where that locale was never generated on the machine; or what is asked for. Where
 * catalogues are: ORIEL_LOCALEDIR, beside the program (a build folder), or the installed ones. libc only. One thread.
 */
#ifndef ORIEL_WORDS_H
#define ORIEL_WORDS_H

#include "oriel.h"

#include <libintl.h>
#include <stdbool.h>
#include <stddef.h>

#define _(text) gettext(text)
#define N_(text) text

enum { WORDS_SCOPES = 6, WORDS_LINE = 1280 }; /* bytes of a sentence */

/* First of all. `language`: "de", "zh" …; NULL: the environment's. */
void words_begin(const char *language);
/* Whether this language is written from the right. */
bool words_right_to_left(void);

/* The scopes that there are words for, in the order in which they are shown. */
struct words_scope {
    const char *name;    /* "view" */
    const char *title;   /* "See this screen": through _() */
    const char *meaning; /* likewise */
};
extern const struct words_scope words_scopes[WORDS_SCOPES];
/* Its place in words_scopes, or -1: nobody can be asked for it. */
int words_find_scope(const char *name);

/* What is asked: the heading of a prompt. */
const char *words_question(enum oriel_ask_kind kind);
/* "At most 10 minutes. You can stop it at any time." */
const char *words_duration(unsigned seconds, char line[WORDS_LINE]);
/* "Without an answer within 42 s it is a no." */
const char *words_silence(unsigned seconds, char line[WORDS_LINE]);
/* "8 min left", "less than a minute left". */
const char *words_left(unsigned seconds, char line[WORDS_LINE]);
/* What an indicator says: "Anna Weber sees this screen". */
const char *words_session(const struct oriel_session *session, char line[WORDS_LINE]);
/* Which camera is on, for the indicator: "They see the camera: HD Webcam". NULL: none, or
 * nothing is captured now. */
const char *words_camera(const struct oriel_session *session, char line[WORDS_LINE]);
/* How it stands with the voice, for the indicator: "They hear you · They talk", "The microphone is muted". `talks`: the
 * supporter does, now or a moment ago (WORDS_QUIET_MS; sentences have gaps). NULL: it is off. */
const char *words_voice(const struct oriel_voice *voice, bool talks, char line[WORDS_LINE]);
enum { WORDS_QUIET_MS = 900 };
/* Whether somebody speaks, of a loudness of struct oriel_voice. */
bool words_is_loud(unsigned level);
/* Where they point, of the whole picture: "They point at the top left of the screen". */
const char *words_pointed(struct oriel_draw_point at);
/* How support dealt with the call: "Anna Weber has closed your call: the sensor was dirty". */
const char *words_answered(const struct oriel_answer *answer, char line[WORDS_LINE]);
/* Why it ended. */
const char *words_end(const struct oriel_session *session);
/* Why a prompt went. */
const char *words_withdrawn(const char *why);

/* With characters of its own for the two ends of a quotation. */
const char *words_quoted(const char *text, char line[WORDS_LINE]);

#endif
