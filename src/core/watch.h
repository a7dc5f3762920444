/* Tells when a file in a directory was written, moved or removed (inotify). Bursts are told once. */
#ifndef ORIEL_WATCH_H
#define ORIEL_WATCH_H

#include <glib.h>

struct oriel_watch;

/* NULL when the directory cannot be watched (logged): then changes hold from the next question on. */
struct oriel_watch *oriel_watch_new(const char *directory, void (*changed)(void *user), void *user);
void oriel_watch_free(struct oriel_watch *watch);

#endif
