/* `oriel doctor`: looks at a machine and its configuration and says what of Oriel works on it, with a remedy for what
 * does not. Policy: it changes nothing, and needs no running orield. To look at more, write a function that reports
 * what it found, and name it in doctor.c. */
#ifndef ORIEL_CLI_DOCTOR_H
#define ORIEL_CLI_DOCTOR_H

#include <jansson.h>

#include "config.h"

enum oriel_verdict {
    ORIEL_GOOD,
    ORIEL_WEAK, /* works, but less safely or less well than it could */
    ORIEL_BAD,  /* there will be no sessions, or none that work */
};

struct oriel_doctor {
    const struct oriel_config *config; /* NULL: it could not be read, which is reported already */
    json_t *found;
    enum oriel_verdict worst;
};

/* `remedy` NULL: none is needed. Texts are for people. */
void oriel_doctor_report(struct oriel_doctor *doctor, const char *check, enum oriel_verdict verdict, const char *remedy,
                         const char *format, ...) __attribute__((format(printf, 5, 6)));

void oriel_doctor_sandbox(struct oriel_doctor *doctor);
void oriel_doctor_stop(struct oriel_doctor *doctor);

#endif
