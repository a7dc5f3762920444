/* oriel-media: encodes the pictures of one session and sends them by WebRTC.
 *
 * Policy: started by orield only, for one session, and gone with it. It gets everything over its control channel, fd 3
 * (src/ipc/core_media.h): no arguments, no files, no other descriptor. With --check-graph it only says whether the
 * pipeline graph on its standard input can be used (pipelines/graph.h). Nothing listens, nothing goes to stdout. */
#include <fcntl.h>
#include <gst/gst.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph.h"
#include "channel.h"
#include "log.h"
#include "preload.h"
#include "sandbox.h"
#include "sctptimer.h"
#include "session.h"

enum { CONTROL_FD = 3 };

/* Says on stderr what is wrong with the graph on stdin. */
static int check_graph(void) {
    char text[ORIEL_GRAPH_MAX + 1];
    size_t length = fread(text, 1, sizeof text - 1, stdin);
    text[length] = '\0';
    gst_init(NULL, NULL);
    g_autoptr(GError) error = NULL;
    GstElement *bin =
        oriel_graph_parse(text, &(struct oriel_graph_numbers){.kbits = 1000, .fps = 30, .threads = 1}, &error);
    if (!bin) {
        oriel_error("%s", error->message);
        return EXIT_FAILURE;
    }
    gst_object_unref(gst_object_ref_sink(bin));
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    oriel_log_init("oriel-media");
    bool check = argc == 2 && strcmp(argv[1], "--check-graph") == 0;
    if (!check)
        oriel_sandbox_begin("oriel-media");
    if (!check && (argc > 1 || !oriel_ipc_is_channel(CONTROL_FD))) {
        oriel_error("this program is started by orield, which gives it a control channel as descriptor 3; "
                    "to show a screen, start orield");
        return 2;
    }
    if (check)
        return check_graph();
    fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
    close_range(CONTROL_FD + 1, ~0u, 0);
    /* Libraries print where they like: what they say belongs to the log. */
    if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return EXIT_FAILURE;
    /* A heap for each of a dozen threads, most of them idle, would cost more memory than waiting costs time. */
    mallopt(M_ARENA_MAX, 2);
    oriel_sctp_timer_slow();
    gst_init(NULL, NULL);
    oriel_preload();
    if (oriel_sandbox_lock(ORIEL_PROCESS_MEDIA) < 0) {
        oriel_error("the system calls of this process can't be locked");
        return EXIT_FAILURE;
    }
    /* Without destructors: webrtcbin's threads may still run. */
    _exit(oriel_session_run(CONTROL_FD));
}
