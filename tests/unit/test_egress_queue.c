/* egress/queue, egress/stream: what is dropped and what never is, when a stream is slower than media. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "queue.h"
#include "stream.h"

enum { HEAD = 10 }; /* a message's length and time */

static uint8_t storage[200], out[4096];
static struct oriel_queue queue;

static void test_in_order_round_and_round(void **state) {
    oriel_queue_init(&queue, storage, sizeof storage, 0);
    for (uint8_t i = 0; i < 250; i++) { /* lengths that end everywhere in the ring */
        uint8_t a[3] = {i, 1, 2}, b[17] = {i, 9};
        b[16] = i;
        oriel_queue_push(&queue, a, sizeof a, i);
        oriel_queue_push(&queue, b, sizeof b, i);
        oriel_queue_push(&queue, b, i % 40 < 17 ? i % 40 : 0, i);
        assert_int_equal(oriel_queue_pop(&queue, out, sizeof out, i), 3);
        assert_memory_equal(out, a, 3);
        assert_int_equal(oriel_queue_pop(&queue, out, sizeof out, i), 17);
        assert_memory_equal(out, b, 17);
        if (i % 3)
            oriel_queue_pop(&queue, out, sizeof out, i);
        else
            oriel_queue_push(&queue, a, 1, i), oriel_queue_pop(&queue, out, sizeof out, i),
                oriel_queue_pop(&queue, out, sizeof out, i);
    }
    assert_int_equal(queue.used, 0);
    assert_int_equal(queue.dropped, 0);
}

static void test_full_drops_the_oldest(void **state) {
    uint8_t message[30] = {0};
    oriel_queue_init(&queue, storage, sizeof storage, 0);
    for (uint8_t i = 0; i < 8; i++) { /* 5 have room */
        message[0] = i;
        oriel_queue_push(&queue, message, sizeof message, 0);
        assert_true(queue.used <= sizeof storage);
    }
    assert_int_equal(queue.dropped, 3);
    for (uint8_t i = 3; i < 8; i++) {
        assert_int_equal(oriel_queue_pop(&queue, out, sizeof out, 0), sizeof message);
        assert_int_equal(out[0], i);
    }
    assert_int_equal(oriel_queue_pop(&queue, out, sizeof out, 0), 0);
    /* One takes the place of all; what is longer than the queue gets none. */
    uint8_t large[sizeof storage] = {7};
    oriel_queue_push(&queue, message, 1, 0);
    oriel_queue_push(&queue, message, 1, 0);
    oriel_queue_push(&queue, large, sizeof storage - HEAD, 0);
    assert_int_equal(queue.dropped, 5);
    oriel_queue_push(&queue, large, sizeof storage - HEAD + 1, 0);
    assert_int_equal(queue.dropped, 6);
    assert_int_equal(oriel_queue_pop(&queue, out, sizeof out, 0), sizeof storage - HEAD);
}

static void test_old_ones_are_dropped(void **state) {
    oriel_queue_init(&queue, storage, sizeof storage, 100);
    oriel_queue_push(&queue, "a", 1, 1000);
    oriel_queue_push(&queue, "b", 1, 1050);
    oriel_queue_push(&queue, "c", 1, 1100);
    assert_int_equal(oriel_queue_pop(&queue, out, sizeof out, 1151), 1);
    assert_int_equal(out[0], 'c');
    assert_int_equal(queue.dropped, 2);
    oriel_queue_push(&queue, "d", 1, 2000);
    assert_int_equal(oriel_queue_pop(&queue, out, sizeof out, 2100), 1); /* just not too old */
    oriel_queue_push(&queue, "e", 1, 3000);
    assert_int_equal(oriel_queue_pop(&queue, out, 0, 3000), 0); /* no room for it: it stays */
    assert_int_equal(oriel_queue_pop(&queue, out, 1, 3000), 1);
}

/* ---- the stream ---- */

static size_t drain(int fd, uint8_t *to, size_t size) {
    size_t have = 0;
    for (ssize_t n; have < size && (n = recv(fd, to + have, size - have, MSG_DONTWAIT)) > 0;)
        have += (size_t)n;
    return have;
}

static struct oriel_stream *new_stream(int *far) {
    int pair[2], size = 4096;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    *far = pair[1];
    struct oriel_stream *s = oriel_stream_new(pair[0]);
    assert_non_null(s);
    return s;
}

static void test_padding_and_control_first(void **state) {
    int far;
    struct oriel_stream *s = new_stream(&far);
    uint8_t media[] = {0x40, 0, 0, 1, 'm'}, control[20] = {0, 1};
    oriel_stream_queue(s, ORIEL_FRAME_MEDIA, media, sizeof media, 1);
    oriel_stream_queue(s, ORIEL_FRAME_CONTROL, control, sizeof control, 1);
    assert_int_equal(oriel_stream_events(s), POLLIN | POLLOUT);
    assert_int_equal(oriel_stream_flush(s, 1), 0);
    assert_int_equal(drain(far, out, sizeof out), 28);
    assert_memory_equal(out, control, 20);
    assert_memory_equal(out + 20, "\x40\0\0\1m\0\0\0", 8);
    assert_int_equal(oriel_stream_events(s), POLLIN);
    assert_int_equal(s->written, 25);
    close(far);
    oriel_stream_free(s);
}

/* Nobody reads: the queues fill and drop; then what comes out is whole messages, the newest, and every control one. */
static void test_slow_receiver(void **state) {
    int far;
    struct oriel_stream *s = new_stream(&far);
    static uint8_t media[1204], control[20], all[256 * 1024];
    enum { MESSAGES = 500 };
    media[0] = 0x40;
    media[2] = 1200 >> 8;
    media[3] = 1200 & 255;
    for (unsigned i = 0; i < MESSAGES; i++) {
        memcpy(media + 4, &i, sizeof i);
        oriel_stream_queue(s, ORIEL_FRAME_MEDIA, media, sizeof media, 1);
        if (i % 100 == 0)
            oriel_stream_queue(s, ORIEL_FRAME_CONTROL, control, sizeof control, 1);
        assert_int_equal(oriel_stream_flush(s, 1), 0);
    }
    assert_true(s->media.dropped > MESSAGES / 2);
    assert_int_equal(s->control.dropped, 0);
    size_t have = 0;
    for (size_t n = 1; n; have += n = drain(far, all + have, sizeof all - have))
        assert_int_equal(oriel_stream_flush(s, 1), 0);
    unsigned controls = 0, medias = 0, last = 0;
    for (size_t at = 0; at < have;) {
        if (all[at] == 0x40) {
            assert_memory_equal(all + at, media, 4);
            memcpy(&last, all + at + 4, sizeof last);
            medias++;
            at += sizeof media;
        } else {
            controls++;
            at += sizeof control;
        }
        assert_true(at <= have);
    }
    assert_int_equal(controls, MESSAGES / 100);
    assert_int_equal(medias + s->media.dropped, MESSAGES);
    assert_int_equal(last, MESSAGES - 1);
    close(far);
    oriel_stream_free(s);
}

static void test_what_waits_grows_old(void **state) {
    int far;
    struct oriel_stream *s = new_stream(&far);
    static uint8_t media[1204] = {0x40, 0, 1200 >> 8, 1200 & 255};
    for (int i = 0; i < 30; i++) {
        oriel_stream_queue(s, ORIEL_FRAME_MEDIA, media, sizeof media, ORIEL_SECOND);
        oriel_stream_flush(s, ORIEL_SECOND);
    }
    size_t waiting = s->media.used / (sizeof media + HEAD);
    assert_true(waiting > 5);
    /* A tenth of a second later only what had begun to be written is written. */
    size_t have = drain(far, out, sizeof out);
    for (size_t n = 1; n; have += n = drain(far, out, sizeof out))
        assert_int_equal(oriel_stream_flush(s, ORIEL_SECOND + 101 * ORIEL_MILLISECOND), 0);
    assert_int_equal(have % sizeof media, 0);
    assert_int_equal(have / sizeof media, 30 - waiting);
    assert_int_equal(s->media.dropped, waiting);
    close(far);
    oriel_stream_free(s);
}

static void test_the_other_side_ends(void **state) {
    int far;
    struct oriel_stream *s = new_stream(&far);
    assert_int_equal(oriel_stream_read(s), 0);
    assert_int_equal(send(far, "\x40\0\0\0", 4, 0), 4);
    close(far);
    assert_int_equal(oriel_stream_read(s), 1);
    assert_int_equal(oriel_stream_read(s), -EPIPE);
    uint8_t media[] = {0x40, 0, 0, 0};
    oriel_stream_queue(s, ORIEL_FRAME_MEDIA, media, sizeof media, 1);
    assert_int_equal(oriel_stream_flush(s, 1), -EPIPE);
    oriel_stream_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order_round_and_round),
        cmocka_unit_test(test_full_drops_the_oldest),
        cmocka_unit_test(test_old_ones_are_dropped),
        cmocka_unit_test(test_padding_and_control_first),
        cmocka_unit_test(test_slow_receiver),
        cmocka_unit_test(test_what_waits_grows_old),
        cmocka_unit_test(test_the_other_side_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
