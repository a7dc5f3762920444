/* The little TURN (RFC 8656) that egress speaks by itself: the question that proves a server, and the release of what
 * media leaves behind.
 *
 * Policy: the question is an Allocate request without credentials, which a server answers with its challenge (401,
 * realm and nonce): so it is a TURN server, it asks who comes, and media, whose first request is the same, has its
 * answer at once, without a round trip of its own. Any other error is an answer, too. A server that gives an allocation
 * to whom it does not know is not used: it relays for anybody. What is released needs credentials; it is said once, and
 * nobody waits for an answer: what gets lost expires by itself. Limits: a realm and a nonce of up to 256 bytes each,
 * longer ones are not kept, and media asks for itself. Pure functions, but for the random number of a release. */
#ifndef ORIEL_EGRESS_TURN_H
#define ORIEL_EGRESS_TURN_H

#include "framing.h"

enum {
    ORIEL_TURN_QUESTION = 28,
    ORIEL_TURN_CHALLENGE_MAX = 256,
    ORIEL_TURN_CREDENTIAL_MAX = 128, /* characters of a user name or a password (PROTOCOL.md) */
    ORIEL_TURN_MESSAGE_MAX = 1024,   /* of what is written here */
};

/* What a server wants to be answered with; without a nonce: nothing is known. */
struct oriel_turn_challenge {
    size_t realm_length, nonce_length;
    uint8_t realm[ORIEL_TURN_CHALLENGE_MAX], nonce[ORIEL_TURN_CHALLENGE_MAX];
};

struct oriel_turn_credentials {
    char username[ORIEL_TURN_CREDENTIAL_MAX + 1], password[ORIEL_TURN_CREDENTIAL_MAX + 1];
};

enum oriel_turn_answer {
    ORIEL_TURN_NONE,   /* to something else */
    ORIEL_TURN_SERVER, /* there is one */
    ORIEL_TURN_OPEN,   /* that relays for anybody */
};

void oriel_turn_question(uint8_t out[ORIEL_TURN_QUESTION], const uint8_t transaction[12]);
/* Of a checked STUN message, as all that follow. */
enum oriel_turn_answer oriel_turn_answer(const uint8_t *message, size_t length, const uint8_t transaction[12]);
/* Whether it brought an allocation. */
bool oriel_turn_allocated(const uint8_t *message);
/* Keeps the challenge of an error that has one. */
void oriel_turn_learn(struct oriel_turn_challenge *c, const uint8_t *message, size_t length);

/* Whether that request of media's is the one without credentials, to which `c` is the answer; then writes the answer
 * and gives back its length, else 0. */
size_t oriel_turn_answer_media(const struct oriel_turn_challenge *c, const uint8_t *message, size_t length,
                               uint8_t out[ORIEL_TURN_MESSAGE_MAX]);
/* A Refresh request for no time at all: the allocation ends. Its length; 0: there is no challenge or no credentials. */
size_t oriel_turn_release(const struct oriel_turn_challenge *c, const struct oriel_turn_credentials *credentials,
                          uint8_t out[ORIEL_TURN_MESSAGE_MAX]);

#endif
