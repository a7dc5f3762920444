/* See camera.h. */
#include "camera.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bucket.h"
#include "cameras.h"
#include "clock.h"
#include "core_capture.h"
#include "helper.h"
#include "json.h"
#include "log.h"

enum { LOOK_EVERY = 1, WELL = 60, FAILURES_MAX = 6 }; /* seconds; a power of two of them is waited at most */

enum state { OFF, RECORDING, STARTING, ON, GONE };

struct oriel_camera {
    const struct oriel_config *config;
    struct oriel_launcher *launcher;
    const struct oriel_camera_out *out;
    void *user;
    struct oriel_camera_place places[ORIEL_CAMERAS_MAX];
    guint count;
    struct oriel_camera_found found[ORIEL_CAMERAS_MAX];    /* name "": nothing there */
    char names[ORIEL_CAMERAS_MAX][ORIEL_CAMERA_NAME_SIZE]; /* for people: no two alike */
    bool granted;
    guint wanted, running;               /* places, from 1; 0: none */
    char chosen[ORIEL_CAMERA_NAME_SIZE]; /* what was there when it was wanted: no other camera goes on in its place */
    enum state state;
    struct oriel_helper *helper; /* one that was killed is forgotten at once */
    guint dying;
    guint timer;
    struct oriel_bucket changes;
    gint64 since;   /* boot time of the last start */
    guint failures; /* of the one that is wanted, in a row */
    gint64 again;   /* boot time: not before this after a failure */
    char *told;     /* the last list */
};

/* It may work in a moment, or never: each try is on record. */
static void wait_longer(struct oriel_camera *c) {
    gint64 now = oriel_boottime();
    c->failures = now - c->since > WELL * ORIEL_SECOND ? 1 : MIN(c->failures + 1, FAILURES_MAX);
    c->again = now + (1 << c->failures) * ORIEL_SECOND;
}

/* What the page shows. */
static void tell(struct oriel_camera *c) {
    static const char *const states[] = {"off", "starting", "starting", "on", "gone"};
    json_t *list = json_array();
    for (guint i = 0; c->granted && i < c->count; i++)
        if (*c->found[i].name)
            json_array_append_new(list, json_pack("{s:i, s:s}", "id", (int)i + 1, "name", c->names[i]));
    json_t *message = json_pack("{s:s, s:i, s:s, s:o}", "t", "cameras", "use", (int)c->wanted, "state",
                                states[c->state], "list", list);
    g_autofree char *text = oriel_json_encode(message);
    json_decref(message);
    if (g_strcmp0(text, c->told) == 0)
        return;
    c->out->tell(c->user, text);
    g_free(c->told);
    c->told = g_steal_pointer(&text);
}

/* ---- the process ---- */

static void stop(struct oriel_camera *c, enum state state) {
    bool announced = c->state == RECORDING;
    c->state = state;
    if (announced)
        c->out->record(c->user, NULL);
    if (!c->running)
        return;
    c->running = 0;
    if (c->helper) {
        oriel_helper_hang_up(c->helper); /* no last words */
        oriel_helper_kill(c->helper);
        c->helper = NULL;
        c->dying++;
    }
    c->out->off(c->user);
    c->out->record(c->user, NULL);
}

static void on_message(void *user, struct oriel_ipc_message *m) {
    struct oriel_camera *c = user;
    g_autofree char *text = g_utf8_make_valid(m->fields[0].bytes, -1);
    if (m->type->id == ORIEL_CAPTURE_READY) {
        oriel_info("camera: %s", text);
        c->state = ON;
    } else {
        oriel_warning("camera: %s", text);
        wait_longer(c);
        stop(c, GONE);
    }
    tell(c);
}

/* As long as one that was killed is dying, it is that one. */
static void on_exited(void *user, int status) {
    struct oriel_camera *c = user;
    if (c->dying) {
        c->dying--;
    } else {
        oriel_warning("oriel-camera ended (%d)", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
        c->helper = NULL;
        wait_longer(c);
        stop(c, GONE);
        tell(c);
    }
    c->out->gone(c->user);
}

static const struct oriel_helper_kind kind = {ORIEL_PROCESS_CAMERA, "oriel-camera", &oriel_capture_to_core, on_message,
                                              on_exited};

static bool launch(struct oriel_camera *c, int frames) {
    const struct oriel_config *config = c->config;
    const struct oriel_camera_place *place = &c->places[c->wanted - 1];
    bool test = place->kind == ORIEL_CAMERA_TEST;
    g_autofree char *pattern = g_strdup_printf("%s@%u", config->camera_size, config->camera_frame_rate);
    g_autoptr(GError) error = NULL;
    guint which = 0; /* of the paths in the plan: a test picture has none */
    for (guint i = 0; i < c->wanted; i++)
        which += c->places[i].kind != ORIEL_CAMERA_TEST;
    c->helper = oriel_helper_start_with(&kind, test ? ORIEL_CAMERAS_MAX + 1 : which, c->launcher, c, &error);
    if (!c->helper)
        oriel_error("%s", error->message);
    return c->helper &&
           oriel_ipc_send(oriel_helper_fd(c->helper), &oriel_core_to_capture, ORIEL_CAPTURE_START,
                          oriel_camera_backend(place), test ? pattern : place->node, "", config->camera_size,
                          place->path, (uint32_t)config->camera_frame_rate, frames) == 0;
}

static void start(struct oriel_camera *c) {
    c->state = RECORDING;
    c->out->record(c->user, c->names[c->wanted - 1]);
}

void oriel_camera_recorded(struct oriel_camera *c) {
    int frames[2];
    if (c->state != RECORDING || !c->granted)
        return; /* it was switched off meanwhile */
    if (oriel_ipc_pair(frames) < 0) {
        c->state = GONE;
        return;
    }
    c->running = c->wanted;
    c->since = oriel_boottime();
    c->state = STARTING;
    c->out->on(c->user, c->config->camera_frame_rate, c->config->camera_bitrate, frames[1]);
    if (!launch(c, frames[0])) {
        wait_longer(c);
        stop(c, GONE);
    }
    close(frames[0]);
    close(frames[1]);
    tell(c);
}

/* ---- what is there ---- */

static bool has_twin(const struct oriel_camera *c, guint i) {
    for (guint k = 0; k < c->count; k++)
        if (k != i && strcmp(c->found[k].name, c->found[i].name) == 0)
            return true;
    return false;
}

/* Two of one name are told apart by where they are plugged in, or by their number. */
static void name(struct oriel_camera *c, guint i) {
    const struct oriel_camera_found *f = &c->found[i];
    if (!*f->name || !has_twin(c, i))
        g_strlcpy(c->names[i], f->name, sizeof c->names[i]);
    else if (*f->port)
        g_snprintf(c->names[i], sizeof c->names[i], "%.28s (%.32s)", f->name, f->port);
    else
        g_snprintf(c->names[i], sizeof c->names[i], "%.56s (%u)", f->name, i + 1);
}

/* False: the one that is on is gone. */
static bool look(struct oriel_camera *c) {
    bool there = true;
    for (guint i = 0; i < c->count; i++) {
        struct oriel_camera_found now;
        bool on = c->running == i + 1, good = oriel_camera_look(&c->places[i], &now);
        if (on && ((!good && !now.busy) || (good && strcmp(now.name, c->chosen) != 0)))
            there = false;
        else if (on)
            continue; /* a driver may let nobody else look at it meanwhile */
        c->found[i] = now;
        if (!good)
            c->found[i].name[0] = '\0';
    }
    for (guint i = 0; i < c->count; i++)
        name(c, i);
    return there;
}

static gboolean look_again(gpointer data) {
    struct oriel_camera *c = data;
    if (!look(c)) {
        oriel_warning("camera: %s is gone", c->chosen);
        stop(c, GONE);
    } else if (c->state == GONE && c->wanted && strcmp(c->found[c->wanted - 1].name, c->chosen) == 0 &&
               oriel_boottime() >= c->again) {
        start(c);
    }
    tell(c);
    return G_SOURCE_CONTINUE;
}

/* ---- from outside ---- */

struct oriel_camera *oriel_camera_new(const struct oriel_config *config, struct oriel_launcher *launcher,
                                      const struct oriel_camera_out *out, void *user) {
    struct oriel_camera *c = g_new0(struct oriel_camera, 1);
    *c = (struct oriel_camera){.config = config, .launcher = launcher, .out = out, .user = user};
    c->count = (guint)MAX(oriel_camera_places(config->camera_devices, c->places), 0);
    return c;
}

void oriel_camera_free(struct oriel_camera *c) {
    if (!c)
        return;
    g_clear_handle_id(&c->timer, g_source_remove);
    g_free(c->told);
    g_free(c);
}

void oriel_camera_grant(struct oriel_camera *c, bool granted) {
    if (granted == c->granted)
        return;
    c->granted = granted;
    c->wanted = 0;
    stop(c, OFF);
    g_clear_handle_id(&c->timer, g_source_remove);
    if (granted) {
        c->changes = (struct oriel_bucket){.most = 8, .a_second = 1};
        look(c);
        c->timer = g_timeout_add_seconds(LOOK_EVERY, look_again, c);
    }
    tell(c);
    if (!granted)
        g_clear_pointer(&c->told, g_free);
}

void oriel_camera_use(struct oriel_camera *c, guint place) {
    if (!c->granted || place > c->count || (place && !*c->found[place - 1].name) ||
        (place == c->wanted && c->state != GONE) || !oriel_bucket_take(&c->changes, oriel_boottime())) {
        tell(c);
        return;
    }
    stop(c, OFF);
    c->wanted = place;
    g_strlcpy(c->chosen, place ? c->found[place - 1].name : "", sizeof c->chosen);
    c->failures = 0;
    c->again = 0;
    if (place)
        start(c);
    tell(c);
}

bool oriel_camera_runs(const struct oriel_camera *c) {
    return c->helper || c->dying;
}
