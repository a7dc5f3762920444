/* What the configuration and the trust directory were, as one hash each: the log says with it when they changed. */
#ifndef ORIEL_DIGEST_H
#define ORIEL_DIGEST_H

#include <glib.h>

/* SHA-256 in hex; "unreadable" when it is that. The caller frees. */
char *oriel_digest_file(const char *path);
/* Of the names and contents of all files of the directory, in the names' order. */
char *oriel_digest_directory(const char *path);

#endif
