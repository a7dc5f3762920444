/* signaling/seal without the arithmetic: what it does with bytes before a key is used. The first byte chooses what the
 * rest is: j a compact JWS to peek at · e a compact JWE · h the header of a JWS, i of a JWE, c claims, as JSON. Much
 * quicker than fuzz_seal, which goes the whole way. */
#include "fuzz.h"

#include <jose/b64.h>
#include <string.h>

#include "message.h"
#include "seal.h"

#define KID "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"
#define SIGNATURE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static char error[ORIEL_JSON_ERROR_SIZE];

/* The same bytes with one character changed to another that decodes alike, or to none of the alphabet, are refused. */
static void must_be_canonical(const char *jws, size_t size) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *dot = memchr(jws, '.', size);
    char typ[64], kid[44], *other = strndup(jws, size);
    char *last = other + (dot - jws) - 1;
    if ((dot - jws) % 4) { /* spare bits at the end of the header */
        *last = alphabet[(strchr(alphabet, *last) - alphabet) ^ 1];
        fuzz_check(!oriel_jws_peek(other, size, typ, kid, NULL, error));
    }
    *last = '=';
    fuzz_check(!oriel_jws_peek(other, size, typ, kid, NULL, error));
    free(other);
}

static void peek(const char *jws, size_t size) {
    char typ[64], kid[44];
    json_t *claims = NULL;
    if (!oriel_jws_peek(jws, size, typ, kid, &claims, error)) {
        fuzz_check(!claims && *error);
        return;
    }
    fuzz_check(json_is_object(claims) && oriel_is_hash(kid) && strlen(typ) < sizeof typ && size <= ORIEL_SEAL_MAX);
    must_be_canonical(jws, size);
    json_decref(claims);
}

static void recipient(const char *jwe, size_t size) {
    char kid[44];
    if (oriel_jwe_recipient(jwe, size, kid, error))
        fuzz_check(oriel_is_hash(kid) && size <= ORIEL_SEAL_MAX && strstr(jwe, ".."));
}

/* "<head>base64url(bytes)<tail>"; the caller frees. */
static char *wrapped(const char *head, const char *bytes, size_t size, const char *tail) {
    size_t n = jose_b64_enc_buf(bytes, size, NULL, 0), before = strlen(head), after = strlen(tail);
    char *out = malloc(before + n + after + 1);
    memcpy(out, head, before);
    jose_b64_enc_buf(bytes, size, out + before, n);
    memcpy(out + before + n, tail, after + 1);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const good = "{\"alg\":\"ES256\",\"typ\":\"oriel-end+jws\",\"kid\":\"" KID "\"}";
    if (!size)
        return 0;
    char *bytes = strndup((const char *)data + 1, size - 1), *text = NULL, *head = NULL;
    size_t n = strlen(bytes);
    switch (data[0]) {
    case 'j':
        peek(bytes, n);
        peek((const char *)data + 1, size - 1); /* with the NUL in it */
        break;
    case 'e':
        recipient(bytes, n);
        break;
    case 'h':
        text = wrapped("", bytes, n, ".e30." SIGNATURE);
        peek(text, strlen(text));
        break;
    case 'i':
        text = wrapped("", bytes, n, "..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA");
        recipient(text, strlen(text));
        break;
    case 'c':
        head = wrapped("", good, strlen(good), ".");
        text = wrapped(head, bytes, n, "." SIGNATURE);
        peek(text, strlen(text));
        break;
    default:
        break;
    }
    free(head);
    free(text);
    free(bytes);
    return 0;
}
