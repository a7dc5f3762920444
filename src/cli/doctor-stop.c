/* Whether Stop would work: the launcher's stop socket answers, and somebody watches the hardware line of [control]
 * stop-line. Asked by `oriel status` and `oriel doctor`; stops nothing. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "cli.h"
#include "doctor.h"
#include "line.h"
#include "stop.h"

#define WATCHER "oriel-stop"

char *oriel_cli_stop_fault(const char *socket) {
    int code = oriel_stop_probe(socket);
    return code == 0 ? NULL : g_strdup_printf("%s does not answer: %s", socket, g_strerror(-code));
}

char *oriel_cli_line_fault(const struct oriel_config *config) {
    if (!*config->stop_line)
        return NULL;
    int watched = oriel_line_is_watched(config->stop_line, WATCHER);
    if (watched == 1)
        return NULL;
    return watched < 0
               ? g_strdup_printf("the stop line %s can't be looked at: %s", config->stop_line, g_strerror(-watched))
               : g_strdup_printf("nobody watches the stop line %s", config->stop_line);
}

void oriel_doctor_stop(struct oriel_doctor *d) {
    const struct oriel_config *c = d->config;
    if (!c)
        return;
    g_autofree char *socket = oriel_cli_stop_fault(c->stop_socket), *line = oriel_cli_line_fault(c);
    bool runs = oriel_stop_probe(c->control_socket) == 0; /* it is a socket like any other */
    if (socket && runs)
        oriel_doctor_report(d, "stop socket", ORIEL_BAD, "look into orield's log for why, and start it again", "%s",
                            socket);
    else if (socket)
        oriel_doctor_report(d, "stop socket", ORIEL_GOOD, NULL, "not looked at: orield does not run");
    else
        oriel_doctor_report(d, "stop socket", ORIEL_GOOD, NULL, "%s", c->stop_socket);
    if (line)
        oriel_doctor_report(d, "stop line", ORIEL_BAD,
                            "start oriel-stop --line, as root or orield's user; oriel-stop(1)", "%s", line);
    else if (*c->stop_line)
        oriel_doctor_report(d, "stop line", ORIEL_GOOD, NULL, "%s is watched", c->stop_line);
}
