/* pipelines/exact: whatever the page says on the exact layer's channel, to tiles that are on their way. Nothing but a
 * message is taken for one, and the bytes on their way stay counted. */
#include "fuzz.h"

#include <string.h>

#include "flight.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct oriel_exact_heard heard;
    if (!oriel_exact_read(data, size, &heard))
        return 0;
    fuzz_check(size >= 8 && data[0] == ORIEL_EXACT_VERSION && heard.count <= ORIEL_EXACT_RANGES_MAX);
    struct oriel_flight f;
    const struct oriel_tile *tile;
    unsigned chunk;
    int64_t now = ORIEL_SECOND;
    oriel_flight_start(&f, NULL);
    for (uint32_t i = 0; i < 4; i++) {
        const struct oriel_exact_tile_head head = {.tile = i, .rtp = 1};
        size_t length = 1 + i * 3000;
        fuzz_check(oriel_flight_add(&f, &head, calloc(1, length), length, now));
    }
    while (oriel_flight_next(&f, now, &tile, &chunk))
        ;
    for (unsigned i = 0; i < heard.count; i++)
        oriel_tile_free(oriel_flight_ack(&f, &heard.ranges[i], now + i));
    fuzz_check(oriel_flight_due(&f, now) >= now && f.in_flight <= f.window);
    oriel_flight_clear(&f);
    fuzz_check(f.in_flight == 0);
    return 0;
}
