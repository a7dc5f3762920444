/* See picture.h. */
#include "picture.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "camera.h"
#include "candidate.h"
#include "core_capture.h"
#include "core_media.h"
#include "helper.h"
#include "list.h"
#include "log.h"
#include "provider.h"
#include "relay.h"
#include "voice.h"

struct oriel_picture {
    const struct oriel_config *config;
    struct oriel_launcher *launcher;
    struct oriel_session *session;
    struct oriel_helper *capture, *media;
    struct oriel_camera *camera;
    struct oriel_relay *relay; /* NULL: media goes its own way, [media] path=direct */
    bool relay_opened;         /* media has handed out its socket */
    guint egress[2];           /* as media knows them */
    guint gone_source;         /* a start that failed: nothing will end, so the loop says that all are gone */
    uint8_t masks[ORIEL_PROVIDER_MASKS_MAX * ORIEL_RECT_SIZE]; /* the HMI's */
    guint mask_count;
    guint panel;  /* what the panel can show */
    bool started; /* media has its START */
    bool face_granted, face_on;
    void (*give)(void *user, const char *what, int fd); /* to the HMI */
    void *user;
    struct oriel_voice *voice;
    bool talk; /* `voice` is granted */
    bool frozen;
    bool killed;
    struct {
        const char *state;
        uint32_t kbits, queue, waiting, recoveries, keyframes;
    } way;               /* what media said last of the way to the agent */
    uint32_t last_kbits; /* what it took last, also for the next session; 0: not known */
};

/* If there is one. One that does not listen is not let go on. */
#define tell_media(picture, ...)                                                                                       \
    do {                                                                                                               \
        struct oriel_helper *to = (picture)->media;                                                                    \
        if (to && oriel_ipc_send(oriel_helper_fd(to), &oriel_core_to_media, __VA_ARGS__) < 0)                          \
            oriel_helper_kill(to);                                                                                     \
    } while (0)

static bool is_end_reason(const char *reason) {
    const struct oriel_end_reason *r = oriel_end_reason_find(reason);
    return r && r->media;
}

/* Media that does what it never does is not media any more. */
static void media_broke_the_rules(struct oriel_picture *p, const char *detail) {
    oriel_error("oriel-media: %s; it is ended", detail);
    oriel_session_failed(p->session, "media-failed", detail);
    oriel_helper_kill(p->media);
}

/* Before the person agreed nothing may leave the device: egress has no server to go to until there is a capture. */
static void open_relay(struct oriel_picture *p, struct oriel_ipc_message *m) {
    if (!p->relay || !p->capture || p->relay_opened) {
        media_broke_the_rules(p, "media handed out a socket that it was not asked for");
        return;
    }
    p->relay_opened = true;
    int inside = oriel_ipc_take_fd(m, 0);
    if (!p->killed)
        oriel_relay_open(p->relay, oriel_session_request(p->session), inside);
    close(inside);
}

static void tell_offer(struct oriel_picture *p, const struct oriel_ipc_message *m) {
    if (!oriel_is_fingerprint(m->fields[1].bytes))
        media_broke_the_rules(p, "media gave no fingerprint of its certificate");
    else if (!oriel_offer_may_leave(m->fields[2].bytes))
        media_broke_the_rules(p, "media made an offer with addresses in it");
    else
        oriel_session_offer(p->session, (guint)m->fields[0].number, m->fields[1].bytes, m->fields[2].bytes);
}

static void tell_candidate(struct oriel_picture *p, const struct oriel_ipc_message *m) {
    if (m->fields[0].number > 15 ||
        !oriel_candidate_may_leave(m->fields[1].bytes, p->relay != NULL, p->config->media_addresses))
        media_broke_the_rules(p, "media told an address that must not leave");
    else
        oriel_session_local_candidate(p->session, (guint)m->fields[0].number, m->fields[1].bytes);
}

/* What the way took when it was neither just found out nor just lost is where the next session begins. */
static void hear_of_way(struct oriel_picture *p, const struct oriel_ipc_message *m) {
    static const char *const states[] = {"start", "free", "full", "queuing", "silent"}; /* as media numbers them */
    uint64_t state = m->fields[3].number;
    p->way.state = state < G_N_ELEMENTS(states) ? states[state] : states[0];
    p->way.kbits = (uint32_t)m->fields[0].number;
    p->way.queue = (uint32_t)m->fields[1].number;
    p->way.waiting = (uint32_t)m->fields[2].number;
    p->way.recoveries = (uint32_t)m->fields[4].number;
    p->way.keyframes = (uint32_t)m->fields[5].number;
    if (state == 1 || state == 2)
        p->last_kbits = p->way.kbits;
}

/* What `oriel status` and `oriel stats` show. The stages are median and most, in microseconds. */
static json_t *figures(struct oriel_picture *p, const struct oriel_ipc_message *m) {
    static const char *const stages[] = {"capture", "convert", "encode", "packetize"};
    json_t *f =
        json_pack("{s:I, s:I, s:I, s:I, s:f, s:I, s:I}", "width", (json_int_t)m->fields[0].number, "height",
                  (json_int_t)m->fields[1].number, "fps", (json_int_t)m->fields[2].number, "kbps",
                  (json_int_t)m->fields[3].number, "loss_percent", (double)m->fields[4].number / 10.0, "rtt_ms",
                  (json_int_t)m->fields[5].number, "bytes", (json_int_t)MIN(m->fields[6].number, (uint64_t)G_MAXINT64));
    json_t *trace = json_object();
    for (size_t i = 0; i < G_N_ELEMENTS(stages); i++)
        json_object_set_new(
            trace, stages[i],
            json_pack("[I, I]", (json_int_t)m->fields[7 + 2 * i].number, (json_int_t)m->fields[8 + 2 * i].number));
    guint egress[2] = {0};
    if (p->relay)
        oriel_relay_delay(p->relay, egress);
    json_object_set_new(trace, "egress", json_pack("[I, I]", (json_int_t)egress[0], (json_int_t)egress[1]));
    json_object_set_new(f, "stages_us", trace);
    json_object_set_new(f, "way",
                        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "state", p->way.state, "kbps",
                                  (json_int_t)p->way.kbits, "queue_ms", (json_int_t)p->way.queue, "waiting_ms",
                                  (json_int_t)p->way.waiting, "recoveries", (json_int_t)p->way.recoveries, "keyframes",
                                  (json_int_t)p->way.keyframes));
    if (memcmp(egress, p->egress, sizeof egress) != 0)
        tell_media(p, ORIEL_MEDIA_EGRESS, egress[0], egress[1]);
    memcpy(p->egress, egress, sizeof egress);
    return f;
}

/* Media and capture are not trusted: what they say is checked like what comes from outside. */
static void on_media_message(void *user, struct oriel_ipc_message *m) {
    struct oriel_picture *p = user;
    for (const char *f = m->type->fields; *f; f++)
        if (*f == 's' && !g_utf8_validate(m->fields[f - m->type->fields].bytes, -1, NULL)) {
            oriel_helper_kill(p->media);
            return;
        }
    switch (m->type->id) {
    case ORIEL_MEDIA_OFFER:
        tell_offer(p, m);
        break;
    case ORIEL_MEDIA_RELAY_SOCKET:
        open_relay(p, m);
        break;
    case ORIEL_MEDIA_LOST:
        oriel_session_lost(p->session, m->fields[0].bytes);
        break;
    case ORIEL_MEDIA_LOCAL_CANDIDATE:
        tell_candidate(p, m);
        break;
    case ORIEL_MEDIA_LIVE:
        oriel_session_live(p->session);
        break;
    case ORIEL_MEDIA_CHAT:
        oriel_session_chat(p->session, (guint)m->fields[0].number, m->fields[1].bytes);
        break;
    case ORIEL_MEDIA_DRAW:
        if (!oriel_session_draw(p->session, (guint)m->fields[0].number, (guint)m->fields[1].number,
                                (const uint8_t *)m->fields[2].bytes, m->fields[2].length))
            media_broke_the_rules(p, "media sent a drawing that is none");
        break;
    case ORIEL_MEDIA_CAMERA_USE:
        oriel_camera_use(p->camera, (guint)m->fields[0].number);
        break;
    case ORIEL_MEDIA_WAY:
        hear_of_way(p, m);
        break;
    case ORIEL_MEDIA_STATS:
        oriel_session_stats(p->session, figures(p, m));
        break;
    case ORIEL_MEDIA_FAILED:
        oriel_session_failed(p->session, is_end_reason(m->fields[0].bytes) ? m->fields[0].bytes : "media-failed",
                             m->fields[1].bytes);
        break;
    }
}

static void on_capture_message(void *user, struct oriel_ipc_message *m) {
    struct oriel_picture *p = user;
    switch (m->type->id) {
    case ORIEL_CAPTURE_READY:
        oriel_info("capture: %s, %ux%u", m->fields[0].bytes, (guint)m->fields[1].number, (guint)m->fields[2].number);
        oriel_session_capture_ready(p->session, m->fields[0].bytes, (guint)m->fields[1].number,
                                    (guint)m->fields[2].number);
        break;
    case ORIEL_CAPTURE_PLACE:
        oriel_session_place(p->session, (guint)m->fields[0].number, (guint)m->fields[1].number,
                            (guint)m->fields[2].number, (guint)m->fields[3].number);
        break;
    case ORIEL_CAPTURE_FAILED:
        oriel_error("capture: %s", m->fields[0].bytes);
        oriel_session_failed(p->session, "capture-failed",
                             g_utf8_validate(m->fields[0].bytes, -1, NULL) ? m->fields[0].bytes : "");
        break;
    }
}

static void say_how(const char *program, int status) {
    if (WIFSIGNALED(status))
        oriel_error("%s was killed by signal %d (%s)", program, WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status))
        oriel_error("%s ended with status %d", program, WEXITSTATUS(status));
}

static bool any_runs(const struct oriel_picture *p) {
    return p->capture || p->media || oriel_camera_runs(p->camera) || oriel_voice_runs(p->voice) ||
           (p->relay && oriel_relay_runs(p->relay));
}

static void helpers_gone(void *user) {
    struct oriel_picture *p = user;
    if (!any_runs(p))
        oriel_session_helpers_gone(p->session);
}

static void on_media_exited(void *user, int status) {
    struct oriel_picture *p = user;
    p->media = NULL;
    if (!p->killed) {
        say_how("oriel-media", status);
        if (WIFEXITED(status) && WEXITSTATUS(status) == ORIEL_MEDIA_EXIT_FINGERPRINT)
            oriel_session_failed(p->session, "fingerprint",
                                 "the agent's DTLS certificate is not the one of the request");
        else
            oriel_session_failed(p->session, "media-failed", "the media process ended");
    }
    helpers_gone(p);
}

static void on_capture_exited(void *user, int status) {
    struct oriel_picture *p = user;
    p->capture = NULL;
    if (!p->killed) {
        say_how("oriel-capture", status);
        oriel_session_failed(p->session, "capture-failed", "the capture process ended");
    }
    helpers_gone(p);
}

static const struct oriel_helper_kind capture_kind = {ORIEL_PROCESS_CAPTURE, "oriel-capture", &oriel_capture_to_core,
                                                      on_capture_message, on_capture_exited};
static const struct oriel_helper_kind media_kind = {ORIEL_PROCESS_MEDIA, "oriel-media", &oriel_media_to_core,
                                                    on_media_message, on_media_exited};

static void camera_on(void *user, guint fps, guint kbits, int frames) {
    struct oriel_picture *p = user;
    tell_media(p, ORIEL_MEDIA_CAMERA_ON, fps, kbits, frames);
}

static void camera_off(void *user) {
    struct oriel_picture *p = user;
    tell_media(p, ORIEL_MEDIA_CAMERA_OFF);
}

static void camera_tell(void *user, const char *text) {
    struct oriel_picture *p = user;
    tell_media(p, ORIEL_MEDIA_TELL, text);
}

static void camera_record(void *user, const char *name) {
    oriel_session_camera(((struct oriel_picture *)user)->session, name);
}

static const struct oriel_camera_out camera_out = {camera_on, camera_off, camera_tell, camera_record, helpers_gone};

/* ---- voice ---- */

static void pass_sound(void *user, int fd) {
    struct oriel_picture *p = user;
    tell_media(p, ORIEL_MEDIA_SOUND, fd);
}

static void tell_panel(struct oriel_picture *p) {
    const struct oriel_voice_state *v = oriel_voice_state(p->voice);
    oriel_session_voice(p->session, json_pack("{s:b, s:b, s:b, s:b, s:i, s:i, s:s}", "on", v->on, "microphone",
                                              v->microphone, "speaker", v->speaker, "muted", v->muted, "talking",
                                              (int)v->talking, "hearing", (int)v->hearing, "why", v->why));
}

static void voice_changed(void *user, bool loudness) {
    struct oriel_picture *p = user;
    const struct oriel_voice_state *v = oriel_voice_state(p->voice);
    uint32_t bits = (v->on ? ORIEL_TALK_ON : 0u) | (v->microphone ? ORIEL_TALK_MICROPHONE : 0u) |
                    (v->speaker ? ORIEL_TALK_SPEAKER : 0u) | (v->muted ? ORIEL_TALK_MUTED : 0u);
    if (!loudness && p->started)
        tell_media(p, ORIEL_MEDIA_VOICE, bits, v->why);
    tell_panel(p);
}

static const struct oriel_voice_events voice_events = {pass_sound, voice_changed, helpers_gone};

/* Exactly while it may be, there is one. */
static void run_voice(struct oriel_picture *p) {
    oriel_voice_run(p->voice, p->talk && p->started && !p->frozen && !p->killed);
}

void oriel_picture_mute(struct oriel_picture *p, bool muted) {
    oriel_voice_mute(p->voice, muted);
}

struct oriel_picture *oriel_picture_new(const struct oriel_config *config, struct oriel_launcher *launcher,
                                        struct oriel_session *session,
                                        void (*give)(void *user, const char *what, int fd), void *user) {
    struct oriel_picture *p = g_new0(struct oriel_picture, 1);
    p->config = config;
    p->launcher = launcher;
    p->session = session;
    p->way.state = "start";
    p->give = give;
    p->user = user;
    p->camera = oriel_camera_new(config, launcher, &camera_out, p);
    if (strcmp(config->media_path, "relay") == 0)
        p->relay = oriel_relay_new(config, launcher, session, helpers_gone, p);
    p->voice = oriel_voice_new(config, launcher, &voice_events, p);
    return p;
}

void oriel_picture_free(struct oriel_picture *p) {
    if (!p)
        return;
    g_clear_handle_id(&p->gone_source, g_source_remove);
    oriel_relay_free(p->relay);
    oriel_camera_free(p->camera);
    oriel_voice_free(p->voice);
    g_free(p);
}

bool oriel_picture_prepare(struct oriel_picture *p, GError **error) {
    p->killed = false;
    if (!p->media) {
        p->relay_opened = p->started = false;
        p->media = oriel_helper_start(&media_kind, p->launcher, p, error);
    }
    return p->media && (!p->relay || oriel_relay_prepare(p->relay, error));
}

void oriel_picture_discard(struct oriel_picture *p) {
    if (p->media)
        oriel_helper_discard(p->media);
    p->media = NULL;
    if (p->relay)
        oriel_relay_discard(p->relay);
}

/* Those of the configuration and of the HMI. */
static int send_masks(struct oriel_picture *p) {
    uint8_t masks[(ORIEL_MASKS_MAX + ORIEL_PROVIDER_MASKS_MAX) * ORIEL_RECT_SIZE];
    guint count = oriel_config_masks(p->config, masks);
    guint room = ORIEL_MASKS_MAX - MIN(count, ORIEL_MASKS_MAX);
    if (p->mask_count > room)
        oriel_error("the HMI's masks and those of the configuration are more than %d", ORIEL_MASKS_MAX);
    if (p->mask_count > room)
        return -E2BIG; /* never unmasked */
    memcpy(masks + (size_t)count * ORIEL_RECT_SIZE, p->masks, (size_t)p->mask_count * ORIEL_RECT_SIZE);
    return oriel_ipc_send(oriel_helper_fd(p->capture), &oriel_core_to_capture, ORIEL_CAPTURE_MASKS, (const void *)masks,
                          (size_t)(count + p->mask_count) * ORIEL_RECT_SIZE, count);
}

void oriel_picture_masks(struct oriel_picture *p, const uint8_t *bytes, guint count) {
    p->mask_count = MIN(count, ORIEL_PROVIDER_MASKS_MAX);
    memcpy(p->masks, bytes, (size_t)p->mask_count * ORIEL_RECT_SIZE);
    if (p->capture && !p->killed && send_masks(p) < 0)
        oriel_helper_kill(p->capture); /* its end is a failure of the session */
}

/* The one socket by which pixels of the HMI's come in: made for a granted session, and its ends given to capture and to
 * the program whose uid was looked at when it connected. 0 or -errno. */
static int join_provider(struct oriel_picture *p) {
    int ends[2];
    if (strcmp(p->config->capture_backend, "hmi") != 0)
        return 0;
    int r = oriel_ipc_pair(ends);
    if (r < 0)
        return r;
    r = oriel_ipc_send(oriel_helper_fd(p->capture), &oriel_core_to_capture, ORIEL_CAPTURE_PUSHER, ends[0]);
    if (r == 0)
        p->give(p->user, "frames", ends[1]);
    close(ends[0]);
    close(ends[1]);
    return r;
}

void oriel_picture_provider(struct oriel_picture *p) {
    if (p->capture && !p->killed && join_provider(p) < 0)
        oriel_helper_kill(p->capture);
}

/* Masks first: the first picture has them. */
static void start_capture(struct oriel_picture *p, int frames) {
    const struct oriel_config *c = p->config;
    int fd = oriel_helper_fd(p->capture);
    int r = *c->capture_masks || p->mask_count ? send_masks(p) : 0;
    if (r == 0)
        r = join_provider(p);
    if (r == 0)
        r = oriel_ipc_send(fd, &oriel_core_to_capture, ORIEL_CAPTURE_START, c->capture_backend, c->capture_display,
                           c->capture_xauthority, c->capture_monitor, c->capture_device, (uint32_t)c->media_frame_rate,
                           frames);
    if (r < 0) /* never unmasked: its end is a failure of the session */
        oriel_helper_kill(p->capture);
}

bool oriel_picture_start(struct oriel_picture *p, const struct oriel_session_request *request, const char *session_id,
                         GError **error) {
    const struct oriel_config *c = p->config;
    int frames[2];
    int result = oriel_ipc_pair(frames);
    if (result < 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "no frame socket: %s", g_strerror(-result));
        return false;
    }
    /* Media first: when it did not survive the asking, it has more to do before it is ready. */
    if (oriel_picture_prepare(p, error))
        p->capture = oriel_helper_start(&capture_kind, p->launcher, p, error);
    if (p->capture) {
        g_autofree char *addresses = g_strdelimit(g_strdup(c->media_addresses), ";", ',');
        oriel_ipc_send(oriel_helper_fd(p->media), &oriel_core_to_media, ORIEL_MEDIA_START, session_id,
                       request->fingerprint, c->media_path, addresses,
                       request->turn_username ? request->turn_username : "",
                       request->turn_password ? request->turn_password : "", (uint32_t)c->media_bitrate,
                       (uint32_t)c->media_frame_rate, (uint32_t)(strcmp(c->media_exact, "yes") == 0),
                       c->media_graph ? c->media_graph : "", p->last_kbits, frames[1]);
        p->started = true;
        p->frozen = p->talk = false;
        oriel_voice_begin(p->voice);
        oriel_picture_panel(p, p->panel);
        start_capture(p, frames[0]);
    }
    close(frames[0]);
    close(frames[1]);
    return p->capture != NULL;
}

/* The agent's camera on the panel: a socket between media and the HMI, as long as the scope is granted and the HMI can
 * show it. */
static void join_face(struct oriel_picture *p) {
    int ends[2];
    bool on = p->face_granted && p->panel & ORIEL_PANEL_FACE && p->started && !p->killed;
    if (on == p->face_on || !p->media)
        return;
    p->face_on = on && oriel_ipc_pair(ends) == 0;
    int fd = oriel_helper_fd(p->media);
    int r = p->face_on ? oriel_ipc_send(fd, &oriel_core_to_media, ORIEL_MEDIA_FACE_ON, ends[0])
                       : oriel_ipc_send(fd, &oriel_core_to_media, ORIEL_MEDIA_FACE_OFF);
    if (p->face_on) {
        p->give(p->user, "face", ends[1]);
        close(ends[0]);
        close(ends[1]);
    }
    if (r < 0)
        oriel_helper_kill(p->media);
}

void oriel_picture_granted(struct oriel_picture *p, const json_t *scopes) {
    p->talk = oriel_list_has(scopes, "voice");
    run_voice(p);
    oriel_camera_grant(p->camera, oriel_list_has(scopes, "camera") && !p->killed);
    p->face_granted = oriel_list_has(scopes, "face");
    join_face(p);
}

void oriel_picture_camera(struct oriel_picture *p) {
    oriel_camera_recorded(p->camera);
}

bool oriel_picture_reroute(struct oriel_picture *p) {
    if (p->relay)
        oriel_relay_renew(p->relay);
    return p->relay != NULL;
}

void oriel_picture_agent(struct oriel_picture *p, const char *fingerprint) {
    tell_media(p, ORIEL_MEDIA_AGENT, fingerprint);
}

void oriel_picture_renew(struct oriel_picture *p, guint number) {
    tell_media(p, ORIEL_MEDIA_RENEW, (uint32_t)number);
}

void oriel_picture_answer(struct oriel_picture *p, const char *sdp) {
    tell_media(p, ORIEL_MEDIA_ANSWER, sdp);
}

void oriel_picture_candidate(struct oriel_picture *p, guint mline, const char *candidate) {
    tell_media(p, ORIEL_MEDIA_REMOTE_CANDIDATE, (uint32_t)mline, candidate);
}

void oriel_picture_say(struct oriel_picture *p, const char *text) {
    tell_media(p, ORIEL_MEDIA_SAY, text);
}

void oriel_picture_heard(struct oriel_picture *p, guint id) {
    tell_media(p, ORIEL_MEDIA_HEARD, id);
}

void oriel_picture_panel(struct oriel_picture *p, guint can) {
    p->panel = can;
    if (can && p->talk)
        tell_panel(p);
    if (p->started)
        tell_media(p, ORIEL_MEDIA_PANEL, can);
    join_face(p);
}

void oriel_picture_freeze(struct oriel_picture *p, bool on) {
    p->frozen = on;
    run_voice(p);
    tell_media(p, ORIEL_MEDIA_FREEZE, (uint32_t)on);
}

static gboolean nothing_ran(gpointer data) {
    struct oriel_picture *p = data;
    p->gone_source = 0;
    helpers_gone(p);
    return G_SOURCE_REMOVE;
}

void oriel_picture_kill(struct oriel_picture *p) {
    p->killed = true;
    p->face_granted = p->face_on = false;
    oriel_camera_grant(p->camera, false);
    p->talk = false;
    run_voice(p);
    if (p->capture)
        oriel_helper_kill(p->capture);
    if (p->media)
        oriel_helper_kill(p->media);
    if (p->relay)
        oriel_relay_end(p->relay);
    if (!any_runs(p) && !p->gone_source)
        p->gone_source = g_idle_add(nothing_ran, p);
}
