/* sim.c: see sim.h. Values wander around their set points by a bounded random walk; now and then the capper jams. */
#include "sim.h"

#include <math.h>
#include <string.h>

#define GROUP SIM_VALVES   /* bottles that are filled together */
#define ENGAGED 0.62       /* share of a cycle in which the nozzles travel with the bottles */
#define BATCH_START 18240u /* bottles that this batch had when the panel was started */

const struct sim_range sim_ranges[SIM_CHANNELS] = {
    [SIM_LEVEL] = {0, 100, 30, 90, 65, 1, "LT-101"},
    [SIM_SPEED] = {0, 150, 0, 140, 120, 0, "SC-201"},
    [SIM_PRESSURE] = {0, 4, 1.6, 2.6, 2.1, 2, "PT-102"},
    [SIM_TEMPERATURE] = {0, 20, 2, 9, 6.5, 1, "TT-103"},
};

static const struct {
    int priority;
    const char *tag;
} kinds[SIM_ALARM_KINDS] = {
    [SIM_ALARM_CAPS_LOW] = {2, "LS-310"},    [SIM_ALARM_CAPPER_JAM] = {1, "XA-305"},
    [SIM_ALARM_TANK_LOW] = {2, "LT-101"},    [SIM_ALARM_PRESSURE] = {3, "PT-102"},
    [SIM_ALARM_TEMPERATURE] = {2, "TT-103"}, [SIM_ALARM_UNDERFILL] = {3, "QI-204"},
    [SIM_ALARM_GAP] = {3, "BE-110"},         [SIM_ALARM_CIP] = {3, "KC-500"},
    [SIM_ALARM_AIR] = {1, "PS-401"},         [SIM_ALARM_DOOR] = {1, "GS-402"},
    [SIM_ALARM_OUTFEED] = {2, "BE-330"},
};

/* xorshift64*: small, and the same on every machine. */
static double uniform(struct sim *sim) {
    sim->random ^= sim->random >> 12;
    sim->random ^= sim->random << 25;
    sim->random ^= sim->random >> 27;
    return (double)((sim->random * UINT64_C(2685821657736338717)) >> 11) / 9007199254740992.0;
}

static double noise(struct sim *sim) {
    return uniform(sim) + uniform(sim) + uniform(sim) - 1.5;
}

double sim_time(const struct sim *sim) {
    return (double)sim->steps * SIM_TICK;
}

static void raise_alarm(struct sim *sim, enum sim_alarm_kind kind) {
    for (int i = 0; i < sim->n_alarms; i++)
        if (sim->alarms[i].kind == kind && sim->alarms[i].cleared == 0)
            return;
    if (sim->n_alarms == SIM_ALARMS)
        sim->n_alarms--;
    memmove(sim->alarms + 1, sim->alarms, (size_t)sim->n_alarms * sizeof *sim->alarms);
    sim->alarms[0] = (struct sim_alarm){.kind = kind, .raised = sim_time(sim)};
    sim->n_alarms++;
    sim->revision++;
}

static void clear_alarm(struct sim *sim, enum sim_alarm_kind kind) {
    for (int i = 0; i < sim->n_alarms; i++) {
        if (sim->alarms[i].kind == kind && sim->alarms[i].cleared == 0) {
            sim->alarms[i].cleared = sim_time(sim);
            sim->revision++;
        }
    }
}

static void set_alarm(struct sim *sim, enum sim_alarm_kind kind, bool on) {
    if (on)
        raise_alarm(sim, kind);
    else
        clear_alarm(sim, kind);
}

bool sim_is_bad(long bottle) {
    uint32_t h = (uint32_t)bottle * 2654435761u;

    return (h >> 16) % 173 == 0;
}

static void count_bottles(struct sim *sim, double before) {
    for (long n = (long)floor(before - SIM_REJECT_AT) + 1; n <= (long)floor(sim->travel - SIM_REJECT_AT); n++) {
        if (sim_is_bad(n))
            sim->rejected++;
        else
            sim->good++;
    }
    if (floor((before - SIM_FILL_AT) / GROUP) < floor((sim->travel - SIM_FILL_AT) / GROUP))
        for (int i = 0; i < SIM_VALVES; i++)
            sim->volume[i] = 500.4 + 0.5 * noise(sim) - (i == 3 ? 0.9 : 0);
}

static void step_state(struct sim *sim) {
    double time = sim_time(sim);

    if (sim->state == SIM_RUNNING && time >= sim->next_jam) {
        sim->state = SIM_HELD;
        sim->held = 0;
        raise_alarm(sim, SIM_ALARM_CAPPER_JAM);
    } else if (sim->state == SIM_HELD && (sim->held += SIM_TICK) > 18) {
        sim_reset(sim); /* somebody at the capper has pulled it out */
    }
}

static double wander(struct sim *sim, enum sim_channel c, double size, double pull) {
    sim->drift[c] += size * noise(sim) - pull * sim->drift[c];
    return sim->drift[c];
}

static void step_values(struct sim *sim) {
    double *v = sim->value;
    double target = sim->state == SIM_RUNNING ? sim_ranges[SIM_SPEED].set + wander(sim, SIM_SPEED, 0.12, 0.02) : 0;
    double ramp = 35 * SIM_TICK;

    v[SIM_SPEED] += fmax(-ramp * 1.6, fmin(ramp, target - v[SIM_SPEED]));
    /* Half a litre a bottle out of a 600 l tank; the feed pump runs between two levels. */
    if (v[SIM_LEVEL] < 52)
        sim->refilling = true;
    if (v[SIM_LEVEL] > 78)
        sim->refilling = false;
    v[SIM_LEVEL] += SIM_TICK * ((sim->refilling ? 0.36 : 0) - v[SIM_SPEED] / 60 * 0.5 / 6.0) +
                    0.01 * wander(sim, SIM_LEVEL, 0.3, 0.05);
    v[SIM_LEVEL] = fmax(0, fmin(100, v[SIM_LEVEL]));
    v[SIM_PRESSURE] =
        2.1 + (sim->refilling ? 0.06 : 0) + (120 - v[SIM_SPEED]) / 120 * 0.18 + wander(sim, SIM_PRESSURE, 0.006, 0.02);
    v[SIM_TEMPERATURE] = 6.5 + 0.6 * sin(sim_time(sim) / 170) + wander(sim, SIM_TEMPERATURE, 0.008, 0.006);
}

static void step_alarms(struct sim *sim) {
    const double *v = sim->value;
    unsigned phase = (unsigned)(sim_time(sim) + 40) % 420;

    set_alarm(sim, SIM_ALARM_TANK_LOW, v[SIM_LEVEL] < sim_ranges[SIM_LEVEL].low);
    set_alarm(sim, SIM_ALARM_PRESSURE, v[SIM_PRESSURE] > 2.36);
    set_alarm(sim, SIM_ALARM_TEMPERATURE, v[SIM_TEMPERATURE] > sim_ranges[SIM_TEMPERATURE].high);
    set_alarm(sim, SIM_ALARM_CAPS_LOW, phase > 250 && phase < 330);
    if (phase == 60)
        raise_alarm(sim, SIM_ALARM_UNDERFILL);
    else if (phase == 75)
        clear_alarm(sim, SIM_ALARM_UNDERFILL);
    else if (phase == 180)
        raise_alarm(sim, SIM_ALARM_GAP);
    else if (phase == 186)
        clear_alarm(sim, SIM_ALARM_GAP);
}

void sim_step(struct sim *sim) {
    double before = sim->travel;

    sim->steps++;
    step_state(sim);
    step_values(sim);
    sim->travel += sim->value[SIM_SPEED] / 60 * SIM_TICK;
    count_bottles(sim, before);
    step_alarms(sim);
    sim->all_seconds += SIM_TICK;
    if (sim->state == SIM_RUNNING)
        sim->run_seconds += SIM_TICK;
    if (sim->steps % (uint64_t)(1 / SIM_TICK) == 0) {
        for (int c = 0; c < SIM_CHANNELS; c++) {
            memmove(sim->history[c], sim->history[c] + 1, sizeof sim->history[c] - sizeof sim->history[c][0]);
            sim->history[c][SIM_HISTORY - 1] = (float)sim->value[c];
        }
    }
}

/* What happened earlier in the shift, so that the list looks like that of a working day. */
static void add_past(struct sim *sim) {
    static const struct sim_alarm past[] = {
        {SIM_ALARM_CIP, -3100, 0, true},
        {SIM_ALARM_OUTFEED, -4480, -4391, true},
        {SIM_ALARM_DOOR, -6215, -6093, true},
        {SIM_ALARM_AIR, -7702, -7688, true},
        {SIM_ALARM_CAPPER_JAM, -9120, -9044, true},
        {SIM_ALARM_TEMPERATURE, -10333, -10112, true},
        {SIM_ALARM_TANK_LOW, -12047, -11876, true},
    };

    memcpy(sim->alarms, past, sizeof past);
    sim->n_alarms = sizeof past / sizeof *past;
}

void sim_init(struct sim *sim, unsigned seed) {
    memset(sim, 0, sizeof *sim);
    sim->random = UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)seed << 17;
    sim->value[SIM_LEVEL] = 70;
    sim->value[SIM_SPEED] = 118;
    sim->good = BATCH_START;
    sim->rejected = 96;
    sim->run_seconds = 3 * 3600;
    sim->all_seconds = 3 * 3600 + 420;
    sim->next_jam = 520 + 60 * uniform(sim);
    add_past(sim);
    for (int i = 0; i < (int)(SIM_PAST / SIM_TICK); i++)
        sim_step(sim);
    sim_acknowledge(sim, -1);
    raise_alarm(sim, SIM_ALARM_OUTFEED);
}

void sim_start(struct sim *sim) {
    if (sim->state == SIM_STOPPED)
        sim->state = SIM_RUNNING;
}

void sim_stop(struct sim *sim) {
    if (sim->state == SIM_HELD)
        sim_reset(sim);
    sim->state = SIM_STOPPED;
}

void sim_reset(struct sim *sim) {
    clear_alarm(sim, SIM_ALARM_CAPPER_JAM);
    clear_alarm(sim, SIM_ALARM_OUTFEED);
    if (sim->state != SIM_HELD)
        return;
    sim->state = SIM_RUNNING;
    sim->next_jam = sim_time(sim) + 420 + 240 * uniform(sim);
}

void sim_acknowledge(struct sim *sim, int alarm) {
    for (int i = 0; i < sim->n_alarms; i++)
        if (alarm == -1 || alarm == i)
            sim->alarms[i].acknowledged = true;
    sim->revision++;
}

int sim_active_alarms(const struct sim *sim) {
    int n = 0;

    for (int i = 0; i < sim->n_alarms; i++)
        n += sim->alarms[i].cleared == 0;
    return n;
}

int sim_alarm_priority(enum sim_alarm_kind kind) {
    return kinds[kind].priority;
}

const char *sim_alarm_tag(enum sim_alarm_kind kind) {
    return kinds[kind].tag;
}

double sim_fill(const struct sim *sim, long bottle) {
    double lead = sim->travel - floor((double)bottle / GROUP) * GROUP;

    return fmax(0, fmin(1, (lead - SIM_FILL_AT - 0.35) / (ENGAGED * GROUP - 0.7)));
}

static double cycle(const struct sim *sim) {
    double phase = (sim->travel - SIM_FILL_AT) / GROUP;

    return phase - floor(phase);
}

double sim_nozzle_position(const struct sim *sim) {
    double phase = cycle(sim), back;

    if (phase < ENGAGED)
        return SIM_FILL_AT + phase * GROUP;
    back = (phase - ENGAGED) / (1 - ENGAGED);
    back = back * back * (3 - 2 * back);
    return SIM_FILL_AT + ENGAGED * GROUP * (1 - back);
}

double sim_nozzle_depth(const struct sim *sim) {
    double phase = cycle(sim);

    return fmax(0, fmin(1, fmin(phase / 0.05, (ENGAGED - phase) / 0.05)));
}

double sim_oee(const struct sim *sim) {
    double quality = (double)sim->good / (sim->good + sim->rejected);

    return sim->run_seconds / sim->all_seconds * quality * 0.957;
}
