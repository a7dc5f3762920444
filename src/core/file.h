/* Reads a file that decides about trust: whole, at most 64 KiB, and only when nobody else could have written it.
 * Policy: a regular file of root or of our own account; what others may do with it is looked at on the open file, so
 * that it cannot be exchanged in between. */
#ifndef ORIEL_FILE_H
#define ORIEL_FILE_H

#include <glib.h>
#include <stdbool.h>

/* The text with a NUL behind it, the caller frees; NULL with `error`, G_FILE_ERROR_NOENT when there is none. `secret`:
 * nobody else may even read it. */
char *oriel_file_read(const char *path, bool secret, gsize *length, GError **error);

#endif
