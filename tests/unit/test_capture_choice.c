/* capture/choice: which screen is chosen, why, and what files that needs; with real sockets and files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "choice.h"

static char directory[] = "/tmp/test-choice-XXXXXX";

/* An X server, as far as a connection goes: a display may also be named by its socket's path. */
static int listen_at(char path[64]) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(path, 64, "%s/X", directory);
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static void expect_why(const struct oriel_capture_choice *c, const char *what) {
    if (!strstr(c->why, what))
        fail_msg("'%s' does not say '%s'", c->why, what);
}

static void test_named_display(void **state) {
    struct oriel_capture_choice c;
    char path[64], cookie[64];
    int fd = listen_at(path);
    snprintf(cookie, sizeof cookie, "%s/cookie", directory);
    close(creat(cookie, 0600));
    static const char *const names[] = {"auto", "x11", NULL};
    for (unsigned i = 0; i < 3; i++) {
        oriel_capture_choose(&(struct oriel_capture_wish){.backend = names[i], .display = path, .xauthority = cookie},
                             &c);
        assert_string_equal(c.backend, "x11");
        assert_true(c.found);
        assert_false(c.network);
        expect_why(&c, "oriel.conf names the X display");
        expect_why(&c, "accepts connections");
        assert_int_equal(c.file_count, 2);
        assert_string_equal(c.files[0].path, cookie);
        assert_int_equal(c.files[0].kind, ORIEL_FILE_COOKIE);
        assert_string_equal(c.files[1].path, path);
        assert_int_equal(c.files[1].kind, ORIEL_FILE_SOCKET);
        assert_string_equal(c.xauthority, cookie);
    }
    close(fd);
    oriel_capture_choose(&(struct oriel_capture_wish){.backend = "auto", .display = path}, &c);
    assert_string_equal(c.backend, "x11"); /* it was named: no other screen takes its place */
    assert_false(c.found);
    expect_why(&c, "does not accept connections (Connection refused)");
    unlink(path);
    unlink(cookie);
}

static void test_environment(void **state) {
    struct oriel_capture_choice c;
    char cookie[64];
    setenv("DISPLAY", "unix:9971.1", 1);
    oriel_capture_choose(&(struct oriel_capture_wish){.backend = "auto", .device = "/dev/zero"}, &c);
    assert_string_equal(c.backend, "x11");
    assert_string_equal(c.display, "unix:9971.1");
    expect_why(&c, "DISPLAY in the environment names the X display unix:9971.1");
    assert_int_equal(c.file_count, 2); /* whether they are there or not */
    assert_string_equal(c.files[0].path, "/nowhere/.Xauthority");
    assert_string_equal(c.files[1].path, "/tmp/.X11-unix/X9971");
    setenv("HOME", directory, 1);
    snprintf(cookie, sizeof cookie, "%s/.Xauthority", directory);
    close(creat(cookie, 0600));
    oriel_capture_choose(&(struct oriel_capture_wish){.display = ":9972"}, &c);
    assert_string_equal(c.display, ":9972"); /* oriel.conf first */
    assert_int_equal(c.file_count, 2);
    assert_string_equal(c.files[0].path, cookie);
    setenv("XAUTHORITY", "/nowhere", 1);
    oriel_capture_choose(&(struct oriel_capture_wish){.display = ":9972"}, &c);
    assert_string_equal(c.xauthority, "/nowhere");
    unsetenv("XAUTHORITY");
    unsetenv("DISPLAY");
    unlink(cookie);
    oriel_capture_choose(&(struct oriel_capture_wish){.display = "panel-7:0"}, &c);
    assert_true(c.network);
    assert_int_equal(c.file_count, 1); /* the cookie */
    expect_why(&c, "which is not on this machine");
}

static void test_framebuffer(void **state) {
    struct oriel_capture_choice c;
    oriel_capture_choose(&(struct oriel_capture_wish){.backend = "auto", .device = "/dev/zero"}, &c);
    assert_string_equal(c.backend, "fbdev");
    assert_true(c.found);
    expect_why(&c, "no X display is named, and the framebuffer /dev/zero can be read");
    assert_int_equal(c.file_count, 1);
    assert_string_equal(c.files[0].path, "/dev/zero");
    assert_int_equal(c.files[0].kind, ORIEL_FILE_DEVICE);
    assert_string_equal(c.device, "/dev/zero");
    oriel_capture_choose(&(struct oriel_capture_wish){.backend = "fbdev", .display = ":0"}, &c);
    assert_string_equal(c.files[0].path, "/dev/fb0");
    assert_false(c.found);
    expect_why(&c, "the framebuffer /dev/fb0 can't be read (No such file or directory)");
}

static void test_nothing(void **state) {
    struct oriel_capture_choice c;
    oriel_capture_choose(&(struct oriel_capture_wish){.backend = "auto", .device = "/nowhere/fb"}, &c);
    assert_string_equal(c.backend, "");
    assert_false(c.found);
    assert_int_equal(c.file_count, 1); /* it may come */
    expect_why(&c, "there is no screen to capture: no X display is named, and the framebuffer /nowhere/fb can't be "
                   "read");
    expect_why(&c, "oriel.conf");
    oriel_capture_choose(&(struct oriel_capture_wish){.backend = "wayland"}, &c);
    assert_string_equal(c.backend, "");
    expect_why(&c, "'wayland' is no capture backend");
    oriel_capture_choose(&(struct oriel_capture_wish){.backend = "test", .display = "640x480@1"}, &c);
    assert_string_equal(c.backend, "test");
    assert_true(c.found);
    assert_int_equal(c.file_count, 0);
}

int main(void) {
    unsetenv("DISPLAY");
    unsetenv("XAUTHORITY");
    setenv("HOME", "/nowhere", 1);
    assert_non_null(mkdtemp(directory));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_named_display),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_framebuffer),
        cmocka_unit_test(test_nothing),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(directory);
    return failed;
}
