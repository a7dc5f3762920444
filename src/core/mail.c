/* See mail.h. */
#include "mail.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "seal.h"

static void type_name(enum oriel_message_type type, char out[64]) {
    g_snprintf(out, 64, "oriel-%s+jws", oriel_message_name(type));
}

/* The checked message out of verified claims; `reason` is set when the peer should hear that it is none. */
static void take_claims(struct oriel_mail *out, json_t *claims, const char *typ) {
    char expected[64];
    char *text = oriel_json_encode(claims);
    out->message = oriel_message_decode(text, strlen(text), &out->type, out->detail);
    free(text);
    if (out->message) {
        type_name(out->type, expected);
        if (strcmp(expected, typ) != 0) {
            g_strlcpy(out->detail, "signed as another message than it is", sizeof out->detail);
            g_clear_pointer(&out->message, json_decref);
        }
    }
    if (!out->message)
        out->reason = "malformed";
}

/* A hello proves itself: its credential names the key that must have signed it. Whether the credential is believed
 * decides between a peer that goes on and one that is told why not. */
static void open_hello(const struct oriel_mailroom *room, const char *agent, const char *jws, size_t length,
                       struct oriel_mail *out) {
    char typ[64], kid[ORIEL_HASH_SIZE];
    json_t *claims = NULL;
    if (!oriel_jws_peek(jws, length, typ, kid, &claims, out->detail))
        return;
    take_claims(out, claims, typ);
    json_decref(claims);
    if (!out->message || out->type != ORIEL_MESSAGE_HELLO ||
        strcmp(oriel_json_text(out->message, "device"), room->device) != 0) {
        g_clear_pointer(&out->message, json_decref);
        return; /* what is sealed for the device's static key can only be a hello to it */
    }
    bool revoked;
    g_autoptr(GError) error = NULL;
    out->peer = oriel_trust_peer(room->trust, agent, oriel_json_text(out->message, "credential"), &revoked, &error);
    out->reason = out->peer ? NULL : revoked ? "revoked" : "not-allowed";
    if (error)
        g_strlcpy(out->detail, error->message, sizeof out->detail);
    if (out->peer) {
        json_t *verified = oriel_jws_verify(jws, length, out->peer->key, typ, out->detail);
        if (!verified)
            g_clear_pointer(&out->peer, oriel_peer_unref);
        json_decref(verified);
    } else {
        out->peer = oriel_peer_new(); /* only to be told no; it never gets an exchange */
        out->peer->agent = g_strdup(agent);
    }
    if (out->peer)
        out->peer->seal = json_incref(json_object_get(out->message, "key"));
    if (!out->peer || out->reason)
        g_clear_pointer(&out->message, json_decref);
}

static void open_later(struct oriel_peer *peer, const char *agent, const char *jws, size_t length,
                       struct oriel_mail *out) {
    char typ[64], kid[ORIEL_HASH_SIZE];
    if (strcmp(peer->agent, agent) != 0 || !oriel_jws_peek(jws, length, typ, kid, NULL, out->detail))
        return;
    json_t *claims = oriel_jws_verify(jws, length, peer->key, typ, out->detail);
    if (!claims)
        return;
    out->peer = oriel_peer_ref(peer);
    take_claims(out, claims, typ);
    json_decref(claims);
    if (out->message && out->type == ORIEL_MESSAGE_HELLO) { /* one begins an exchange, it cannot be part of one */
        g_clear_pointer(&out->message, json_decref);
        out->reason = "malformed";
        g_strlcpy(out->detail, "a hello inside an exchange", sizeof out->detail);
    }
}

void oriel_mail_open(const struct oriel_mailroom *room, struct oriel_peer *session_peer, const char *agent,
                     const void *bytes, size_t length, struct oriel_mail *out) {
    char kid[ORIEL_HASH_SIZE];
    memset(out, 0, sizeof *out);
    if (!oriel_jwe_recipient(bytes, length, kid, out->detail))
        return;
    bool hello = strcmp(kid, room->identity->seal_id) == 0;
    struct oriel_peer *peer = hello ? NULL
                              : session_peer && strcmp(kid, session_peer->own_id) == 0
                                  ? session_peer
                                  : oriel_exchanges_find(room->exchanges, kid);
    if (!hello && !peer) {
        g_strlcpy(out->detail, "sealed for no exchange that is open", sizeof out->detail);
        return;
    }
    if (!oriel_limit_take(room->limit, agent, hello, peer && peer == session_peer && strcmp(peer->agent, agent) == 0)) {
        out->reason = "too-many";
        return;
    }
    size_t plain;
    g_autofree char *jws = oriel_jwe_open(hello ? room->identity->seal : peer->own, bytes, length, &plain, out->detail);
    if (!jws)
        return;
    oriel_message_hash(jws, plain, out->hash);
    if (hello)
        open_hello(room, agent, jws, plain, out);
    else
        open_later(peer, agent, jws, plain, out);
}

void oriel_mail_clear(struct oriel_mail *mail) {
    oriel_peer_unref(mail->peer);
    json_decref(mail->message);
    memset(mail, 0, sizeof *mail);
}

static char *sign(const struct oriel_identity *identity, enum oriel_message_type type, json_t *members) {
    char error[ORIEL_JSON_ERROR_SIZE], typ[64];
    type_name(type, typ);
    g_autofree char *claims = oriel_message_encode(type, members, error);
    char *jws = claims ? oriel_jws_sign(identity->key, typ, claims, error) : NULL;
    if (!jws)
        oriel_error("a %s message is not sent: %s", oriel_message_name(type), error);
    return jws;
}

static char *seal(const json_t *key, const char *jws) {
    char error[ORIEL_JSON_ERROR_SIZE];
    char *jwe = oriel_jwe_seal(key, jws, error);
    if (!jwe)
        oriel_error("a message is not sent: %s", error);
    return jwe;
}

char *oriel_mail_seal(const struct oriel_identity *identity, const struct oriel_peer *peer,
                      enum oriel_message_type type, json_t *members, char hash[ORIEL_HASH_SIZE]) {
    g_autofree char *jws = sign(identity, type, members);
    if (jws && hash)
        oriel_message_hash(jws, strlen(jws), hash);
    return jws ? seal(peer->seal, jws) : NULL;
}

char *oriel_mail_state(const struct oriel_identity *identity, const json_t *key, json_t *members) {
    char *jws = sign(identity, ORIEL_MESSAGE_STATE, members);
    if (!jws || !key)
        return jws;
    char *jwe = seal(key, jws);
    free(jws);
    return jwe;
}
