/* example-poll.c: all that a program needs to ask for consent, on a terminal, with poll() and nothing else.
 *
 *   example-poll [SOCKET]     y, n: answer · s: stop the session · c: call support · u: take the call back · q: quit
 *
 * An example to start from: a line on a terminal is no prompt for a real panel, since it may scroll away.
 */
#include "oriel.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
    char request[65]; /* the open one, or empty */
    char session[65]; /* the live one, or empty */
} now;

static void on_online(struct oriel *oriel, const struct oriel_device *device, void *user) {
    printf("connected: %s (%s), broker %s%s\n", device->name, device->id, device->online ? "reached" : "not reached",
           device->call ? ", support is called" : "");
}

static void on_closed(struct oriel *oriel, const char *why, void *user) {
    printf("not connected: %s\n", why);
}

static void on_ask(struct oriel *oriel, const struct oriel_ask *ask, void *user) {
    /* This program knows "view" only. It must not let the person agree to what it can't name. */
    if (ask->n_scopes != 1 || strcmp(ask->scopes[0], "view") != 0) {
        oriel_deny(oriel, ask->request);
        return;
    }
    printf("\n%s of %s %s for %u min. Code %s.\n  \"%s\"\nAllow? y/n (no answer in %u s means no) ", ask->agent,
           ask->company, ask->kind == ORIEL_ASK_AGAIN ? "would go on seeing this screen" : "asks to see this screen",
           (ask->seconds + 59) / 60, ask->code, ask->reason, ask->timeout);
    if (fflush(stdout) == 0 && oriel_shown(oriel, ask->request) == 0)
        snprintf(now.request, sizeof now.request, "%s", ask->request);
}

static void on_withdraw(struct oriel *oriel, const char *request, const char *why, void *user) {
    now.request[0] = '\0';
    printf("\nthe request is withdrawn: %s\n", why);
}

static void on_session(struct oriel *oriel, const struct oriel_session *session, void *user) {
    if (session->state == ORIEL_SESSION_ENDED) {
        now.session[0] = '\0';
        oriel_set_indicator(oriel, false);
        printf("session ended by %s: %s\n", session->by, session->reason);
        return;
    }
    snprintf(now.session, sizeof now.session, "%s", session->session);
    printf("*** %s (%s) %s this screen, %u s left; s stops it ***\n", session->agent, session->company,
           session->state == ORIEL_SESSION_LIVE     ? "sees"
           : session->state == ORIEL_SESSION_PAUSED ? "sees a frozen picture of"
                                                    : "will see",
           session->left);
    oriel_set_indicator(oriel, fflush(stdout) == 0);
}

static void on_call(struct oriel *oriel, bool call, void *user) {
    printf("support is %s\n", call ? "called" : "not called");
}

/* Returns false to quit. */
static bool on_key(struct oriel *oriel, char key) {
    int r = 0;

    switch (key) {
    case 'y':
    case 'n':
        r = key == 'y' ? oriel_allow(oriel, now.request) : oriel_deny(oriel, now.request);
        now.request[0] = '\0';
        break;
    case 's':
        r = oriel_stop(oriel, now.session);
        break;
    case 'c':
        r = oriel_call(oriel, "called from a terminal");
        break;
    case 'u':
        r = oriel_uncall(oriel);
        break;
    case 'q':
        return false;
    default:
        return true;
    }
    if (r < 0)
        printf("%c: %s\n", key, r == -ENOENT ? "there is nothing to answer or to stop" : strerror(-r));
    return true;
}

static bool on_input(struct oriel *oriel) {
    char keys[64];
    ssize_t n = read(STDIN_FILENO, keys, sizeof keys);

    for (ssize_t i = 0; i < n; i++)
        if (!on_key(oriel, keys[i]))
            return false;
    return n > 0;
}

int main(int argc, char **argv) {
    const struct oriel_callbacks callbacks = {
        .size = sizeof callbacks,
        .online = on_online,
        .closed = on_closed,
        .ask = on_ask,
        .withdraw = on_withdraw,
        .session = on_session,
        .call = on_call,
    };
    struct oriel *oriel;
    struct pollfd fds[2];
    bool running = true;
    int r = oriel_new(argc > 1 ? argv[1] : NULL, "example-poll", &callbacks, NULL, &oriel);

    if (r < 0) {
        fprintf(stderr, "example-poll: %s\n", strerror(-r));
        return 1;
    }
    fds[0] = (struct pollfd){.fd = oriel_fd(oriel), .events = POLLIN};
    fds[1] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    while (running) {
        fflush(stdout);
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        if (fds[0].revents)
            oriel_dispatch(oriel);
        if (fds[1].revents)
            running = on_input(oriel);
    }
    oriel_free(oriel);
    return 0;
}
