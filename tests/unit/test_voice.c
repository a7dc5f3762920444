/* core/voice: the helper exists exactly while it is wanted, and what it says is checked. The helper is this file: it
 * has helper.h's functions, and speaks the real channel. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "core_voice.h"
#include "helper.h"
#include "voice.h"

struct oriel_helper {
    int ours, theirs;
    const struct oriel_helper_kind *kind;
    void *user;
};

static struct oriel_helper *helper; /* NULL: there is none */
static bool killed, refused;
static int starts, sounds, changes, loudnesses, goings;
static struct oriel_config config = {.voice_backend = "pulse",
                                     .voice_server = "/srv/sound/native",
                                     .voice_microphone = "boom",
                                     .voice_speaker = "horn",
                                     .voice_push_to_talk = "no"};
static struct oriel_voice *voice;

struct oriel_helper *oriel_helper_start(const struct oriel_helper_kind *kind, struct oriel_launcher *launcher,
                                        void *user, GError **error) {
    int pair[2];
    starts++;
    if (refused) {
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "oriel-voice is not there");
        return NULL;
    }
    assert_null(helper);
    assert_int_equal(oriel_ipc_pair(pair), 0);
    helper = g_new0(struct oriel_helper, 1);
    *helper = (struct oriel_helper){pair[0], pair[1], kind, user};
    killed = false;
    return helper;
}

int oriel_helper_fd(const struct oriel_helper *h) {
    return h->ours;
}

void oriel_helper_kill(struct oriel_helper *h) {
    assert_ptr_equal(h, helper);
    killed = true;
}

/* The helper has ended. */
static void die(int status) {
    struct oriel_helper *h = helper;
    helper = NULL;
    close(h->ours);
    close(h->theirs);
    h->kind->exited(h->user, status);
    g_free(h);
}

/* What core says next; to be cleared. */
static struct oriel_ipc_message *told(unsigned id) {
    static struct oriel_ipc_message m;
    fcntl(helper->theirs, F_SETFL, O_NONBLOCK);
    assert_int_equal(oriel_ipc_receive(helper->theirs, &oriel_core_to_voice, &m), 1);
    assert_int_equal(m.type->id, id);
    return &m;
}

/* Brings to core what the helper has said. */
static void deliver(void) {
    struct oriel_ipc_message m;
    fcntl(helper->ours, F_SETFL, O_NONBLOCK);
    while (helper && oriel_ipc_receive(helper->ours, helper->kind->from, &m) == 1) {
        helper->kind->message(helper->user, &m);
        oriel_ipc_message_clear(&m);
    }
}

static void say_ready(bool microphone, bool speaker, const char *missing) {
    oriel_ipc_send(helper->theirs, &oriel_voice_to_core, ORIEL_VOICE_READY, "PulseAudio", (uint32_t)microphone,
                   (uint32_t)speaker, missing);
    deliver();
}

static void on_sound(void *user, int fd) {
    sounds++;
    assert_true(oriel_ipc_is_channel(fd));
}

static void on_changed(void *user, bool loudness) {
    *(loudness ? &loudnesses : &changes) += 1;
}

static void on_gone(void *user) {
    goings++;
}

static const struct oriel_voice_events events = {on_sound, on_changed, on_gone};

static int setup(void **state) {
    starts = sounds = changes = loudnesses = goings = 0;
    refused = killed = false;
    voice = oriel_voice_new(&config, NULL, &events, NULL);
    oriel_voice_begin(voice);
    return 0;
}

static int teardown(void **state) {
    oriel_voice_run(voice, false);
    if (helper)
        die(0);
    oriel_voice_free(voice);
    config.voice_push_to_talk = "no";
    return 0;
}

static void test_it_lives_while_it_is_wanted(void **state) {
    assert_int_equal(starts, 0);
    assert_false(oriel_voice_runs(voice));
    oriel_voice_run(voice, true);
    oriel_voice_run(voice, true);
    assert_int_equal(starts, 1);
    assert_int_equal(sounds, 1);
    struct oriel_ipc_message *m = told(ORIEL_VOICE_START);
    assert_string_equal(m->fields[0].bytes, "pulse");
    assert_string_equal(m->fields[1].bytes, "/srv/sound/native");
    assert_string_equal(m->fields[2].bytes, "boom");
    assert_string_equal(m->fields[3].bytes, "horn");
    assert_int_equal(m->fields[4].number, 0);
    oriel_ipc_message_clear(m);
    assert_false(oriel_voice_state(voice)->microphone);
    say_ready(true, false, "no speaker: there is none");
    assert_true(oriel_voice_state(voice)->microphone);
    assert_false(oriel_voice_state(voice)->speaker);
    assert_string_equal(oriel_voice_state(voice)->why, "no speaker: there is none");
    oriel_voice_run(voice, false);
    assert_true(killed);
    assert_false(oriel_voice_state(voice)->microphone);
    say_ready(true, true, ""); /* one that is dying is not believed */
    assert_false(oriel_voice_state(voice)->microphone);
    die(9);
    assert_int_equal(goings, 1);
    assert_int_equal(starts, 1);
    assert_false(oriel_voice_runs(voice));
}

/* Taken away and granted again before the first one is dead: never two. */
static void test_never_two(void **state) {
    oriel_voice_run(voice, true);
    oriel_voice_run(voice, false);
    oriel_voice_run(voice, true);
    assert_int_equal(starts, 1);
    die(9);
    gint64 end = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    while (starts < 2 && g_get_monotonic_time() < end)
        g_main_context_iteration(NULL, TRUE);
    assert_int_equal(starts, 2);
    assert_true(oriel_voice_runs(voice));
}

static void test_mute(void **state) {
    oriel_voice_mute(voice, true); /* before it lives */
    oriel_voice_run(voice, true);
    struct oriel_ipc_message *m = told(ORIEL_VOICE_START);
    assert_int_equal(m->fields[4].number, 1);
    oriel_ipc_message_clear(m);
    oriel_voice_mute(voice, false);
    m = told(ORIEL_VOICE_MUTE);
    assert_int_equal(m->fields[0].number, 0);
    oriel_ipc_message_clear(m);
    assert_false(oriel_voice_state(voice)->muted);
    close(helper->theirs); /* it does not listen any more */
    oriel_voice_mute(voice, true);
    assert_true(killed);
    helper->theirs = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void test_push_to_talk_begins_muted(void **state) {
    config.voice_push_to_talk = "yes";
    oriel_voice_begin(voice);
    oriel_voice_run(voice, true);
    struct oriel_ipc_message *m = told(ORIEL_VOICE_START);
    assert_int_equal(m->fields[4].number, 1);
    oriel_ipc_message_clear(m);
    assert_true(oriel_voice_state(voice)->muted);
}

/* What it says is for people: it is cleaned and cut, and what is no text is its end. */
static void test_what_it_says_is_checked(void **state) {
    char bad[] = "no \xff", *longest = g_strnfill(3000, 'a');
    oriel_voice_run(voice, true);
    oriel_ipc_send(helper->theirs, &oriel_voice_to_core, ORIEL_VOICE_FAILED, longest);
    deliver();
    assert_true(strlen(oriel_voice_state(voice)->why) <= 200 * 4);
    oriel_ipc_send(helper->theirs, &oriel_voice_to_core, ORIEL_VOICE_FAILED, "a\nb\x1b[2Jc");
    deliver();
    assert_null(strpbrk(oriel_voice_state(voice)->why, "\n\x1b"));
    assert_false(killed);
    oriel_ipc_send(helper->theirs, &oriel_voice_to_core, ORIEL_VOICE_FAILED, bad);
    deliver();
    assert_true(killed);
    g_free(longest);
}

/* Loudness is not passed on as often as it is said, and never more than all. */
static void test_loudness_is_held_to_its_measure(void **state) {
    oriel_voice_run(voice, true);
    say_ready(true, true, "");
    for (int i = 0; i < 50; i++)
        oriel_ipc_send(helper->theirs, &oriel_voice_to_core, ORIEL_VOICE_LEVELS, 4000000000u, (uint32_t)(50 + i));
    deliver();
    assert_in_range(loudnesses, 1, 5);
    assert_int_equal(oriel_voice_state(voice)->talking, 100);
    assert_in_range(oriel_voice_state(voice)->hearing, 50, 100);
}

static void test_one_that_cannot_be_started(void **state) {
    refused = true;
    oriel_voice_run(voice, true);
    assert_int_equal(starts, 1);
    assert_int_equal(sounds, 0);
    assert_string_equal(oriel_voice_state(voice)->why, "oriel-voice is not there");
    oriel_voice_run(voice, false);
    assert_string_equal(oriel_voice_state(voice)->why, "");
}

/* It ended by itself: people are told, and another one is tried only a while later. */
static void test_one_that_ends(void **state) {
    oriel_voice_run(voice, true);
    say_ready(true, true, "");
    die(11);
    assert_string_equal(oriel_voice_state(voice)->why, "the process that holds microphone and speaker ended");
    assert_false(oriel_voice_state(voice)->microphone);
    assert_int_equal(starts, 1);
    g_main_context_iteration(NULL, FALSE);
    assert_int_equal(starts, 1);
    assert_int_equal(goings, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_lives_while_it_is_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_never_two, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mute, setup, teardown),
        cmocka_unit_test_setup_teardown(test_push_to_talk_begins_muted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_it_says_is_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_loudness_is_held_to_its_measure, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_that_cannot_be_started, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_that_ends, setup, teardown),
    };
    return cmocka_run_group_tests_name("voice", tests, NULL, NULL);
}
