/* base/line: what is asked of the kernel, by a kernel that is none (open and ioctl are wrapped). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "line.h"

static int ends[2], error; /* the line's events; what the chip answers */
static struct gpio_v2_line_request asked;
static uint64_t level;

int __wrap_ioctl(int fd, unsigned long request, void *argument);

int __wrap_ioctl(int fd, unsigned long request, void *argument) {
    if (error) {
        errno = error;
        return -1;
    }
    if (request == GPIO_V2_GET_LINE_IOCTL) {
        struct gpio_v2_line_request *r = argument;
        asked = *r;
        r->fd = dup(ends[0]);
        return 0;
    }
    assert_int_equal(request, GPIO_V2_LINE_GET_VALUES_IOCTL);
    assert_int_equal(((struct gpio_v2_line_values *)argument)->mask, 1);
    ((struct gpio_v2_line_values *)argument)->bits = level;
    return 0;
}

static void edge(uint32_t id) {
    struct gpio_v2_line_event event = {.id = id, .offset = 17};
    assert_int_equal(write(ends[1], &event, sizeof event), sizeof event);
}

static void test_line(void **state) {
    assert_int_equal(pipe(ends), 0);
    int fd = oriel_line_open("/dev/null:17", "oriel-stop");
    assert_true(fd >= 0);
    assert_int_equal(asked.num_lines, 1);
    assert_int_equal(asked.offsets[0], 17);
    assert_string_equal(asked.consumer, "oriel-stop");
    assert_int_equal(asked.config.flags,
                     GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING);
    assert_int_equal(asked.config.attrs[0].attr.debounce_period_us, 5000);
    assert_int_equal(oriel_line_active(fd), 0);
    level = 1;
    assert_int_equal(oriel_line_active(fd), 1);
    assert_int_equal(oriel_line_change(fd), -EAGAIN);
    edge(GPIO_V2_LINE_EVENT_RISING_EDGE);
    edge(GPIO_V2_LINE_EVENT_FALLING_EDGE);
    assert_int_equal(oriel_line_change(fd), 1);
    assert_int_equal(oriel_line_change(fd), 0);
    assert_int_equal(oriel_line_change(fd), -EAGAIN);
    close(fd);
    fd = oriel_line_open("/dev/null:17:low", "oriel-stop");
    assert_true(asked.config.flags & GPIO_V2_LINE_FLAG_ACTIVE_LOW);
    assert_true(asked.config.flags & GPIO_V2_LINE_FLAG_BIAS_PULL_UP);
    close(ends[1]);
    assert_int_equal(oriel_line_change(fd), -EIO); /* the chip is gone */
    close(fd);
    close(ends[0]);
}

static void test_wrong_lines(void **state) {
    static const char *const wrong[] = {"",
                                        "17",
                                        ":17",
                                        "gpiochip0:17",
                                        "/dev/null",
                                        "/dev/null:",
                                        "/dev/null:-1",
                                        "/dev/null:x",
                                        "/dev/null:1x",
                                        "/dev/null:1:high",
                                        "/dev/null:65536",
                                        "/dev/null: 1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(oriel_line_open(wrong[i], "test"), -EINVAL);
    assert_int_equal(oriel_line_open("/nowhere/gpiochip0:1", "test"), -ENOENT);
    error = EBUSY;
    assert_int_equal(oriel_line_open("/dev/null:1", "test"), -EBUSY);
    assert_int_equal(oriel_line_active(0), -EBUSY);
    error = 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_line), cmocka_unit_test(test_wrong_lines)};
    return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
