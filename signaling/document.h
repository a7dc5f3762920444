/* The signed or stored documents beside the messages: credentials, revocations, trust files, enrolment (PROTOCOL.md,
 * schema/documents/). Policy as for messages: exactly the members of the schema. No state, thread-safe. */
#ifndef ORIEL_DOCUMENT_H
#define ORIEL_DOCUMENT_H

#include <stdbool.h>

#include "json.h"

enum oriel_document_type {
    ORIEL_DOCUMENT_AGENT_CREDENTIAL,
    ORIEL_DOCUMENT_DEVICE_CREDENTIAL,
    ORIEL_DOCUMENT_REVOKED,
    ORIEL_DOCUMENT_TRUST,
    ORIEL_DOCUMENT_ENROLMENT,
    ORIEL_DOCUMENT_ENROLLED,
    ORIEL_DOCUMENT_AUTHORISATION,
    ORIEL_DOCUMENT_OWNER,
};

/* False with a sentence in `error`. */
bool oriel_document_check(enum oriel_document_type type, const json_t *document, char error[ORIEL_JSON_ERROR_SIZE]);

/* The `typ` of the JWS that carries it, NULL for what is a file: trust and owner. */
const char *oriel_document_typ(enum oriel_document_type type);

#endif
