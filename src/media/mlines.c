/* See mlines.h.
 *
 *   screen bin ──src──> gate ──> sink_0 ┐                             ┌> recv_rtp_src_… ──> sink of the voice bin
 *   camera bin ──src──> gate ──> sink_1 ├ webrtcbin: send · receive ──┤
 *   voice bin  ──src──> gate ──> sink_2 ┘                  gate ─────>└> recv_rtp_src_… ──> sink of the face bin */
#include "mlines.h"

#define GST_USE_UNSTABLE_API
#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>

#include "offered.h"

enum { SOURCES_MAX = 8, PAYLOADS = 128, RTP_HEADER = 12, RTCP_HEAD = 8 };

#define EXTENSIONS                                                                                                     \
    "rtcp-fb-transport-cc=true, extmap-" G_STRINGIFY(ORIEL_ID_TWCC) "=\"" ORIEL_URI_TWCC "\", extmap-" G_STRINGIFY(    \
        ORIEL_ID_MID) "=\"" ORIEL_URI_MID "\""
#define VIDEO "application/x-rtp, media=video, encoding-name=VP8, clock-rate=90000, rtcp-fb-nack-pli=true, " EXTENSIONS
#define AUDIO                                                                                                          \
    "application/x-rtp, media=audio, encoding-name=OPUS, clock-rate=48000, encoding-params=(string)2, "                \
    "minptime=(string)10, useinbandfec=(string)1, usedtx=(string)1, a-ptime=(string)10, " EXTENSIONS

static const struct line {
    const char *name; /* the MID, and the media stream (msid), which no other has: no lip-sync holds a picture back */
    int payload;
    GstWebRTCRTPTransceiverDirection direction;
    gboolean nack;
    const char *caps; /* what is offered while nothing is behind */
} lines[ORIEL_MLINES] = {
    [ORIEL_MLINE_SCREEN] = {ORIEL_MID_SCREEN, ORIEL_PAYLOAD_SCREEN, GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, TRUE,
                            VIDEO},
    [ORIEL_MLINE_CAMERA] = {ORIEL_MID_CAMERA, ORIEL_PAYLOAD_CAMERA, GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, TRUE,
                            VIDEO},
    /* Chromium refuses retransmission of audio. */
    [ORIEL_MLINE_VOICE] = {ORIEL_MID_VOICE, ORIEL_PAYLOAD_VOICE, GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDRECV, FALSE,
                           AUDIO},
    [ORIEL_MLINE_FACE] = {ORIEL_MID_FACE, ORIEL_PAYLOAD_FACE, GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY, TRUE,
                          VIDEO},
};

struct oriel_mlines {
    struct end {
        struct oriel_mlines *all;
        enum oriel_mline mline;
        GstElement *bin;
        GstCaps *caps;
    } ends[ORIEL_MLINES];
    GstElement *webrtc;
    gint open, connected;       /* atomic: a bit for each m-line; whether there is a peer */
    gint receives[PAYLOADS];    /* atomic: bits of the m-lines that receive this payload type */
    guint32 known[SOURCES_MAX]; /* SSRCs that came; on the one thread that receives */
    guint known_count;
};

static gboolean is_open(struct oriel_mlines *m, guint mlines) {
    return g_atomic_int_get(&m->connected) && ((guint)g_atomic_int_get(&m->open) & mlines);
}

/* ---- what leaves ---- */

static GstPadProbeReturn gate_out(GstPad *pad, GstPadProbeInfo *info, gpointer user) {
    struct end *e = user;
    return is_open(e->all, 1u << e->mline) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

/* ---- what comes ---- */

static gboolean is_known(const struct oriel_mlines *m, guint32 ssrc) {
    for (guint i = 0; i < m->known_count; i++)
        if (m->known[i] == ssrc)
            return TRUE;
    return FALSE;
}

static gboolean may_enter(struct oriel_mlines *m, GstBuffer *packet) {
    guint8 header[RTP_HEADER];
    if (gst_buffer_extract(packet, 0, header, sizeof header) != sizeof header ||
        !is_open(m, (guint)g_atomic_int_get(&m->receives[header[1] & 0x7f])))
        return FALSE;
    guint32 ssrc = GST_READ_UINT32_BE(header + 8);
    if (is_known(m, ssrc))
        return TRUE;
    if (m->known_count == SOURCES_MAX)
        return FALSE;
    m->known[m->known_count++] = ssrc;
    return TRUE;
}

static gboolean keep_some(GstBuffer **packet, guint index, gpointer m) {
    if (!may_enter(m, *packet))
        gst_clear_buffer(packet);
    return TRUE;
}

static GstPadProbeReturn gate_in(GstPad *pad, GstPadProbeInfo *info, gpointer m) {
    if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
        return may_enter(m, GST_PAD_PROBE_INFO_BUFFER(info)) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
    GstBufferList *list = info->data = gst_buffer_list_make_writable(GST_PAD_PROBE_INFO_BUFFER_LIST(info));
    gst_buffer_list_foreach(list, keep_some, m);
    return gst_buffer_list_length(list) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

/* A sender report of a source that was not let in: with it rtpbin would make a jitter buffer. What it says of our own
 * streams has been read by then. */
static GstPadProbeReturn gate_reports(GstPad *pad, GstPadProbeInfo *info, gpointer m) {
    guint8 head[RTCP_HEAD];
    return gst_buffer_extract(GST_PAD_PROBE_INFO_BUFFER(info), 0, head, sizeof head) == sizeof head &&
                   is_known(m, GST_READ_UINT32_BE(head + 4))
               ? GST_PAD_PROBE_OK
               : GST_PAD_PROBE_DROP;
}

static void on_rtpbin_element(GstBin *rtpbin, GstElement *element, gpointer m) {
    if (!g_str_has_prefix(GST_ELEMENT_NAME(element), "rtpssrcdemux"))
        return;
    g_autoptr(GstPad) reports = gst_element_get_static_pad(element, "rtcp_sink");
    gst_pad_add_probe(reports, GST_PAD_PROBE_TYPE_BUFFER, gate_reports, m, NULL);
}

static void on_rtpbin_pad(GstElement *rtpbin, GstPad *pad, gpointer m) {
    if (g_str_has_prefix(GST_PAD_NAME(pad), "recv_rtp_sink_"))
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, gate_in, m, NULL);
}

/* A stream that was let in goes to the bin of its payload type; of two the newer. */
static void on_stream(GstElement *webrtc, GstPad *pad, gpointer user) {
    struct oriel_mlines *m = user;
    g_autoptr(GstCaps) caps = GST_PAD_IS_SRC(pad) ? gst_pad_get_current_caps(pad) : NULL;
    gint payload = -1;
    if (webrtc != m->webrtc || !caps || !gst_structure_get_int(gst_caps_get_structure(caps, 0), "payload", &payload) ||
        payload < 0 || payload >= PAYLOADS)
        return;
    guint mlines = (guint)g_atomic_int_get(&m->receives[payload]);
    for (guint i = 0; i < ORIEL_MLINES; i++) {
        GstElement *bin = mlines & 1u << i ? m->ends[i].bin : NULL;
        g_autoptr(GstPad) sink = bin ? gst_element_get_static_pad(bin, "sink") : NULL;
        g_autoptr(GstPad) before = sink ? gst_pad_get_peer(sink) : NULL;
        if (before)
            gst_pad_unlink(before, sink);
        if (sink)
            gst_pad_link(pad, sink);
    }
}

/* ---- making them ---- */

struct oriel_mlines *oriel_mlines_new(GstBin *pipeline, const struct oriel_mline_end ends[ORIEL_MLINES]) {
    struct oriel_mlines *m = g_new0(struct oriel_mlines, 1);
    for (guint i = 0; i < ORIEL_MLINES; i++) {
        struct end *e = &m->ends[i];
        *e = (struct end){m, i, ends[i].bin,
                          ends[i].caps ? gst_caps_copy(ends[i].caps) : gst_caps_from_string(lines[i].caps)};
        gst_caps_set_simple(e->caps, "payload", G_TYPE_INT, lines[i].payload, "a-mid", G_TYPE_STRING, lines[i].name,
                            NULL);
        g_autoptr(GstPad) src = e->bin ? gst_element_get_static_pad(e->bin, "src") : NULL;
        if (src)
            gst_pad_add_probe(src, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, gate_out, e, NULL);
        if (e->bin)
            gst_bin_add(pipeline, e->bin);
    }
    return m;
}

/* With a source: by a pad, which is bound to its m-line. */
static gboolean attach(struct end *e, GstElement *webrtc) {
    const struct line *line = &lines[e->mline];
    g_autoptr(GstWebRTCRTPTransceiver) transceiver = NULL;
    g_autoptr(GstPad) src = e->bin ? gst_element_get_static_pad(e->bin, "src") : NULL;
    if (!src) {
        g_signal_emit_by_name(webrtc, "add-transceiver", line->direction, e->caps, &transceiver);
        if (transceiver)
            g_object_set(transceiver, "do-nack", line->nack, NULL);
        return transceiver != NULL;
    }
    g_autofree char *name = g_strdup_printf("sink_%u", e->mline);
    g_autoptr(GstPad) sink = gst_element_request_pad_simple(webrtc, name);
    g_object_get(sink, "transceiver", &transceiver, NULL);
    g_object_set(transceiver, "direction", line->direction, "do-nack", line->nack, "codec-preferences", e->caps, NULL);
    g_object_set(sink, "msid", line->name, NULL);
    return gst_pad_link(src, sink) == GST_PAD_LINK_OK;
}

bool oriel_mlines_attach(struct oriel_mlines *m, GstElement *webrtc, GError **error) {
    m->webrtc = webrtc;
    m->known_count = 0;
    for (guint i = 0; i < ORIEL_MLINES; i++)
        if (!attach(&m->ends[i], webrtc)) {
            g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_PAD, "the %s can't be linked to WebRTC", lines[i].name);
            return false;
        }
    g_autoptr(GstElement) rtpbin = gst_bin_get_by_name(GST_BIN(webrtc), "rtpbin");
    g_signal_connect(rtpbin, "pad-added", G_CALLBACK(on_rtpbin_pad), m);
    g_signal_connect(rtpbin, "element-added", G_CALLBACK(on_rtpbin_element), m);
    g_signal_connect(webrtc, "pad-added", G_CALLBACK(on_stream), m);
    return true;
}

static void unlink_pad(GstElement *bin, const char *name) {
    g_autoptr(GstPad) pad = bin ? gst_element_get_static_pad(bin, name) : NULL;
    g_autoptr(GstPad) peer = pad ? gst_pad_get_peer(pad) : NULL;
    if (peer && GST_PAD_IS_SRC(pad))
        gst_pad_unlink(pad, peer);
    else if (peer)
        gst_pad_unlink(peer, pad);
}

void oriel_mlines_detach(struct oriel_mlines *m) {
    oriel_mlines_connected(m, false);
    for (guint i = 0; i < ORIEL_MLINES; i++) {
        unlink_pad(m->ends[i].bin, "src");
        unlink_pad(m->ends[i].bin, "sink");
    }
    m->webrtc = NULL;
}

void oriel_mlines_offered(struct oriel_mlines *m, const char *sdp) {
    GstSDPMessage *offer = NULL;
    if (gst_sdp_message_new_from_text(sdp, &offer) != GST_SDP_OK)
        return;
    for (guint i = 0; i < MIN(gst_sdp_message_medias_len(offer), (guint)ORIEL_MLINES); i++) {
        const GstSDPMedia *media = gst_sdp_message_get_media(offer, i);
        gboolean receives = lines[i].direction != GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY && m->ends[i].bin;
        for (guint k = 0; receives && k < gst_sdp_media_formats_len(media); k++) {
            guint64 payload;
            if (g_ascii_string_to_unsigned(gst_sdp_media_get_format(media, k), 10, 0, PAYLOADS - 1, &payload, NULL))
                g_atomic_int_or((guint *)&m->receives[payload], 1u << i);
        }
    }
    gst_sdp_message_free(offer);
}

unsigned oriel_mlines_active(const struct oriel_mlines *m) {
    unsigned active = 0;
    for (guint i = 0; i < ORIEL_MLINES; i++)
        active |= m->ends[i].bin ? 1u << i : 0;
    return active;
}

void oriel_mlines_connected(struct oriel_mlines *m, bool connected) {
    g_atomic_int_set(&m->connected, connected);
}

void oriel_mlines_open(struct oriel_mlines *m, enum oriel_mline mline, bool open) {
    if (open)
        g_atomic_int_or((guint *)&m->open, 1u << mline);
    else
        g_atomic_int_and((guint *)&m->open, ~(1u << mline));
}
