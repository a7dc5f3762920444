/* Which events the log knows, and with which members: the one table that orield writes by and readers check by. */
#ifndef ORIEL_SCHEMA_H
#define ORIEL_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { ORIEL_SCHEMA_ERROR_SIZE = 200 };

/* Whether `members` are exactly what an `event` has, all those it must have among them; names in `common` (NULL-ended,
 * or NULL) may be there too. False with `error`. */
bool oriel_schema_check(const char *event, const json_t *members, const char *const *common,
                        char error[ORIEL_SCHEMA_ERROR_SIZE]);

#endif
