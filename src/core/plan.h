/* From the configuration to what the launcher may start and what each helper may see of this machine. */
#ifndef ORIEL_PLAN_H
#define ORIEL_PLAN_H

#include "config.h"
#include "launch.h"

struct oriel_plan;

/* Never NULL; owns what oriel_plan_launch() points to. `config` must live as long. */
struct oriel_plan *oriel_plan_new(const struct oriel_config *config);
const struct oriel_launch_plan *oriel_plan_launch(const struct oriel_plan *plan);
void oriel_plan_free(struct oriel_plan *plan);

/* Fills in where helpers are, if the configuration does not say it: of the same build or installation as this program,
 * else where they are installed by default. */
void oriel_plan_find_helpers(struct oriel_config *config);

#endif
