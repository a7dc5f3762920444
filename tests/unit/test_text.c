/* core/text: whatever comes in, what goes out is short, visible, in one direction, and UTF-8. */
#include "core_rig.h"

#include "text.h"

static void clean(const char *in, guint characters, const char *expected) {
    g_autofree char *out = oriel_text_clean(in, characters);
    assert_string_equal(out, expected);
}

static void test_ordinary_text_stays(void **state) {
    clean("Capper jams – may I look?", 120, "Capper jams – may I look?");
    clean("Müller & Söhne, Γειά, Привет, 你好, ไม่ใช่, שָׁלוֹם", 120, "Müller & Söhne, Γειά, Привет, 你好, ไม่ใช่, שָׁלוֹם");
    clean("", 120, "");
    clean("e\xcc\x81\xcc\xa3", 120, "e\xcc\x81\xcc\xa3"); /* decomposed, two marks */
}

static void test_direction_and_format_characters_go(void **state) {
    clean("Anna\xe2\x80\xae"
          "rebeW\xe2\x80\xac",
          64, "AnnarebeW");
    clean("\xe2\x81\xa6"
          "a\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c"
          "b",
          64, "ab");
    clean("a\xe2\x80\x8b\xe2\x80\x8c\xe2\x80\x8d\xe2\x81\xa0\xef\xbb\xbf\xc2\xad"
          "b",
          64, "ab"); /* zero width, soft hyphen */
    clean("a\x01\x1b[31m\x7f\xc2\x9b"
          "b",
          64, "a[31mb");
    clean("a\xee\x80\x80\xf3\xa0\x81\x81"
          "b",
          64, "ab"); /* private use, tags */
}

static void test_what_nobody_sees_is_nothing(void **state) {
    clean("\xe3\x85\xa4\xe2\xa0\x80\xef\xbe\xa0\xe1\x85\x9f\xe1\x85\xa0\xcd\x8f\xef\xb8\x8f\xf3\xa0\x84\x80", 64, "");
    clean("\xc2\xa0\xe2\x80\x83\xe3\x80\x80 \t\r\n\xe2\x80\xa8\xe2\x80\xa9", 64, "");
    clean("\xcc\x81\xcc\x81", 64, ""); /* marks without a letter */
}

static void test_white_space_is_one_space(void **state) {
    clean("  a \t\r\n\xc2\xa0\xe2\x80\xa8 b  ", 64, "a b");
    clean("a\n\n\n", 64, "a");
    clean("a \xe2\x80\x8b b", 64, "a b");
}

static void test_marks_do_not_pile_up(void **state) {
    GString *flood = g_string_new("a");
    for (int i = 0; i < 1000; i++)
        g_string_append(flood, i % 2 ? "\xcc\x81" : "\xe2\x83\x9d"); /* above, around */
    g_string_append(flood, "b");
    clean(flood->str, 64,
          "a\xe2\x83\x9d\xcc\x81\xe2\x83\x9d\xcc\x81"
          "b");
    clean("a \xcc\x81"
          "b",
          64, "a b"); /* a mark on the space */
    g_string_free(flood, TRUE);
}

static void test_cut(void **state) {
    clean("abcde", 5, "abcde");
    clean("abcdef", 5, "abcd…");
    clean("abcde   ", 5, "abcde");
    clean("abcde\xe2\x80\x8b", 5, "abcde");
    clean("abcd f", 5, "abc…");
    clean("€€€€€€", 5, "€€€€…");
    clean("\xf0\x9f\x8d\xbe\xf0\x9f\x8d\xbe", 1, "…");
    g_autofree char *much = g_strnfill(1 << 20, 'x'), *out = oriel_text_clean(much, 120);
    assert_int_equal(g_utf8_strlen(out, -1), 120);
}

static void test_never_anything_but_utf8(void **state) {
    clean("a\xff\xc3", 64, "a��");
    clean("\xf0", 64, "�");
    clean("\xed\xa0\x80", 64, "���"); /* a surrogate */
    clean("\xc0\xaf", 64, "��");      /* overlong */
    GRand *r = g_rand_new_with_seed(7);
    for (int i = 0; i < 20000; i++) {
        char in[48];
        guint n = (guint)g_rand_int_range(r, 0, sizeof in - 1), limit = (guint)g_rand_int_range(r, 1, 24);
        for (guint k = 0; k < n; k++)
            in[k] = (char)g_rand_int_range(r, 1, 256);
        in[n] = '\0';
        g_autofree char *out = oriel_text_clean(in, limit);
        assert_true(g_utf8_validate(out, -1, NULL));
        assert_true(g_utf8_strlen(out, -1) <= limit);
        g_autofree char *again = oriel_text_clean(out, limit);
        assert_string_equal(again, out); /* clean text is clean */
    }
    g_rand_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ordinary_text_stays),         cmocka_unit_test(test_direction_and_format_characters_go),
        cmocka_unit_test(test_what_nobody_sees_is_nothing), cmocka_unit_test(test_white_space_is_one_space),
        cmocka_unit_test(test_marks_do_not_pile_up),        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_never_anything_but_utf8),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
