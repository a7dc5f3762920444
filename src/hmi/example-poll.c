/* example-poll.c: liboriel in a bare poll() loop, on a terminal: every scope but voice, stop, call, chat, masks, and a
 * picture of the program's own, on which it shows the supporter's face and what they draw.
 *
 *   example-poll [SOCKET]
 *
 *   y, n   answer                     1 … 6   untick or tick a scope of the question; in a session: take it away
 *   s      stop the session           c, u    call support, take the call back
 *   m      mask the PIN pad, or not   tTEXT   write a line to the supporter
 *   q      quit
 *
 * With [capture] backend=hmi in oriel.conf agents see the picture that this program draws in memory (draw()); with
 * another backend they see the screen, and the mask is a place on it. An example to start from: a line on a terminal is
 * no prompt for a real panel, since it may scroll away (oriel-consent-tty is one that does not).
 */
#include "oriel.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 640, HEIGHT = 360, BAR = 40, FRAME_MS = 100, DRAWN_S = 5, FACE_S = 3, DOT = 6 };

static const struct {
    const char *name, *words;
} known[] = {
    {"view", "see this screen"},       {"camera", "use the camera"}, {"face", "show their face"},
    {"control", "press buttons here"}, {"logs", "read the logs"},
};
enum { KNOWN = sizeof known / sizeof *known };

static const struct oriel_mask pin_pad = {400, 100, 200, 160};
static const struct oriel_area face_place = {40, 40, 160, 120};

static struct {
    char request[65];   /* the open one, or empty */
    char session[65];   /* the live one, or empty */
    bool ticked[KNOWN]; /* of the open request, or what the session may */
    bool masked;
    unsigned step;      /* of the picture */
    time_t drawn, face; /* until when there is something of the supporter's on it; 0: there is nothing */
    char line[ORIEL_CHAT_MAX + 1];
    size_t length;
    bool writing; /* `line` */
    uint32_t pixels[HEIGHT][WIDTH];
} now;

/* ---- the picture ---- */

static void fill(unsigned x, unsigned y, unsigned width, unsigned height, uint32_t colour) {
    for (unsigned j = y; j < y + height; j++)
        for (unsigned i = x; i < x + width; i++)
            now.pixels[j][i] = colour;
}

/* A machine at work: a bar that wanders. Only what was drawn anew is said to be damaged. */
static void draw(struct oriel *oriel) {
    struct oriel_area damage[2] = {{now.step % (WIDTH - BAR), 300, BAR, 30}};

    fill(damage[0].x, 300, BAR, 30, 0x20262c);
    now.step += 4;
    damage[1] = (struct oriel_area){now.step % (WIDTH - BAR), 300, BAR, 30};
    fill(damage[1].x, 300, BAR, 30, 0x3fae6b);
    oriel_damage(oriel, damage, 2);
}

static void draw_all(void) {
    fill(0, 0, WIDTH, HEIGHT, 0x20262c);
    fill(40, 40, 300, 200, 0x2f6fb0);
    for (unsigned key = 0; key < 12; key++)
        fill(pin_pad.x + 10 + key % 3 * 62, pin_pad.y + 10 + key / 3 * 36, 56, 30, 0xe8eaec);
}

/* What the supporter puts on it is taken off again. */
static void wipe(struct oriel *oriel) {
    now.drawn = now.face = 0;
    draw_all();
    oriel_damage(oriel, &(struct oriel_area){0, 0, WIDTH, HEIGHT}, 1);
}

static time_t seconds(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static void wipe_in_time(struct oriel *oriel) {
    if ((now.drawn && seconds() >= now.drawn) || (now.face && seconds() >= now.face))
        wipe(oriel);
}

/* ---- what Oriel says ---- */

static void on_chat(struct oriel *oriel, const char *text, void *user) {
    printf("they write: %s (t and a line answers)\n", text);
}

/* A dot for each point. With a picture of our own a place on it is one of its pixels; on an X screen it is in
 * `draw->place`. Nobody draws on a question. */
static void on_draw(struct oriel *oriel, const struct oriel_draw *draw, void *user) {
    if (draw->kind == ORIEL_DRAW_CLEAR)
        wipe(oriel);
    for (size_t i = 0; i < draw->n_points && !now.request[0]; i++) {
        struct oriel_area dot = {draw->points[i].x * (WIDTH - DOT) / ORIEL_DRAW_END,
                                 draw->points[i].y * (HEIGHT - DOT) / ORIEL_DRAW_END, DOT, DOT};

        fill(dot.x, dot.y, DOT, DOT, 0xe6007e);
        oriel_damage(oriel, &dot, 1);
        now.drawn = seconds() + DRAWN_S;
    }
}

/* As large as its place, which an HMI would choose by the picture's shape. When they stop their camera, no more come:
 * an old one must not stay. */
static void on_face(struct oriel *oriel, const struct oriel_face_picture *picture, void *user) {
    if (!picture) {
        wipe(oriel);
        return;
    }
    for (unsigned y = 0; y < face_place.height; y++) {
        const char *row =
            (const char *)picture->pixels + (size_t)(y * picture->height / face_place.height) * picture->stride;

        for (unsigned x = 0; x < face_place.width; x++)
            memcpy(&now.pixels[face_place.y + y][face_place.x + x],
                   row + (size_t)(x * picture->width / face_place.width) * 4, 4);
    }
    oriel_damage(oriel, &face_place, 1);
    if (!now.face)
        printf("their face is here\n");
    now.face = seconds() + FACE_S;
}

static void on_online(struct oriel *oriel, const struct oriel_device *device, void *user) {
    printf("connected: %s (%s), broker %s%s\n", device->name, device->id, device->online ? "reached" : "not reached",
           device->call ? ", support is called" : "");
}

static void on_closed(struct oriel *oriel, const char *why, void *user) {
    printf("not connected: %s\n", why);
}

static void print_scopes(void) {
    for (int i = 0; i < KNOWN; i++)
        if (now.ticked[i])
            printf("  [%d] %s\n", i + 1, known[i].words);
}

/* Notes them; false: one is among them that this program has no words for. */
static bool take_scopes(const char *const *scopes, size_t n) {
    size_t found = 0;

    for (int i = 0; i < KNOWN; i++) {
        now.ticked[i] = false;
        for (size_t j = 0; j < n; j++)
            now.ticked[i] = now.ticked[i] || !strcmp(scopes[j], known[i].name);
        found += now.ticked[i];
    }
    return found == n;
}

static void on_ask(struct oriel *oriel, const struct oriel_ask *ask, void *user) {
    static const char *const wants[] = {[ORIEL_ASK_REQUEST] = "asks for a session",
                                        [ORIEL_ASK_MORE] = "asks for more",
                                        [ORIEL_ASK_AGAIN] = "would like to go on"};

    /* It must not let the person agree to what it can't name. */
    if (!take_scopes(ask->scopes, ask->n_scopes)) {
        oriel_deny(oriel, ask->request);
        return;
    }
    printf("\n%s of %s %s of at most %u min. Code %s.\n  \"%s\"\n", ask->agent, ask->company, wants[ask->kind],
           (ask->seconds + 59) / 60, ask->code, ask->reason);
    print_scopes();
    printf("Allow? y/n; a number takes one out (no answer in %u s means no)\n", ask->timeout);
    if (fflush(stdout) == 0 && oriel_shown(oriel, ask->request) == 0)
        snprintf(now.request, sizeof now.request, "%s", ask->request);
}

static void on_live(struct oriel *oriel, const char *request, void *user) {
    printf("(y acts from now on)\n");
}

static void on_withdraw(struct oriel *oriel, const char *request, const char *why, void *user) {
    now.request[0] = '\0';
    printf("\nthe request is withdrawn: %s\n", why);
}

static void on_session(struct oriel *oriel, const struct oriel_session *session, void *user) {
    if (session->state == ORIEL_SESSION_ENDED) {
        now.session[0] = '\0';
        wipe(oriel);
        oriel_set_indicator(oriel, false);
        printf("session ended by %s: %s\n", session->by, session->reason);
        return;
    }
    snprintf(now.session, sizeof now.session, "%s", session->session);
    printf("*** %s (%s) %s, %u s left; s stops it, a number takes one away ***\n", session->agent, session->company,
           session->state == ORIEL_SESSION_LIVE ? "is here"
           : session->state == ORIEL_SESSION_PAUSED
               ? (strcmp(session->why, "connection") ? "sees a frozen picture" : "has lost the connection")
               : "is coming",
           session->left);
    if (!now.request[0]) {
        take_scopes(session->scopes, session->n_scopes);
        print_scopes();
    }
    oriel_set_indicator(oriel, fflush(stdout) == 0);
}

static void on_call(struct oriel *oriel, bool call, void *user) {
    printf("support is %s\n", call ? "called" : "not called");
}

/* ---- what the person says ---- */

static int answer(struct oriel *oriel, bool allow) {
    const char *scopes[KNOWN];
    size_t n = 0;
    int r;

    for (int i = 0; i < KNOWN; i++)
        if (now.ticked[i])
            scopes[n++] = known[i].name;
    r = allow ? oriel_allow_scopes(oriel, now.request, scopes, n) : oriel_deny(oriel, now.request);
    if (r == 0)
        now.request[0] = '\0';
    return r;
}

static int scope(struct oriel *oriel, int i) {
    if (!now.request[0])
        return now.ticked[i] ? oriel_remove(oriel, now.session, known[i].name) : -ENOENT;
    now.ticked[i] = !now.ticked[i];
    printf("%s: %s\n", known[i].words, now.ticked[i] ? "yes" : "no");
    return 0;
}

static int call(struct oriel *oriel) {
    static const char *const alarms[] = {"AE-310 Capper jammed"};
    const struct oriel_call context = {
        .size = sizeof context, .note = "called from a terminal", .page = "Overview", .alarms = alarms, .n_alarms = 1};

    return oriel_call_with(oriel, &context);
}

static int mask(struct oriel *oriel) {
    now.masked = !now.masked;
    printf("the PIN pad is %s\n", now.masked ? "hidden" : "shown");
    return oriel_set_masks(oriel, &pin_pad, now.masked);
}

/* Of a line to the supporter. What could not be sent is kept, and goes with the next try. */
static int write_line(struct oriel *oriel, char key) {
    int r = 0;

    if (key != '\n' && now.length < sizeof now.line - 1) {
        now.line[now.length++] = key;
    } else if (key == '\n') {
        now.line[now.length] = '\0';
        now.writing = false;
        r = oriel_chat(oriel, now.session, now.line);
        now.length = r == -EAGAIN ? now.length : 0;
    }
    return r;
}

/* Returns false to quit. */
static bool on_key(struct oriel *oriel, char key) {
    int r = 0;

    if (now.writing)
        r = write_line(oriel, key);
    else if (key == 't')
        now.writing = true;
    else if (key >= '1' && key < '1' + KNOWN)
        r = scope(oriel, key - '1');
    else if (key == 'y' || key == 'n')
        r = answer(oriel, key == 'y');
    else if (key == 's')
        r = oriel_stop(oriel, now.session);
    else if (key == 'c')
        r = call(oriel);
    else if (key == 'u')
        r = oriel_uncall(oriel);
    else if (key == 'm')
        r = mask(oriel);
    if (r < 0)
        printf("%c: %s\n", key == '\n' ? 't' : key,
               r == -ENOENT   ? "there is nothing to answer, to stop or to take away"
               : r == -EAGAIN ? (key == '\n' ? "too fast" : "not yet: the question must have been there for a second")
               : r == -EINVAL ? (key == '\n' ? "nothing is written" : "nothing is left ticked")
                              : strerror(-r));
    return now.writing || key != 'q';
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
        .live = on_live,
        .chat = on_chat,
        .draw = on_draw,
        .face = on_face,
    };
    const struct oriel_surface surface = {.size = sizeof surface,
                                          .pixels = now.pixels,
                                          .format = ORIEL_PIXELS_BGRX,
                                          .width = WIDTH,
                                          .height = HEIGHT,
                                          .stride = sizeof now.pixels[0]};
    struct oriel *oriel;
    struct pollfd fds[2];
    bool running = true;
    int r = oriel_new(argc > 1 ? argv[1] : NULL, "example-poll", &callbacks, NULL, &oriel);

    if (r < 0) {
        fprintf(stderr, "example-poll: %s\n", strerror(-r));
        return 1;
    }
    draw_all();
    oriel_set_surface(oriel, &surface);
    fds[0] = (struct pollfd){.fd = oriel_fd(oriel), .events = POLLIN};
    fds[1] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    while (running) {
        fflush(stdout);
        /* The picture moves while somebody looks; else nothing wakes this program but Oriel and the keyboard. */
        if (poll(fds, 2, now.session[0] ? FRAME_MS : -1) < 0 && errno != EINTR)
            break;
        if (fds[0].revents)
            oriel_dispatch(oriel);
        wipe_in_time(oriel);
        if (now.session[0])
            draw(oriel);
        if (fds[1].revents)
            running = on_input(oriel);
    }
    oriel_free(oriel);
    return 0;
}
