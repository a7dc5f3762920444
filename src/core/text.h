/* Text from others, made fit to be shown to the person at the panel and written into the log. */
#ifndef ORIEL_TEXT_H
#define ORIEL_TEXT_H

#include <glib.h>

/* A new string: control, format (bidi, zero-width) and private characters removed, runs of white space made one space,
 * at most `characters` of them (an ellipsis as the last when something was cut). `text` is valid UTF-8. The caller
 * frees. */
char *oriel_text_clean(const char *text, guint characters);

#endif
