/* RTP packets that were sent, and transport-wide feedback about them (draft-holmer-rmcat-transport-wide-cc-extensions).
 *
 * Policy: each packet is told once as received or as lost; one that was told as lost and came late is told again, as
 * received. What a feedback message passes over was in one that got lost: it is `gone`, neither received nor lost. The
 * receiver's time has 24 bits of 64 ms and wraps every 12 days; it is unwrapped here. Bytes are those of the RTP packet
 * and what SRTP, UDP, IP and TURN add.
 * Limits: 4096 packets are remembered. Pure; one thread at a time. */
#ifndef ORIEL_RATE_TWCC_H
#define ORIEL_RATE_TWCC_H

#include "path.h"

enum {
    ORIEL_TWCC_MEMORY = 4096,
    ORIEL_TWCC_OVERHEAD = 10 + 8 + 20 + 4, /* SRTP's tag, UDP, IPv4, a TURN channel */
};

struct oriel_twcc_sent {
    struct oriel_rate_packet packet;
    uint16_t number;
    enum { ORIEL_TWCC_NONE, ORIEL_TWCC_AWAY, ORIEL_TWCC_LOST, ORIEL_TWCC_DONE } state;
};

struct oriel_twcc {
    struct oriel_twcc_sent sent[ORIEL_TWCC_MEMORY];
    bool started;
    uint16_t next, end; /* the first that no feedback has passed; after the last that was sent */
    int64_t remote;     /* the last time of the receiver, unwrapped */
    bool has_remote;
};

/* Packet `number` has left: `packet`, whose `bytes` are those of the RTP packet. */
void oriel_twcc_sent(struct oriel_twcc *t, uint16_t number, const struct oriel_rate_packet *packet);

/* The feedback says this of packet `number`; `remote` ns by the receiver's clock, as it came. Packets in the order of
 * their numbers. True with `packet` filled when that is news. */
bool oriel_twcc_heard(struct oriel_twcc *t, uint16_t number, bool lost, int64_t remote,
                      struct oriel_rate_packet *packet);

/* Packets before `number`, of which no feedback has told: the next of them, until false. */
bool oriel_twcc_gone(struct oriel_twcc *t, uint16_t number, struct oriel_rate_packet *packet);

/* Packets that were sent before `then`, likewise: feedback about them won't come any more. */
bool oriel_twcc_expired(struct oriel_twcc *t, int64_t then, struct oriel_rate_packet *packet);

/* When the oldest packet was sent that nothing is known of; 0: there is none. */
int64_t oriel_twcc_oldest(struct oriel_twcc *t);

#endif
