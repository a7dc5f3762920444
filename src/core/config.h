/* The device's configuration: one key file, read once at start (man 5 oriel.conf).
 * Policy: nothing is guessed. An unknown group or key, a key given twice, a value outside its range or a missing
 * required key refuses the whole file with "file:line: what is wrong and what is allowed". Immutable afterwards. */
#ifndef ORIEL_CONFIG_H
#define ORIEL_CONFIG_H

#include <glib.h>
#include <stdint.h>

#define ORIEL_PIPELINE_DEFAULT "vp8"

struct oriel_config {
    char *path;
    char *device_id, *tenant, *site, *firmware;
    char *device_key, *device_seal_key, *credential; /* files */
    char *broker_url, *broker_ca, *broker_certificate, *broker_key, *broker_proxy;
    char *trust_directory, *trust_state;
    char *consent_socket, *consent_lines; /* the latter: with a line a message, "" = none */
    char *consent_users;                  /* names or numbers joined by ';', "" = orield's own user */
    guint consent_timeout;                /* seconds */
    guint consent_allow_after;            /* ms after the prompt was shown */
    guint consent_again;                  /* seconds until the person is asked again; 0: never */
    guint consent_grace;                  /* seconds for that answer */
    guint media_outage;                   /* seconds without a connection that end a session */
    char *control_socket, *stop_socket;   /* stop_socket: beside the control socket unless it is given */
    char *stop_line;                      /* what oriel-stop watches, for status and doctor; "" = none */
    char *capture_backend, *capture_display, *capture_xauthority, *capture_monitor, *capture_device;
    char *camera_devices;                    /* "auto", "", or a list (capture/choice/cameras.h) */
    char *camera_size;                       /* "1280x720" at most */
    guint camera_frame_rate, camera_bitrate; /* kbit/s */
    char *capture_masks;                     /* "x,y,WxH" joined by ';' */
    char *media_path;                        /* "relay": through TURN servers only; "direct": on the LAN */
    char *media_addresses;                   /* of a direct path: IP literals joined by ';', "" = all */
    guint media_bitrate;                     /* kbit/s */
    guint media_frame_rate;
    char *media_exact;            /* "yes", "no" */
    char *media_pipeline;         /* the name of a graph, or an absolute path */
    char *relay_proxy, *relay_ca; /* of TURN over TCP and TLS */
    guint relay_fallback_ms;      /* without an answer by UDP, TCP and TLS are tried */
    guint session_max_seconds;
    char *session_scopes;                                /* joined by ';': what this device grants at most */
    char *unattended_switch, *unattended_kind;           /* a line as base/line.h has it, "" = none; "key", "button" */
    guint unattended_minutes;                            /* that a turn of it opens */
    char *unattended_vendors, *unattended_scopes;        /* joined by ';' */
    char *unattended_authorisations;                     /* "yes", "no" */
    char *unattended_owner, *unattended_uses;            /* files */
    char *unattended_clock;                              /* "synchronised", "local" */
    char *audit_directory, *audit_key, *audit_collector; /* the latter: a vkey, or "" */
    char *audit_collector_key;                           /* file: a public JWK; "": no export by the broker */
    char *audit_addresses;                               /* "yes": those of agents are recorded */
    guint audit_keep;                                    /* MiB, closed segments, that are not dropped */
    char *sandbox_without, *sandbox_violations;
    char *voice_backend, *voice_server, *voice_microphone, *voice_speaker;
    char *voice_push_to_talk; /* "yes", "no" */
    char *media_graph;        /* the text of media_pipeline; NULL until graph.h read it */
    char *helpers;            /* directory of oriel-signal, -capture, -media, -egress */
};

/* NULL with `error` set when the file can't be read or is refused. The caller frees. */
struct oriel_config *oriel_config_load(const char *path, GError **error);
/* The same for text in memory; `name` stands in the messages for the file. */
struct oriel_config *oriel_config_parse(const char *name, const char *text, GError **error);
/* [capture] masks as frames.h has rectangles on the wire, at most ORIEL_MASKS_MAX. Returns their number. */
unsigned oriel_config_masks(const struct oriel_config *config, uint8_t *bytes);
/* A list of the same form into the same: the number, or -1: it is none, or has more than `max`. */
int oriel_config_read_masks(const char *list, int max, uint8_t *bytes);
void oriel_config_free(struct oriel_config *config);

#endif
