/* The messages of the data channel "oriel" (signaling/PROTOCOL.md, Media): the page's, read strictly, and the device's.
 * Policy: one JSON object of at most 1 KiB; whatever is not a known message breaks the protocol. Thread-safe, no I/O.
 */
#ifndef ORIEL_PAGE_H
#define ORIEL_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace.h"

enum { ORIEL_PAGE_MESSAGE_MAX = 1024, ORIEL_PAGE_ERROR_SIZE = 256 };

/* {"t":"ping","id":7}. The id (≥ 0), or -EPROTO with `error` filled. */
int64_t oriel_page_read_ping(const void *bytes, size_t length, char error[ORIEL_PAGE_ERROR_SIZE]);

/* `now`: CLOCK_MONOTONIC in microseconds. */
void oriel_page_write_pong(int64_t id, int64_t now, char out[128]);

/* Where the time of the pictures of the last second went. */
enum { ORIEL_PAGE_TRACE_SIZE = 320 };
bool oriel_page_write_trace(const struct oriel_trace_summary *trace, const unsigned egress[2],
                            char out[ORIEL_PAGE_TRACE_SIZE]);

/* The picture with RTP timestamp 0 shows the screen of time `at`, in microseconds of the same clock. */
void oriel_page_write_time(int64_t at, char out[128]);

#endif
