/* pipelines/exact: the whole layer against a page that is written after signaling/PROTOCOL.md (exact_page.h), over a
 * link that loses and reorders messages both ways, beside a video that is perfect but leaves out what it may. Whatever
 * the screen does, no pixel that the page shows, of a tile or of a frame, is ever another one than the screen's at the
 * time of the picture that it shows, but for those of which the page knows that it lacks them; and a screen at rest
 * becomes exact.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exact_page.h"

enum { HISTORY = 8 };

/* ---- the screen ---- */

static struct {
    int socket;
    struct oriel_frame_reader *reader;
    uint32_t *memory, pixels[PIXELS]; /* shared; what the screen shows */
    uint32_t history[HISTORY][PIXELS], rtp[HISTORY];
    uint32_t video[PIXELS], later[PIXELS]; /* what its frames have; where they are behind */
    uint32_t frames[HISTORY][PIXELS];
    bool framed[HISTORY]; /* there is a frame of it */
    enum oriel_cover cover;
    unsigned pictures;
    GstClockTime pts;
} screen;

enum copy { ALL, OWED, SKIP };

static void copy_video(const struct oriel_rect *r, enum copy what) {
    for (unsigned y = r->y; y < (unsigned)r->y + r->height; y++)
        for (unsigned i = y * WIDTH + r->x; i < y * WIDTH + r->x + r->width; i++) {
            if (what == ALL || (what == OWED && screen.later[i])) {
                screen.video[i] = screen.pixels[i] | 0xff000000;
                screen.later[i] = 0;
            } else if (what == SKIP)
                screen.later[i] = 1;
        }
}

/* A picture that differs by these. */
static void picture_of(const struct oriel_rect *rects, size_t rect_count) {
    static uint8_t y[PIXELS], u[PIXELS / 4], v[PIXELS / 4];
    struct oriel_rect damage[ORIEL_FRAME_DAMAGE_MAX];
    const struct oriel_i420 out = {{y, u, v}, {WIDTH, WIDTH / 2, WIDTH / 2}};
    unsigned count = 0;
    if (rect_count) {
        uint8_t rect[2 * ORIEL_RECT_SIZE];
        assert_true(rect_count <= 2);
        oriel_rects_write(rects, rect_count, rect);
        memcpy(screen.memory, screen.pixels, sizeof screen.pixels);
        assert_int_equal(oriel_ipc_send(screen.socket, &oriel_capture_to_media, ORIEL_FRAMES_FRAME, 1u, 0u, UINT64_C(1),
                                        (const void *)rect, rect_count * ORIEL_RECT_SIZE, 0u, 0u, 0u),
                         0);
        assert_int_equal(oriel_frame_reader_receive(screen.reader), 1);
        count = oriel_frame_reader_draw(screen.reader, &out, damage);
        oriel_frame_reader_ready(screen.reader);
    }
    struct oriel_ipc_message message = {0};
    while (oriel_ipc_receive(screen.socket, &oriel_media_to_capture, &message) > 0)
        oriel_ipc_message_clear(&message);
    screen.pts += 33 * GST_MSECOND;
    unsigned slot = screen.pictures++ % HISTORY;
    memcpy(screen.history[slot], screen.pixels, sizeof screen.pixels);
    screen.rtp[slot] = (uint32_t)gst_util_uint64_scale_int(screen.pts, 90000, GST_SECOND);
    struct oriel_share share = {.cover = ORIEL_COVER_NONE};
    oriel_exact_picture(exact, screen.reader, damage, count, screen.pts, &share);
    screen.cover = share.cover;
    for (unsigned i = 0; i < count; i++)
        copy_video(&damage[i], share.cover == ORIEL_COVER_NOW ? SKIP : ALL);
    for (unsigned i = 0; i < share.owed_count; i++)
        copy_video(&share.owed[i], OWED);
    memcpy(screen.frames[slot], screen.video, sizeof screen.video);
    screen.framed[slot] = share.cover != ORIEL_COVER_NOW || rand() % 8 == 0; /* or a beat */
}

/* By this; NULL: by nothing. */
static void picture(const struct oriel_rect *r) {
    picture_of(r, r != NULL);
}

/* Presents the frame of `ago` pictures before, if there is one, and looks at each pixel; how many are exact. */
static unsigned check(unsigned ago) {
    unsigned slot = (screen.pictures - 1 - ago) % HISTORY, good = 0, at = 0;
    if (screen.framed[slot])
        page.known += present(screen.rtp[slot], screen.frames[slot]);
    go_on();
    if (page.time < 0)
        return 0;
    while (at < HISTORY && screen.rtp[at] != page.log[page.time].rtp)
        at++;
    for (unsigned i = 0; at < HISTORY && i < PIXELS; i++) {
        if (!page.lacks[i] && page.shown[i] && (page.shown[i] ^ screen.history[at][i]) & 0xffffff)
            fail_msg("%u,%u: %06x is shown, %06x is on the screen", i % WIDTH, i / WIDTH, page.shown[i] & 0xffffff,
                     screen.history[at][i] & 0xffffff);
        good += page.layer[i] && !page.lacks[i];
    }
    return at == (screen.pictures - 1) % HISTORY || page.time + 1 == (int32_t)page.next ? good : 0;
}

static void fill(const struct oriel_rect *r, unsigned seed) {
    for (unsigned y = r->y; y < (unsigned)r->y + r->height; y++)
        for (unsigned x = r->x; x < (unsigned)r->x + r->width; x++)
            screen.pixels[y * WIDTH + x] =
                (x * 7 + y * 13 + seed * 131) % 11 < 4 ? seed * 0x9e3779 : 0xffffff - y * seed;
}

static const struct oriel_rect whole = {0, 0, WIDTH, HEIGHT};

/* How long it took until each pixel was exact, in ms. */
static int64_t rest(void) {
    int64_t from = oriel_monotonic(), picture_at = from;
    for (;;) {
        deliver();
        if (check(0) == PIXELS && page.state == 0)
            return (oriel_monotonic() - from) / ORIEL_MILLISECOND;
        assert_true(oriel_monotonic() - from < 60 * ORIEL_SECOND);
        if (oriel_monotonic() - picture_at > 100 * ORIEL_MILLISECOND) {
            picture(NULL);
            picture_at = oriel_monotonic();
        }
        g_usleep(1000);
    }
}

static int start(void **state) {
    int s[2], fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    srand(11);
    memset(&page, 0, sizeof page);
    page.epoch = page.time = -1;
    memset(&screen, 0, sizeof screen);
    assert_int_equal(ftruncate(fd, sizeof screen.pixels), 0);
    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK);
    screen.memory = mmap(NULL, sizeof screen.pixels, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_int_equal(oriel_ipc_pair(s), 0);
    screen.socket = s[0];
    fcntl(s[0], F_SETFL, O_NONBLOCK);
    screen.reader = oriel_frame_reader_new(s[1]);
    oriel_frame_reader_keep(screen.reader);
    oriel_frame_reader_run(screen.reader, 30);
    assert_int_equal(oriel_ipc_send(s[0], &oriel_capture_to_media, ORIEL_FRAMES_BUFFERS, 1u,
                                    (uint32_t)ORIEL_FORMAT_BGRX, (uint32_t)WIDTH, (uint32_t)HEIGHT, (uint32_t)WIDTH * 4,
                                    1u, (uint64_t)sizeof screen.pixels, fd),
                     0);
    close(fd);
    exact = oriel_exact_new(NULL, on_send, NULL);
    return 0;
}

static int end(void **state) {
    oriel_exact_free(exact);
    oriel_frame_reader_free(screen.reader);
    munmap(screen.memory, sizeof screen.pixels);
    close(screen.socket);
    for (size_t i = 0; i < page.count; i++)
        g_free(page.queue[i].bytes);
    clear_page(-1);
    for (unsigned i = 0; i < 1024; i++)
        g_free(page.slots[i].bytes);
    return 0;
}

static void test_nothing_without_a_page(void **state) {
    fill(&whole, 1);
    picture(&whole);
    g_usleep(50000);
    assert_int_equal(page.bytes, 0);
    oriel_exact_open(exact, TRUE);
    picture(NULL); /* the screen is at rest: still all of it comes */
    rest();
    uint64_t before = page.bytes;
    oriel_exact_open(exact, FALSE);
    fill(&whole, 2);
    picture(&whole);
    g_usleep(50000);
    assert_int_equal(page.bytes, before);
}

static void test_pages_come_back_as_references(void **state) {
    oriel_exact_open(exact, TRUE);
    uint64_t bytes[4];
    for (unsigned i = 0; i < 4; i++) {
        uint64_t before = page.bytes;
        fill(&whole, 1 + i % 2);
        picture(&whole);
        rest();
        bytes[i] = page.bytes - before;
    }
    print_message("two pages, twice: %u, %u, %u, %u bytes\n", (unsigned)bytes[0], (unsigned)bytes[1],
                  (unsigned)bytes[2], (unsigned)bytes[3]);
    assert_true(page.references >= 4);
    assert_int_equal(page.misses, 0);
}

/* A page comes back with another number in it: parts of what the page has, and the number. */
static void test_a_page_that_is_mostly_the_same_comes_back_in_parts(void **state) {
    const struct oriel_rect number = {80, 20, 40, 16};
    uint64_t bytes[6];
    oriel_exact_open(exact, TRUE);
    for (unsigned i = 0; i < 6; i++) {
        uint64_t before = page.bytes;
        fill(&whole, 1 + i % 2);
        fill(&number, 100 + i);
        picture(&whole);
        rest();
        bytes[i] = page.bytes - before;
    }
    print_message("two pages by turns with a new number each time: %u, then %u bytes, %u parts\n", (unsigned)bytes[0],
                  (unsigned)bytes[5], page.parts);
    assert_true(page.parts >= 4);
    assert_int_equal(page.misses, 0);
    assert_true(bytes[5] < bytes[0] / 2);
}

static void test_a_miss_is_made_good(void **state) {
    oriel_exact_open(exact, TRUE);
    for (unsigned i = 0; i < 3; i++) {
        fill(&whole, 1 + i % 2);
        picture(&whole);
        rest();
        memset(page.names, 0xee, sizeof page.names); /* the page has lost all */
    }
    assert_true(page.misses > 0);
}

static void scroll(unsigned by, unsigned seed) {
    const struct oriel_rect below = {0, (uint16_t)(HEIGHT - by), WIDTH, (uint16_t)by};
    memmove(screen.pixels + 20 * WIDTH, screen.pixels + (20 + by) * WIDTH,
            (HEIGHT - 20 - by) * WIDTH * sizeof(uint32_t));
    for (unsigned i = 0; i < by * WIDTH; i++)
        screen.pixels[below.y * WIDTH + i] = (uint32_t)rand() % 7 ? 0xffffff : seed * 0x10305;
}

/* A page on which nothing is twice, at rest. */
static void noise(void) {
    for (unsigned i = 0; i < PIXELS; i++)
        screen.pixels[i] = (uint32_t)rand() % 7 ? 0xffffff : 0x102030;
    picture(&whole);
    rest();
}

static void test_scrolling_is_moved(void **state) {
    oriel_exact_open(exact, TRUE);
    noise();
    uint64_t before = page.bytes;
    const struct oriel_rect below = {0, 20, WIDTH, HEIGHT - 20};
    unsigned good = 0;
    for (unsigned i = 0; i < 30; i++) {
        scroll(4, i);
        picture(&below);
        g_usleep(5000);
        deliver();
        good += check(0) >= PIXELS - 5 * 4 * WIDTH;
    }
    rest();
    print_message("30 times 4 rows of noise: %u bytes, %u moves, %u of 30 at once nearly exact\n",
                  (unsigned)(page.bytes - before), page.moves, good);
    assert_true(page.moves >= 30 && good >= 15);
    assert_true(page.bytes - before < 40000);
}

/* Damage of several pictures adds up to rectangles that overlap: what moves is moved once all the same. */
static void test_what_scrolls_is_moved_once(void **state) {
    const struct oriel_rect damage[] = {whole, {0, 20, WIDTH, HEIGHT - 20}};
    oriel_exact_open(exact, TRUE);
    noise();
    uint64_t before = page.bytes;
    for (unsigned i = 0; i < 10; i++) {
        scroll(12, i);
        picture_of(damage, 2);
        g_usleep(5000);
        deliver();
        check(0);
    }
    rest();
    assert_int_equal(page.moves, 10);
    assert_true(page.bytes - before < 40000);
}

/* The columns left..right of all rows go up by `up` (down, if negative); what comes free is noise. */
static void scroll_column(unsigned left, unsigned right, int up) {
    static uint32_t old[PIXELS];
    memcpy(old, screen.pixels, sizeof old);
    for (int y = 0; y < HEIGHT; y++)
        for (unsigned x = left; x < right; x++) {
            int from = y + up;
            screen.pixels[y * WIDTH + (int)x] = from >= 0 && from < HEIGHT ? old[from * WIDTH + (int)x]
                                                : (uint32_t)rand() % 7     ? 0xffffff
                                                                           : 0x405060;
        }
}

/* Two lists beside each other, one upwards, one downwards: each is moved, whether capture says that it is two
 * rectangles or one. */
static void test_two_areas_scroll_at_once(void **state) {
    const struct oriel_rect lists[] = {{0, 0, 190, HEIGHT}, {190, 0, WIDTH - 190, HEIGHT}};
    oriel_exact_open(exact, TRUE);
    noise();
    for (unsigned parts = 2; parts > 0; parts--) {
        uint64_t before = page.bytes;
        unsigned moves = page.moves;
        for (unsigned i = 0; i < 12; i++) {
            scroll_column(0, 190, 3);
            scroll_column(190, WIDTH, -5);
            picture_of(parts == 2 ? lists : &whole, parts);
            g_usleep(5000);
            deliver();
            check(0);
        }
        rest();
        print_message("12 times two lists, in %u rectangles: %u bytes, %u moves\n", parts,
                      (unsigned)(page.bytes - before), page.moves - moves);
        assert_true(page.moves - moves >= 24);
        assert_true(page.bytes - before < 40000);
    }
}

/* A film that is larger than the list beside it is given up, and the list is not. */
static void test_what_scrolls_beside_a_film_is_moved(void **state) {
    const struct oriel_rect parts[] = {{0, 0, 250, HEIGHT}, {250, 0, WIDTH - 250, HEIGHT}};
    oriel_exact_open(exact, TRUE);
    noise();
    unsigned moves = page.moves;
    for (unsigned i = 0; i < 16; i++) {
        for (unsigned k = 0; k < 250 * HEIGHT; k++)
            screen.pixels[k / 250 * WIDTH + k % 250] = (uint32_t)rand() & 0xffffff;
        scroll_column(250, WIDTH, 4);
        picture_of(parts, 2);
        g_usleep(5000);
        deliver();
        check(0);
    }
    rest();
    assert_true(page.moves - moves >= 16);
}

/* A window of noise over a page of text, dragged to the right and down. */
static void test_a_dragged_window_is_moved(void **state) {
    static uint32_t ground[PIXELS], window[180 * 120];
    oriel_exact_open(exact, TRUE);
    fill(&whole, 3);
    memcpy(ground, screen.pixels, sizeof ground);
    for (unsigned i = 0; i < 180 * 120; i++)
        window[i] = (uint32_t)rand() & 0xffffff;
    picture(&whole);
    rest();
    uint64_t before = 0;
    unsigned moves = page.moves;
    for (unsigned i = 0; i < 20; i++) {
        unsigned x = 20 + i * 5, y = 30 + i * 3;
        const struct oriel_rect damage = {(uint16_t)(x - 5), (uint16_t)(y - 3), 185, 123};
        memcpy(screen.pixels, ground, sizeof ground);
        for (unsigned row = 0; row < 120; row++)
            memcpy(screen.pixels + (y + row) * WIDTH + x, window + row * 180, 180 * sizeof *window);
        picture(&damage);
        if (i < 2) { /* its first picture must be there before it can move */
            rest();
            before = page.bytes;
        }
        g_usleep(10000);
        deliver();
        check(0);
    }
    rest();
    print_message("a window of 84 KiB dragged 18 times: %u bytes, %u moves\n", (unsigned)(page.bytes - before),
                  page.moves - moves);
    assert_true(page.moves - moves >= 15);
    assert_true(page.bytes - before < 18 * 84 * 1024 / 3); /* on a busy machine some goes twice */
}

/* A receiver that knows no exact layer: the video has everything, and sharpens it; nearly nothing is sent in vain. */
static void test_a_page_that_says_nothing(void **state) {
    const struct oriel_rect r = {10, 10, 60, 40};
    page.silent = true;
    oriel_exact_open(exact, TRUE);
    fill(&whole, 1);
    picture(&whole);
    for (unsigned i = 0; i < 40; i++) {
        fill(&r, i);
        picture(&r);
        assert_int_equal(screen.cover, ORIEL_COVER_NONE);
        assert_false(screen.later[10 * WIDTH + 10]);
        g_usleep(5000);
    }
    struct oriel_exact_counts counts;
    oriel_exact_counts(exact, &counts);
    assert_int_equal(counts.tiles, 0);
    print_message("to a page that says nothing, in 40 pictures: %u bytes\n", (unsigned)counts.bytes);
    assert_true(counts.bytes < 2000);
    page.silent = false; /* it was only late */
    deliver();
    deliver(); /* what is new to it comes as soon as it has answered */
    assert_int_equal(page.next, 41);
    rest();
    picture(&r);
    assert_int_equal(screen.cover, ORIEL_COVER_NOW);
}

/* How many messages tell of one small change. */
static size_t messages(unsigned seed) {
    const struct oriel_rect r = {10, 10, 30, 10};
    for (unsigned i = 0; i < 30 * WIDTH; i++)
        if (i % WIDTH >= r.x && i % WIDTH < (unsigned)r.x + r.width && i / WIDTH >= r.y && i / WIDTH < 20)
            screen.pixels[i] = seed * 0x10203;
    size_t before = page.count;
    picture(&r);
    size_t count = page.count - before;
    rest();
    return count;
}

static void test_what_is_small_goes_twice_where_it_may_be_lost(void **state) {
    struct oriel_budget *budget = oriel_budget_new(4e6, oriel_monotonic());
    oriel_exact_free(exact);
    exact = oriel_exact_new(budget, on_send, NULL);
    oriel_exact_open(exact, TRUE);
    fill(&whole, 1);
    picture(&whole);
    rest();
    assert_int_equal(messages(1), 1);
    oriel_budget_tell_path(budget, 10 * ORIEL_MILLISECOND, 0.05);
    assert_int_equal(messages(2), 2);
    oriel_budget_set(budget, 50000, 0, oriel_monotonic()); /* there is no room for that */
    assert_int_equal(messages(3), 1);
    oriel_exact_free(exact);
    oriel_budget_free(budget);
    exact = NULL;
}

/* A change is left out of the video, and its tile does not come; then something begins to move. Its frames show both.
 */
static void test_frames_show_what_tiles_owe(void **state) {
    const struct oriel_rect film = {100, 50, 200, 200}, note = {10, 10, 60, 40};
    oriel_exact_open(exact, TRUE);
    fill(&whole, 1);
    picture(&whole);
    rest();
    page.tileless = true;
    fill(&note, 9);
    picture(&note);
    deliver();
    assert_true(screen.later[10 * WIDTH + 10]);
    unsigned frames = page.known;
    for (unsigned i = 0; i < 12; i++) {
        fill(&film, 20 + i);
        picture(&film);
        deliver();
        check(0);
        for (unsigned k = 0; page.known > frames && i > 4 && k < PIXELS; k++)
            assert_false(page.lacks[k]);
    }
    assert_true(page.known > frames + 4);
    assert_false(screen.later[10 * WIDTH + 10]);
    page.tileless = false;
    rest();
    /* And all of it when the page goes. */
    const struct oriel_rect far = {330, 10, 50, 40};
    fill(&far, 10);
    picture(&far);
    assert_true(screen.later[10 * WIDTH + 330]);
    oriel_exact_open(exact, FALSE);
    picture(NULL);
    assert_false(screen.later[10 * WIDTH + 330]);
}

/* Everything at once, over a link that loses each tenth message either way and keeps no order. */
static void test_whatever_happens(void **state) {
    page.loss = 10;
    oriel_exact_open(exact, TRUE);
    fill(&whole, 1);
    picture(&whole);
    unsigned shown = 0;
    for (unsigned i = 0; i < 200; i++) {
        struct oriel_rect r = {(uint16_t)(rand() % 300), (uint16_t)(rand() % 200), (uint16_t)(1 + rand() % 100),
                               (uint16_t)(1 + rand() % 100)};
        switch (rand() % 12) {
        case 0:
            picture(NULL);
            break;
        case 1:
            r = whole;
            fill(&whole, 1 + (unsigned)rand() % 3);
            picture(&r);
            break;
        case 2:
        case 3:
        case 4:
            r = (struct oriel_rect){0, 20, WIDTH, HEIGHT - 20};
            scroll(1 + (unsigned)rand() % 9, i);
            picture(&r);
            break;
        case 5: /* a film of some pictures */
            r = (struct oriel_rect){100, 50, 200, 200};
            for (unsigned k = 0; k < 6; k++) {
                fill(&r, i + k);
                picture(&r);
            }
            break;
        default:
            fill(&r, i);
            picture(&r);
        }
        g_usleep((gulong)(rand() % 25) * 1000);
        deliver();
        shown += check((unsigned)rand() % 2) > 0;
    }
    unsigned known = page.known;
    page.loss = 3;
    int64_t took = rest();
    print_message("of 200 frames %u of known changes, %u with tiles; at rest exact after %d ms; %u moves, epoch %d\n",
                  known, shown, (int)took, page.moves, page.epoch);
    assert_true(known > 100 && shown > 0); /* how many depends on the machine */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_without_a_page, start, end),
        cmocka_unit_test_setup_teardown(test_pages_come_back_as_references, start, end),
        cmocka_unit_test_setup_teardown(test_a_page_that_is_mostly_the_same_comes_back_in_parts, start, end),
        cmocka_unit_test_setup_teardown(test_a_miss_is_made_good, start, end),
        cmocka_unit_test_setup_teardown(test_scrolling_is_moved, start, end),
        cmocka_unit_test_setup_teardown(test_what_scrolls_is_moved_once, start, end),
        cmocka_unit_test_setup_teardown(test_two_areas_scroll_at_once, start, end),
        cmocka_unit_test_setup_teardown(test_what_scrolls_beside_a_film_is_moved, start, end),
        cmocka_unit_test_setup_teardown(test_a_dragged_window_is_moved, start, end),
        cmocka_unit_test_setup_teardown(test_a_page_that_says_nothing, start, end),
        cmocka_unit_test_setup_teardown(test_what_is_small_goes_twice_where_it_may_be_lost, start, end),
        cmocka_unit_test_setup_teardown(test_frames_show_what_tiles_owe, start, end),
        cmocka_unit_test_setup_teardown(test_whatever_happens, start, end),
    };
    return cmocka_run_group_tests_name("exact", tests, NULL, NULL);
}
