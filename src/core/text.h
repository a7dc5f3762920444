/* Text from others, made fit to be shown to the person at the panel and written into the log. */
#ifndef ORIEL_TEXT_H
#define ORIEL_TEXT_H

#include <glib.h>

/* A new string of valid UTF-8: control, format (bidi, zero-width), private and invisible characters removed, at most
 * four marks on one letter, runs of white space made one space, at most `characters` (1 or more) of them, an ellipsis
 * as the last when something was cut. Bytes that are no UTF-8 become U+FFFD. The caller frees. */
char *oriel_text_clean(const char *bytes, guint characters);

#endif
