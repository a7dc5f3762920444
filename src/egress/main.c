/* oriel-egress: moves the datagrams of one session between media, which has no network, and a TURN server.
 *
 * Policy: started by orield only, for one session, and gone with it. It gets everything over its control channel, fd 3
 * (src/ipc/core_egress.h): no arguments, no other descriptor. It knows nothing of what it moves; of TURN only what
 * turn.h says, for which it has media's credentials at the servers. Nothing is bound and nothing listens; every socket
 * that leaves is connected. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "egress.h"
#include "channel.h"
#include "log.h"
#include "sandbox.h"

enum { CONTROL_FD = 3 };

int main(int argc, char **argv) {
    oriel_log_init("oriel-egress");
    oriel_sandbox_begin("oriel-egress");
    if (argc > 1 || !oriel_ipc_is_channel(CONTROL_FD)) {
        oriel_error("this program is started by orield, which gives it a control channel as descriptor 3; "
                    "to show a screen, start orield");
        return 2;
    }
    fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
    fcntl(CONTROL_FD, F_SETFL, O_NONBLOCK);
    close_range(CONTROL_FD + 1, ~0u, 0);
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes with write(2) */
    if (oriel_sandbox_lock(ORIEL_PROCESS_EGRESS) < 0) {
        oriel_error("the system calls of this process can't be locked");
        return EXIT_FAILURE;
    }
    /* Without destructors: a thread may still wait for a name. */
    _exit(oriel_egress_run(CONTROL_FD));
}
