/* pipelines/camerasize: a camera's picture gets smaller where the way is narrow, comes back, and does not flutter. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "camerasize.h"
#include "clock.h"

enum { FPS = 30 };

struct rig {
    struct oriel_camera_fit fit;
    int64_t now;
    unsigned width, height; /* of the camera */
    unsigned out_width, out_height;
};

/* Pictures for so long. */
static void pass(struct rig *rig, double rate, int64_t time) {
    for (int64_t end = rig->now + time; rig->now < end; rig->now += ORIEL_SECOND / FPS)
        oriel_camera_fit(&rig->fit, rig->width, rig->height, FPS, rate, rig->now, &rig->out_width, &rig->out_height);
}

static void expect(const struct rig *rig, unsigned width, unsigned height) {
    assert_int_equal(rig->out_width, width);
    assert_int_equal(rig->out_height, height);
}

static struct rig a_camera(unsigned width, unsigned height) {
    return (struct rig){.now = ORIEL_SECOND, .width = width, .height = height};
}

static void test_the_first_is_right_at_once(void **state) {
    struct rig rig = a_camera(1280, 720);
    pass(&rig, 1.5e6, 1);
    expect(&rig, 1280, 720);
    rig = a_camera(1280, 720);
    pass(&rig, 400e3, 1);
    expect(&rig, 640, 360);
    rig = a_camera(1280, 720);
    pass(&rig, 60e3, 1);
    expect(&rig, 320, 180);
}

static void test_down_and_back(void **state) {
    struct rig rig = a_camera(1280, 720);
    pass(&rig, 1.5e6, ORIEL_SECOND);
    pass(&rig, 400e3, ORIEL_SECOND / 2);
    expect(&rig, 1280, 720); /* it may be a moment */
    pass(&rig, 400e3, ORIEL_SECOND);
    expect(&rig, 640, 360);
    pass(&rig, 400e3, 60 * ORIEL_SECOND);
    expect(&rig, 640, 360); /* what is enough for it keeps it */
    pass(&rig, 1.5e6, 4 * ORIEL_SECOND);
    expect(&rig, 640, 360);
    pass(&rig, 1.5e6, 2 * ORIEL_SECOND);
    expect(&rig, 1280, 720);
}

/* About a limit, and with short holes: one size. */
static void test_it_does_not_flutter(void **state) {
    struct rig rig = a_camera(1280, 720);
    pass(&rig, 400e3, ORIEL_SECOND);
    for (int i = 0; i < 60; i++) { /* more than 720p needs, but not by half */
        pass(&rig, 800e3, ORIEL_SECOND);
        pass(&rig, 500e3, ORIEL_SECOND);
        expect(&rig, 640, 360);
    }
    for (int i = 0; i < 20; i++) { /* enough, but never for long */
        pass(&rig, 1.5e6, 4 * ORIEL_SECOND);
        pass(&rig, 500e3, ORIEL_SECOND / 10);
        expect(&rig, 640, 360);
    }
    rig = a_camera(1280, 720);
    for (int i = 0; i < 60; i++) {
        pass(&rig, 1.5e6, ORIEL_SECOND);
        pass(&rig, 100e3, ORIEL_SECOND / 2);
        expect(&rig, 1280, 720);
    }
}

/* Step by step, and not below what can be made out; even sides. */
static void test_limits(void **state) {
    struct rig rig = a_camera(1280, 720);
    pass(&rig, 3e6, 1);
    pass(&rig, 1e3, 20 * ORIEL_SECOND);
    expect(&rig, 160, 90);
    rig = a_camera(160, 120);
    pass(&rig, 1e3, 20 * ORIEL_SECOND);
    expect(&rig, 160, 120);
    rig = a_camera(1366, 770);
    pass(&rig, 1e3, ORIEL_SECOND);
    assert_int_equal(rig.out_width % 2, 0);
    assert_int_equal(rig.out_height % 2, 0);
    rig.width = 176; /* another camera, of which nothing can be taken away */
    rig.height = 144;
    pass(&rig, 1e3, 1);
    expect(&rig, 176, 144);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_is_right_at_once),
        cmocka_unit_test(test_down_and_back),
        cmocka_unit_test(test_it_does_not_flutter),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
