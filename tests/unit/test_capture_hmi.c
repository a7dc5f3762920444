/* liboriel's surfaces through capture's backend "hmi" to media, without any screen: every pixel is compared, masks hold
 * in the HMI's own shared memory already, and an HMI that breaks the protocol is named. The HMI runs in a thread of its
 * own, as a program beside; core's end of its connection is played here. */
#include "capture_rig.h"

#include <pthread.h>
#include <sys/un.h>

#include "oriel.h"

enum { SIDE_MAX = 400 };

static struct {
    char directory[64], path[96];
    struct oriel *oriel;
    int core; /* core's end */
    pthread_t thread;
    pthread_mutex_t lock;
    bool stop;
    struct oriel_surface surface;
    uint8_t pixels[SIDE_MAX * SIDE_MAX * 4];
} hmi;

static void *hmi_loop(void *unused) {
    for (;;) {
        struct pollfd fd = {.fd = oriel_fd(hmi.oriel), .events = POLLIN};
        poll(&fd, 1, 20);
        pthread_mutex_lock(&hmi.lock);
        bool stop = hmi.stop;
        if (!stop)
            oriel_dispatch(hmi.oriel);
        pthread_mutex_unlock(&hmi.lock);
        if (stop)
            return NULL;
    }
}

#define LOCKED(call)                                                                                                   \
    do {                                                                                                               \
        pthread_mutex_lock(&hmi.lock);                                                                                 \
        int result_ = call;                                                                                            \
        pthread_mutex_unlock(&hmi.lock);                                                                               \
        assert_int_equal(result_, 0);                                                                                  \
    } while (0)

static void surface(unsigned width, unsigned height, enum oriel_pixels format, unsigned seed) {
    unsigned stride = width * (format == ORIEL_PIXELS_RGB565 ? 2 : 4) + 12;
    hmi.surface = (struct oriel_surface){sizeof hmi.surface, hmi.pixels, format, width, height, stride};
    srand(seed);
    for (size_t i = 0; i < sizeof hmi.pixels; i++)
        hmi.pixels[i] = (uint8_t)rand();
}

static void send_core(const char *text, int fd) {
    struct iovec iov = {(void *)text, strlen(text)};
    union {
        char bytes[CMSG_SPACE(sizeof fd)];
        struct cmsghdr align;
    } control = {0};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fd >= 0) {
        m.msg_control = &control;
        m.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    assert_int_equal(sendmsg(hmi.core, &m, MSG_NOSIGNAL), strlen(text));
}

/* As core does for a granted session. What is returned is capture's end. */
static int give_frames(void) {
    int ends[2];
    assert_int_equal(oriel_ipc_pair(ends), 0);
    send_core("{\"t\":\"frames\"}", ends[1]);
    close(ends[1]);
    return ends[0];
}

static int setup(void **state) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct oriel_callbacks callbacks = {.size = sizeof callbacks};
    memset(&hmi, 0, sizeof hmi);
    pthread_mutex_init(&hmi.lock, NULL);
    strcpy(hmi.directory, "/tmp/oriel-test-XXXXXX");
    if (!mkdtemp(hmi.directory))
        return -1;
    snprintf(hmi.path, sizeof hmi.path, "%s/consent.sock", hmi.directory);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", hmi.path);
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(oriel_new(hmi.path, "Test HMI", &callbacks, NULL, &hmi.oriel), 0);
    surface(320, 200, ORIEL_PIXELS_BGRX, 1);
    pthread_create(&hmi.thread, NULL, hmi_loop, NULL);
    hmi.core = accept(listener, NULL, NULL);
    close(listener);
    send_core("{\"t\":\"welcome\",\"v\":1,\"device\":\"d\",\"name\":\"D\",\"online\":true,\"call\":false}", -1);
    return 0;
}

static void stop_hmi(void) {
    if (!hmi.oriel)
        return;
    pthread_mutex_lock(&hmi.lock);
    hmi.stop = true;
    pthread_mutex_unlock(&hmi.lock);
    pthread_join(hmi.thread, NULL);
    oriel_free(hmi.oriel);
    hmi.oriel = NULL;
}

static int teardown(void **state) {
    stop_hmi();
    close(hmi.core);
    unlink(hmi.path);
    return rmdir(hmi.directory);
}

static void begin_hmi(struct capture *c, const struct oriel_rect *masks, unsigned count) {
    LOCKED(oriel_set_surface(hmi.oriel, &hmi.surface));
    int end = give_frames();
    begin_with(c, &(struct wish){.backend = "hmi", .rate = 60, .pusher = end, .masks = masks, .mask_count = count}, 60);
    close(end);
    assert_non_null(strstr(c->text, "pictures of the HMI"));
}

static bool under(const struct oriel_mask *m, unsigned x, unsigned y) {
    return m && x >= m->x && x < m->x + m->width && y >= m->y && y < m->y + m->height;
}

/* Every pixel of what capture shares, against the surface or the grey of a mask. */
static void expect_surface(const struct capture *c, const struct oriel_mask *mask) {
    unsigned size = hmi.surface.format == ORIEL_PIXELS_RGB565 ? 2 : 4, seen = size == 2 ? 2 : 3;
    static const uint8_t grey[] = {0x42, 0x41, 0x42}, grey565[] = {0x08, 0x42};
    assert_int_equal(c->width, hmi.surface.width);
    assert_int_equal(c->height, hmi.surface.height);
    for (unsigned y = 0; y < c->height; y++)
        for (unsigned x = 0; x < c->width; x++) {
            const uint8_t *is = c->pixels + c->index * c->size + (size_t)y * c->stride + (size_t)x * size;
            const uint8_t *wanted = under(mask, x, y) ? (size == 2 ? grey565 : grey)
                                                      : hmi.pixels + (size_t)y * hmi.surface.stride + (size_t)x * size;
            if (memcmp(is, wanted, seen) != 0)
                fail_msg("pixel %u,%u differs", x, y);
        }
}

static void paint(unsigned x, unsigned y, unsigned width, unsigned height, uint8_t value) {
    pthread_mutex_lock(&hmi.lock);
    for (unsigned j = y; j < y + height; j++)
        memset(hmi.pixels + (size_t)j * hmi.surface.stride + (size_t)x * 4, value, (size_t)width * 4);
    pthread_mutex_unlock(&hmi.lock);
}

static void damage(unsigned x, unsigned y, unsigned width, unsigned height) {
    LOCKED(oriel_damage(hmi.oriel, &(struct oriel_area){x, y, width, height}, 1));
}

static void test_pixels_and_damage(void **state) {
    struct capture c;
    begin_hmi(&c, NULL, 0);
    expect_surface(&c, NULL);
    settle(&c);
    for (unsigned i = 0; i < 5; i++) { /* each buffer gets what it missed */
        paint(20 + 10 * i, 30, 64, 8, (uint8_t)(40 * i));
        damage(20 + 10 * i, 30, 64, 8);
        assert_true(next_frame(&c, WAIT));
        assert_int_equal(c.rect_count, 1);
        assert_memory_equal(&c.rects[0], (&(struct oriel_rect){(uint16_t)(20 + 10 * i), 30, 64, 8}), 8);
        expect_surface(&c, NULL);
        release(&c, c.generation, c.index);
    }
    damage(5000, 5000, 4294967295u, 9); /* beyond it: nothing */
    assert_false(next_frame(&c, QUIET));
    damage(300, 190, 4294967295u, 4294967295u); /* cut off at its edges */
    assert_true(next_frame(&c, WAIT));
    assert_memory_equal(&c.rects[0], (&(struct oriel_rect){300, 190, 20, 10}), 8);
    release(&c, c.generation, c.index);
    for (unsigned i = 0; i < 100; i++) /* more than there is room for: joined, none lost */
        paint(i * 3, i * 2, 2, 1, 0xaa);
    struct oriel_area many[100];
    for (unsigned i = 0; i < 100; i++)
        many[i] = (struct oriel_area){i * 3, i * 2, 2, 1};
    LOCKED(oriel_damage(hmi.oriel, many, 100));
    assert_true(next_frame(&c, WAIT));
    expect_surface(&c, NULL);
    end(&c);
}

static void test_rest_and_size(void **state) {
    struct capture c;
    begin_hmi(&c, NULL, 0);
    run(&c, 0);
    usleep(50 * 1000);
    paint(0, 0, 320, 200, 0x55);
    damage(0, 0, 320, 200);
    assert_false(next_frame(&c, QUIET)); /* frozen: nothing moves */
    run(&c, 60);
    assert_true(next_frame(&c, WAIT));
    expect_all_damaged(&c);
    while (memcmp(c.pixels + c.index * c.size, hmi.pixels, 4) !=
           0) { /* the picture from before stands until the HMI's */
        release(&c, c.generation, c.index);
        assert_true(next_frame(&c, WAIT));
    }
    expect_surface(&c, NULL);
    release(&c, c.generation, c.index);
    settle(&c);
    pthread_mutex_lock(&hmi.lock);
    surface(161, 99, ORIEL_PIXELS_RGB565, 7);
    pthread_mutex_unlock(&hmi.lock);
    LOCKED(oriel_set_surface(hmi.oriel, &hmi.surface));
    assert_true(next_frame(&c, WAIT));
    assert_int_equal(c.format, ORIEL_FORMAT_RGB565);
    expect_surface(&c, NULL);
    release(&c, c.generation, c.index);
    LOCKED(oriel_set_surface(hmi.oriel, NULL)); /* the last picture stays */
    assert_false(next_frame(&c, QUIET));
    assert_int_equal(oriel_damage(hmi.oriel, NULL, 0), -EINVAL);
    end(&c);
}

/* Both kinds: the configuration's, which capture paints, and the HMI's, which is in place before core has heard of it.
 */
static void test_masks(void **state) {
    const struct oriel_mask pad = {100, 50, 40, 30}, both[] = {{0, 0, 10, 10}, {4, 4, 20, 20}};
    struct capture c;
    begin_hmi(&c, (struct oriel_rect[]){{200, 100, 64, 32}}, 1);
    expect_surface(&c, &(struct oriel_mask){200, 100, 64, 32});
    end(&c);
    begin_hmi(&c, NULL, 0);
    settle(&c);
    LOCKED(oriel_set_masks(hmi.oriel, &pad, 1));
    assert_true(next_frame(&c, WAIT));
    expect_surface(&c, &pad);
    release(&c, c.generation, c.index);
    settle(&c);
    paint(90, 40, 60, 50, 0xee); /* the digits that are typed */
    damage(90, 40, 60, 50);
    assert_true(next_frame(&c, WAIT));
    expect_surface(&c, &pad);
    release(&c, c.generation, c.index);
    LOCKED(oriel_set_masks(hmi.oriel, both, 2)); /* they overlap; the pad is shown again */
    assert_true(next_frame(&c, WAIT));
    for (unsigned y = 0; y < 24; y++)
        for (unsigned x = 0; x < 24; x++)
            if (under(&both[0], x, y) || under(&both[1], x, y))
                assert_int_equal(c.pixels[c.index * c.size + (size_t)y * c.stride + (size_t)x * 4], 0x42);
    assert_int_equal(c.pixels[c.index * c.size + 60 * (size_t)c.stride + 120 * 4], 0xee);
    end(&c);
}

/* Capture's end is played here: what an eavesdropper in its place would find in the shared memory. */
static void test_masked_pixels_never_leave_the_hmi(void **state) {
    const struct oriel_mask pad = {100, 50, 40, 30};
    LOCKED(oriel_set_surface(hmi.oriel, &hmi.surface));
    LOCKED(oriel_set_masks(hmi.oriel, &pad, 1));
    int end = give_frames();
    assert_true(wait_readable(end, WAIT));
    assert_int_equal(oriel_ipc_receive(end, &oriel_capture_to_media, &message), 1);
    assert_int_equal(message.type->id, ORIEL_FRAMES_BUFFERS);
    size_t stride = message.fields[4].number, size = message.fields[6].number, length = message.fields[5].number * size;
    int memory = oriel_ipc_take_fd(&message, 0);
    assert_true(fcntl(memory, F_GET_SEALS) & F_SEAL_SHRINK);
    const uint8_t *memory_of = mmap(NULL, length, PROT_READ, MAP_SHARED, memory, 0);
    assert_ptr_not_equal(memory_of, MAP_FAILED);
    assert_false(wait_readable(end, QUIET)); /* and nothing was copied: nobody asked */
    for (size_t i = 0; i < length; i++)
        assert_int_equal(memory_of[i], 0);
    assert_int_equal(oriel_ipc_send(end, &oriel_media_to_capture, ORIEL_FRAMES_RUN, 30u), 0);
    for (unsigned n = 0; n < 2; n++) {
        assert_true(wait_readable(end, WAIT));
        assert_int_equal(oriel_ipc_receive(end, &oriel_capture_to_media, &message), 1);
        assert_int_equal(message.type->id, ORIEL_FRAMES_FRAME);
        assert_int_equal(message.fields[1].number, n);
        for (unsigned y = pad.y; y < pad.y + pad.height; y++)
            for (unsigned x = pad.x; x < pad.x + pad.width; x++)
                assert_memory_equal(memory_of + n * size + y * stride + x * 4, "\x42\x41\x42", 3);
        damage(0, 0, 320, 200);
    }
    damage(0, 0, 320, 200); /* both are away: it waits */
    assert_false(wait_readable(end, QUIET));
    close(end);
    close(memory);
    munmap((void *)memory_of, length);
}

static void test_hmi_comes_back(void **state) {
    struct capture c;
    begin_hmi(&c, NULL, 0);
    settle(&c);
    int end_ = give_frames(); /* as after its reconnecting */
    assert_int_equal(oriel_ipc_send(c.control, &oriel_core_to_capture, ORIEL_CAPTURE_PUSHER, end_), 0);
    close(end_);
    paint(0, 0, 320, 200, 0x11);
    damage(0, 0, 320, 200);
    assert_true(next_frame(&c, WAIT));
    while (c.pixels[c.index * c.size] != 0x11) {
        release(&c, c.generation, c.index);
        assert_true(next_frame(&c, WAIT));
    }
    expect_surface(&c, NULL);
    release(&c, c.generation, c.index);
    stop_hmi(); /* and goes for good: the picture stands, core knows what to do */
    assert_false(next_frame(&c, QUIET));
    end(&c);
}

static void expect_failure(struct capture *c, const char *why) {
    assert_true(wait_readable(c->control, WAIT));
    assert_int_equal(oriel_ipc_receive(c->control, &oriel_capture_to_core, &message), 1);
    assert_int_equal(message.type->id, ORIEL_CAPTURE_FAILED);
    if (!strstr(message.fields[0].bytes, why))
        fail_msg("the reason is \"%s\", not about \"%s\"", message.fields[0].bytes, why);
    assert_int_equal(ended(c), 1);
    close(c->control);
    close(c->frames);
}

static void test_no_picture_is_named(void **state) {
    struct capture c;
    int end = give_frames();
    assert_int_equal(start_with(&c, &(struct wish){.backend = "hmi", .rate = 60, .pusher = end}), ORIEL_CAPTURE_FAILED);
    assert_non_null(strstr(c.text, "oriel_set_surface()"));
    close(end);
    assert_int_equal(start(&c, "hmi", NULL, NULL, 60), ORIEL_CAPTURE_FAILED);
    assert_non_null(strstr(c.text, "not connected"));
}

static void test_broken_hmis(void **state) {
    static const struct {
        uint32_t generation, index;
        struct oriel_rect rect;
        const char *why;
    } bad[] = {
        {1, 0, {0, 0, 65, 64}, "rectangle of 65x64"},
        {1, 2, {0, 0, 64, 64}, "buffer 2 of 2"},
        {3, 0, {0, 0, 64, 64}, "generation 3"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct capture c;
        int ends[2], memory = memfd_create("bad", MFD_ALLOW_SEALING);
        assert_int_equal(oriel_ipc_pair(ends), 0);
        assert_int_equal(ftruncate(memory, 32768), 0);
        assert_int_equal(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK), 0);
        oriel_ipc_send(ends[0], &oriel_capture_to_media, ORIEL_FRAMES_BUFFERS, 1u, 1u, 64u, 64u, 256u, 2u,
                       (uint64_t)16384, memory);
        assert_int_equal(start_with(&c, &(struct wish){.backend = "hmi", .rate = 60, .pusher = ends[1]}),
                         ORIEL_CAPTURE_READY);
        assert_int_equal(next(&c, WAIT), ORIEL_FRAMES_BUFFERS);
        run(&c, 60);
        uint8_t rect[ORIEL_RECT_SIZE];
        oriel_rects_write(&bad[i].rect, 1, rect);
        oriel_ipc_send(ends[0], &oriel_capture_to_media, ORIEL_FRAMES_FRAME, bad[i].generation, bad[i].index,
                       (uint64_t)1, (const void *)rect, sizeof rect, 0u, 0u, 0u);
        expect_failure(&c, bad[i].why);
        close(ends[0]);
        close(ends[1]);
        close(memory);
    }
}

static void test_surfaces_that_are_none(void **state) {
    const struct oriel_surface good = hmi.surface;
    struct oriel_surface bad[] = {good, good, good, good, good, good, good};
    bad[0].size = 8;
    bad[1].pixels = NULL;
    bad[2].format = 3;
    bad[3].width = 15;
    bad[4].height = 4097;
    bad[5].stride = 320 * 4 - 1;
    bad[6].stride = 65537;
    pthread_mutex_lock(&hmi.lock);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(oriel_set_surface(hmi.oriel, &bad[i]), -EINVAL);
    assert_int_equal(oriel_damage(hmi.oriel, &(struct oriel_area){0, 0, 1, 1}, 1), -EINVAL);
    pthread_mutex_unlock(&hmi.lock);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_pixels_and_damage),
        TEST(test_rest_and_size),
        TEST(test_masks),
        TEST(test_masked_pixels_never_leave_the_hmi),
        TEST(test_hmi_comes_back),
        TEST(test_no_picture_is_named),
        TEST(test_broken_hmis),
        TEST(test_surfaces_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
