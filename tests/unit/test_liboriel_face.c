/* liboriel and the agent's camera: pictures of a media process that is made here, through real shared memory and a
 * socket that a made core hands over; and what a media process that is not ours any more could send instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "frames.h"
#include "socket.h"
#undef ORIEL_MASKS_MAX
#include "oriel.h"

enum { WIDTH = 32, HEIGHT = 16, STRIDE = 128, SIZE = 4096, COUNT = 2 };

static char directory[64], path[96];
static int listener = -1, core = -1, media = -1;
static struct oriel *oriel;
static int pictures, ends, online;
static unsigned char first_pixel;
static unsigned width, height;
static enum { NOTHING, FREE, NEST } act;
static struct oriel_ipc_message message;

static void on_online(struct oriel *o, const struct oriel_device *device, void *user) {
    online++;
}

static void on_face(struct oriel *o, const struct oriel_face_picture *picture, void *user) {
    if (!picture) {
        ends++;
        return;
    }
    pictures++;
    width = picture->width;
    height = picture->height;
    if (act == NEST) {
        close(media); /* it ends while its picture is shown */
        media = -1;
        oriel_dispatch(o);
    }
    first_pixel = *(const unsigned char *)picture->pixels;
    assert_int_equal(((const unsigned char *)picture->pixels)[picture->stride * (picture->height - 1)], first_pixel);
    if (act == FREE) {
        oriel_free(o);
        oriel = NULL;
    }
}

static void spin_until(const int *what, int value) {
    for (int i = 0; i < 500 && *what != value && oriel; i++) {
        struct pollfd fd = {.fd = oriel_fd(oriel), .events = POLLIN};

        poll(&fd, 1, 10);
        oriel_dispatch(oriel);
    }
    assert_int_equal(*what, value);
}

/* As core does it. */
static void hand_over(int fd) {
    assert_true(oriel_socket_send_fd(core, json_pack("{s:s}", "t", "face"), fd));
}

/* Core gives the HMI its end; the library asks for pictures. */
static void begin(void) {
    int ends_of[2], r = -EAGAIN;

    if (media >= 0)
        close(media);
    assert_int_equal(oriel_ipc_pair(ends_of), 0);
    media = ends_of[0];
    fcntl(media, F_SETFL, O_NONBLOCK);
    hand_over(ends_of[1]);
    close(ends_of[1]);
    for (int i = 0; i < 500 && r == -EAGAIN; i++) {
        oriel_dispatch(oriel);
        r = oriel_ipc_receive(media, &oriel_media_to_capture, &message);
        usleep(r == -EAGAIN ? 1000 : 0);
    }
    assert_int_equal(r, 1);
    assert_int_equal(message.type->id, ORIEL_FRAMES_RUN);
    assert_int_equal(message.fields[0].number, 30);
    oriel_ipc_message_clear(&message);
}

static int set_up(void **state) {
    static const struct oriel_callbacks callbacks = {.size = sizeof callbacks, .online = on_online, .face = on_face};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char data[8192];

    pictures = ends = online = 0;
    act = NOTHING;
    snprintf(directory, sizeof directory, "/tmp/oriel-test-XXXXXX");
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/consent.sock", directory);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(oriel_new(path, "HMI", &callbacks, NULL, &oriel), 0);
    for (int i = 0; i < 100; i++) {
        struct pollfd fd = {.fd = listener, .events = POLLIN};

        oriel_dispatch(oriel);
        if (poll(&fd, 1, 10) > 0)
            break;
    }
    core = accept(listener, NULL, NULL);
    assert_true(recv(core, data, sizeof data - 1, 0) > 0);
    assert_non_null(strstr(data, "\"can\":[\"face\"]"));
    assert_true(send(core, "{\"t\":\"welcome\",\"v\":1,\"device\":\"d\",\"name\":\"D\",\"online\":true,\"call\":false}",
                     72, 0) == 72);
    spin_until(&online, 1);
    begin();
    return 0;
}

static int tear_down(void **state) {
    oriel_free(oriel);
    oriel = NULL;
    close(core);
    close(listener);
    if (media >= 0)
        close(media);
    media = -1;
    unlink(path);
    return rmdir(directory);
}

static int memory(int seals, unsigned char colour) {
    int fd = memfd_create("face", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    unsigned char bytes[SIZE * COUNT];

    memset(bytes, colour, sizeof bytes);
    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    fcntl(fd, F_ADD_SEALS, seals);
    return fd;
}

struct buffers {
    uint32_t format, width, height, stride, count;
    uint64_t size;
    int seals;
};

static const struct buffers good = {ORIEL_FORMAT_BGRX, WIDTH, HEIGHT, STRIDE, COUNT, SIZE, F_SEAL_SHRINK};

static void send_buffers(uint32_t generation, struct buffers b, unsigned char colour) {
    int fd = memory(b.seals, colour);

    assert_int_equal(oriel_ipc_send(media, &oriel_capture_to_media, ORIEL_FRAMES_BUFFERS, generation, b.format, b.width,
                                    b.height, b.stride, b.count, b.size, fd),
                     0);
    close(fd);
}

static void send_frame(uint32_t generation, uint32_t index) {
    uint8_t whole[ORIEL_RECT_SIZE] = {0};

    assert_int_equal(oriel_ipc_send(media, &oriel_capture_to_media, ORIEL_FRAMES_FRAME, generation, index, (uint64_t)1,
                                    (const void *)whole, sizeof whole, 0u, 0u, 0u),
                     0);
}

static void expect_release(uint32_t generation, uint32_t index) {
    assert_int_equal(oriel_ipc_receive(media, &oriel_media_to_capture, &message), 1);
    assert_int_equal(message.type->id, ORIEL_FRAMES_RELEASE);
    assert_int_equal(message.fields[0].number, generation);
    assert_int_equal(message.fields[1].number, index);
    oriel_ipc_message_clear(&message);
}

static void test_pictures(void **state) {
    struct buffers smaller = good;

    send_buffers(1, good, 77);
    send_frame(1, 1);
    spin_until(&pictures, 1);
    assert_int_equal(first_pixel, 77);
    assert_int_equal(width, WIDTH);
    expect_release(1, 1);
    smaller.height = 16;
    smaller.width = 16;
    send_buffers(2, smaller, 78);
    send_frame(2, 0);
    spin_until(&pictures, 2);
    assert_int_equal(first_pixel, 78);
    assert_int_equal(width, 16);
    expect_release(2, 0);
    close(media);
    media = -1;
    spin_until(&ends, 1);
    begin(); /* granted again */
    send_buffers(1, good, 79);
    send_frame(1, 0);
    spin_until(&pictures, 3);
    close(core); /* core is gone: so is the picture */
    core = -1;
    spin_until(&ends, 2);
}

static void test_inside_of_callbacks(void **state) {
    act = NEST; /* a nested loop does not take away the picture that is being shown */
    send_buffers(1, good, 80);
    send_frame(1, 0);
    spin_until(&ends, 1);
    assert_int_equal(pictures, 1);
    assert_int_equal(first_pixel, 80);
    begin();
    act = FREE;
    send_buffers(1, good, 81);
    send_frame(1, 0);
    spin_until(&pictures, 2);
    assert_null(oriel);
}

/* The socket is closed, nothing is shown, and the next grant works. */
static void is_dropped(void) {
    int dropped = 0;

    for (int i = 0; i < 500 && !dropped; i++) {
        struct pollfd fd = {.fd = media, .events = POLLIN};

        oriel_dispatch(oriel);
        dropped = poll(&fd, 1, 2) > 0 && oriel_ipc_receive(media, &oriel_media_to_capture, &message) == 0;
    }
    assert_true(dropped);
    assert_int_equal(pictures, 0);
    begin();
}

static void test_media_that_is_not_ours(void **state) {
    const struct buffers bad[] = {
        {ORIEL_FORMAT_RGB565, WIDTH, HEIGHT, STRIDE, COUNT, SIZE, F_SEAL_SHRINK},
        {ORIEL_FORMAT_BGRX, 15, HEIGHT, STRIDE, COUNT, SIZE, F_SEAL_SHRINK},
        {ORIEL_FORMAT_BGRX, 4097, HEIGHT, 4097 * 4, COUNT, SIZE, F_SEAL_SHRINK},
        {ORIEL_FORMAT_BGRX, WIDTH, HEIGHT, STRIDE - 4, COUNT, SIZE, F_SEAL_SHRINK},
        {ORIEL_FORMAT_BGRX, WIDTH, HEIGHT, STRIDE + 1, COUNT, SIZE, F_SEAL_SHRINK},
        {ORIEL_FORMAT_BGRX, WIDTH, HEIGHT, STRIDE, 0, SIZE, F_SEAL_SHRINK},
        {ORIEL_FORMAT_BGRX, WIDTH, HEIGHT, STRIDE, 5, SIZE, F_SEAL_SHRINK},
        {ORIEL_FORMAT_BGRX, WIDTH, HEIGHT, STRIDE, COUNT, SIZE + 1, F_SEAL_SHRINK}, /* more than there is */
        {ORIEL_FORMAT_BGRX, WIDTH, HEIGHT, STRIDE, COUNT, STRIDE * HEIGHT - 1, F_SEAL_SHRINK},
        {ORIEL_FORMAT_BGRX, WIDTH, HEIGHT, STRIDE, COUNT, UINT64_C(1) << 32, F_SEAL_SHRINK},
        {ORIEL_FORMAT_BGRX, WIDTH, HEIGHT, STRIDE, COUNT, SIZE, 0}, /* could be cut under us */
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        send_buffers(1, bad[i], 1);
        is_dropped();
    }
    send_frame(1, 0); /* before there are buffers */
    is_dropped();
    send_buffers(1, good, 1);
    send_frame(2, 0);
    is_dropped();
    send_buffers(1, good, 1);
    send_frame(1, COUNT);
    is_dropped();
    assert_true(send(media, "x", 1, 0) == 1);
    is_dropped();
    assert_int_equal(ends, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_pictures),
        TEST(test_inside_of_callbacks),
        TEST(test_media_that_is_not_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
