/* See figures.h. */
#include "figures.h"

#include <string.h>

#include "clock.h"
#include "core_media.h"
#include "screen.h"

static uint32_t in_ms(int64_t time) {
    return (uint32_t)(MAX(time, 0) / ORIEL_MILLISECOND);
}

static int send_way(int core, const struct oriel_rate_figures *rate, const struct oriel_references_counts *made) {
    return oriel_ipc_send(core, &oriel_media_to_core, ORIEL_MEDIA_WAY, (uint32_t)(rate->estimate / 1000),
                          in_ms(rate->queue), in_ms(rate->waiting), (uint32_t)rate->state, (uint32_t)made->recoveries,
                          (uint32_t)made->keyframes);
}

static int send_stats(struct oriel_figures *f, int core, const struct oriel_trace_summary *trace) {
    struct oriel_screen_counts screen;
    struct oriel_transport_counts sent;
    oriel_screen_counts(f->screen, &screen);
    oriel_transport_counts(f->transport, &sent);
    uint32_t pictures = (uint32_t)(screen.pictures - f->pictures_before);
    uint32_t kbits = (uint32_t)((sent.bytes - f->bytes_before) * 8 / 1000);
    f->pictures_before = screen.pictures;
    f->bytes_before = sent.bytes;
    f->loss_permille = sent.loss_permille;
    const struct oriel_trace_stage *t = trace->stages;
    return oriel_ipc_send(core, &oriel_media_to_core, ORIEL_MEDIA_STATS, screen.width, screen.height, pictures, kbits,
                          sent.loss_permille, sent.round_trip_ms, sent.bytes, t[0].p50, t[0].max, t[1].p50, t[1].max,
                          t[2].p50, t[2].max, t[3].p50, t[3].max);
}

/* While the picture is at rest nothing of it changes, and nothing is said. */
static void tell_way(struct oriel_figures *f, const struct oriel_rate_figures *rate,
                     const struct oriel_references_counts *made) {
    char way[ORIEL_PAGE_WAY_SIZE];
    oriel_page_write_way(rate, made, way);
    if (strcmp(way, f->way) == 0)
        return;
    memcpy(f->way, way, sizeof way);
    oriel_transport_send(f->transport, way);
}

int oriel_figures_send(struct oriel_figures *f, int core) {
    struct oriel_rate_figures rate;
    struct oriel_references_counts made;
    struct oriel_trace_summary trace;
    oriel_estimator_figures(f->allocator->estimator, &rate, oriel_monotonic());
    oriel_references_count(f->allocator->references, &made);
    oriel_screen_trace(f->screen, &trace);
    int way = send_way(core, &rate, &made), stats = send_stats(f, core, &trace);
    tell_way(f, &rate, &made);
    char text[ORIEL_PAGE_TRACE_SIZE];
    if (trace.pictures && oriel_page_write_trace(&trace, f->egress, text))
        oriel_transport_send(f->transport, text);
    return way < 0 ? way : stats;
}
