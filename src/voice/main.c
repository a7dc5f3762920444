/* oriel-voice: the microphone and the speaker of this machine, for one granted session.
 *
 * Policy: started by orield only, while `voice` is granted, and gone with it: a microphone that nobody granted has no
 * process. It gets everything over its control channel, fd 3 (src/ipc/core_voice.h), and holds nothing but the sound
 * server's socket or the sound card, and a socket to media, which it gives sound and takes sound from. No network. */
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "channel.h"
#include "log.h"
#include "sandbox.h"
#include "process.h"

enum { CONTROL_FD = 3 };

int main(int argc, char **argv) {
    oriel_log_init("oriel-voice");
    oriel_sandbox_begin("oriel-voice");
    if (argc > 1 || !oriel_ipc_is_channel(CONTROL_FD)) {
        oriel_error("this program is started by orield, which gives it a control channel as descriptor 3");
        return 2;
    }
    fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
    close_range(CONTROL_FD + 1, ~0u, 0);
    /* Libraries print where they like: what they say belongs to the log. */
    if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return EXIT_FAILURE;
    mallopt(M_ARENA_MAX, 2); /* its threads allocate little */
    /* Without destructors: threads of the sound libraries may still run. */
    _exit(oriel_voice_process_run(CONTROL_FD));
}
