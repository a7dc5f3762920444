/* voice/choice: which sound system is chosen, why, and what of the file system that needs; with real sockets. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "voice_choice.h"

static char directory[] = "/tmp/test-voice-XXXXXX";
static struct oriel_voice_choice choice;

/* A sound server, as far as looking at it goes. */
static int serve(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", directory, name);
    unlink(address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static char *in_folder(const char *name) {
    static char path[2][128];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", directory, name);
    return path[turn];
}

static void choose(const char *backend, const char *server) {
    oriel_voice_choose(&(struct oriel_voice_wish){backend, server}, &choice);
}

static void expect(const char *backend, const char *server, const char *path, const char *why) {
    assert_string_equal(choice.backend, backend);
    assert_string_equal(choice.server, server);
    assert_string_equal(choice.path, path);
    assert_false(choice.device);
    if (!strstr(choice.why, why))
        fail_msg("'%s' does not say '%s'", choice.why, why);
}

static int setup(void **state) {
    char pulse[128];
    if (!mkdtemp(directory))
        return -1;
    snprintf(pulse, sizeof pulse, "%s/pulse", directory);
    setenv("XDG_RUNTIME_DIR", directory, 1);
    unsetenv("PULSE_SERVER");
    return mkdir(pulse, 0700);
}

static int clean(void **state) {
    unlink(in_folder("pulse/native"));
    unlink(in_folder("pipewire-0"));
    unsetenv("PULSE_SERVER");
    return 0;
}

static int teardown(void **state) {
    rmdir(in_folder("pulse"));
    return rmdir(directory);
}

/* PulseAudio's protocol before PipeWire's own, since PipeWire speaks both. */
static void test_auto_takes_the_server_that_is_there(void **state) {
    int pipewire = serve("pipewire-0");
    choose("auto", NULL);
    expect("pipewire", in_folder("pipewire-0"), directory, "is there");
    int pulse = serve("pulse/native");
    choose("auto", "");
    expect("pulse", in_folder("pulse/native"), in_folder("pulse"), "is there");
    choose(NULL, NULL);
    assert_string_equal(choice.backend, "pulse");
    close(pipewire);
    close(pulse);
}

static void test_without_a_server_it_is_the_card_or_nothing(void **state) {
    choose("auto", NULL);
    if (*choice.backend) { /* a machine with a card */
        assert_string_equal(choice.backend, "alsa");
        assert_true(choice.device);
        return;
    }
    expect("", "", "", "this device has no sound");
    if (!strstr(choice.why, in_folder("pulse/native")) || !strstr(choice.why, "/dev/snd"))
        fail_msg("'%s' does not say where was looked", choice.why);
}

/* A file in the socket's place is no server. */
static void test_a_file_is_no_server(void **state) {
    FILE *file = fopen(in_folder("pulse/native"), "w");
    assert_non_null(file);
    fclose(file);
    choose("auto", NULL);
    assert_string_not_equal(choice.backend, "pulse");
}

/* What is named is taken, there or not: it may come. */
static void test_what_is_named_is_taken(void **state) {
    choose("pulse", NULL);
    expect("pulse", in_folder("pulse/native"), in_folder("pulse"), "is not there");
    choose("pipewire", NULL);
    expect("pipewire", in_folder("pipewire-0"), directory, "is not there");
    choose("auto", "/srv/sound/native");
    expect("pulse", "/srv/sound/native", "/srv/sound", "is not there");
    choose("pipewire", "/srv/sound/pipewire-1");
    expect("pipewire", "/srv/sound/pipewire-1", "/srv/sound", "is not there");
    choose("alsa", NULL);
    assert_string_equal(choice.backend, "alsa");
    assert_string_equal(choice.path, "/dev/snd");
    assert_true(choice.device);
}

static void test_the_environment_names_a_server(void **state) {
    setenv("PULSE_SERVER", "unix:/srv/elsewhere/native", 1);
    choose("pulse", NULL);
    expect("pulse", "/srv/elsewhere/native", "/srv/elsewhere", "is not there");
    setenv("PULSE_SERVER", "tcp:sound.example.com", 1); /* none that voice could reach */
    choose("pulse", NULL);
    expect("pulse", in_folder("pulse/native"), in_folder("pulse"), "is not there");
    setenv("PULSE_SERVER", "unix:/srv/elsewhere/native", 1);
    choose("pulse", "/srv/sound/native"); /* oriel.conf first */
    expect("pulse", "/srv/sound/native", "/srv/sound", "is not there");
}

static void test_long_paths_are_cut_not_overrun(void **state) {
    char path[1024];
    memset(path, 'a', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    choose("pulse", path);
    assert_int_equal(strlen(choice.server), ORIEL_VOICE_PATH_SIZE - 1);
    assert_true(strlen(choice.why) < sizeof choice.why);
}

static void test_all_that_may_be_chosen_later(void **state) {
    struct oriel_voice_place places[ORIEL_VOICE_PLACES];
    assert_int_equal(oriel_voice_places(&(struct oriel_voice_wish){"auto", NULL}, places), 4);
    assert_string_equal(places[0].path, in_folder("pulse"));
    assert_string_equal(places[1].path, in_folder("pipewire-0")); /* not the folder that it is in */
    assert_string_equal(places[3].path, "/dev/snd");
    assert_true(places[3].device && !places[0].device && !places[1].device);
    assert_int_equal(oriel_voice_places(&(struct oriel_voice_wish){"pulse", "/a/server/native"}, places), 1);
    assert_string_equal(places[0].path, "/a/server");
    assert_int_equal(oriel_voice_places(&(struct oriel_voice_wish){"alsa", NULL}, places), 1);
    assert_true(places[0].device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_auto_takes_the_server_that_is_there, clean),
        cmocka_unit_test_teardown(test_without_a_server_it_is_the_card_or_nothing, clean),
        cmocka_unit_test_teardown(test_a_file_is_no_server, clean),
        cmocka_unit_test_teardown(test_what_is_named_is_taken, clean),
        cmocka_unit_test_teardown(test_the_environment_names_a_server, clean),
        cmocka_unit_test_teardown(test_long_paths_are_cut_not_overrun, clean),
        cmocka_unit_test_teardown(test_all_that_may_be_chosen_later, clean),
    };
    return cmocka_run_group_tests_name("voice_choice", tests, setup, teardown);
}
