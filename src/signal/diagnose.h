/* Why did the connection fail? Paho says "TCP/TLS connect failure" for a wrong name, a closed port and an expired
 * certificate alike. This walks the same way once more (resolve, connect, proxy, TLS handshake), sends nothing of MQTT,
 * and ends in a sentence for people. It decides nothing: whether to trust a broker is Paho's and OpenSSL's business.
 * Limits: 5 s an address, 5 s the proxy, 5 s the handshake; the resolver's own time comes on top. */
#ifndef ORIEL_SIGNAL_DIAGNOSE_H
#define ORIEL_SIGNAL_DIAGNOSE_H

#include "address.h"
#include "credentials.h"
#include "inbox.h"

struct oriel_signal_target {
    struct oriel_signal_address address;
    struct oriel_signal_files files;
    const char *proxy; /* "" = none */
};

/* Starts a thread that posts ORIEL_LINK_DIAGNOSED with the sentence ("" when it found no fault) and ends. `target` and
 * `inbox` must stay unchanged until then. 0 or -errno. */
int oriel_signal_diagnose(const struct oriel_signal_target *target, struct oriel_inbox *inbox);

#endif
