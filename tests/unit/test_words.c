/* hmi/words: what an indicator says of voice and camera is what is on, in each language. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

static char line[WORDS_LINE];

static void says(struct oriel_voice voice, bool talks, const char *expected) {
    const char *words = words_voice(&voice, talks, line);

    if (expected)
        assert_string_equal(words, expected);
    else
        assert_null(words);
}

static void test_voice_is_what_is_on(void **state) {
    const struct oriel_voice all = {.on = true, .microphone = true, .speaker = true};
    struct oriel_voice v = all;

    words_begin("en");
    says(all, false, "They hear you");
    says(all, true, "They hear you · They talk");
    v.muted = true;
    says(v, false, "The microphone is muted");
    says(v, true, "The microphone is muted · They talk");
    v.microphone = false; /* what is not there is not muted */
    says(v, false, "No microphone works here");
    v = all;
    v.speaker = false; /* nobody hears it, whatever comes */
    says(v, true, "They hear you · No loudspeaker works here");
    v.microphone = false;
    says(v, true, "No sound: no sound card works here");
    v.on = false;
    says(v, true, NULL);
    says((struct oriel_voice){.microphone = true, .speaker = true}, true, NULL);
}

static void test_only_a_voice_is_loud(void **state) {
    assert_false(words_is_loud(0));
    assert_false(words_is_loud(15)); /* a hall, 51 dB below */
    assert_true(words_is_loud(40));
    assert_true(words_is_loud(100));
}

static void test_a_camera_is_on_or_not(void **state) {
    struct oriel_session session = {.state = ORIEL_SESSION_LIVE, .camera = "HD Webcam"};

    words_begin("en");
    assert_string_equal(words_camera(&session, line), "They see the camera: HD Webcam");
    session.state = ORIEL_SESSION_PAUSED; /* nothing is captured */
    assert_null(words_camera(&session, line));
    session.state = ORIEL_SESSION_LIVE;
    session.camera = "";
    assert_null(words_camera(&session, line));
}

static void test_each_language_says_it(void **state) {
    static const char *const languages[] = {"de", "fr", "es", "zh"};
    const struct oriel_voice all = {.on = true, .microphone = true, .speaker = true},
                             muted = {.on = true, .microphone = true, .speaker = true, .muted = true},
                             none = {.on = true};
    const struct oriel_session session = {.camera = "HD Webcam"};

    setenv("ORIEL_LOCALEDIR", BUILD_ROOT "/po", 1);
    for (size_t i = 0; i < sizeof languages / sizeof *languages; i++) {
        char before[4][WORDS_LINE];

        words_begin(languages[i]);
        snprintf(before[0], WORDS_LINE, "%s", words_voice(&all, true, line));
        snprintf(before[1], WORDS_LINE, "%s", words_voice(&muted, false, line));
        snprintf(before[2], WORDS_LINE, "%s", words_voice(&none, false, line));
        snprintf(before[3], WORDS_LINE, "%s", words_camera(&session, line));
        assert_non_null(strstr(before[0], " · "));
        assert_non_null(strstr(before[3], "HD Webcam"));
        for (int j = 0; j < 4; j++)
            if (strstr(before[j], "hey ") || strstr(before[j], "The ") || strstr(before[j], "No sound"))
                fail_msg("%s: \"%s\"", languages[i], before[j]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_voice_is_what_is_on),
        cmocka_unit_test(test_only_a_voice_is_loud),
        cmocka_unit_test(test_a_camera_is_on_or_not),
        cmocka_unit_test(test_each_language_says_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
