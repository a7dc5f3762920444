/* See page.h. */
#include "page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json.h"

#define ID_MAX INT64_C(9007199254740991) /* 2^53-1: what a page's number holds exactly */

int64_t oriel_page_read_ping(const void *bytes, size_t length, char error[ORIEL_PAGE_ERROR_SIZE]) {
    char reason[ORIEL_JSON_ERROR_SIZE];
    json_t *message = oriel_json_decode(bytes, length, ORIEL_PAGE_MESSAGE_MAX, reason);
    if (!message) {
        snprintf(error, ORIEL_PAGE_ERROR_SIZE, "the page sent a message that is not JSON: %s", reason);
        return -EPROTO;
    }
    const char *type = oriel_json_text(message, "t");
    int64_t id = oriel_json_integer(message, "id", -1);
    int64_t result = id;
    if (!type || strcmp(type, "ping") != 0 || id < 0 || id > ID_MAX || json_object_size(message) != 2) {
        snprintf(error, ORIEL_PAGE_ERROR_SIZE, "the page sent a message that is not a ping");
        result = -EPROTO;
    }
    json_decref(message);
    return result;
}

void oriel_page_write_pong(int64_t id, int64_t now, char out[128]) {
    snprintf(out, 128, "{\"t\":\"pong\",\"id\":%" PRId64 ",\"now\":%" PRId64 "}", id, now);
}

void oriel_page_write_time(int64_t at, char out[128]) {
    snprintf(out, 128, "{\"t\":\"time\",\"rtp\":0,\"at\":%" PRId64 "}", at);
}

bool oriel_page_write_trace(const struct oriel_trace_summary *trace, const unsigned egress[2],
                            char out[ORIEL_PAGE_TRACE_SIZE]) {
    const struct oriel_trace_stage *t = trace->stages;
    int length = snprintf(out, ORIEL_PAGE_TRACE_SIZE,
                          "{\"t\":\"trace\",\"pictures\":%u,\"capture\":[%u,%u],\"convert\":[%u,%u],\"encode\":[%u,%u],"
                          "\"packetize\":[%u,%u],\"egress\":[%u,%u]}",
                          trace->pictures, t[0].p50, t[0].max, t[1].p50, t[1].max, t[2].p50, t[2].max, t[3].p50,
                          t[3].max, egress[0], egress[1]);
    return length < ORIEL_PAGE_TRACE_SIZE;
}
