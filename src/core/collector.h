/* The way of the records to the owner's collector, over the connection to the broker: PROTOCOL.md, Collecting.
 *
 * Policy: what the collector lacks by its last answer goes out in chunks, sealed for its key, one at a time; the next
 * goes when it has answered with a cosignature of the last. Without an answer it goes again after a minute, then less
 * and less often, at least once an hour; an empty message says that the collector is there (again): at once. An answer
 * that was not waited for is dropped unread. Main loop. */
#ifndef ORIEL_COLLECTOR_H
#define ORIEL_COLLECTOR_H

#include "config.h"
#include "ledger.h"
#include "link.h"

struct oriel_collector;

/* NULL with `error` unset when none is configured; with `error` when its key can't be read. */
struct oriel_collector *oriel_collector_new(const struct oriel_config *config, struct oriel_ledger *ledger,
                                            GError **error);
void oriel_collector_free(struct oriel_collector *collector);
/* All of these take NULL, and do nothing then. */
/* Connected, by `link`, or (NULL) not. */
void oriel_collector_online(struct oriel_collector *collector, struct oriel_link *link);
void oriel_collector_grown(struct oriel_collector *collector);
void oriel_collector_exported(struct oriel_collector *collector, const char *text);
void oriel_collector_received(struct oriel_collector *collector, const void *bytes, size_t length);
void oriel_collector_answered(struct oriel_collector *collector, bool good);

#endif
