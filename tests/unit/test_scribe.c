/* core/scribe: jobs in their order, told from the main loop, and what follows a failure. Real thread. */
#include "core_rig.h"

#include "clock.h"
#include "scribe.h"

struct job {
    struct oriel_scribe_job job;
    char name;
    bool good;
};

static GMutex gate; /* a job waits for it */
static GString *did, *told;
static GThread *main_thread;

static bool work(struct oriel_scribe_job *job, GError **error) {
    struct job *j = (struct job *)job;
    assert_ptr_not_equal(g_thread_self(), main_thread);
    g_mutex_lock(&gate);
    g_string_append_c(did, j->name);
    g_mutex_unlock(&gate);
    if (!j->good)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "no %c", j->name);
    return j->good;
}

static void done(struct oriel_scribe_job *job, const GError *error) {
    struct job *j = (struct job *)job;
    assert_ptr_equal(g_thread_self(), main_thread);
    g_string_append_printf(told, "%c%c", j->name, error ? '-' : '+');
    g_free(j);
}

static struct oriel_scribe_job *job(char name, bool good, bool always) {
    struct job *j = g_new0(struct job, 1);
    *j = (struct job){{.work = work, .done = done, .always = always}, name, good};
    return &j->job;
}

static bool all_told(gconstpointer scribe) {
    gint64 longest;
    return oriel_scribe_waits(scribe, &longest) == 0;
}

static void test_in_order_and_from_the_main_loop(void **state) {
    struct oriel_scribe *s = oriel_scribe_new();
    gint64 longest;
    g_mutex_lock(&gate); /* the disk hangs */
    for (char c = 'a'; c < 'k'; c++)
        oriel_scribe_give(s, job(c, true, false));
    oriel_clock_advance(3 * ORIEL_SECOND);
    oriel_scribe_refuse(s, job('x', true, false), "not now"); /* told at once, and never done */
    while (!told->len)
        g_main_context_iteration(NULL, TRUE);
    assert_string_equal(told->str, "x-");
    assert_int_equal(oriel_scribe_waits(s, &longest), 10);
    assert_true(longest >= 3 * ORIEL_SECOND);
    g_mutex_unlock(&gate);
    while (!all_told(s))
        g_main_context_iteration(NULL, TRUE);
    assert_string_equal(did->str, "abcdefghij");
    assert_string_equal(told->str, "x-a+b+c+d+e+f+g+h+i+j+");
    oriel_scribe_free(s);
}

static void test_what_was_said_before_a_failure_was_told(void **state) {
    struct oriel_scribe *s = oriel_scribe_new();
    g_mutex_lock(&gate);
    oriel_scribe_give(s, job('a', false, false));
    oriel_scribe_give(s, job('b', true, false)); /* speaks of a */
    oriel_scribe_give(s, job('c', true, true));  /* the end of something */
    g_mutex_unlock(&gate);
    oriel_scribe_wait(s);
    oriel_scribe_give(s, job('d', true, false));
    oriel_scribe_free(s); /* does what waits */
    assert_string_equal(did->str, "acd");
    assert_string_equal(told->str, "a-b-c+d+");
}

static int set_up(void **state) {
    did = g_string_new(NULL);
    told = g_string_new(NULL);
    main_thread = g_thread_self();
    return 0;
}

static int tear_down(void **state) {
    g_string_free(did, TRUE);
    g_string_free(told, TRUE);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_in_order_and_from_the_main_loop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_was_said_before_a_failure_was_told, set_up, tear_down),
    };
    oriel_scribe_free(NULL);
    return cmocka_run_group_tests_name("scribe", tests, NULL, NULL);
}
