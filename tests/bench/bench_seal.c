/* What signing and sealing cost on a device: the p50 and p99 of each step over claims of the size of a request's, as
 * one JSON object of microseconds. Argument: how many rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "document.h"
#include "message.h"
#include "seal.h"

enum { STEPS = 6 };
static const char *const names[STEPS] = {"sign", "seal", "open", "verify", "key", "check"};

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t since(int64_t *from) {
    int64_t now = oriel_monotonic(), passed = now - *from;
    *from = now;
    return passed;
}

int main(int argc, char **argv) {
    size_t rounds = argc > 1 ? (size_t)atoi(argv[1]) : 1000, length;
    int64_t *times[STEPS];
    char error[ORIEL_JSON_ERROR_SIZE], hash[ORIEL_HASH_SIZE];
    for (int i = 0; i < STEPS; i++)
        times[i] = calloc(rounds ? rounds : 1, sizeof(int64_t));
    json_t *key = oriel_key_new(), *public_key = oriel_key_public(key);
    oriel_message_nonce(hash);
    char *claims = oriel_message_encode(
        ORIEL_MESSAGE_REQUEST,
        json_pack("{s:s, s:s, s:s, s:s, s:[s], s:i, s:s}", "challenge", hash, "device", "filler-1", "nonce", hash,
                  "reason", "Capper jams since the morning shift - may I look?", "scopes", "view", "seconds", 600,
                  "fingerprint",
                  "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"),
        error);
    for (size_t i = 0; i < rounds; i++) {
        int64_t from = oriel_monotonic();
        char *jws = oriel_jws_sign(key, "oriel-request+jws", claims, error);
        times[0][i] = since(&from);
        char *jwe = oriel_jwe_seal(public_key, jws, error);
        times[1][i] = since(&from);
        char *opened = oriel_jwe_open(key, jwe, strlen(jwe), &length, error);
        times[2][i] = since(&from);
        json_t *verified = oriel_jws_verify(opened, length, public_key, "oriel-request+jws", error);
        times[3][i] = since(&from);
        json_t *fresh = oriel_key_new();
        times[4][i] = since(&from);
        bool good = oriel_key_is_good(public_key, false);
        times[5][i] = since(&from);
        if (!verified || !fresh || !good)
            return 1;
        json_decref(fresh);
        json_decref(verified);
        free(opened);
        free(jwe);
        free(jws);
    }
    for (int i = 0; i < STEPS; i++) {
        qsort(times[i], rounds, sizeof(int64_t), by_value);
        printf("%s\"%s\":[%.1f,%.1f]", i ? "," : "{", names[i], (double)times[i][rounds / 2] / 1000,
               (double)times[i][rounds * 99 / 100] / 1000);
        free(times[i]);
    }
    puts("}");
    free(claims);
    json_decref(key);
    json_decref(public_key);
    return 0;
}
