/* See vp8coder.h. */
#include "vp8coder.h"

#include <errno.h>
#include <libyuv/compare.h>
#include <libyuv/scale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

#include "vp8memory.h"

enum {
    TICKS = 90000, /* a second in libvpx's time base */
    STATIC_THRESHOLD = 100,
    SCREEN_CONTENT = 2,
    FILTER_OFF = -63, /* on top of any level */
    THREADS_MAX = 4,
    PIXELS_PER_THREAD = 1920 * 1080,
    KEY_ATTEMPTS = 2,
    CAREFUL = 2,           /* steps of speed that there is time for, */
    CAREFUL_SHARE = 3,     /* where a third of the picture moves, or less, */
    AWAITED_BLOCKS = 3600, /* 1280x720 */
    AWAITED_LEVELS = 3,
    ROUGH = 8, /* pixels that become one, each way */
    ROUGHER = 16,
};

#define CAREFUL_INTERVAL 0.06 /* and so seldom, seconds */

/* So many steps, where AWAITED_BLOCKS, or all of fewer, take the way for longer than `from`, until they take less than
 * `below`, seconds. */
static const struct {
    int steps;
    double from, below;
} awaited[AWAITED_LEVELS] = {{0, 0, 0}, {3, 0.08, 0.045}, {5, 0.25, 0.12}};

/* A rough picture that takes the way for longer is made rougher. */
#define ROUGH_SECONDS 0.3

struct oriel_vp8 {
    vpx_codec_ctx_t codec;
    vpx_codec_enc_cfg_t config;
    int speed, speed_now; /* as set; as libvpx has it */
    unsigned awaited;     /* how long what moves takes the way */
    struct oriel_sharpen sharpen;
    vpx_codec_pts_t pts;
    unsigned floor;   /* no whole picture is finer */
    bool recoverable; /* a picture must not need what only an earlier one said */
    uint8_t *beat;
    size_t beat_size;
};

/* libvpx's 64 quantizers on VP8's scale of 128, which is what segments are told apart by. */
static const uint8_t vp8_scale[64] = {0,  1,  2,  3,  4,  5,  7,   8,   9,   10,  12,  13,  15,  17,  18,  19,
                                      20, 21, 23, 24, 25, 26, 27,  28,  29,  30,  31,  33,  35,  37,  39,  41,
                                      43, 45, 47, 49, 51, 53, 55,  57,  59,  61,  64,  67,  70,  73,  76,  79,
                                      82, 85, 88, 91, 94, 97, 100, 103, 106, 109, 112, 115, 118, 121, 124, 127};

__attribute__((format(printf, 2, 3))) static int fail(char error[ORIEL_VP8_ERROR_SIZE], const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(error, ORIEL_VP8_ERROR_SIZE, format, args);
    va_end(args);
    return -EIO;
}

static const char *why(vpx_codec_ctx_t *codec) {
    const char *detail = vpx_codec_error_detail(codec);
    return detail ? detail : vpx_codec_error(codec);
}

/* libvpx's threads wait for each other by spinning: on two processors with something else to do a second thread made a
 * picture of 1280x720 take 50 ms instead of 4. So: only for large pictures, and never more than half of the processors.
 */
static unsigned threads(unsigned width, unsigned height) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned useful = 1 + width * height / PIXELS_PER_THREAD;
    unsigned most = processors < 4 ? 1 : processors / 2 > THREADS_MAX ? THREADS_MAX : (unsigned)processors / 2;
    return useful < most ? useful : most;
}

/* Its rate control is held by the quantizer: end usage, buffers and bitrate only keep it from interfering. */
static void configure(vpx_codec_enc_cfg_t *c, unsigned width, unsigned height, unsigned thread_count) {
    vpx_codec_enc_config_default(vpx_codec_vp8_cx(), c, 0);
    c->g_w = width;
    c->g_h = height;
    c->g_threads = thread_count;
    c->g_timebase = (vpx_rational_t){1, TICKS};
    c->g_pass = VPX_RC_ONE_PASS;
    c->g_error_resilient = 0;
    c->g_lag_in_frames = 0;
    c->rc_dropframe_thresh = 0;
    c->rc_resize_allowed = 0;
    c->rc_end_usage = VPX_VBR; /* CBR of screen content lowers the quantizer by 12 of 127 a picture at most */
    c->rc_target_bitrate = 4000;
    c->kf_mode = VPX_KF_DISABLED;
}

static bool control(struct oriel_vp8 *vp8, int speed) {
    return !vpx_codec_control(&vp8->codec, VP8E_SET_CPUUSED, speed) &&
           !vpx_codec_control(&vp8->codec, VP8E_SET_SCREEN_CONTENT_MODE, (unsigned)SCREEN_CONTENT) &&
           !vpx_codec_control(&vp8->codec, VP8E_SET_STATIC_THRESHOLD, (unsigned)STATIC_THRESHOLD) &&
           !vpx_codec_control(&vp8->codec, VP8E_SET_NOISE_SENSITIVITY, 0u) &&
           !vpx_codec_control(&vp8->codec, VP8E_SET_TOKEN_PARTITIONS, (int)VP8_ONE_TOKENPARTITION) &&
           !vpx_codec_control(&vp8->codec, VP8E_SET_ENABLEAUTOALTREF, 0u);
}

struct oriel_vp8 *oriel_vp8_new(unsigned width, unsigned height, const struct oriel_vp8_settings *settings, int64_t now,
                                char error[ORIEL_VP8_ERROR_SIZE]) {
    struct oriel_vp8 *vp8 = calloc(1, sizeof *vp8);
    if (!vp8 || !oriel_sharpen_start(&vp8->sharpen, width, height, &settings->sharpen, now)) {
        fail(error, "no memory to encode pictures of %ux%u", width, height);
        free(vp8);
        return NULL;
    }
    configure(&vp8->config, width, height, settings->threads ? settings->threads : threads(width, height));
    oriel_vp8_memory_watch();
    vpx_codec_err_t started = vpx_codec_enc_init(&vp8->codec, vpx_codec_vp8_cx(), &vp8->config, 0);
    oriel_vp8_memory_release();
    if (started) {
        fail(error, "libvpx does not start for %ux%u: %s", width, height, why(&vp8->codec));
        oriel_sharpen_clear(&vp8->sharpen);
        free(vp8);
        return NULL;
    }
    vp8->speed = vp8->speed_now = settings->speed;
    if (!control(vp8, settings->speed)) {
        fail(error, "libvpx refuses a setting: %s", why(&vp8->codec));
        oriel_vp8_free(vp8);
        return NULL;
    }
    return vp8;
}

void oriel_vp8_free(struct oriel_vp8 *vp8) {
    if (!vp8)
        return;
    vpx_codec_destroy(&vp8->codec);
    oriel_sharpen_clear(&vp8->sharpen);
    free(vp8->beat);
    free(vp8);
}

void oriel_vp8_set(struct oriel_vp8 *vp8, const struct oriel_sharpen_settings *settings, int64_t now) {
    oriel_sharpen_set(&vp8->sharpen, settings, now);
}

void oriel_vp8_damage(struct oriel_vp8 *vp8, const struct oriel_rect *rects, size_t count, int64_t now) {
    for (size_t i = 0; i < count; i++)
        oriel_activemap_damage(&vp8->sharpen.map, &rects[i], now);
}

void oriel_vp8_share(struct oriel_vp8 *vp8, const struct oriel_rect *rects, size_t count,
                     const struct oriel_share *share, int64_t now) {
    struct oriel_activemap *map = &vp8->sharpen.map;
    vp8->sharpen.covered = share->cover != ORIEL_COVER_NONE;
    for (size_t i = 0; i < count; i++)
        if (share->cover == ORIEL_COVER_NOW)
            oriel_activemap_defer(map, &rects[i], now);
        else
            oriel_activemap_damage(map, &rects[i], now);
    for (size_t i = 0; i < share->left_out_count; i++)
        oriel_activemap_defer(map, &share->left_out[i], now);
    for (size_t i = 0; i < share->owed_count; i++)
        oriel_activemap_owe(map, &share->owed[i], now);
    if (share->cover == ORIEL_COVER_NOW)
        oriel_sharpen_leave(&vp8->sharpen, share->tile_bits, now);
    else
        vp8->sharpen.left = vp8->sharpen.unsure = false;
}

void oriel_vp8_damage_all(struct oriel_vp8 *vp8, int64_t now) {
    oriel_activemap_damage_all(&vp8->sharpen.map, now);
}

void oriel_vp8_welcome(struct oriel_vp8 *vp8, int64_t since) {
    vp8->sharpen.welcome = since;
}

int64_t oriel_vp8_key_until(const struct oriel_vp8 *vp8) {
    return vp8->sharpen.key_until;
}

void oriel_vp8_force_key(struct oriel_vp8 *vp8) {
    vp8->sharpen.want_key = true;
}

void oriel_vp8_refer(struct oriel_vp8 *vp8, enum oriel_slot from, enum oriel_slot into, bool beat, bool hurry) {
    vp8->recoverable = true;
    vp8->sharpen.from = from;
    vp8->sharpen.into = into;
    vp8->sharpen.keep_beat = beat;
    vp8->sharpen.hurry = hurry;
}

struct oriel_sharpen_times oriel_vp8_times(struct oriel_vp8 *vp8, int64_t now) {
    return oriel_sharpen_times(&vp8->sharpen, now);
}

const struct oriel_activemap *oriel_vp8_map(const struct oriel_vp8 *vp8) {
    return &vp8->sharpen.map;
}

/* ---- one picture ---- */

/* What a picture refers to and what it replaces. */
static vpx_enc_frame_flags_t flags_of(const struct oriel_vp8 *vp8, const struct oriel_plan *plan) {
    static const vpx_enc_frame_flags_t only[ORIEL_SLOTS] = {
        [ORIEL_SLOT_LAST] = VP8_EFLAG_NO_REF_GF | VP8_EFLAG_NO_REF_ARF,
        [ORIEL_SLOT_GOLDEN] = VP8_EFLAG_NO_REF_LAST | VP8_EFLAG_NO_REF_ARF,
        [ORIEL_SLOT_ALTREF] = VP8_EFLAG_NO_REF_LAST | VP8_EFLAG_NO_REF_GF,
    };
    if (plan->key)
        return VPX_EFLAG_FORCE_KF;
    vpx_enc_frame_flags_t flags = only[plan->from];
    flags |= plan->into == ORIEL_SLOT_GOLDEN ? 0 : VP8_EFLAG_NO_UPD_GF;
    flags |= plan->into == ORIEL_SLOT_ALTREF ? 0 : VP8_EFLAG_NO_UPD_ARF;
    flags |= plan->kind == ORIEL_PLAN_BEAT ? VP8_EFLAG_NO_UPD_LAST : 0;
    return flags | (plan->kind == ORIEL_PLAN_BEAT || vp8->recoverable ? VP8_EFLAG_NO_UPD_ENTROPY : 0);
}

/* Only where it is error resilient does libvpx leave golden to us: else it replaces it now and then, whatever the flags
 * say. A keyframe is not, so that the probabilities that come with it stay. */
static vpx_codec_err_t pin(struct oriel_vp8 *vp8, unsigned quantizer, bool key) {
    vpx_codec_er_flags_t resilient = vp8->recoverable && !key ? VPX_ERROR_RESILIENT_DEFAULT : 0;
    if (vp8->config.rc_min_quantizer == quantizer && vp8->config.rc_max_quantizer == quantizer &&
        vp8->config.g_error_resilient == resilient)
        return VPX_CODEC_OK;
    vp8->config.g_error_resilient = resilient;
    vp8->config.rc_min_quantizer = vp8->config.rc_max_quantizer = quantizer;
    return vpx_codec_enc_config_set(&vp8->codec, &vp8->config);
}

/* What waits for the way leaves time for a better search: between pictures that come seldom most has moved too far for
 * a quick one, and takes up to five times the bytes. */
static int steps_while_waiting(struct oriel_vp8 *vp8, const struct oriel_plan *plan) {
    const struct oriel_sharpen *s = &vp8->sharpen;
    double takes =
        oriel_bits_cost(&s->rate, plan->change, plan->changed, plan->change_quantizer) / s->rate.bits_per_second;
    if (plan->changed > AWAITED_BLOCKS)
        takes *= (double)AWAITED_BLOCKS / (double)plan->changed;
    while (vp8->awaited && takes < awaited[vp8->awaited].below)
        vp8->awaited--;
    while (vp8->awaited + 1 < AWAITED_LEVELS && takes > awaited[vp8->awaited + 1].from)
        vp8->awaited++;
    return awaited[vp8->awaited].steps;
}

/* A small thing that moves, as a machine on a panel does for hours, is worth a better search: a fifth fewer bytes for
 * half as much time again. */
static vpx_codec_err_t set_speed(struct oriel_vp8 *vp8, const struct oriel_plan *plan) {
    const struct oriel_sharpen *s = &vp8->sharpen;
    bool motion = plan->changed && oriel_bits_is_motion(plan->change);
    bool careful =
        motion && s->covered && plan->changed * CAREFUL_SHARE <= s->map.count && s->rate.interval >= CAREFUL_INTERVAL;
    int steps = motion ? steps_while_waiting(vp8, plan) : 0;
    steps = careful && steps < CAREFUL ? CAREFUL : steps;
    int speed = vp8->speed + steps < 0 ? vp8->speed + steps : -1;
    if (speed == vp8->speed_now)
        return VPX_CODEC_OK;
    vp8->speed_now = speed;
    return vpx_codec_control(&vp8->codec, VP8E_SET_CPUUSED, speed);
}

static unsigned finer(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/* By how much a segment must differ from a picture of quantizer `from` to get `to`, or a little less. */
static int delta(unsigned from, unsigned to) {
    unsigned step = 0;
    while (from > to && step < 63 && vp8_scale[step] < vp8_scale[from] - vp8_scale[to])
        step++;
    return -(int)step;
}

static vpx_codec_err_t set_maps(struct oriel_vp8 *vp8, const struct oriel_plan *plan, unsigned base) {
    struct oriel_activemap *map = &vp8->sharpen.map;
    vpx_active_map_t active = {.active_map = map->active, .rows = map->rows, .cols = map->columns};
    vpx_roi_map_t roi = {.roi_map = map->segment, .rows = map->rows, .cols = map->columns};
    roi.delta_lf[ORIEL_SEGMENT_REST] = roi.delta_lf[ORIEL_SEGMENT_SHARPEN] = FILTER_OFF;
    roi.delta_lf[ORIEL_SEGMENT_CHANGE] = plan->filter ? 0 : FILTER_OFF;
    roi.static_threshold[ORIEL_SEGMENT_CHANGE] = STATIC_THRESHOLD;
    if (plan->changed)
        roi.delta_q[ORIEL_SEGMENT_CHANGE] = delta(base, plan->change_quantizer);
    if (plan->sharpened)
        roi.delta_q[ORIEL_SEGMENT_SHARPEN] = delta(base, plan->sharpen_quantizer);
    vpx_codec_err_t result = vpx_codec_control(&vp8->codec, VP8E_SET_ACTIVEMAP, &active);
    return result ? result : vpx_codec_control(&vp8->codec, VP8E_SET_ROI_MAP, &roi);
}

/* After 150 pictures libvpx does not go far below the mean quantizer of all of them, whatever is pinned. Then that is
 * what the picture has, and those after it get there by their segments. */
static void hold_to_what_was_done(struct oriel_vp8 *vp8, struct oriel_plan *plan, unsigned base) {
    int done = 0;
    if (vpx_codec_control(&vp8->codec, VP8E_GET_LAST_QUANTIZER_64, &done) || done <= (int)base)
        return;
    vp8->floor = (unsigned)done;
    plan->change_quantizer = finer(plan->change_quantizer + (unsigned)done - base, 63);
    plan->sharpen_quantizer = finer(plan->sharpen_quantizer + (unsigned)done - base, 63);
}

/* NULL with `result` set when libvpx fails; NULL when it made none. */
static const vpx_codec_cx_pkt_t *run(struct oriel_vp8 *vp8, const struct oriel_i420 *picture, struct oriel_plan *plan,
                                     vpx_codec_err_t *result) {
    unsigned base = plan->changed ? plan->change_quantizer : plan->sharpened ? plan->sharpen_quantizer : 63;
    base = base > vp8->floor ? base : vp8->floor;
    vpx_image_t image;
    vpx_img_wrap(&image, VPX_IMG_FMT_I420, vp8->config.g_w, vp8->config.g_h, 1, picture->planes[0]);
    for (int i = 0; i < 3; i++) {
        image.planes[i] = picture->planes[i];
        image.stride[i] = picture->strides[i];
    }
    *result = pin(vp8, base, plan->key);
    if (!*result)
        *result = set_speed(vp8, plan);
    if (!*result)
        *result = set_maps(vp8, plan, base);
    unsigned duration = TICKS / vp8->sharpen.settings.fps;
    if (!*result)
        *result = vpx_codec_encode(&vp8->codec, &image, vp8->pts, duration, flags_of(vp8, plan), VPX_DL_REALTIME);
    vp8->pts += duration; /* a rate for libvpx; the times of pictures are not its business */
    if (*result)
        return NULL;
    hold_to_what_was_done(vp8, plan, base);
    vpx_codec_iter_t iterator = NULL;
    const vpx_codec_cx_pkt_t *found;
    while ((found = vpx_codec_get_cx_data(&vp8->codec, &iterator)))
        if (found->kind == VPX_CODEC_CX_FRAME_PKT)
            return found;
    return NULL;
}

/* `plane` as from afar, as large as it was. False without memory. */
static bool blur(const uint8_t *plane, int stride, int width, int height, int by, uint8_t *out) {
    int columns = (width + by - 1) / by, rows = (height + by - 1) / by;
    uint8_t *small = malloc((size_t)columns * (size_t)rows);
    if (!small)
        return false;
    ScalePlane(plane, stride, width, height, small, columns, columns, rows, kFilterBox);
    ScalePlane(small, columns, columns, rows, out, width, width, height, kFilterBilinear);
    free(small);
    return true;
}

/* As run(), of what the picture looks like from `by` times as far. */
static const vpx_codec_cx_pkt_t *run_from_afar(struct oriel_vp8 *vp8, const struct oriel_i420 *picture, int by,
                                               struct oriel_plan *plan, vpx_codec_err_t *result) {
    int width = (int)vp8->config.g_w, height = (int)vp8->config.g_h, half = (width + 1) / 2, low = (height + 1) / 2;
    uint8_t *y = malloc((size_t)width * (size_t)height + 2 * (size_t)half * (size_t)low);
    if (!y) {
        *result = VPX_CODEC_MEM_ERROR;
        return NULL;
    }
    struct oriel_i420 rough = {.planes = {y, y + width * height, y + width * height + half * low},
                               .strides = {width, half, half}};
    const vpx_codec_cx_pkt_t *made = NULL;
    if (blur(picture->planes[0], picture->strides[0], width, height, by, rough.planes[0]) &&
        blur(picture->planes[1], picture->strides[1], half, low, by / 2, rough.planes[1]) &&
        blur(picture->planes[2], picture->strides[2], half, low, by / 2, rough.planes[2]))
        made = run(vp8, &rough, plan, result);
    else
        *result = VPX_CODEC_MEM_ERROR;
    free(y);
    return made;
}

static const vpx_codec_cx_pkt_t *run_rough(struct oriel_vp8 *vp8, const struct oriel_i420 *picture,
                                           struct oriel_plan *plan, vpx_codec_err_t *result) {
    const vpx_codec_cx_pkt_t *made = run_from_afar(vp8, picture, ROUGH, plan, result);
    if (made && (double)made->data.frame.sz * 8 > ROUGH_SECONDS * vp8->sharpen.rate.bits_per_second)
        made = run_from_afar(vp8, picture, ROUGHER, plan, result);
    return made;
}

/* The beat is made once: it refers to nothing but what is shown, and replaces nothing. One that is kept somewhere does,
 * and is made anew. */
static int beat(struct oriel_vp8 *vp8, const struct oriel_i420 *picture, struct oriel_plan *plan,
                struct oriel_vp8_packet *packet, char error[ORIEL_VP8_ERROR_SIZE]) {
    bool once = plan->into == ORIEL_SLOT_LAST;
    if (!once || !vp8->beat) {
        vpx_codec_err_t result;
        const vpx_codec_cx_pkt_t *made = run(vp8, picture, plan, &result);
        if (!made)
            return fail(error, "libvpx: %s", result ? why(&vp8->codec) : "no picture that changes nothing");
        packet->bytes = made->data.frame.buf;
        packet->size = made->data.frame.sz;
        packet->into = plan->into;
        if (!once)
            return 0;
        vp8->beat_size = packet->size;
        vp8->beat = malloc(packet->size);
        if (!vp8->beat)
            return fail(error, "no memory for a picture");
        memcpy(vp8->beat, packet->bytes, packet->size);
    }
    packet->bytes = vp8->beat;
    packet->size = vp8->beat_size;
    return 0;
}

/* A keyframe that came out far too large is made again, coarser: it is what everything after it waits for. */
static const vpx_codec_cx_pkt_t *make(struct oriel_vp8 *vp8, const struct oriel_i420 *picture, struct oriel_plan *plan,
                                      vpx_codec_err_t *result) {
    struct oriel_sharpen *s = &vp8->sharpen;
    if (plan->rough)
        return run_rough(vp8, picture, plan, result);
    if (plan->afar > 1)
        return run_from_afar(vp8, picture, (int)plan->afar, plan, result);
    for (int attempt = 1;; attempt++) {
        const vpx_codec_cx_pkt_t *made = run(vp8, picture, plan, result);
        double budget = oriel_bits_budget(&s->rate, ORIEL_BITS_KEY);
        if (!made || !plan->key || attempt == KEY_ATTEMPTS || plan->change_quantizer >= s->settings.max_quantizer ||
            (double)made->data.frame.sz * 8 < 1.5 * budget)
            return made;
        oriel_bits_learn(&s->rate, ORIEL_BITS_KEY, plan->changed, plan->change_quantizer,
                         (double)made->data.frame.sz * 8);
        plan->change_quantizer = oriel_bits_quantizer(&s->rate, ORIEL_BITS_KEY, plan->changed, budget,
                                                      plan->change_quantizer + 1, s->settings.max_quantizer);
        plan->filter = true;
    }
}

/* The mean squared error of the brightness of what changed; below 0: not known. */
static double changed_error(struct oriel_vp8 *vp8, const struct oriel_i420 *picture, const struct oriel_plan *plan) {
    const struct oriel_activemap *map = &vp8->sharpen.map;
    const size_t width = vp8->config.g_w, height = vp8->config.g_h;
    struct oriel_i420 made;
    uint64_t sum = 0;
    if (!oriel_vp8_reconstruction(vp8, &made))
        return -1;
    for (size_t i = 0; i < map->count; i++) {
        size_t x = i % map->columns * ORIEL_BLOCK, y = i / map->columns * ORIEL_BLOCK;
        size_t across = x + ORIEL_BLOCK < width ? ORIEL_BLOCK : width - x;
        size_t bottom = y + ORIEL_BLOCK < height ? y + ORIEL_BLOCK : height;
        for (size_t row = y; row < bottom && map->segment[i] == ORIEL_SEGMENT_CHANGE; row++)
            sum += ComputeSumSquareError(picture->planes[0] + row * (size_t)picture->strides[0] + x,
                                         made.planes[0] + row * (size_t)made.strides[0] + x, (int)across);
    }
    return (double)sum / ((double)plan->changed * ORIEL_BLOCK * ORIEL_BLOCK);
}

int oriel_vp8_encode(struct oriel_vp8 *vp8, const struct oriel_i420 *picture, int64_t now,
                     struct oriel_vp8_packet *packet, char error[ORIEL_VP8_ERROR_SIZE]) {
    struct oriel_plan plan = oriel_sharpen_plan(&vp8->sharpen, now);
    *packet = (struct oriel_vp8_packet){.kind = plan.kind};
    if (plan.kind == ORIEL_PLAN_NOTHING)
        return 0;
    if (plan.kind == ORIEL_PLAN_BEAT) {
        int result = beat(vp8, picture, &plan, packet, error);
        if (result < 0)
            return result;
    } else {
        vpx_codec_err_t result;
        const vpx_codec_cx_pkt_t *made = make(vp8, picture, &plan, &result);
        if (result)
            return fail(error, "libvpx: %s", why(&vp8->codec));
        if (!made) { /* dropped: what changed is still to be encoded */
            packet->kind = ORIEL_PLAN_NOTHING;
            return 0;
        }
        packet->bytes = made->data.frame.buf;
        packet->size = made->data.frame.sz;
        packet->key = made->data.frame.flags & VPX_FRAME_IS_KEY;
        packet->from = plan.from;
        packet->into = plan.key ? ORIEL_SLOT_LAST : plan.into;
        packet->quantizer = plan.changed ? plan.change_quantizer : plan.sharpen_quantizer;
        packet->changed = plan.changed;
        packet->sharpened = plan.sharpened;
        double squared = plan.changed && vp8->sharpen.covered ? changed_error(vp8, picture, &plan) : -1;
        if (squared >= 0)
            oriel_sharpen_judge(&vp8->sharpen, &plan, squared);
    }
    oriel_sharpen_done(&vp8->sharpen, &plan, (double)packet->size * 8, now);
    return 0;
}

bool oriel_vp8_reconstruction(struct oriel_vp8 *vp8, struct oriel_i420 *picture) {
    const vpx_image_t *image = vpx_codec_get_preview_frame(&vp8->codec);
    if (!image)
        return false;
    for (int i = 0; i < 3; i++) {
        picture->planes[i] = image->planes[i];
        picture->strides[i] = image->stride[i];
    }
    return true;
}
