/* ipc/channel: what is sent arrives; whatever is not in the table is a broken peer, and no fd leaks by it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"

static const struct oriel_ipc_type types[] = {{1, "all", "utsb", 1}, {2, "empty", "", 0}, {3, "text", "s", 0}};
static const struct oriel_ipc_table table = {"test", types, 3};
static struct oriel_ipc_message message;

static int open_fds(void) {
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static void test_round_trip(void **state) {
    int s[2];
    assert_int_equal(oriel_ipc_pair(s), 0);
    int null = open("/dev/null", O_RDONLY);
    assert_int_equal(
        oriel_ipc_send(s[0], &table, 1, (uint32_t)4000000000u, UINT64_C(1) << 60, "héllo", "\0\1", (size_t)2, null), 0);
    assert_int_equal(oriel_ipc_receive(s[1], &table, &message), 1);
    assert_int_equal(message.type->id, 1);
    assert_int_equal(message.fields[0].number, 4000000000u);
    assert_true(message.fields[1].number == UINT64_C(1) << 60);
    assert_string_equal(message.fields[2].bytes, "héllo");
    assert_int_equal(message.fields[3].length, 2);
    assert_memory_equal(message.fields[3].bytes, "\0\1", 2);
    int fd = oriel_ipc_take_fd(&message, 0);
    assert_true(fd >= 0);
    assert_int_equal(oriel_ipc_take_fd(&message, 0), -1);
    close(fd);
    close(null);
    assert_int_equal(oriel_ipc_receive(s[1], &table, &message), -EAGAIN);
    close(s[0]);
    assert_int_equal(oriel_ipc_receive(s[1], &table, &message), 0);
    assert_int_equal(oriel_ipc_send(s[1], &table, 2), -EPIPE);
    close(s[1]);
}

/* A helper that fails says why and exits, often before it has read what core sent it meanwhile. */
static void test_last_words_of_one_that_did_not_listen(void **state) {
    int s[2];
    oriel_ipc_pair(s);
    assert_int_equal(oriel_ipc_send(s[1], &table, 2), 0);
    assert_int_equal(oriel_ipc_send(s[0], &table, 3, "why"), 0);
    assert_int_equal(oriel_ipc_send(s[0], &table, 2), 0);
    close(s[0]);
    assert_int_equal(oriel_ipc_receive(s[1], &table, &message), 1);
    assert_string_equal(message.fields[0].bytes, "why");
    assert_int_equal(oriel_ipc_receive(s[1], &table, &message), 1);
    assert_int_equal(oriel_ipc_receive(s[1], &table, &message), 0);
    close(s[1]);
}

static void test_bytes_on_the_wire(void **state) {
    int s[2];
    oriel_ipc_pair(s);
    oriel_ipc_send(s[0], &table, 3, "ab");
    char packet[64];
    const char expected[] = {3, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0, 0, 'a', 'b', 0};
    assert_int_equal(recv(s[1], packet, sizeof packet, 0), sizeof expected);
    assert_memory_equal(packet, expected, sizeof expected);
    close(s[0]);
    close(s[1]);
}

static void test_broken_peers(void **state) {
    struct {
        const char *bytes;
        size_t length;
    } packets[] = {
        {"\3\0", 2},                                                                 /* no header */
        {"\11\0\0\0\0\0\0\0", 8},                                                    /* unknown type */
        {"\3\0\1\0\7\0\0\0\2\0\0\0ab\0", 15},                                        /* reserved bits */
        {"\3\0\0\0\10\0\0\0\2\0\0\0ab\0", 15},                                       /* length says more */
        {"\3\0\0\0\7\0\0\0\377\377\377\377ab\0", 15},                                /* string longer than the packet */
        {"\3\0\0\0\7\0\0\0\2\0\0\0abc", 15},                                         /* no NUL */
        {"\3\0\0\0\7\0\0\0\2\0\0\0a\0\0", 15},                                       /* NUL inside */
        {"\2\0\0\0\1\0\0\0x", 9},                                                    /* bytes after the fields */
        {"\1\0\0\0\31\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 33}, /* fd missing */
    };
    int before = open_fds();
    for (size_t i = 0; i < sizeof packets / sizeof *packets; i++) {
        int s[2];
        oriel_ipc_pair(s);
        send(s[0], packets[i].bytes, packets[i].length, 0);
        assert_int_equal(oriel_ipc_receive(s[1], &table, &message), -EPROTO);
        close(s[0]);
        close(s[1]);
    }
    assert_int_equal(open_fds(), before);
}

static void test_unexpected_fds_are_closed(void **state) {
    static const struct oriel_ipc_type other_types[] = {{2, "empty", "", 2}};
    static const struct oriel_ipc_table other = {"other", other_types, 1};
    int before = open_fds();
    int s[2];
    oriel_ipc_pair(s);
    assert_int_equal(oriel_ipc_send(s[0], &other, 2, 0, 1), 0);
    assert_int_equal(oriel_ipc_receive(s[1], &table, &message), -EPROTO);
    close(s[0]);
    close(s[1]);
    assert_int_equal(open_fds(), before);
}

static void test_what_can_be_a_channel(void **state) {
    int pair[2], stream[2], null = open("/dev/null", O_RDWR), udp = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(oriel_ipc_pair(pair), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, stream), 0);
    assert_true(oriel_ipc_is_channel(pair[0]) && oriel_ipc_is_channel(pair[1]));
    assert_false(oriel_ipc_is_channel(stream[0]) || oriel_ipc_is_channel(null) || oriel_ipc_is_channel(udp));
    const int all[] = {pair[0], pair[1], stream[0], stream[1], null, udp};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        close(all[i]);
    assert_false(oriel_ipc_is_channel(null));
}

static void test_limits(void **state) {
    int s[2];
    oriel_ipc_pair(s);
    size_t most = ORIEL_IPC_PACKET_MAX - 8 - 4 - 1;
    char *text = malloc(most + 2);
    memset(text, 'x', most + 1);
    text[most + 1] = '\0';
    assert_int_equal(oriel_ipc_send(s[0], &table, 3, text), -EMSGSIZE);
    text[most] = '\0';
    assert_int_equal(oriel_ipc_send(s[0], &table, 3, text), 0);
    assert_int_equal(oriel_ipc_receive(s[1], &table, &message), 1);
    assert_int_equal(message.fields[0].length, most);
    int sent = 0, result;
    while ((result = oriel_ipc_send(s[0], &table, 2)) == 0)
        assert_true(++sent < 100000);
    assert_int_equal(result, -EAGAIN);
    assert_int_equal(oriel_ipc_send(s[0], &table, 99), -EINVAL);
    free(text);
    close(s[0]);
    close(s[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_last_words_of_one_that_did_not_listen),
        cmocka_unit_test(test_bytes_on_the_wire),
        cmocka_unit_test(test_broken_peers),
        cmocka_unit_test(test_unexpected_fds_are_closed),
        cmocka_unit_test(test_what_can_be_a_channel),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
