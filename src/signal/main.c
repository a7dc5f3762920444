/* oriel-signal: the one outbound connection of a device, to its MQTT broker. orield starts it and talks to it on fd 3
 * (ipc/core_signal.h); it moves messages that it does not read, and holds the TLS key of the device, nothing else.
 * It ends when orield closes the channel, and dies with orield. SIGTERM and SIGINT are ignored: they reach a whole
 * process group, and orield still has a word to send then. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core_signal.h"
#include "link.h"
#include "log.h"
#include "network.h"
#include "sandbox.h"

enum { CORE_FD = 3 };

/* Small: one malloc arena for all threads, small stacks for Paho's. Quiet: no word of Paho's own on stdout, no proxy
 * from the environment (Paho 1.3.12 takes an https_proxy with a scheme for a host name). */
static void prepare(void) {
    static const char *const unwanted[] = {"https_proxy", "http_proxy", "MQTT_C_CLIENT_TRACE",
                                           "MQTT_C_CLIENT_TRACE_LEVEL"};
    for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
        unsetenv(unwanted[i]);
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, 128 * 1024);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
}

/* Reads all that core has said. False: core has closed, or broke the contract (`*status`). */
static bool read_core(struct oriel_link *link, int *status) {
    static struct oriel_ipc_message message;
    for (;;) {
        int result = oriel_ipc_receive(CORE_FD, &oriel_core_to_signal, &message);
        if (result == -EAGAIN)
            return true;
        if (result == 0)
            return false;
        bool good = result > 0 && oriel_link_from_core(link, &message);
        if (result > 0)
            oriel_ipc_message_clear(&message);
        if (!good) {
            oriel_error(
                "a message from orield is not one of the contract (%s): are orield and oriel-signal of the same "
                "version?",
                result > 0 ? message.type->name : strerror(-result));
            *status = 1;
            return false;
        }
    }
}

static int run(struct oriel_link *link, int network) {
    bool core_open = true;
    int status = 0;
    while (link->state != ORIEL_STATE_GONE) {
        int timeout = oriel_link_tick(link);
        struct pollfd fds[] = {
            {.fd = core_open ? CORE_FD : -1,
             .events = (short)(POLLIN | (link->channel_full || link->held.topic ? POLLOUT : 0))},
            {.fd = link->inbox.fd, .events = POLLIN},
            {.fd = network, .events = POLLIN},
        };
        if (link->state == ORIEL_STATE_GONE || (poll(fds, 3, timeout) < 0 && errno != EINTR))
            break;
        link->channel_full = false;
        if (fds[2].revents) {
            oriel_network_clear(network);
            oriel_link_network(link);
        }
        if (fds[1].revents || fds[0].revents & POLLOUT)
            oriel_link_from_broker(link);
        if (core_open && fds[0].revents & (POLLIN | POLLHUP | POLLERR) && !read_core(link, &status)) {
            core_open = false;
            oriel_link_leave(link);
        }
    }
    return status;
}

int main(int argc, char **argv) {
    static struct oriel_link link;
    oriel_log_init("oriel-signal");
    if (argc != 1 || !oriel_ipc_is_channel(CORE_FD)) {
        oriel_error("oriel-signal is started by orield, and takes no arguments");
        return 2;
    }
    oriel_sandbox_begin("oriel-signal");
    prepare();
    close_range(CORE_FD + 1, ~0U, 0); /* nothing of orield's may be kept open here by mistake */
    fcntl(CORE_FD, F_SETFD, FD_CLOEXEC);
    fcntl(CORE_FD, F_SETFL, fcntl(CORE_FD, F_GETFL) | O_NONBLOCK);
    int result = oriel_link_init(&link, CORE_FD);
    if (result < 0) {
        oriel_error("cannot start: %s", strerror(-result));
        return 1;
    }
    result = oriel_sandbox_lock(ORIEL_PROCESS_SIGNAL);
    if (result < 0) {
        oriel_error("the system calls of this process can't be locked: %s", strerror(-result));
        return 1;
    }
    int network = oriel_network_watch();
    if (network < 0)
        oriel_warning("changes of the network are noticed late: %s", strerror(-network));
    int status = run(&link, network);
    _exit(status); /* Paho's threads still run: nothing may be torn down under them */
}
