/* The clocks of Oriel, in nanoseconds (or microseconds where the name says so).
 * Policy: whatever expires is counted by CLOCK_BOOTTIME, which nobody can set and which runs on while the machine
 * sleeps; picture times are CLOCK_MONOTONIC, the clock of GStreamer; wall time is only for the log and for
 * certificates and credentials. oriel_clock_advance() turns boot time for tests, never back, oriel_clock_turn_wall()
 * the wall time of oriel_wall_seconds(), either way. Thread-safe but for those two. */
#ifndef ORIEL_CLOCK_H
#define ORIEL_CLOCK_H

#include <stdint.h>

#define ORIEL_SECOND INT64_C(1000000000)
#define ORIEL_MILLISECOND INT64_C(1000000)

int64_t oriel_boottime(void);
int64_t oriel_monotonic(void);
/* RFC 3339 with milliseconds, UTC: "2026-11-23T10:30:00.000Z", 25 bytes with its NUL. */
void oriel_wall_time(char out[25]);
/* "ntp" when the kernel calls the wall time synchronised, else "local". */
const char *oriel_wall_source(void);
/* Seconds since 1970. */
int64_t oriel_wall_seconds(void);
void oriel_clock_advance(int64_t nanoseconds);
void oriel_clock_turn_wall(int64_t seconds);
/* For tests: what oriel_wall_source() says; NULL: what the kernel does. */
void oriel_clock_turn_source(const char *source);

#endif
