/* sim.h: the bottle filler behind the demo panel.
 *
 * A plain model of a continuous-motion filler: deterministic for a seed and a number of steps, no GTK, no clock, no
 * allocation. Time is in seconds since the start of the simulation, of which the first SIM_PAST are run by sim_init()
 * so that trends and alarm lists are not empty. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SIM_TICK 0.1    /* seconds of one sim_step() */
#define SIM_PAST 900    /* seconds that lie behind when sim_init() returns */
#define SIM_HISTORY 600 /* samples kept of each channel, one a second */
#define SIM_ALARMS 24   /* alarms kept, the newest first */
#define SIM_VALVES 6

/* Where things stand on the conveyor, in bottle pitches from the infeed. */
#define SIM_FILL_AT 11.0 /* the first bottle of a group when the nozzles come down */
#define SIM_CAP_AT 18.5
#define SIM_CHECK_AT 21.5
#define SIM_REJECT_AT 23.5

enum sim_channel { SIM_LEVEL, SIM_SPEED, SIM_PRESSURE, SIM_TEMPERATURE, SIM_CHANNELS };

enum sim_state { SIM_RUNNING, SIM_STOPPED, SIM_HELD };

enum sim_alarm_kind {
    SIM_ALARM_CAPS_LOW,
    SIM_ALARM_CAPPER_JAM,
    SIM_ALARM_TANK_LOW,
    SIM_ALARM_PRESSURE,
    SIM_ALARM_TEMPERATURE,
    SIM_ALARM_UNDERFILL,
    SIM_ALARM_GAP,
    SIM_ALARM_CIP,
    SIM_ALARM_AIR,
    SIM_ALARM_DOOR,
    SIM_ALARM_OUTFEED,
    SIM_ALARM_KINDS,
};

struct sim_alarm {
    enum sim_alarm_kind kind;
    double raised;
    double cleared; /* 0 while active */
    bool acknowledged;
};

struct sim_range {
    double min, max;  /* of the instrument */
    double low, high; /* alarm limits */
    double set;       /* set point */
    int decimals;
    const char *tag;
};

struct sim {
    uint64_t random;
    uint64_t steps;
    enum sim_state state;
    double held; /* seconds in SIM_HELD */
    double next_jam;
    double travel; /* pitches that the conveyor has moved in all */
    double value[SIM_CHANNELS];
    double drift[SIM_CHANNELS];
    float history[SIM_CHANNELS][SIM_HISTORY]; /* oldest first */
    bool refilling;
    unsigned good, rejected;
    double volume[SIM_VALVES]; /* ml, of the last filling */
    double run_seconds, all_seconds;
    struct sim_alarm alarms[SIM_ALARMS];
    int n_alarms;
    unsigned revision; /* counts changes of the alarm list */
};

extern const struct sim_range sim_ranges[SIM_CHANNELS];

void sim_init(struct sim *sim, unsigned seed);
void sim_step(struct sim *sim);
double sim_time(const struct sim *sim);

void sim_start(struct sim *sim);
void sim_stop(struct sim *sim);
void sim_reset(struct sim *sim); /* clears a jam */

void sim_acknowledge(struct sim *sim, int alarm); /* index; -1: all */
int sim_active_alarms(const struct sim *sim);
int sim_alarm_priority(enum sim_alarm_kind kind); /* 1 (high) .. 3 (low) */
const char *sim_alarm_tag(enum sim_alarm_kind kind);

/* Whether the bottle with this number is one that the check will reject. */
bool sim_is_bad(long bottle);
/* How full a bottle is (0..1) that is `position` pitches from the infeed. */
double sim_fill(const struct sim *sim, long bottle);
/* Where the first nozzle of the bank is (pitches), and how far down it is (0..1). */
double sim_nozzle_position(const struct sim *sim);
double sim_nozzle_depth(const struct sim *sim);
double sim_oee(const struct sim *sim); /* 0..1 */
