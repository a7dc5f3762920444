/* log.h says what. */
#include "log.h"

static const int64_t STEP = LOG_STEP_MS * INT64_C(1000000);

void log_tick(struct log *log, struct lane *lanes[2], int64_t now) {
    if (now < log->step + STEP)
        return;
    log_write(log, lanes, now);
    log->step = now / STEP * STEP;
}

void log_write(struct log *log, struct lane *lanes[2], int64_t now) {
    for (int i = 0; i < 2; i++) {
        double waited = (double)lane_waited(lanes[i], now) / 1e6;
        struct lane_counters *was = &log->before[i], is = *lane_counters(lanes[i]);
        size_t queued = lane_queued(lanes[i]);
        if (is.in_packets != was->in_packets || is.wire_packets != was->wire_packets || queued)
            fprintf(log->file, "%lld %s %llu %llu %.2f %zu %llu %llu %.2f\n", (long long)(log->step / 1000000),
                    i ? "down" : "up", (unsigned long long)(is.in_bytes - was->in_bytes),
                    (unsigned long long)(is.wire_bytes - was->wire_bytes), waited, queued,
                    (unsigned long long)(is.dropped - was->dropped), (unsigned long long)(is.lost - was->lost),
                    (double)log->late[i] / 1e6);
        *was = is;
        log->late[i] = 0;
    }
    fflush(log->file);
}

void log_late(struct log *log, int lane, int64_t late) {
    if (late > log->late[lane])
        log->late[lane] = late;
    if (late > log->latest)
        log->latest = late;
}
