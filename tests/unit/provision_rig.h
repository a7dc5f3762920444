/* For the tests of `oriel provision`: runs the built program in a folder of its own, with real files, and openssl(1)
 * and others as those who must accept what it makes. Everything is relative to that folder, so paths are short. For
 * tests only; one thread. */
#ifndef PROVISION_RIG_H
#define PROVISION_RIG_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "document.h"
#include "seal.h"

#define ORIEL BUILD_ROOT "/oriel"
#define ALL_ONES "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static char dir[] = "/tmp/oriel-provision-XXXXXX";
static char out[65536], said[65536]; /* of the last program: stdout, stderr */

/* ---- files and processes; everything runs in `dir`, so paths are short ---- */

__attribute__((unused)) static size_t load(const char *name, char *text, size_t size) {
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fail_msg("no %s", name);
    ssize_t n = read(fd, text, size - 1);
    close(fd);
    assert_true(n >= 0);
    text[n] = '\0';
    return (size_t)n;
}

__attribute__((unused)) static char *text_of(const char *name) {
    char *text = malloc(65536);
    load(name, text, 65536);
    return text;
}

__attribute__((unused)) static void store(const char *name, const char *text) {
    FILE *f = fopen(name, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

__attribute__((unused)) static json_t *object_of(const char *name) {
    char *text = text_of(name), error[ORIEL_JSON_ERROR_SIZE];
    json_t *object = oriel_json_decode(text, strlen(text), 65536, error);
    if (!object)
        fail_msg("%s: %s", name, error);
    free(text);
    return object;
}

__attribute__((unused)) static bool is_there(const char *name) {
    return access(name, F_OK) == 0;
}

__attribute__((unused)) static pid_t start(char *const argv[], const char *in) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, in, O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "stdout", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, "stderr", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t pid;
    assert_int_equal(posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

__attribute__((unused)) static int finish(pid_t pid) {
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    load("stdout", out, sizeof out);
    load("stderr", said, sizeof said);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* Words parted by single blanks; '~' in a word is a blank. */
__attribute__((unused)) static int run_words(const char *program, const char *first, const char *words) {
    char *copy = strdup(words), *argv[64] = {(char *)program, (char *)first};
    int argc = first ? 2 : 1;
    for (char *rest = copy, *word; (word = strsep(&rest, " "));)
        if (*word)
            argv[argc++] = word;
    for (int i = first ? 2 : 1; i < argc; i++)
        for (char *c = argv[i]; *c; c++)
            *c = *c == '~' ? ' ' : *c;
    int status = finish(start(argv, "/dev/null"));
    free(copy);
    return status;
}

__attribute__((unused)) static void provision(const char *words) {
    int status = run_words(ORIEL, "provision", words);
    if (status)
        fail_msg("oriel provision %s: %d, %s", words, status, said);
}

__attribute__((unused)) static void refused(int status, const char *words, const char *why) {
    int is = run_words(ORIEL, "provision", words);
    if (is != status || !strstr(said, why))
        fail_msg("oriel provision %s: %d instead of %d, and not '%s': %s", words, is, status, why, said);
    assert_string_equal(out, "");
}

__attribute__((unused)) static void openssl(const char *words) {
    if (run_words("openssl", NULL, words))
        fail_msg("openssl %s: %s%s", words, out, said);
}

__attribute__((unused)) static void has_mode(const char *name, mode_t mode) {
    struct stat st;
    assert_int_equal(stat(name, &st), 0);
    if ((st.st_mode & 07777) != mode)
        fail_msg("%s has mode %04o instead of %04o", name, st.st_mode & 07777, mode);
}

/* The JWK of a PEM file of ours. */
__attribute__((unused)) static json_t *key_of(const char *name) {
    char *text = text_of(name), error[ORIEL_JSON_ERROR_SIZE];
    json_t *key = oriel_key_from_pem(text, strlen(text), error);
    if (!key)
        fail_msg("%s: %s", name, error);
    free(text);
    return key;
}

__attribute__((unused)) static void is_public_part(const json_t *public_part, const char *pem) {
    json_t *key = key_of(pem), *expected = oriel_key_public(key);
    assert_true(json_equal(public_part, expected));
    json_decref(key);
    json_decref(expected);
}

/* The claims of the JWS in `name`, by `key`, checked. */
__attribute__((unused)) static json_t *claims_of(const char *text, const json_t *key, enum oriel_document_type type) {
    char error[ORIEL_JSON_ERROR_SIZE];
    json_t *claims = oriel_jws_verify(text, strlen(text), key, oriel_document_typ(type), error);
    if (!claims || !oriel_document_check(type, claims, error))
        fail_msg("%s: %s", text, error);
    return claims;
}

__attribute__((unused)) static const char *member(const json_t *object, const char *name) {
    return oriel_json_text(object, name);
}

/* ---- an agent's browser ---- */

struct browser {
    json_t *key, *seal;
};

/* What a console would show: a request of fresh keys, into `file`. */
__attribute__((unused)) static struct browser browser_asks(const char *file) {
    struct browser b = {oriel_key_new(), oriel_key_new()};
    char error[ORIEL_JSON_ERROR_SIZE];
    json_t *claims = json_pack("{s:i, s:s, s:o, s:o}", "v", 1, "typ", "enrolment", "key", oriel_key_public(b.key),
                               "seal", oriel_key_public(b.seal));
    char *text = oriel_json_encode(claims), *jws = oriel_jws_sign(b.key, "oriel-enrolment+jws", text, error);
    assert_non_null(jws);
    char padded[8192];
    snprintf(padded, sizeof padded, "\n  %s \r\n", jws); /* as it comes by mail */
    store(file, padded);
    free(jws);
    free(text);
    json_decref(claims);
    return b;
}

__attribute__((unused)) static void free_browser(struct browser *b) {
    json_decref(b->key);
    json_decref(b->seal);
}

/* Opens the answer as the console does; both claims are new references. */
__attribute__((unused)) static json_t *browser_opens(const struct browser *b, const char *file, json_t **credential) {
    char *jwe = text_of(file), error[ORIEL_JSON_ERROR_SIZE];
    size_t length;
    char *jws = oriel_jwe_open(b->seal, jwe, strlen(jwe), &length, error);
    if (!jws)
        fail_msg("%s: %s", file, error);
    json_t *vendor = object_of("vendor/vendor.json");
    const json_t *key = json_object_get(vendor, "key");
    json_t *enrolled = claims_of(jws, key, ORIEL_DOCUMENT_ENROLLED);
    *credential = claims_of(member(enrolled, "credential"), key, ORIEL_DOCUMENT_AGENT_CREDENTIAL);
    assert_true(json_equal(json_object_get(enrolled, "vendor"), key));
    json_decref(vendor);
    free(jws);
    free(jwe);
    return enrolled;
}

/* ---- the folder ---- */

__attribute__((unused)) static int enter_folder(void) {
    if (!mkdtemp(dir) || chdir(dir) < 0)
        return -1;
    umask(022);
    return 0;
}

__attribute__((unused)) static int tear_down(void **state) {
    assert_int_equal(chdir("/"), 0);
    char *argv[] = {"rm", "-rf", dir, NULL};
    pid_t pid;
    int status;
    if (posix_spawnp(&pid, "rm", NULL, NULL, argv, environ) == 0)
        waitpid(pid, &status, 0);
    return 0;
}

#endif
