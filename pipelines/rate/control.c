/* See control.h. */
#include "control.h"

#include <gst/rtp/rtp.h>
#include <string.h>

#include "clock.h"
#include "dependencies.h"
#include "offered.h"
#include "pacer.h"
#include "twcc.h"

#define TICK (25 * ORIEL_MILLISECOND)
#define TICK_LITTLE (100 * ORIEL_MILLISECOND) /* while little or only tiles are on their way, and nothing waits */
#define LITTLE 1500                           /* bytes of RTP: a picture of which nothing is new */
#define PADDING_SHARE 0.006                   /* seconds of the target: a fifth of 15 ms at twice of it */
#define PADDING_TIME (5 * ORIEL_MILLISECOND)  /* a repeat that was asked for has come, or won't */

enum { PAYLOADS = 128, BATCH = 64, RECENT = 64, REPEATS = 1024, DOUBLINGS_MAX = 3 };

/* One that is on its way, from here on. */
struct repeat {
    guint32 ssrc;
    uint16_t number;
    int64_t until;  /* and may be asked for again */
    unsigned times; /* that it has left */
};

struct recent {
    uint16_t number;
    unsigned size;
};

struct _OrielRateControl {
    GstElement parent;
    GstPad *sink, *src;
    struct oriel_budget *budget;
    struct oriel_estimator *estimator;
    guint8 classes[PAYLOADS];
    GMutex lock; /* of what follows */
    GCond wake;
    GThread *thread;
    gboolean quit, asleep;
    gboolean ended;   /* the connection is given up */
    gboolean pushing; /* somebody is; others only queue */
    struct oriel_pacer pacer;
    int64_t padding_until;        /* a repeat is on its way here */
    struct recent recent[RECENT]; /* of pictures: the last packets, to be repeated as padding */
    unsigned recent_count, recent_next;
    struct repeat repeats[REPEATS]; /* by number, modulo */
    guint32 ssrc;
    uint16_t probe; /* of what is being pushed; of who pushes */
};

G_DECLARE_FINAL_TYPE(OrielRateControl, oriel_rate_control, ORIEL, RATE_CONTROL, GstElement)
G_DEFINE_TYPE(OrielRateControl, oriel_rate_control, GST_TYPE_ELEMENT)

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS("application/x-rtp"));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS("application/x-rtp"));

static void drop(void *item) {
    gst_buffer_unref(item);
}

/* ---- what leaves ---- */

/* The slot of the repeat, which begins with the number of what it repeats (RFC 4588); NULL: it can't be read. With the
 * lock. */
static struct repeat *repeat_of(OrielRateControl *self, GstBuffer *packet, struct repeat *is) {
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    if (!gst_rtp_buffer_map(packet, GST_MAP_READ, &rtp))
        return NULL;
    bool good = gst_rtp_buffer_get_payload_len(&rtp) >= 2;
    if (good)
        *is =
            (struct repeat){gst_rtp_buffer_get_ssrc(&rtp), GST_READ_UINT16_BE(gst_rtp_buffer_get_payload(&rtp)), 0, 0};
    gst_rtp_buffer_unmap(&rtp);
    return good ? &self->repeats[is->number % REPEATS] : NULL;
}

/* Whether it is on its way already; else it is from now on. */
static bool repeated(OrielRateControl *self, GstBuffer *packet, int64_t now) {
    struct repeat is, *was = repeat_of(self, packet, &is);
    if (!was)
        return false;
    bool again = was->ssrc == is.ssrc && was->number == is.number;
    if (again && now < was->until)
        return true;
    is.times = again ? was->times : 0;
    is.until = now + ORIEL_PACER_REPEAT_LIFE;
    *was = is;
    return false;
}

/* With what stands in the way's queue. */
static int64_t longest_trip(OrielRateControl *self, int64_t now) {
    struct oriel_rate_figures way;
    oriel_estimator_figures(self->estimator, &way, now);
    return oriel_estimator_trip(self->estimator) + MAX(way.queue, 0);
}

static void repeat_left(OrielRateControl *self, GstBuffer *packet, int64_t now) {
    struct repeat is, *was = repeat_of(self, packet, &is);
    if (was && was->ssrc == is.ssrc && was->number == is.number)
        was->until = now + (longest_trip(self, now) << MIN(was->times++, DOUBLINGS_MAX));
}

/* As many as may leave now, of one probe or none. With the lock. */
static GstBufferList *take(OrielRateControl *self, enum oriel_pacer_next *why, int64_t *again) {
    GstBufferList *list = NULL;
    struct oriel_pacer_item item;
    int64_t now = oriel_monotonic();
    if (self->ended)
        *why = ORIEL_PACER_NOTHING;
    for (unsigned count = 0; !self->ended && count < BATCH; count++) {
        *why = oriel_pacer_next(&self->pacer, now, &item, again);
        if (*why != ORIEL_PACER_SEND)
            break;
        if (!list)
            list = gst_buffer_list_new();
        if (item.class == ORIEL_BUDGET_RETRANSMISSION)
            repeat_left(self, item.item, now);
        gst_buffer_list_add(list, item.item);
        self->probe = item.probe;
        if (item.probe)
            break;
    }
    return list;
}

/* A probe of five packets is to take no longer than one must: on a slow link that takes small ones. With the lock. */
static uint16_t padding(const OrielRateControl *self) {
    unsigned wanted = (unsigned)(oriel_budget_target(self->budget) / 8 * PADDING_SHARE), best = 0;
    for (unsigned i = 1; i < self->recent_count; i++) {
        unsigned size = self->recent[i].size, than = self->recent[best].size;
        if (than < wanted ? size > than : size >= wanted && size < than)
            best = i;
    }
    return self->recent[best].number;
}

/* rtprtxsend sends one of the last pictures' packets again, here, on a thread of its own. Without the lock. */
static void ask_for_padding(OrielRateControl *self) {
    g_mutex_lock(&self->lock);
    unsigned count = self->recent_count;
    guint seqnum = count ? padding(self) : 0, ssrc = self->ssrc;
    g_mutex_unlock(&self->lock);
    if (!count)
        return;
    GstStructure *request = gst_structure_new("GstRTPRetransmissionRequest", "seqnum", G_TYPE_UINT, seqnum, "ssrc",
                                              G_TYPE_UINT, ssrc, NULL);
    gst_pad_push_event(self->sink, gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, request));
}

/* Sends what may leave. How the last push went; `again`: when there will be more, 0: nobody knows. With the lock, which
 * is open meanwhile. */
static GstFlowReturn send_due(OrielRateControl *self, int64_t *again) {
    GstFlowReturn result = GST_FLOW_OK;
    *again = 0;
    if (self->pushing)
        return result;
    self->pushing = TRUE;
    for (;;) {
        enum oriel_pacer_next why = ORIEL_PACER_SEND;
        GstBufferList *list = take(self, &why, again);
        if (list) {
            g_mutex_unlock(&self->lock);
            result = gst_pad_push_list(self->src, list);
            g_mutex_lock(&self->lock);
            continue;
        }
        int64_t now = oriel_monotonic();
        if (why == ORIEL_PACER_PADDING && self->recent_count && now >= self->padding_until) {
            self->padding_until = now + PADDING_TIME;
            g_mutex_unlock(&self->lock);
            ask_for_padding(self);
            g_mutex_lock(&self->lock);
        }
        if (why == ORIEL_PACER_PADDING)
            *again = self->padding_until;
        else if (why == ORIEL_PACER_NOTHING)
            *again = 0;
        break;
    }
    self->pushing = FALSE;
    return result;
}

static gpointer run(gpointer user) {
    OrielRateControl *self = user;
    int64_t ticked = 0;
    g_mutex_lock(&self->lock);
    while (!self->quit) {
        int64_t again, now = oriel_monotonic();
        send_due(self, &again);
        if (now - ticked >= TICK && !self->ended) {
            ticked = now;
            g_mutex_unlock(&self->lock);
            oriel_estimator_tick(self->estimator, now);
            g_mutex_lock(&self->lock);
        }
        if (self->quit)
            break;
        self->asleep = TRUE;
        if (self->ended)
            g_cond_wait(&self->wake, &self->lock);
        else if (again && again < ticked + TICK)
            g_cond_wait_until(&self->wake, &self->lock, again / 1000 + 1);
        else if (again || oriel_budget_rtp_in_flight(self->budget) > LITTLE)
            g_cond_wait_until(&self->wake, &self->lock, (ticked + TICK) / 1000 + 1);
        else if (oriel_budget_in_flight(self->budget))
            g_cond_wait_until(&self->wake, &self->lock, (ticked + TICK_LITTLE) / 1000 + 1);
        else
            g_cond_wait(&self->wake, &self->lock);
        self->asleep = FALSE;
    }
    g_mutex_unlock(&self->lock);
    return NULL;
}

/* ---- what comes to be sent ---- */

static void remember(OrielRateControl *self, const guint8 head[12], gsize size) {
    self->ssrc = GST_READ_UINT32_BE(head + 8);
    self->recent[self->recent_next++ % RECENT] = (struct recent){GST_READ_UINT16_BE(head + 2), (unsigned)size};
    self->recent_count += self->recent_count < RECENT;
}

/* Takes the reference. */
static void queue(OrielRateControl *self, GstBuffer *packet) {
    enum oriel_budget_class class = ORIEL_BUDGET_VIDEO;
    int64_t now = oriel_monotonic();
    guint8 head[12];
    if (self->ended) {
        gst_buffer_unref(packet);
        return;
    }
    if (gst_buffer_extract(packet, 0, head, sizeof head) == sizeof head) {
        class = self->classes[head[1] & 0x7f];
        if (class == ORIEL_BUDGET_VIDEO)
            remember(self, head, gst_buffer_get_size(packet));
    }
    if (class == ORIEL_BUDGET_RETRANSMISSION) {
        bool padding = self->padding_until != 0; /* we asked for it */
        self->padding_until = 0;
        if (!padding && repeated(self, packet, now)) {
            gst_buffer_unref(packet);
            return;
        }
    }
    oriel_pacer_add(&self->pacer, class, packet, gst_buffer_get_size(packet) + ORIEL_TWCC_OVERHEAD, now);
}

static GstFlowReturn leave(OrielRateControl *self) {
    int64_t again;
    GstFlowReturn result = send_due(self, &again);
    if (self->asleep) /* it knows until when */
        g_cond_signal(&self->wake);
    g_mutex_unlock(&self->lock);
    return result;
}

static GstFlowReturn chain(GstPad *pad, GstObject *parent, GstBuffer *packet) {
    OrielRateControl *self = ORIEL_RATE_CONTROL(parent);
    g_mutex_lock(&self->lock);
    queue(self, packet);
    return leave(self);
}

static GstFlowReturn chain_list(GstPad *pad, GstObject *parent, GstBufferList *list) {
    OrielRateControl *self = ORIEL_RATE_CONTROL(parent);
    g_mutex_lock(&self->lock);
    for (guint i = 0; i < gst_buffer_list_length(list); i++)
        queue(self, gst_buffer_ref(gst_buffer_list_get(list, i)));
    gst_buffer_list_unref(list);
    return leave(self);
}

/* ---- feedback ---- */

static void heard_one(const GstStructure *from, struct oriel_rate_heard *to) {
    guint number = 0;
    guint64 remote = 0;
    gboolean lost = FALSE;
    gst_structure_get(from, "seqnum", G_TYPE_UINT, &number, "remote-ts", G_TYPE_UINT64, &remote, "lost", G_TYPE_BOOLEAN,
                      &lost, NULL);
    *to = (struct oriel_rate_heard){(uint16_t)number, lost || !GST_CLOCK_TIME_IS_VALID(remote), (int64_t)remote};
}

/* GValueArray is what rtpsession makes. */
G_GNUC_BEGIN_IGNORE_DEPRECATIONS
static void heard(OrielRateControl *self, const GstStructure *feedback) {
    const GValue *value = gst_structure_get_value(feedback, "packets");
    GValueArray *packets = value && G_VALUE_HOLDS(value, g_value_array_get_type()) ? g_value_get_boxed(value) : NULL;
    guint count = packets ? packets->n_values : 0;
    g_autofree struct oriel_rate_heard *list = g_new(struct oriel_rate_heard, count);
    for (guint i = 0; i < count; i++)
        heard_one(g_value_get_boxed(g_value_array_get_nth(packets, i)), &list[i]);
    oriel_estimator_heard(self->estimator, list, count, oriel_monotonic());
    g_mutex_lock(&self->lock);
    leave(self);
}
G_GNUC_END_IGNORE_DEPRECATIONS

static bool is_ended(OrielRateControl *self) {
    g_mutex_lock(&self->lock);
    bool ended = self->ended;
    g_mutex_unlock(&self->lock);
    return ended;
}

static gboolean src_event(GstPad *pad, GstObject *parent, GstEvent *event) {
    const GstStructure *s = gst_event_get_structure(event);
    if (GST_EVENT_TYPE(event) == GST_EVENT_CUSTOM_UPSTREAM && s && gst_structure_has_name(s, "RTPTWCCPackets") &&
        !is_ended(ORIEL_RATE_CONTROL(parent)))
        heard(ORIEL_RATE_CONTROL(parent), s);
    return gst_pad_event_default(pad, parent, event);
}

/* Which packet of which picture it is, if it says so. */
static void describe(GstRTPBuffer *rtp, struct oriel_rate_packet *left) {
    gboolean first, last;
    gpointer data;
    guint size;
    if (!gst_rtp_buffer_get_extension_onebyte_header(rtp, ORIEL_ID_DEPENDENCIES, 0, &data, &size) ||
        !oriel_dependencies_read(data, size, &left->picture, &first, &last))
        return;
    left->sequence = gst_rtp_buffer_get_seq(rtp);
    if (left->class == ORIEL_BUDGET_RETRANSMISSION) {
        if (gst_rtp_buffer_get_payload_len(rtp) < 2)
            return;
        left->sequence = GST_READ_UINT16_BE(gst_rtp_buffer_get_payload(rtp)); /* of what it repeats (RFC 4588) */
    }
    left->first = first;
    left->last = last;
    left->described = true;
}

void oriel_rate_control_left(GstElement *element, GstBuffer *packet) {
    OrielRateControl *self = ORIEL_RATE_CONTROL(element);
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gpointer data;
    guint size;
    if (is_ended(self) || !gst_rtp_buffer_map(packet, GST_MAP_READ, &rtp))
        return;
    if (gst_rtp_buffer_get_extension_onebyte_header(&rtp, ORIEL_ID_TWCC, 0, &data, &size) && size == 2) {
        struct oriel_rate_packet left = {.class = self->classes[gst_rtp_buffer_get_payload_type(&rtp)],
                                         .bytes = (uint32_t)gst_buffer_get_size(packet),
                                         .probe = self->probe,
                                         .sent = oriel_monotonic()};
        describe(&rtp, &left);
        oriel_estimator_sent(self->estimator, GST_READ_UINT16_BE(data), &left);
    }
    gst_rtp_buffer_unmap(&rtp);
}

/* ---- life ---- */

void oriel_rate_control_end(GstElement *element) {
    OrielRateControl *self = ORIEL_RATE_CONTROL(element);
    g_mutex_lock(&self->lock);
    self->ended = TRUE;
    oriel_pacer_clear(&self->pacer);
    g_mutex_unlock(&self->lock);
}

static void stop_thread(OrielRateControl *self) {
    g_mutex_lock(&self->lock);
    self->quit = TRUE;
    g_cond_signal(&self->wake);
    g_mutex_unlock(&self->lock);
    if (self->thread)
        g_thread_join(self->thread);
    self->thread = NULL;
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange change) {
    OrielRateControl *self = ORIEL_RATE_CONTROL(element);
    if (change == GST_STATE_CHANGE_READY_TO_PAUSED) {
        self->quit = FALSE;
        self->thread = g_thread_new("rate", run, self);
    }
    GstStateChangeReturn result = GST_ELEMENT_CLASS(oriel_rate_control_parent_class)->change_state(element, change);
    if (change == GST_STATE_CHANGE_PAUSED_TO_READY) {
        stop_thread(self);
        g_mutex_lock(&self->lock);
        oriel_pacer_clear(&self->pacer);
        g_mutex_unlock(&self->lock);
    }
    return result;
}

static void finalize(GObject *object) {
    OrielRateControl *self = ORIEL_RATE_CONTROL(object);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->wake);
    G_OBJECT_CLASS(oriel_rate_control_parent_class)->finalize(object);
}

static void oriel_rate_control_class_init(OrielRateControlClass *class) {
    GstElementClass *element = GST_ELEMENT_CLASS(class);
    G_OBJECT_CLASS(class)->finalize = finalize;
    element->change_state = change_state;
    gst_element_class_add_static_pad_template(element, &sink_template);
    gst_element_class_add_static_pad_template(element, &src_template);
    gst_element_class_set_static_metadata(element, "Oriel rate control", "Filter/Network/RTP",
                                          "Paces what leaves and estimates what the way takes", "Oriel");
}

static void oriel_rate_control_init(OrielRateControl *self) {
    g_mutex_init(&self->lock);
    g_cond_init(&self->wake);
    self->sink = gst_pad_new_from_static_template(&sink_template, "sink");
    self->src = gst_pad_new_from_static_template(&src_template, "src");
    gst_pad_set_chain_function(self->sink, chain);
    gst_pad_set_chain_list_function(self->sink, chain_list);
    gst_pad_set_event_function(self->src, src_event);
    GST_OBJECT_FLAG_SET(self->sink, GST_PAD_FLAG_PROXY_CAPS);
    gst_element_add_pad(GST_ELEMENT(self), self->sink);
    gst_element_add_pad(GST_ELEMENT(self), self->src);
    memset(self->classes, ORIEL_BUDGET_RETRANSMISSION, sizeof self->classes);
}

GstElement *oriel_rate_control_new(struct oriel_budget *budget, struct oriel_estimator *estimator) {
    OrielRateControl *self = g_object_new(oriel_rate_control_get_type(), NULL);
    self->budget = budget;
    self->estimator = estimator;
    oriel_pacer_start(&self->pacer, budget, estimator, drop);
    return GST_ELEMENT(self);
}

void oriel_rate_control_class(GstElement *element, unsigned payload, enum oriel_budget_class class) {
    if (payload < PAYLOADS)
        ORIEL_RATE_CONTROL(element)->classes[payload] = (guint8) class;
}
