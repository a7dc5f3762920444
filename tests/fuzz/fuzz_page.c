/* media/page and talk: whatever the agent's page says on the data channel "oriel", one message a line, to a panel that
 * chats back. Nothing but a message of the protocol is taken for one; a line of chat goes to core once and in order, no
 * faster than people type; what core gets of a drawing are whole points; what the page gets is JSON. */
#include "fuzz.h"

#include <string.h>

#include "core_media.h"
#include "json.h"
#include "talk.h"

static guint32 taken; /* lines that went to core */
static unsigned drawn;

static void to_page(void *user, const char *text) {
    char error[ORIEL_JSON_ERROR_SIZE];
    json_t *json = oriel_json_decode(text, strlen(text), 2 * ORIEL_PAGE_MESSAGE_MAX, error);
    fuzz_check(json && oriel_json_text(json, "t"));
    json_decref(json);
}

static void to_core_chat(void *user, guint32 id, const char *text) {
    fuzz_check(id == ++taken && *text && g_utf8_validate(text, -1, NULL));
    fuzz_check(g_utf8_strlen(text, -1) <= ORIEL_PAGE_TEXT_MAX);
}

static void to_core_draw(void *user, guint kind, guint32 stroke, const guint8 *points, gsize size) {
    drawn++;
    fuzz_check(kind <= ORIEL_DRAW_CLEAR && size % ORIEL_DRAW_POINT_SIZE == 0);
    fuzz_check(size <= (gsize)ORIEL_DRAW_POINTS_MAX * ORIEL_DRAW_POINT_SIZE &&
               (size > 0) == (kind != ORIEL_DRAW_CLEAR));
}

static const struct oriel_talk_out out = {to_page, to_core_chat, to_core_draw};

/* False: it broke the protocol, and the session would end. */
static bool hear(struct oriel_talk *talk, const uint8_t *bytes, size_t length, int64_t now) {
    char error[ORIEL_PAGE_ERROR_SIZE] = "";
    struct oriel_page_message m;
    if (oriel_page_read(bytes, length, &m, error) < 0) {
        fuzz_check(*error && memchr(error, 0, sizeof error));
        return false;
    }
    fuzz_check(m.id >= 0 && m.count <= ORIEL_PAGE_POINTS_MAX && memchr(m.text, 0, sizeof m.text));
    switch (m.kind) {
    case ORIEL_PAGE_PING: {
        char pong[128];
        oriel_page_write_pong(m.id, now / 1000, pong);
        to_page(NULL, pong);
        return true;
    }
    case ORIEL_PAGE_CAMERA:
        fuzz_check(m.id <= UINT32_MAX);
        return true;
    case ORIEL_PAGE_CHAT:
    case ORIEL_PAGE_HEARD:
    case ORIEL_PAGE_POINT:
    case ORIEL_PAGE_MARK:
    case ORIEL_PAGE_DRAW:
    case ORIEL_PAGE_CLEAR:
        return oriel_talk_page(talk, &m, now);
    }
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int64_t now = ORIEL_SECOND, begin = now;
    struct oriel_talk *talk = oriel_talk_new(&out, NULL);
    bool good = true;
    taken = drawn = 0;
    oriel_talk_panel(talk, ORIEL_PANEL_CHAT | ORIEL_PANEL_DRAW);
    oriel_talk_open(talk);
    for (size_t at = 0; good && at < size; now += 10 * ORIEL_MILLISECOND) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t length = end ? (size_t)(end - data) - at : size - at;
        guint32 before = taken;
        good = hear(talk, data + at, length, now);
        if (taken != before && taken % 2)
            oriel_talk_heard(talk, taken);
        if (taken != before)
            fuzz_check(oriel_talk_say(talk, "\"yes\" \\ \xe4\xbd\xa0"));
        at += length + 1;
        if (length % 13 == 0) { /* the path is renewed */
            oriel_talk_closed(talk);
            oriel_talk_open(talk);
        }
    }
    double seconds = (double)(now - begin) / ORIEL_SECOND;
    fuzz_check(taken <= 8 + 2 * seconds && drawn <= 2 * (40 + 40 * seconds));
    oriel_talk_free(talk);
    return 0;
}
