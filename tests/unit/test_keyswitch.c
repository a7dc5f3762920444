/* core/keyswitch: windows, by a line whose kernel is none (ioctl is wrapped; its events come by a pipe). */
#include "core_rig.h"

#include <errno.h>
#include <linux/gpio.h>

#include "clock.h"
#include "keyswitch.h"

static int ends[2], error;
static struct oriel_config config;
static struct oriel_keyswitch *keyswitch;
static GString *heard;

int __wrap_ioctl(int fd, unsigned long request, void *argument);

int __wrap_ioctl(int fd, unsigned long request, void *argument) {
    if (error) {
        errno = error;
        return -1;
    }
    ((struct gpio_v2_line_request *)argument)->fd = dup(ends[0]);
    return 0;
}

static void turn(bool active) {
    struct gpio_v2_line_event event = {.id = active ? GPIO_V2_LINE_EVENT_RISING_EDGE : GPIO_V2_LINE_EVENT_FALLING_EDGE};
    assert_int_equal(write(ends[1], &event, sizeof event), sizeof event);
    rig_settle();
}

static void changed(void *user, bool open, const char *why) {
    g_string_append_printf(heard, "%s%s;", open ? "open" : "closed: ", why ? why : "");
}

static void expect(const char *what) {
    assert_string_equal(heard->str, what);
    g_string_truncate(heard, 0);
}

static void start(void) {
    g_autoptr(GError) no = NULL;
    keyswitch = oriel_keyswitch_new(&config, changed, NULL, &no);
    assert_null(no);
    assert_non_null(keyswitch);
}

static bool grants(const char *vendor, guint seconds, guint expected) {
    struct oriel_session_request r = {
        .vendor = g_strdup(vendor), .scopes = json_pack("[s, s]", "camera", "view"), .seconds = seconds};
    bool yes = oriel_keyswitch_grants(keyswitch, &r);
    if (yes) {
        assert_string_equal(r.by, "switch");
        assert_int_equal(r.seconds, expected);
        assert_int_equal(json_array_size(r.scopes), 1);
        assert_string_equal(json_string_value(json_array_get(r.scopes, 0)), "view");
    } else {
        assert_null(r.by);
        assert_int_equal(r.seconds, seconds);
        assert_int_equal(json_array_size(r.scopes), 2);
    }
    oriel_session_request_clear(&r);
    return yes;
}

static void test_a_key_opens_and_closes(void **state) {
    start();
    assert_false(grants("fill-cap", 900, 0));
    turn(true);
    expect("open;");
    assert_int_equal(oriel_keyswitch_left(keyswitch), 600);
    assert_true(grants("fill-cap", 900, 600)); /* never longer than the window */
    assert_true(grants("fill-cap", 60, 60));
    assert_false(grants("nozzles", 60, 0)); /* of a vendor that it is not for */
    turn(false);
    expect("closed: the key was turned back;");
    assert_false(grants("fill-cap", 60, 0));
    turn(false);
    expect("");
}

static void test_a_window_ends_by_itself(void **state) {
    start();
    turn(true);
    oriel_clock_advance(571 * ORIEL_SECOND);
    assert_false(grants("fill-cap", 60, 0)); /* what is left is too little for a session */
    oriel_clock_advance(30 * ORIEL_SECOND);
    assert_int_equal(oriel_keyswitch_left(keyswitch), 0);
    expect("open;");
    turn(false);
    expect("");
    turn(true); /* and again */
    expect("open;");
    assert_true(grants("fill-cap", 60, 60));
}

static void test_a_button_opens_and_closes(void **state) {
    config.unattended_kind = "button";
    start();
    turn(true);
    turn(false);
    expect("open;");
    assert_true(grants("fill-cap", 60, 60));
    turn(true);
    expect("closed: the button was pressed again;");
    turn(false);
    expect("");
}

/* The line is active when orield starts: nobody has turned anything that it saw. */
static void test_a_forgotten_key_opens_nothing(void **state) {
    start();
    rig_settle();
    expect("");
    assert_false(grants("fill-cap", 60, 0));
    turn(false);
    expect("");
}

static void test_a_broken_line_is_closed_for_good(void **state) {
    start();
    turn(true);
    expect("open;");
    close(ends[1]);
    ends[1] = -1;
    rig_settle();
    expect("closed: the key switch can't be read any more;");
    assert_non_null(oriel_keyswitch_broken(keyswitch));
    assert_false(grants("fill-cap", 60, 0));
}

static void test_no_view_no_session(void **state) {
    config.unattended_scopes = "camera;voice";
    start();
    turn(true);
    assert_false(grants("fill-cap", 60, 0));
}

static void test_not_there(void **state) {
    g_autoptr(GError) no = NULL;
    error = EBUSY;
    assert_null(oriel_keyswitch_new(&config, changed, NULL, &no));
    assert_non_null(strstr(no->message, "/dev/null:17"));
    error = 0;
    g_autoptr(GError) none = NULL;
    config.unattended_switch = "";
    assert_null(oriel_keyswitch_new(&config, changed, NULL, &none));
    assert_null(none);
    assert_int_equal(oriel_keyswitch_left(NULL), 0);
    assert_null(oriel_keyswitch_broken(NULL));
    assert_false(grants("fill-cap", 60, 0));
}

static int set_up(void **state) {
    heard = g_string_new(NULL);
    config = (struct oriel_config){.unattended_switch = "/dev/null:17",
                                   .unattended_kind = "key",
                                   .unattended_minutes = 10,
                                   .unattended_vendors = "other; fill-cap",
                                   .unattended_scopes = "view"};
    return pipe(ends);
}

static int tear_down(void **state) {
    oriel_keyswitch_free(keyswitch);
    keyswitch = NULL;
    close(ends[0]);
    if (ends[1] >= 0)
        close(ends[1]);
    g_string_free(heard, TRUE);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_key_opens_and_closes),
        TEST(test_a_window_ends_by_itself),
        TEST(test_a_button_opens_and_closes),
        TEST(test_a_forgotten_key_opens_nothing),
        TEST(test_a_broken_line_is_closed_for_good),
        TEST(test_no_view_no_session),
        TEST(test_not_there),
    };
    return cmocka_run_group_tests_name("keyswitch", tests, NULL, NULL);
}
