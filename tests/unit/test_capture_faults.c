/* capture when something goes wrong: an X server that dies, displays that can't be opened, peers that go or lie. Each
 * ends in a message that says what happened, or in silence where core knows already. */
#include "capture_rig.h"

static void expect_failed(struct capture *c, const char *what) {
    assert_true(wait_readable(c->control, WAIT));
    assert_int_equal(oriel_ipc_receive(c->control, &oriel_capture_to_core, &message), 1);
    assert_int_equal(message.type->id, ORIEL_CAPTURE_FAILED);
    if (!strstr(message.fields[0].bytes, what))
        fail_msg("'%s' does not say '%s'", message.fields[0].bytes, what);
    assert_int_equal(ended(c), 1);
    close(c->control);
    close(c->frames);
    munmap((void *)c->pixels, c->size * c->count);
    close(c->memory);
}

static void test_server_dies(void **state) {
    for (int running = 0; running < 2; running++) {
        struct screen s;
        assert_true(screen_start(&s, "640x480x24", "-extension", "DOUBLE-BUFFER"));
        screen_open(&s);
        struct capture c;
        begin(&c, s.display, 60);
        if (!running)
            run(&c, 0);
        kill(s.server, SIGKILL);
        char about[64];
        snprintf(about, sizeof about, "display '%s' has gone", s.display);
        expect_failed(&c, about);
        screen_stop(&s);
    }
}

static void test_hostile_media(void **state) {
    static const uint32_t wrong[][2] = {{1, 0}, {1, 3}, {1, UINT32_MAX}, {2, 0}, {0, 0}, {UINT32_MAX, 0}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct capture c;
        begin(&c, shared.display, 60);
        settle(&c);
        release(&c, wrong[i][0], wrong[i][1]);
        expect_failed(&c, "broke the frame protocol");
    }
    struct capture c;
    begin(&c, shared.display, 60);
    assert_int_equal(send(c.frames, "nonsense", 8, 0), 8);
    expect_failed(&c, "broke the frame protocol");
}

static void test_media_goes(void **state) {
    struct capture c;
    begin(&c, shared.display, 60);
    close(c.frames);
    c.frames = -1;
    draw(&shared, 0, 0, 100, 100, 0x111111);
    assert_false(wait_readable(c.control, QUIET)); /* core knows why; capture only rests */
    assert_int_equal(waitpid(c.pid, NULL, WNOHANG), 0);
    end(&c);
}

static void expect_no_start(const char *backend, const char *display, const char *xauthority, uint32_t rate,
                            const char *what) {
    struct capture c;
    assert_int_equal(start(&c, backend, display, xauthority, rate), ORIEL_CAPTURE_FAILED);
    if (!strstr(c.text, what))
        fail_msg("'%s' does not say '%s'", c.text, what);
    assert_int_equal(ended(&c), 1);
    close(c.control);
    close(c.frames);
}

static void test_what_can_not_start(void **state) {
    expect_no_start("x11", ":9971", "", 30, "X display ':9971' can't be opened");
    expect_no_start("auto", ":9971", "", 30, "check [capture] display and xauthority in oriel.conf");
    expect_no_start("auto", "", "", 30, "there is no screen to capture: no X display is named");
    expect_no_start("fbdev", "", "", 30, "framebuffer /dev/fb0 can't be opened: No such");
    expect_no_start("x11", "", "", 30, "neither oriel.conf nor DISPLAY");
    expect_no_start("x11", "nonsense", "", 30, "no display name");
    expect_no_start("x11", shared.display, "/nowhere/Xauthority", 30, "'/nowhere/Xauthority' can't be read (No such");
    expect_no_start("drm", "", "", 30, "auto, x11, fbdev, hmi or test");
    expect_no_start("test", "1x1@1", "", 30, "WIDTHxHEIGHT@RATE");
    expect_no_start("test", "", "", 0, "frame rate of 0");
    expect_no_start("test", "", "", 241, "1 to 240");
    struct screen s;
    assert_true(screen_start(&s, "640x480x16", "-extension", "DOUBLE-BUFFER"));
    expect_no_start("x11", s.display, "", 30, "has depth 16");
    screen_stop(&s);
}

/* A server that wants a cookie: xauthority opens it, and nothing else does. */
static void test_xauthority(void **state) {
    static const char cookie[] = "\xff\xff\0\0\0\0\0\x12MIT-MAGIC-COOKIE-1\0\x10"
                                 "0123456789abcdef";
    char path[] = "/tmp/test-xauthority-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, cookie, sizeof cookie - 1), sizeof cookie - 1);
    close(fd);
    struct screen s;
    struct capture c;
    assert_true(screen_start(&s, "640x480x24", "-auth", path));
    expect_no_start("x11", s.display, "", 30, "doesn't let this user in");
    assert_int_equal(start(&c, "x11", s.display, path, 30), ORIEL_CAPTURE_READY);
    end(&c);
    screen_stop(&s);
    unlink(path);
}

static void test_core_is_a_socket(void **state) {
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(open("/dev/null", O_WRONLY), 2);
        _exit(oriel_capture_run(pipes[0], ORIEL_PROCESS_CAPTURE));
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 2);
    close(pipes[0]);
    close(pipes[1]);
    /* Core that goes before START, and core that speaks out of turn. */
    struct capture c;
    launch(&c);
    close(c.control);
    assert_int_equal(ended(&c), 0);
    begin(&c, shared.display, 30);
    assert_int_equal(
        oriel_ipc_send(c.control, &oriel_core_to_capture, ORIEL_CAPTURE_START, "test", "", "", "", "", 30u, 1), 0);
    assert_int_equal(ended(&c), 1);
    close(c.control);
    close(c.frames);
    munmap((void *)c.pixels, c.size * c.count);
    close(c.memory);
}

int main(void) {
    if (!begin_shared())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_dies), cmocka_unit_test(test_hostile_media),
        cmocka_unit_test(test_media_goes),  cmocka_unit_test(test_what_can_not_start),
        cmocka_unit_test(test_xauthority),  cmocka_unit_test(test_core_is_a_socket),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    screen_stop(&shared);
    return failed;
}
