/* See clock.h. */
#include "clock.h"

#include <stdio.h>
#include <sys/timex.h>
#include <time.h>

static const char *source_turned;
static int64_t advanced, wall_turned;

static int64_t read_clock(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * ORIEL_SECOND + t.tv_nsec;
}

int64_t oriel_boottime(void) {
    return read_clock(CLOCK_BOOTTIME) + advanced;
}

int64_t oriel_monotonic(void) {
    return read_clock(CLOCK_MONOTONIC);
}

void oriel_wall_time(char out[25]) {
    struct timespec t;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &tm);
    char seconds[20];
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out, 25, "%.19s.%03dZ", seconds, (int)((unsigned long)t.tv_nsec / 1000000 % 1000));
}

const char *oriel_wall_source(void) {
    if (source_turned)
        return source_turned;
    struct timex t = {0}; /* only asks */
    return adjtimex(&t) >= 0 && !(t.status & STA_UNSYNC) ? "ntp" : "local";
}

int64_t oriel_wall_seconds(void) {
    return read_clock(CLOCK_REALTIME) / ORIEL_SECOND + wall_turned;
}

void oriel_clock_advance(int64_t nanoseconds) {
    advanced += nanoseconds;
}

void oriel_clock_turn_source(const char *source) {
    source_turned = source;
}

void oriel_clock_turn_wall(int64_t seconds) {
    wall_turned += seconds;
}
