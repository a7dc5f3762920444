/* See sdp.h. */
#include "sdp.h"

#include <arpa/inet.h>
#include <gst/sdp/sdp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dependencies.h"
#include "fingerprint.h"

enum { MLINES_MAX = 16, ATTRIBUTES_MAX = 256 };

typedef enum oriel_sdp_verdict Verdict;

__attribute__((format(printf, 2, 3))) static Verdict refuse(char *error, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(error, ORIEL_SDP_ERROR_SIZE, format, args);
    va_end(args);
    return ORIEL_SDP_PROTOCOL;
}

/* Printable ASCII in lines "x=…", starting with v=0: GstSDP itself is lenient. */
static Verdict check_text(const char *sdp, char *error) {
    size_t length = strlen(sdp);
    if (length > ORIEL_SDP_SIZE_MAX)
        return refuse(error, "the answer is %zu bytes long; at most %d are allowed", length, ORIEL_SDP_SIZE_MAX);
    if (strncmp(sdp, "v=0\r\n", 5) != 0 && strncmp(sdp, "v=0\n", 4) != 0)
        return refuse(error, "the answer is not SDP: it does not start with v=0");
    int number = 0;
    for (const char *line = sdp; *line; number++) {
        size_t n = strcspn(line, "\r\n");
        if (n < 2 || line[0] < 'a' || line[0] > 'z' || line[1] != '=')
            return refuse(error, "the answer is not SDP: line %d is not of the form x=…", number + 1);
        for (size_t i = 0; i < n; i++)
            if (line[i] < 0x20 || line[i] > 0x7e)
                return refuse(error, "the answer is not SDP: line %d has a byte that is not printable", number + 1);
        line += n;
        if (line[0] == '\r' && line[1] != '\n')
            return refuse(error, "the answer is not SDP: line %d ends in a lone carriage return", number + 1);
        line += line[0] == '\r' ? 2 : line[0] == '\n' ? 1 : 0;
    }
    return ORIEL_SDP_GOOD;
}

static GstSDPMessage *parse(const char *text) {
    GstSDPMessage *sdp = NULL;
    if (!*text || gst_sdp_message_new_from_text(text, &sdp) != GST_SDP_OK)
        return NULL;
    return sdp;
}

static const char *attribute(const GstSDPMedia *media, const char *name) {
    return gst_sdp_media_get_attribute_val(media, name);
}

static bool has(const GstSDPMedia *media, const char *name, const char *value) {
    for (guint i = 0; i < gst_sdp_media_attributes_len(media); i++) {
        const GstSDPAttribute *a = gst_sdp_media_get_attribute(media, i);
        if (g_strcmp0(a->key, name) == 0 && (!value || g_strcmp0(a->value, value) == 0))
            return true;
    }
    return false;
}

static unsigned count(const GstSDPMedia *media, const char *name) {
    unsigned n = 0;
    for (guint i = 0; i < gst_sdp_media_attributes_len(media); i++)
        n += g_strcmp0(gst_sdp_media_get_attribute(media, i)->key, name) == 0;
    return n;
}

static bool has_format(const GstSDPMedia *media, const char *format) {
    for (guint i = 0; i < gst_sdp_media_formats_len(media); i++)
        if (g_strcmp0(gst_sdp_media_get_format(media, i), format) == 0)
            return true;
    return false;
}

/* One value of a=fingerprint: "sha-256 " and the announced one. */
static Verdict check_fingerprint(const char *value, const char *expected, char *error) {
    if (!value || strncmp(value, "sha-256 ", 8) != 0)
        return refuse(error, "the answer has a fingerprint that is not sha-256");
    if (!oriel_fingerprint_valid(value + 8))
        return refuse(error, "the answer has a fingerprint that is not 32 upper-case hex pairs");
    if (oriel_fingerprint_equal(value + 8, expected))
        return ORIEL_SDP_GOOD;
    refuse(error, "the answer has another fingerprint than the request announced");
    return ORIEL_SDP_FINGERPRINT;
}

/* Every fingerprint anywhere is the announced one, and each m-line has one, of its own or of the session. */
static Verdict check_fingerprints(const GstSDPMessage *sdp, const char *expected, char *error) {
    Verdict verdict;
    bool session = false;
    for (guint i = 0; i < gst_sdp_message_attributes_len(sdp); i++) {
        const GstSDPAttribute *a = gst_sdp_message_get_attribute(sdp, i);
        if (g_strcmp0(a->key, "fingerprint") != 0)
            continue;
        session = true;
        if ((verdict = check_fingerprint(a->value, expected, error)) != ORIEL_SDP_GOOD)
            return verdict;
    }
    for (guint m = 0; m < gst_sdp_message_medias_len(sdp); m++) {
        const GstSDPMedia *media = gst_sdp_message_get_media(sdp, m);
        bool own = false;
        for (guint i = 0; i < gst_sdp_media_attributes_len(media); i++) {
            const GstSDPAttribute *a = gst_sdp_media_get_attribute(media, i);
            if (g_strcmp0(a->key, "fingerprint") != 0)
                continue;
            own = true;
            if ((verdict = check_fingerprint(a->value, expected, error)) != ORIEL_SDP_GOOD)
                return verdict;
        }
        if (!session && !own)
            return refuse(error, "m-line %u of the answer has no fingerprint", m);
    }
    return ORIEL_SDP_GOOD;
}

static bool ice_text(const char *text, size_t min, size_t max) {
    size_t n = text ? strlen(text) : 0;
    if (n < min || n > max)
        return false;
    for (; *text; text++)
        if (!g_ascii_isalnum(*text) && *text != '+' && *text != '/')
            return false;
    return true;
}

/* ICE (RFC 8839 section 5.4) and DTLS roles (RFC 5763 section 5) of one m-line; the session may hold them for all. */
static Verdict check_transport(const GstSDPMessage *sdp, const GstSDPMedia *media, guint m, char *error) {
    const char *names[] = {"ice-ufrag", "ice-pwd", "setup"};
    const char *values[3];
    for (guint i = 0; i < 3; i++) {
        if (count(media, names[i]) > 1)
            return refuse(error, "m-line %u of the answer has %s more than once", m, names[i]);
        values[i] = attribute(media, names[i]);
        if (!values[i])
            values[i] = gst_sdp_message_get_attribute_val(sdp, names[i]);
    }
    if (!ice_text(values[0], 4, 256) || !ice_text(values[1], 22, 256))
        return refuse(error, "m-line %u of the answer has no usable ICE user name and password", m);
    if (g_strcmp0(values[2], "active") != 0 && g_strcmp0(values[2], "passive") != 0)
        return refuse(error, "m-line %u of the answer must have a=setup active or passive", m);
    return ORIEL_SDP_GOOD;
}

/* "3 uri" or, as Firefox writes it, "3/recvonly uri" (RFC 8285 section 5). */
static bool offered_extension(const GstSDPMedia *ours, const char *value) {
    if (!value)
        return false;
    size_t id = strspn(value, "0123456789");
    size_t direction = g_str_has_prefix(value + id, "/recvonly") ? strlen("/recvonly") : 0;
    g_autofree char *plain = g_strdup_printf("%.*s%s", (int)id, value, value + id + direction);
    return has(ours, "extmap", plain);
}

/* Formats and header extensions of the answer are out of the offer. */
static Verdict check_choices(const GstSDPMedia *ours, const GstSDPMedia *theirs, guint m, char *error) {
    if (gst_sdp_media_formats_len(theirs) == 0)
        return refuse(error, "m-line %u of the answer has no format", m);
    for (guint i = 0; i < gst_sdp_media_formats_len(theirs); i++)
        if (!has_format(ours, gst_sdp_media_get_format(theirs, i)))
            return refuse(error, "m-line %u of the answer has format %.20s, which was not offered", m,
                          gst_sdp_media_get_format(theirs, i));
    for (guint i = 0; i < gst_sdp_media_attributes_len(theirs); i++) {
        const GstSDPAttribute *a = gst_sdp_media_get_attribute(theirs, i);
        if (g_strcmp0(a->key, "extmap") == 0 && !offered_extension(ours, a->value))
            return refuse(error, "m-line %u of the answer has a header extension that was not offered", m);
    }
    return ORIEL_SDP_GOOD;
}

/* The screen is the first m-line. */
static bool reads_dependencies(const GstSDPMessage *theirs) {
    const GstSDPMedia *screen = gst_sdp_message_get_media(theirs, 0);
    for (guint i = 0; i < gst_sdp_media_attributes_len(screen); i++) {
        const GstSDPAttribute *a = gst_sdp_media_get_attribute(screen, i);
        if (g_strcmp0(a->key, "extmap") == 0 && g_str_has_suffix(a->value, " " ORIEL_DEPENDENCIES_URI))
            return true;
    }
    return false;
}

static bool is_rtp(const GstSDPMedia *media) {
    return g_strcmp0(gst_sdp_media_get_media(media), "application") != 0;
}

static const char *const directions[] = {"sendrecv", "sendonly", "recvonly", "inactive", NULL};

/* RFC 3264, section 6.1, and the first m-line is received: it is what the session is for. */
static Verdict check_direction(const GstSDPMedia *ours, const GstSDPMedia *theirs, guint m, char *error) {
    const char *chosen = NULL;
    for (guint i = 0; directions[i]; i++)
        if (has(theirs, directions[i], NULL)) {
            if (chosen)
                return refuse(error, "m-line %u of the answer has more than one direction", m);
            chosen = directions[i];
        }
    if (!chosen)
        return refuse(error, "m-line %u of the answer has no direction", m);
    bool receives = strcmp(chosen, "recvonly") == 0 || strcmp(chosen, "sendrecv") == 0;
    bool sends = strcmp(chosen, "sendonly") == 0 || strcmp(chosen, "sendrecv") == 0;
    if (sends && has(ours, "sendonly", NULL))
        return refuse(error, "m-line %u of the answer must be recvonly%s: the device only sends", m,
                      m ? " or inactive" : "");
    if (receives && has(ours, "recvonly", NULL))
        return refuse(error, "m-line %u of the answer must be sendonly or inactive: the device only receives", m);
    if (!receives && m == 0)
        return refuse(error, "m-line %u of the answer must be recvonly: it is the screen", m);
    return ORIEL_SDP_GOOD;
}

static Verdict check_media(const GstSDPMessage *sdp, const GstSDPMedia *ours, const GstSDPMedia *theirs, guint m,
                           char *error) {
    const char *kind = gst_sdp_media_get_media(ours);
    if (gst_sdp_media_attributes_len(theirs) > ATTRIBUTES_MAX)
        return refuse(error, "m-line %u of the answer has too many attributes", m);
    if (g_strcmp0(gst_sdp_media_get_media(theirs), kind) != 0)
        return refuse(error, "m-line %u of the answer is %.20s, %s was offered", m, gst_sdp_media_get_media(theirs),
                      kind);
    if (g_strcmp0(gst_sdp_media_get_proto(theirs), gst_sdp_media_get_proto(ours)) != 0)
        return refuse(error, "m-line %u of the answer has protocol %.40s, %s was offered", m,
                      gst_sdp_media_get_proto(theirs), gst_sdp_media_get_proto(ours));
    if (gst_sdp_media_get_port(theirs) == 0)
        return refuse(error, "the agent's browser refused m-line %u (%s)", m, kind);
    if (g_strcmp0(attribute(theirs, "mid"), attribute(ours, "mid")) != 0)
        return refuse(error, "m-line %u of the answer has another mid than was offered", m);
    Verdict verdict = is_rtp(ours) ? check_direction(ours, theirs, m, error) : ORIEL_SDP_GOOD;
    if (verdict == ORIEL_SDP_GOOD && is_rtp(ours) && !has(theirs, "rtcp-mux", NULL))
        verdict = refuse(error, "m-line %u of the answer has no rtcp-mux", m);
    if (verdict == ORIEL_SDP_GOOD)
        verdict = check_choices(ours, theirs, m, error);
    return verdict == ORIEL_SDP_GOOD ? check_transport(sdp, theirs, m, error) : verdict;
}

/* a=group:BUNDLE with every mid of the offer: one transport, or none. */
static Verdict check_bundle(const GstSDPMessage *ours, const GstSDPMessage *theirs, char *error) {
    const char *group = gst_sdp_message_get_attribute_val(theirs, "group");
    g_auto(GStrv) mids = g_strsplit(group ? group : "", " ", MLINES_MAX + 2);
    guint n = gst_sdp_message_medias_len(ours);
    if (gst_sdp_message_get_attribute_val_n(theirs, "group", 1) || g_strv_length(mids) != n + 1 ||
        strcmp(mids[0], "BUNDLE") != 0)
        return refuse(error, "the answer must bundle all m-lines");
    for (guint i = 0; i < n; i++)
        if (!g_strv_contains((const char *const *)mids + 1, attribute(gst_sdp_message_get_media(ours, i), "mid")))
            return refuse(error, "the answer must bundle all m-lines");
    return ORIEL_SDP_GOOD;
}

static Verdict check_message(const GstSDPMessage *ours, const GstSDPMessage *theirs, const char *fingerprint,
                             char *error) {
    guint n = gst_sdp_message_medias_len(ours);
    if (gst_sdp_message_medias_len(theirs) != n)
        return refuse(error, "the answer has %u m-lines, %u were offered", gst_sdp_message_medias_len(theirs), n);
    if (gst_sdp_message_attributes_len(theirs) > ATTRIBUTES_MAX)
        return refuse(error, "the answer has too many attributes");
    if (gst_sdp_message_get_attribute_val_n(theirs, "ice-lite", 0))
        return refuse(error, "the answer is from an ice-lite agent, which a browser never is");
    if (gst_sdp_message_get_attribute_val_n(theirs, "candidate", 0)) /* RFC 8839: of an m-line only */
        return refuse(error, "the answer has a candidate outside of an m-line");
    for (guint m = 0; m < n; m++)
        if (has(gst_sdp_message_get_media(theirs, m), "ice-lite", NULL))
            return refuse(error, "the answer is from an ice-lite agent, which a browser never is");
    /* Before the rest: of two faults this is the one that matters. */
    Verdict verdict = check_fingerprints(theirs, fingerprint, error);
    for (guint m = 0; verdict == ORIEL_SDP_GOOD && m < n; m++)
        verdict =
            check_media(theirs, gst_sdp_message_get_media(ours, m), gst_sdp_message_get_media(theirs, m), m, error);
    return verdict == ORIEL_SDP_GOOD ? check_bundle(ours, theirs, error) : verdict;
}

static void take_candidates(GstSDPMessage *sdp, GPtrArray *candidates) {
    for (guint m = 0; m < gst_sdp_message_medias_len(sdp); m++) {
        GstSDPMedia *media = (GstSDPMedia *)gst_sdp_message_get_media(sdp, m);
        for (guint i = gst_sdp_media_attributes_len(media); i-- > 0;) {
            const GstSDPAttribute *a = gst_sdp_media_get_attribute(media, i);
            if (g_strcmp0(a->key, "candidate") != 0 && g_strcmp0(a->key, "end-of-candidates") != 0)
                continue;
            g_autofree char *candidate = g_strdup_printf("candidate:%s", a->value ? a->value : "");
            if (oriel_sdp_candidate_usable(candidate))
                g_ptr_array_add(candidates, g_steal_pointer(&candidate));
            gst_sdp_media_remove_attribute(media, i);
        }
    }
}

static void set_inactive(GstSDPMessage *sdp, unsigned active) {
    for (guint m = 0; m < gst_sdp_message_medias_len(sdp); m++) {
        GstSDPMedia *media = (GstSDPMedia *)gst_sdp_message_get_media(sdp, m);
        if (!is_rtp(media) || active & 1u << m)
            continue;
        for (guint i = gst_sdp_media_attributes_len(media); i-- > 0;)
            if (g_strv_contains(directions, gst_sdp_media_get_attribute(media, i)->key))
                gst_sdp_media_remove_attribute(media, i);
        gst_sdp_media_add_attribute(media, "inactive", "");
    }
}

enum oriel_sdp_verdict oriel_sdp_check_answer(const char *offer, const char *answer, const char *fingerprint,
                                              unsigned active, struct oriel_sdp_answer *ret_answer,
                                              char error[ORIEL_SDP_ERROR_SIZE]) {
    Verdict verdict = check_text(answer, error);
    if (verdict != ORIEL_SDP_GOOD)
        return verdict;
    GstSDPMessage *ours = parse(offer), *theirs = parse(answer);
    if (!ours || !theirs)
        verdict = refuse(error, "the answer is not SDP");
    else
        verdict = check_message(ours, theirs, fingerprint, error);
    if (verdict == ORIEL_SDP_GOOD) {
        ret_answer->dependencies = reads_dependencies(theirs);
        ret_answer->candidates = g_ptr_array_new_with_free_func(g_free);
        take_candidates(theirs, ret_answer->candidates);
        set_inactive(theirs, active);
        ret_answer->sdp = gst_sdp_message_as_text(theirs);
    }
    g_clear_pointer(&ours, gst_sdp_message_free);
    g_clear_pointer(&theirs, gst_sdp_message_free);
    return verdict;
}

void oriel_sdp_answer_clear(struct oriel_sdp_answer *answer) {
    g_clear_pointer(&answer->sdp, g_free);
    g_clear_pointer(&answer->candidates, g_ptr_array_unref);
}

static bool is_address(const char *text) {
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool is_number(const char *text, guint64 min, guint64 max) {
    guint64 value;
    return g_ascii_string_to_unsigned(text, 10, min, max, &value, NULL);
}

bool oriel_sdp_candidate_usable(const char *candidate) {
    if (!g_str_has_prefix(candidate, "candidate:") || strlen(candidate) > ORIEL_SDP_CANDIDATE_MAX)
        return false;
    for (const char *c = candidate; *c; c++)
        if (*c < 0x20 || *c > 0x7e)
            return false;
    /* foundation component transport priority address port "typ" type … */
    g_auto(GStrv) part = g_strsplit(candidate + strlen("candidate:"), " ", -1);
    if (g_strv_length(part) < 8 || !ice_text(part[0], 1, 32))
        return false;
    const char *const types[] = {"host", "srflx", "prflx", "relay", NULL};
    return is_number(part[1], 1, 2) && g_ascii_strcasecmp(part[2], "udp") == 0 && is_number(part[3], 0, G_MAXUINT32) &&
           is_address(part[4]) && is_number(part[5], 1, 65535) && strcmp(part[6], "typ") == 0 &&
           g_strv_contains(types, part[7]);
}

bool oriel_sdp_candidate_address(const char *candidate, char out[64]) {
    g_auto(GStrv) part = g_strsplit(candidate, " ", 6);
    if (g_strv_length(part) < 6)
        return false;
    return g_strlcpy(out, part[4], 64) < 64;
}

char *oriel_sdp_fingerprint(const char *sdp) {
    GstSDPMessage *message = parse(sdp);
    if (!message)
        return NULL;
    const char *value = gst_sdp_message_get_attribute_val(message, "fingerprint");
    for (guint m = 0; !value && m < gst_sdp_message_medias_len(message); m++)
        value = attribute(gst_sdp_message_get_media(message, m), "fingerprint");
    char *copy =
        value && g_str_has_prefix(value, "sha-256 ") && oriel_fingerprint_valid(value + 8) ? g_strdup(value + 8) : NULL;
    gst_sdp_message_free(message);
    return copy;
}
