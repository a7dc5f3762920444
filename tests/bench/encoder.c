/* build/tests/bench/bench-encoder [WIDTH HEIGHT [KBITS]]: the screen encoder alone, beside libvpx as GStreamer's vp8enc
 * drives it.
 *
 * One thread, the same pictures, the same times; time does not pass but is counted, 30 pictures a second, with the
 * pauses and repetitions that each of the two asks for. Processor time is of the whole process, without conversion and
 * decoding. PSNR is of luma, source against what a decoder shows. It is no test: nothing fails on a time. */
#include <libyuv/compare.h>
#include <libyuv/convert.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vpx/vp8cx.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>
#include <vpx/vpx_encoder.h>

#include "../rig/picture.h"
#include "clock.h"
#include "vp8coder.h"

#if defined(__arm__) || defined(__aarch64__)
enum { SPEED = -12 };
#else
enum { SPEED = -6 };
#endif

enum { FPS = 30, PAGES_APART = 5 };
#define FRAME (ORIEL_SECOND / FPS)

struct bench {
    bool ours;
    unsigned width, height, kbits;
    struct picture screen;
    struct oriel_i420 picture;
    size_t plane_size;
    int64_t now, last_sent, last_change;
    vpx_codec_ctx_t decoder;
    struct oriel_vp8 *vp8;
    vpx_codec_ctx_t stock;
    /* sums */
    double cpu; /* s */
    size_t bytes, pictures, largest;
    double slowest;
};

static void need(bool good, const char *what) {
    if (!good) {
        fprintf(stderr, "bench-encoder: %s\n", what);
        exit(1);
    }
}

static double cpu_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void convert(struct bench *b) {
    ARGBToI420((const uint8_t *)b->screen.pixels, (int)b->width * 4, b->picture.planes[0], b->picture.strides[0],
               b->picture.planes[1], b->picture.strides[1], b->picture.planes[2], b->picture.strides[2], (int)b->width,
               (int)b->height);
}

/* As pipelines/graphs/vp8enc.pipeline sets it. */
static void open_stock(struct bench *b) {
    vpx_codec_enc_cfg_t c;
    vpx_codec_enc_config_default(vpx_codec_vp8_cx(), &c, 0);
    c.g_w = b->width;
    c.g_h = b->height;
    c.g_threads = 1;
    c.g_timebase = (vpx_rational_t){1, 90000};
    c.g_lag_in_frames = 0;
    c.rc_end_usage = VPX_CBR;
    c.rc_target_bitrate = b->kbits;
    c.rc_min_quantizer = 2;
    c.rc_max_quantizer = 56;
    c.rc_undershoot_pct = 100;
    c.rc_overshoot_pct = 15;
    c.rc_buf_initial_sz = 500;
    c.rc_buf_optimal_sz = 600;
    c.rc_buf_sz = 1000;
    c.rc_dropframe_thresh = 0;
    c.kf_mode = VPX_KF_DISABLED;
    need(!vpx_codec_enc_init(&b->stock, vpx_codec_vp8_cx(), &c, 0), "libvpx does not start");
    vpx_codec_control(&b->stock, VP8E_SET_CPUUSED, SPEED);
    vpx_codec_control(&b->stock, VP8E_SET_STATIC_THRESHOLD, 100u);
    vpx_codec_control(&b->stock, VP8E_SET_MAX_INTRA_BITRATE_PCT, 300u);
}

static void decode(struct bench *b, const void *bytes, size_t size) {
    need(!vpx_codec_decode(&b->decoder, bytes, (unsigned)size, NULL, 0), "the decoder refuses a picture");
    b->bytes += size;
    b->pictures++;
    if (size > b->largest)
        b->largest = size;
}

static void encode_stock(struct bench *b) {
    vpx_image_t image;
    vpx_img_wrap(&image, VPX_IMG_FMT_I420, b->width, b->height, 1, b->picture.planes[0]);
    double before = cpu_time();
    need(!vpx_codec_encode(&b->stock, &image, b->now * 9 / 100000, 3000, 0, VPX_DL_REALTIME), "libvpx failed");
    vpx_codec_iter_t iterator = NULL;
    const vpx_codec_cx_pkt_t *made;
    double spent = cpu_time() - before;
    while ((made = vpx_codec_get_cx_data(&b->stock, &iterator)))
        decode(b, made->data.frame.buf, made->data.frame.sz);
    b->cpu += spent;
    b->slowest = fmax(b->slowest, spent);
    b->last_sent = b->now;
}

static void encode_ours(struct bench *b) {
    struct oriel_vp8_packet packet;
    char error[ORIEL_VP8_ERROR_SIZE];
    double before = cpu_time();
    need(oriel_vp8_encode(b->vp8, &b->picture, b->now, &packet, error) == 0, "encoding failed");
    double spent = cpu_time() - before;
    b->cpu += spent;
    b->slowest = fmax(b->slowest, spent);
    if (packet.kind != ORIEL_PLAN_NOTHING)
        decode(b, packet.bytes, packet.size);
    if (getenv("VERBOSE") && packet.kind == ORIEL_PLAN_PICTURE)
        printf("    %6.0f ms q%-2u %6zu bytes, %zu changed, %zu sharpened, %.1f ms\n", (double)b->now / 1e6,
               packet.quantizer, packet.size, packet.changed, packet.sharpened, spent * 1e3);
}

/* The screen changed. */
static void change(struct bench *b, unsigned x, unsigned y, unsigned w, unsigned h) {
    convert(b);
    b->last_change = b->now;
    if (!b->ours) {
        encode_stock(b);
        return;
    }
    struct oriel_rect r = {(uint16_t)x, (uint16_t)y, (uint16_t)w, (uint16_t)h};
    oriel_vp8_damage(b->vp8, &r, 1, b->now);
    if (oriel_vp8_times(b->vp8, b->now).not_before <= b->now)
        encode_ours(b);
}

/* Time passes without a change: repetitions as the frame source makes them, or as our encoder wants them. */
static void pass(struct bench *b, int64_t until) {
    for (;;) {
        int64_t next = b->ours ? oriel_vp8_times(b->vp8, b->now).again
                               : b->last_sent + (b->last_sent - b->last_change < 2 * ORIEL_SECOND ? ORIEL_SECOND / 10
                                                                                                  : ORIEL_SECOND);
        if (next >= until)
            break;
        b->now = next > b->now ? next : b->now + 1;
        if (b->ours)
            encode_ours(b);
        else
            encode_stock(b);
    }
    b->now = until;
}

static double psnr(struct bench *b) {
    vpx_codec_iter_t iterator = NULL;
    static vpx_image_t *shown;
    vpx_image_t *image = vpx_codec_get_frame(&b->decoder, &iterator);
    if (image)
        shown = image;
    need(shown != NULL, "the decoder shows nothing");
    return CalcFramePsnr(b->picture.planes[0], b->picture.strides[0], shown->planes[0], shown->stride[0], (int)b->width,
                         (int)b->height);
}

static void begin(struct bench *b, bool ours, unsigned width, unsigned height, unsigned kbits) {
    *b = (struct bench){.ours = ours, .width = width, .height = height, .kbits = kbits, .now = ORIEL_SECOND};
    size_t luma = (size_t)width * height, chroma = (size_t)((width + 1) / 2) * ((height + 1) / 2);
    uint8_t *bytes = malloc(luma + 2 * chroma);
    b->screen = (struct picture){(int)width, (int)height, malloc(luma * 4)};
    need(bytes && b->screen.pixels, "no memory");
    b->picture = (struct oriel_i420){.planes = {bytes, bytes + luma, bytes + luma + chroma},
                                     .strides = {(int)width, (int)(width + 1) / 2, (int)(width + 1) / 2}};
    need(!vpx_codec_dec_init(&b->decoder, vpx_codec_vp8_dx(), NULL, 0), "no decoder");
    struct oriel_vp8_settings settings = {
        .sharpen = {.kbits = kbits,
                    .burst = 600,
                    .fps = FPS,
                    .target_quantizer = getenv("TARGET") ? (unsigned)atoi(getenv("TARGET")) : 4,
                    .max_quantizer = 56},
        .speed = getenv("SPEED") ? atoi(getenv("SPEED")) : SPEED,
        .threads = 1};
    char error[ORIEL_VP8_ERROR_SIZE];
    if (ours)
        need((b->vp8 = oriel_vp8_new(width, height, &settings, b->now, error)) != NULL, "our encoder does not start");
    else
        open_stock(b);
    picture_draw(&b->screen, 1);
    change(b, 0, 0, width, height);
    pass(b, b->now + 5 * ORIEL_SECOND);
}

static void reset(struct bench *b) {
    b->cpu = b->slowest = 0;
    b->bytes = b->pictures = b->largest = 0;
}

static void finish(struct bench *b) {
    vpx_codec_destroy(&b->decoder);
    if (b->ours)
        oriel_vp8_free(b->vp8);
    else
        vpx_codec_destroy(&b->stock);
    free(b->picture.planes[0]);
    free(b->screen.pixels);
}

static void row(struct bench *b, const char *title, double seconds) {
    printf("  %-7s %-26s %7.2f ms  %7.2f ms  %6.2f %%  %9.0f  %8.0f  %6.1f dB\n", b->ours ? "Oriel" : "vp8enc", title,
           b->pictures ? b->cpu / (double)b->pictures * 1e3 : 0.0, b->slowest * 1e3, b->cpu / seconds * 100,
           b->pictures ? (double)b->bytes / (double)b->pictures : 0.0, (double)b->bytes * 8 / 1000 / seconds, psnr(b));
}

/* A block of that size with other text, `every` pictures, for some seconds. */
static void small(struct bench *b, const char *title, int w, int h, int every, int seconds) {
    int64_t start = b->now;
    for (int i = 0; i < seconds * FPS / every; i++) {
        struct picture block = {w, h, malloc((size_t)w * (size_t)h * 4)};
        need(block.pixels != NULL, "no memory");
        struct picture page = {(int)b->width, (int)b->height, malloc((size_t)b->width * b->height * 4)};
        need(page.pixels != NULL, "no memory");
        picture_draw(&page, (unsigned)i + 2);
        int x = (int)b->width / 2 + 32, y = 160;
        for (int line = 0; line < h; line++)
            memcpy(b->screen.pixels + (y + line) * (int)b->width + x, page.pixels + (y + line) * (int)b->width + x,
                   (size_t)w * 4);
        free(page.pixels);
        free(block.pixels);
        pass(b, start + (int64_t)i * every * FRAME);
        change(b, (unsigned)x, (unsigned)y, (unsigned)w, (unsigned)h);
    }
    pass(b, start + (int64_t)seconds * ORIEL_SECOND);
    row(b, title, seconds);
}

static void motion(struct bench *b, const char *title, bool video, int seconds) {
    int64_t start = b->now;
    for (int i = 0; i < seconds * FPS; i++) {
        if (video)
            picture_video(&b->screen, PICTURE_BARCODE_ROWS, (unsigned)i);
        else
            picture_scroll(&b->screen, PICTURE_BARCODE_ROWS, 4, (unsigned)i);
        pass(b, start + i * FRAME);
        change(b, 0, PICTURE_BARCODE_ROWS, b->width, b->height - PICTURE_BARCODE_ROWS);
    }
    row(b, title, seconds);
}

static void page_of_text(struct picture *p, unsigned seed) {
    picture_fill(p, 0, 0, p->width, p->height, 0xffffff);
    for (unsigned i = 0; i < (unsigned)p->height / 4 + 5; i++)
        picture_scroll(p, 0, 4, i + seed * 100000);
}

static void pages(struct bench *b, const char *title, bool dense) {
    static const int at[] = {40, 250, 500, 1000, 2000, 2500};
    enum { TIMES = sizeof at / sizeof *at, PAGES = 3 };
    double sums[TIMES] = {0};
    size_t first = 0;
    for (unsigned page = 0; page < PAGES; page++) {
        int64_t start = b->now;
        if (dense)
            page_of_text(&b->screen, page + 2);
        else
            picture_draw(&b->screen, page + 2);
        size_t before = b->bytes;
        change(b, 0, 0, b->width, b->height);
        first += b->bytes - before;
        for (size_t i = 0; i < TIMES; i++) {
            pass(b, start + at[i] * ORIEL_MILLISECOND);
            sums[i] += psnr(b) / PAGES;
        }
        pass(b, start + PAGES_APART * ORIEL_SECOND);
    }
    printf("  %-7s %-26s %6.0f KB %6.0f KB %8.1f ms ", b->ours ? "Oriel" : "vp8enc", title, (double)first / PAGES / 1e3,
           (double)b->bytes / PAGES / 1e3, b->cpu / PAGES * 1e3);
    for (size_t i = 0; i < TIMES; i++)
        printf(" %6.1f", sums[i]);
    printf("\n");
}

int main(int argc, char **argv) {
    unsigned width = argc > 2 ? (unsigned)atoi(argv[1]) : 1280, height = argc > 2 ? (unsigned)atoi(argv[2]) : 720;
    unsigned kbits = argc > 3 ? (unsigned)atoi(argv[3]) : 4000;
    struct bench b;
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%ux%u, %u kbit/s, speed %d, one thread\n  %-7s %-26s %10s  %10s  %8s  %9s  %8s  %9s\n", width, height,
           kbits, SPEED, "", "", "a picture", "slowest", "of a core", "bytes", "kbit/s", "PSNR");
    for (int ours = 0; ours < 2; ours++) {
#define ROW(call)                                                                                                      \
    begin(&b, ours, width, height, kbits);                                                                             \
    reset(&b);                                                                                                         \
    call;                                                                                                              \
    finish(&b)
        ROW((pass(&b, b.now + 10 * ORIEL_SECOND), row(&b, "at rest", 10)));
        ROW(small(&b, "200x40, once a second", 200, 40, FPS, 10));
        ROW(small(&b, "160x56, 30 Hz", 160, 56, 1, 5));
        ROW(small(&b, "200x40, 30 Hz", 200, 40, 1, 5));
        ROW(motion(&b, "text that scrolls, 30 Hz", false, 5));
        ROW(motion(&b, "video, 30 Hz", true, 5));
    }
    printf("\n  %-7s %-26s %9s %9s %11s  PSNR after 40 ms, 250, 500, 1000, 2000, 2500\n", "", "", "first", "all",
           "CPU");
    for (int ours = 0; ours < 2; ours++) {
        ROW(pages(&b, "new page of an HMI", false));
        ROW(pages(&b, "new page of dense text", true));
    }
    return 0;
}
