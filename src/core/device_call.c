/* The person's call for support: what they and the machine say, for every vendor's agents, until it comes to its end:
 * a session answers it, an agent has dealt with it (a call back, say) and notes how, or it is taken back. See
 * device_private.h.
 *
 * Policy: a call with a way to call back outlives the connection of the HMI, orield and the machine; so does how it was
 * dealt with, until the next call, since who called may look at the panel much later. That word is an agent's, whose
 * credential and key were checked as for a request; it is recorded. Nothing of a call but the note of either side is in
 * the log. */
#include "device_private.h"

#include <glib/gstdio.h>
#include <string.h>

#include "clock.h"
#include "file.h"
#include "log.h"
#include "text.h"

enum { CALL_MAX = 8192 };

/* Beside what else must outlive a restart: who left a number does not wait at the panel to see that it got lost. */
static char *file_of(const struct oriel_device *d, const char *name) {
    g_autofree char *directory = g_path_get_dirname(d->config->trust_state);
    return g_build_filename(directory, name, NULL);
}

/* NULL: there is none any more. */
static void keep(const struct oriel_device *d, const char *name, const json_t *what) {
    g_autofree char *path = file_of(d, name), *text = what ? oriel_json_encode(what) : NULL;
    g_autoptr(GError) error = NULL;
    if (!text)
        g_unlink(path);
    else if (!g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
        oriel_warning("the call is lost when orield ends: %s", error->message);
}

static json_t *kept(const struct oriel_device *d, const char *name) {
    g_autofree char *path = file_of(d, name);
    gsize length;
    char why[ORIEL_JSON_ERROR_SIZE];
    g_autofree char *text = oriel_file_read(path, false, &length, NULL);
    json_t *json = text ? oriel_json_decode(text, length, CALL_MAX, why) : NULL;
    if (text && !json)
        oriel_warning("%s is no call; it is ignored", path);
    return json;
}

/* Takes the reference; NULL: none any more. */
static void set_call(struct oriel_device *d, json_t *help) {
    json_decref(d->help);
    d->help = help;
    keep(d, "call.json", json_object_get(help, "callback") ? help : NULL);
}

/* Likewise. */
static void set_answer(struct oriel_device *d, json_t *answer) {
    json_decref(d->answer);
    d->answer = answer;
    keep(d, "answer.json", answer);
}

static bool is_answer(const json_t *a) {
    static const char *const names[] = {"agent", "company", "note", "at"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (!oriel_json_text(a, names[i]))
            return false;
    return json_object_size(a) == G_N_ELEMENTS(names);
}

void oriel_device_recall(struct oriel_device *d) {
    json_t *help = kept(d, "call.json"), *answer = kept(d, "answer.json");
    if (help && oriel_message_help_is_good(help) && json_object_get(help, "callback")) {
        if (oriel_json_integer(help, "since", 0) > oriel_device_uptime()) /* the machine has started anew since */
            json_object_set_new(help, "since", json_integer(0));
        d->help = json_incref(help);
        oriel_info("a call for support waits for a call back");
    }
    if (is_answer(answer))
        d->answer = json_incref(answer);
    json_decref(help);
    json_decref(answer);
}

static void tell_call(struct oriel_device *d) {
    oriel_provider_send(d->provider, json_pack("{s:s, s:b}", "t", "call", "call", d->help != NULL));
}

void oriel_device_call_tell(struct oriel_device *d) {
    json_t *m = d->answer ? json_deep_copy(d->answer) : NULL;
    if (m && json_object_set_new(m, "t", json_string("answered")) == 0)
        oriel_provider_send(d->provider, m);
}

void oriel_device_call(struct oriel_device *d, const json_t *help) {
    json_t *call = help ? json_deep_copy(help) : NULL;
    if (call) {
        json_object_set_new(call, "since", json_integer((json_int_t)oriel_device_uptime()));
        oriel_backoff_forget(d->backoff); /* the person wants to be asked */
        set_answer(d, NULL);
    }
    set_call(d, call);
    /* What the machine shows and where to call back is for the agents, not for the log. */
    oriel_device_record(d, help ? "call" : "uncall",
                        help ? json_pack("{s:s}", "note", oriel_json_text(help, "note")) : json_object(), 0);
    tell_call(d);
    oriel_device_publish(d);
}

void oriel_device_call_over(struct oriel_device *d) {
    if (!d->help)
        return;
    set_call(d, NULL);
    tell_call(d);
    oriel_device_publish(d);
}

void oriel_device_call_left(struct oriel_device *d) {
    if (d->help && !json_object_get(d->help, "callback"))
        set_call(d, NULL); /* who called may not be there any more, and said not how to be reached */
}

bool oriel_device_call_done(struct oriel_device *d, const struct oriel_peer *peer, const json_t *message) {
    g_autofree char *note = oriel_text_clean(oriel_json_text(message, "note"), ORIEL_CALL_NOTE_MAX),
                    *name = oriel_text_clean(peer->name, 64);
    char at[25];
    if (!d->help || !*note || oriel_json_integer(message, "since", -1) != oriel_json_integer(d->help, "since", 0))
        return false;
    struct oriel_vendor *v = oriel_trust_find(d->trust, peer->vendor, NULL);
    oriel_wall_time(at);
    oriel_info("%s of %s has dealt with the call for support", name, v ? v->label : peer->vendor);
    set_answer(d, json_pack("{s:s, s:s, s:s, s:s}", "agent", name, "company", v ? v->label : peer->vendor, "note", note,
                            "at", at));
    oriel_vendor_free(v);
    oriel_device_record(
        d, "answered",
        json_pack("{s:s, s:s, s:s, s:s}", "vendor", peer->vendor, "agent", peer->agent, "name", name, "note", note), 0);
    oriel_device_call_over(d);
    oriel_device_call_tell(d);
    return true;
}
