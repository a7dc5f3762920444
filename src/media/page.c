/* See page.h. */
#include "page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core_media.h"
#include "json.h"

#define ID_MAX INT64_C(9007199254740991) /* 2^53-1: what a page's number holds exactly */

/* Whole numbers from 0 to 65535, an even number of them. */
static bool take_points(const json_t *list, size_t max, struct oriel_page_message *m) {
    size_t n = json_array_size(list);
    if (n < 2 || n % 2 || n > 2 * max)
        return false;
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(list, i);
        json_int_t number = json_integer_value(value);
        if (!json_is_integer(value) || number < 0 || number > UINT16_MAX)
            return false;
        m->points[i] = (uint16_t)number;
    }
    m->count = n / 2;
    return true;
}

static bool take_id(const json_t *json, const char *name, struct oriel_page_message *m) {
    m->id = oriel_json_integer(json, name, -1);
    return m->id >= 0 && m->id <= ID_MAX;
}

static bool take_text(const json_t *json, struct oriel_page_message *m) {
    const char *text = oriel_json_text(json, "text");
    size_t characters = 0, length = text ? strlen(text) : 0;
    for (size_t i = 0; i < length; i++)
        characters += ((unsigned char)text[i] & 0xc0) != 0x80;
    if (!length || characters > ORIEL_PAGE_TEXT_MAX)
        return false;
    memcpy(m->text, text, length + 1);
    return true;
}

static bool take(const json_t *json, struct oriel_page_message *m) {
    static const struct {
        const char *type;
        size_t members;
    } kinds[] = {
        [ORIEL_PAGE_PING] = {"ping", 2},   [ORIEL_PAGE_CHAT] = {"chat", 3},     [ORIEL_PAGE_HEARD] = {"heard", 2},
        [ORIEL_PAGE_POINT] = {"point", 2}, [ORIEL_PAGE_MARK] = {"mark", 2},     [ORIEL_PAGE_DRAW] = {"draw", 3},
        [ORIEL_PAGE_CLEAR] = {"clear", 1}, [ORIEL_PAGE_CAMERA] = {"camera", 2},
    };
    const char *type = oriel_json_text(json, "t");
    size_t kind = 0;
    while (type && kind < sizeof kinds / sizeof *kinds && strcmp(type, kinds[kind].type) != 0)
        kind++;
    if (!type || kind == sizeof kinds / sizeof *kinds || json_object_size(json) != kinds[kind].members)
        return false;
    m->kind = (enum oriel_page_kind)kind;
    switch (m->kind) {
    case ORIEL_PAGE_PING:
    case ORIEL_PAGE_HEARD:
        return take_id(json, "id", m);
    case ORIEL_PAGE_CHAT:
        return take_id(json, "id", m) && take_text(json, m);
    case ORIEL_PAGE_POINT:
    case ORIEL_PAGE_MARK:
        return take_points(json_object_get(json, "at"), 1, m);
    case ORIEL_PAGE_DRAW:
        return take_id(json, "stroke", m) && m->id <= UINT32_MAX &&
               take_points(json_object_get(json, "points"), ORIEL_PAGE_POINTS_MAX, m);
    case ORIEL_PAGE_CLEAR:
        return true;
    case ORIEL_PAGE_CAMERA:
        return take_id(json, "use", m) && m->id <= UINT32_MAX;
    }
    return false;
}

int oriel_page_read(const void *bytes, size_t length, struct oriel_page_message *m, char error[ORIEL_PAGE_ERROR_SIZE]) {
    char reason[ORIEL_JSON_ERROR_SIZE];
    json_t *json = oriel_json_decode(bytes, length, ORIEL_PAGE_MESSAGE_MAX, reason);
    memset(m, 0, sizeof *m);
    if (!json) {
        snprintf(error, ORIEL_PAGE_ERROR_SIZE, "the page sent a message that is not JSON: %s", reason);
        return -EPROTO;
    }
    bool good = take(json, m);
    if (!good)
        snprintf(error, ORIEL_PAGE_ERROR_SIZE, "the page sent a message that the protocol does not have");
    json_decref(json);
    return good ? 0 : -EPROTO;
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

void oriel_page_write_way(const struct oriel_rate_figures *rate, const struct oriel_references_counts *made,
                          char out[ORIEL_PAGE_WAY_SIZE]) {
    static const char *const states[] = {[ORIEL_RATE_START] = "start",
                                         [ORIEL_RATE_FREE] = "free",
                                         [ORIEL_RATE_FULL] = "full",
                                         [ORIEL_RATE_QUEUING] = "queuing",
                                         [ORIEL_RATE_SILENT] = "silent"};
    snprintf(out, ORIEL_PAGE_WAY_SIZE,
             "{\"t\":\"way\",\"state\":\"%s\",\"kbits\":%.0f,\"queue\":%.0f,\"waiting\":%.0f,\"loss\":%.0f,"
             "\"recoveries\":%" PRIu64 ",\"keyframes\":%" PRIu64 "}",
             states[rate->state], rate->estimate / 1e3, (double)(rate->queue > 0 ? rate->queue : 0) / ORIEL_MILLISECOND,
             (double)(rate->waiting > 0 ? rate->waiting : 0) / ORIEL_MILLISECOND, rate->loss * 1000, made->recoveries,
             made->keyframes);
}

char *oriel_page_write_chat(int64_t id, const char *text) {
    json_t *json = json_pack("{s:s, s:I, s:s}", "t", "chat", "id", (json_int_t)id, "text", text);
    char *bytes = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return bytes;
}

void oriel_page_write_heard(int64_t id, char out[128]) {
    snprintf(out, 128, "{\"t\":\"heard\",\"id\":%" PRId64 "}", id);
}

void oriel_page_write_panel(unsigned can, char out[128]) {
    snprintf(out, 128, "{\"t\":\"panel\",\"chat\":%s,\"draw\":%s,\"face\":%s}",
             can & ORIEL_PANEL_CHAT ? "true" : "false", can & ORIEL_PANEL_DRAW ? "true" : "false",
             can & ORIEL_PANEL_FACE ? "true" : "false");
}

void oriel_page_write_masks(const struct oriel_rect *masks, unsigned count, char out[ORIEL_PAGE_MASKS_SIZE]) {
    int used = snprintf(out, ORIEL_PAGE_MASKS_SIZE, "{\"t\":\"masks\",\"masks\":[");
    for (unsigned i = 0; i < count && i < ORIEL_MASKS_MAX; i++)
        used += snprintf(out + used, (size_t)(ORIEL_PAGE_MASKS_SIZE - used), "%s[%u,%u,%u,%u]", i ? "," : "",
                         masks[i].x, masks[i].y, masks[i].width, masks[i].height);
    snprintf(out + used, (size_t)(ORIEL_PAGE_MASKS_SIZE - used), "]}");
}

char *oriel_page_write_voice(unsigned bits, const char *why) {
    json_t *json = json_pack("{s:s, s:b, s:b, s:b, s:b, s:s}", "t", "voice", "on", (int)(bits & ORIEL_TALK_ON),
                             "microphone", (int)(bits & ORIEL_TALK_MICROPHONE), "speaker",
                             (int)(bits & ORIEL_TALK_SPEAKER), "muted", (int)(bits & ORIEL_TALK_MUTED), "why", why);
    char *bytes = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return bytes;
}
