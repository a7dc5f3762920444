/* main.c: oriel-consent-tty: the consent app for a terminal or a console. See oriel-consent-tty(1).
 *
 * What can be done now is a list of items; Tab and arrows move the focus, Enter acts. A question begins on Deny, Escape
 * denies. The page is drawn anew after every event; "shown" and the indicator are told when all of it is on the
 * terminal: one that is too small shows no question to be answered, and a session without an indicator stands still.
 */
#include "terminal.h"
#include "words.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ITEMS = 16, LINES = 6, NOTICE_S = 8, POINTED_S = 6, INPUT_MAX = 480 };

enum mode { IDLE, ASK, SESSION, NOTICE, WRITE_NOTE, WRITE_LINE };

struct item {
    void (*act)(int scope);
    int scope;
    char words[WORDS_LINE];
    bool enabled;
};

static struct {
    struct oriel *oriel;
    enum mode mode;
    struct item items[ITEMS];
    int n_items, focus;
    bool connected, online, called, running, drawn, rung;

    /* the question */
    char request[80], agent[300], company[300], reason[600], code[16];
    enum oriel_ask_kind kind;
    unsigned seconds, timeout;
    time_t asked_at;
    bool asked[WORDS_SCOPES], ticked[WORDS_SCOPES], live;

    /* the session */
    char session[80], line[WORDS_LINE], with[300], camera[WORDS_LINE];
    struct oriel_voice voice;
    time_t talked;       /* when they did last */
    const char *pointed; /* where, in words; holds until: */
    time_t pointed_until;
    bool may[WORDS_SCOPES];
    time_t ends_at, notice_until;
    char notice[WORDS_LINE];
    char said[LINES][700];
    int n_said;

    char answered[WORDS_LINE]; /* what became of the last call */

    char input[INPUT_MAX];
    size_t n_input;
} now;

static volatile sig_atomic_t ended;

static time_t seconds(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static void set_mode(enum mode mode) {
    if (mode != now.mode)
        now.focus = -1; /* where the new page begins */
    now.mode = mode;
}

static void notice(const char *words) {
    snprintf(now.notice, sizeof now.notice, "%s", words);
    now.notice_until = seconds() + NOTICE_S;
    set_mode(NOTICE);
}

/* ---- what the person does ---- */

static void do_deny(int unused) {
    oriel_deny(now.oriel, now.request);
    now.request[0] = '\0';
    set_mode(now.session[0] ? SESSION : IDLE);
}

static void do_allow(int unused) {
    const char *scopes[WORDS_SCOPES];
    size_t n = 0;
    int r;

    for (int i = 0; i < WORDS_SCOPES; i++)
        if (now.asked[i] && now.ticked[i])
            scopes[n++] = words_scopes[i].name;
    r = oriel_allow_scopes(now.oriel, now.request, scopes, n);
    if (r == -EAGAIN || r == -EINVAL || r == -EPERM)
        return; /* the question stays */
    now.request[0] = '\0';
    set_mode(now.session[0] ? SESSION : IDLE);
}

static void do_tick(int scope) {
    now.ticked[scope] = !now.ticked[scope];
}

static void do_stop(int unused) {
    oriel_stop(now.oriel, now.session);
}

static void do_remove(int scope) {
    oriel_remove(now.oriel, now.session, words_scopes[scope].name);
}

static void do_mute(int unused) {
    oriel_mute(now.oriel, now.session, !now.voice.muted);
}

static void do_write(int mode) {
    now.n_input = 0;
    now.input[0] = '\0';
    set_mode((enum mode)mode);
}

static void do_take_back(int unused) {
    oriel_uncall(now.oriel);
}

static void do_send(int unused) {
    if (now.mode == WRITE_NOTE) {
        if (oriel_call(now.oriel, now.input) < 0)
            notice(_("Support can't be called now"));
        else
            set_mode(IDLE);
    } else if (*now.input && oriel_chat(now.oriel, now.session, now.input) == 0) {
        snprintf(now.said[now.n_said++ % LINES], sizeof now.said[0], "> %s", now.input);
        set_mode(SESSION);
    }
}

static void do_cancel(int unused) {
    set_mode(now.session[0] ? SESSION : IDLE);
}

/* ---- what Oriel says ---- */

static void on_online(struct oriel *oriel, const struct oriel_device *device, void *user) {
    now.connected = true;
    now.online = device->online;
    now.called = device->call;
}

static void on_closed(struct oriel *oriel, const char *why, void *user) {
    now.connected = now.online = now.called = false;
}

/* A terminal shows nobody's face, so it does not ask for that. */
static bool take_scopes(const char *const *names, size_t n, bool scopes[WORDS_SCOPES]) {
    bool any = false;

    memset(scopes, 0, WORDS_SCOPES * sizeof *scopes);
    for (size_t i = 0; i < n; i++) {
        int scope = words_find_scope(names[i]);

        if (scope >= 0 && strcmp(names[i], "face"))
            scopes[scope] = any = true;
    }
    return any;
}

static void on_ask(struct oriel *oriel, const struct oriel_ask *ask, void *user) {
    if (!take_scopes(ask->scopes, ask->n_scopes, now.asked)) {
        oriel_deny(oriel, ask->request); /* there are no words for any of it */
        return;
    }
    memcpy(now.ticked, now.asked, sizeof now.ticked);
    snprintf(now.request, sizeof now.request, "%s", ask->request);
    snprintf(now.agent, sizeof now.agent, "%s", ask->agent);
    snprintf(now.company, sizeof now.company, "%s", ask->company);
    snprintf(now.reason, sizeof now.reason, "%s", ask->reason);
    snprintf(now.code, sizeof now.code, "%.3s %.3s", ask->code, strlen(ask->code) > 3 ? ask->code + 3 : "");
    now.kind = ask->kind;
    now.seconds = ask->seconds;
    now.timeout = ask->timeout;
    now.asked_at = seconds();
    now.live = now.rung = false;
    set_mode(ASK);
}

static void on_live(struct oriel *oriel, const char *request, void *user) {
    now.live = true;
}

static void on_withdraw(struct oriel *oriel, const char *request, const char *why, void *user) {
    now.request[0] = '\0';
    if (now.session[0])
        set_mode(SESSION);
    else
        notice(words_withdrawn(why));
}

static void on_session(struct oriel *oriel, const struct oriel_session *session, void *user) {
    if (session->state == ORIEL_SESSION_ENDED) {
        now.session[0] = '\0';
        now.n_said = 0;
        now.pointed = NULL;
        now.voice.on = false;
        notice(words_end(session));
        return;
    }
    snprintf(now.session, sizeof now.session, "%s", session->session);
    snprintf(now.with, sizeof now.with, "%s", session->company);
    snprintf(now.line, sizeof now.line, "%s", words_session(session, (char[WORDS_LINE]){0}));
    if (!words_camera(session, now.camera))
        now.camera[0] = '\0';
    take_scopes(session->scopes, session->n_scopes, now.may);
    now.ends_at = seconds() + (time_t)session->left;
    if (!now.request[0] && now.mode != WRITE_LINE)
        set_mode(SESSION);
}

static void on_call(struct oriel *oriel, bool call, void *user) {
    now.called = call;
    if (call)
        now.answered[0] = '\0';
}

static void on_answered(struct oriel *oriel, const struct oriel_answer *answer, void *user) {
    words_answered(answer, now.answered);
    now.rung = false;
}

static void on_chat(struct oriel *oriel, const char *text, void *user) {
    snprintf(now.said[now.n_said++ % LINES], sizeof now.said[0], "  %s", text);
    now.rung = false;
}

static void on_voice(struct oriel *oriel, const struct oriel_voice *voice, void *user) {
    now.voice = *voice;
    now.voice.why = NULL; /* the library's */
    if (words_is_loud(voice->hearing))
        now.talked = seconds();
}

/* A terminal has no place for it but in words. */
static void on_draw(struct oriel *oriel, const struct oriel_draw *draw, void *user) {
    now.pointed = draw->n_points ? words_pointed(draw->points[draw->n_points - 1]) : NULL;
    now.pointed_until = seconds() + POINTED_S;
}

/* ---- the page ---- */

static struct item *add_item(void (*act)(int scope), int scope, bool enabled, const char *words) {
    struct item *item = &now.items[now.n_items++];

    *item = (struct item){.act = act, .scope = scope, .enabled = enabled};
    snprintf(item->words, sizeof item->words, "[ %s ]", words);
    return item;
}

static void draw_item(int i) {
    page_line(i == now.focus ? FOCUS : now.items[i].enabled ? STRONG : FAINT, 2, now.items[i].words);
}

/* The focus stays on an item that acts; a new page begins on `first`. */
static void settle_focus(int first) {
    if (now.focus < 0 || now.focus >= now.n_items)
        now.focus = first;
}

static void draw_field(const char *name, const char *value) {
    page_line(FAINT, 0, name);
    page_line(PLAIN, 2, value);
}

static void ask_items(void) {
    bool any = false;

    for (int i = 0; i < WORDS_SCOPES; i++) {
        if (!now.asked[i])
            continue;
        snprintf(add_item(do_tick, i, true, "")->words, WORDS_LINE, "[%c] %s: %s", now.ticked[i] ? 'x' : ' ',
                 _(words_scopes[i].title), _(words_scopes[i].meaning));
        any = any || now.ticked[i];
    }
    add_item(do_deny, 0, true, _("Deny"));
    add_item(do_allow, 0, now.live && any && (!now.asked[0] || now.ticked[0]), _("Allow"));
    settle_focus(now.n_items - 2);
}

static void draw_ask(void) {
    char line[WORDS_LINE];
    time_t passed = seconds() - now.asked_at;
    int i = 0;

    page_line(TITLE, 0, words_question(now.kind));
    page_line(PLAIN, 0, "");
    page_line(STRONG, 2, now.agent);
    page_line(PLAIN, 2, now.company);
    snprintf(line, sizeof line, "%s: %s", _("Code, to compare by voice"), now.code);
    page_line(PLAIN, 2, line);
    draw_field(_("Why"), words_quoted(now.reason, line));
    draw_field(_("How long"), words_duration(now.seconds, line));
    page_line(FAINT, 0, _("What"));
    for (; i < now.n_items - 2; i++)
        draw_item(i);
    page_line(PLAIN, 0, "");
    draw_item(i);
    draw_item(i + 1);
    page_line(FAINT, 0, words_silence(now.timeout > passed ? now.timeout - (unsigned)passed : 0, line));
}

static void session_items(void) {
    char words[WORDS_LINE];

    add_item(do_stop, 0, true, _("Stop"));
    for (int i = 1; i < WORDS_SCOPES; i++)
        if (now.may[i]) {
            snprintf(words, sizeof words, _("Take away: %s"), _(words_scopes[i].title));
            add_item(do_remove, i, true, words);
        }
    if (now.may[words_find_scope("voice")]) /* always there: the focus must not move to something else */
        add_item(do_mute, 0, now.voice.on && now.voice.microphone, now.voice.muted ? _("Talk") : _("Mute"));
    add_item(do_write, WRITE_LINE, true, _("Text"));
    settle_focus(0);
}

static void draw_said(void) {
    int first = now.n_said > LINES ? now.n_said - LINES : 0;

    for (int i = first; i < now.n_said; i++)
        page_line(PLAIN, 2, now.said[i % LINES]);
}

static void draw_session(void) {
    char line[WORDS_LINE];
    time_t left = now.ends_at - seconds();

    page_line(ALARM, 0, now.line);
    if (now.camera[0])
        page_line(ALARM, 0, now.camera);
    if (words_voice(&now.voice, false, line))
        page_line(ALARM, 0, words_voice(&now.voice, now.talked && seconds() - now.talked <= 1, line));
    page_line(PLAIN, 0, now.with);
    page_line(PLAIN, 0, words_left(left > 0 ? (unsigned)left : 0, line));
    page_line(PLAIN, 0, now.pointed && seconds() < now.pointed_until ? now.pointed : "");
    for (int i = 0; i < now.n_items; i++)
        draw_item(i);
    page_line(PLAIN, 0, "");
    draw_said();
}

static void idle_items(void) {
    if (now.called)
        add_item(do_take_back, 0, true, _("Take back"));
    else
        add_item(do_write, WRITE_NOTE, now.online, _("Call support"));
    settle_focus(0);
}

static void draw_idle(void) {
    page_line(TITLE, 0, _("Remote support"));
    page_line(PLAIN, 0, "");
    page_line(PLAIN, 0,
              now.mode == NOTICE ? now.notice
              : now.called       ? _("Support is called")
              : now.online       ? _("Nobody sees this machine.")
                                 : _("Support can't be reached now."));
    if (now.answered[0])
        page_line(PLAIN, 0, now.answered);
    page_line(PLAIN, 0, "");
    for (int i = 0; i < now.n_items; i++)
        draw_item(i);
}

static void write_items(void) {
    add_item(do_send, 0, true, now.mode == WRITE_NOTE ? _("Call") : _("Send"));
    add_item(do_cancel, 0, true, _("Cancel"));
    settle_focus(0);
}

static void draw_write(void) {
    char field[INPUT_MAX + 8];

    page_line(now.session[0] ? ALARM : TITLE, 0, now.session[0] ? now.line : _("Call support"));
    page_line(PLAIN, 0, "");
    draw_said();
    page_line(FAINT, 0, now.mode == WRITE_NOTE ? _("What is it about?") : _("Your answer"));
    snprintf(field, sizeof field, "%s_", now.input);
    page_line(STRONG, 2, field);
    page_line(PLAIN, 0, "");
    for (int i = 0; i < now.n_items; i++)
        draw_item(i);
}

static void draw(void) {
    static void (*const items[])(void) = {idle_items, ask_items, session_items, idle_items, write_items, write_items};
    static void (*const pages[])(void) = {draw_idle, draw_ask, draw_session, draw_idle, draw_write, draw_write};

    now.n_items = 0;
    items[now.mode]();
    page_begin();
    pages[now.mode]();
    page_line(PLAIN, 0, "");
    page_line(FAINT, 0, _("Tab: next · Enter: do it · Escape: no"));
    if (!now.rung && (now.mode == ASK || now.n_said))
        page_bell();
    now.rung = true;
    now.drawn = page_end();
    if (!now.drawn) { /* what can't be read whole can't be agreed to */
        page_begin();
        page_line(ALARM, 0, _("This terminal is too small: make it larger."));
        page_end();
    } else if (now.mode == ASK) {
        oriel_shown(now.oriel, now.request);
    }
    oriel_set_indicator(now.oriel, now.drawn && now.session[0]);
}

/* ---- keys ---- */

static void escape(void) {
    if (now.mode == ASK)
        do_deny(0);
    else if (now.mode == WRITE_NOTE || now.mode == WRITE_LINE)
        do_cancel(0);
}

static void back(void) {
    while (now.n_input && (now.input[--now.n_input] & 0xc0) == 0x80)
        ;
    now.input[now.n_input] = '\0';
}

static void type(const char *text) {
    size_t n = strlen(text);
    bool note = now.mode == WRITE_NOTE;

    if (now.n_input + n >= (note ? ORIEL_NOTE_MAX : INPUT_MAX))
        return;
    memcpy(now.input + now.n_input, text, n + 1);
    now.n_input += n;
}

static void on_key(enum terminal_key key, const char *text) {
    bool writes = now.mode == WRITE_NOTE || now.mode == WRITE_LINE;

    if (!now.drawn && key != KEY_ESCAPE && key != KEY_QUIT)
        return;
    if (key == KEY_NEXT || key == KEY_PREVIOUS)
        now.focus = (now.focus + (key == KEY_NEXT ? 1 : now.n_items - 1)) % now.n_items;
    else if (writes && (key == KEY_TEXT || key == KEY_SPACE))
        type(key == KEY_SPACE ? " " : text);
    else if (writes && key == KEY_BACK)
        back();
    else if ((key == KEY_ENTER || key == KEY_SPACE) && now.focus < now.n_items && now.items[now.focus].enabled)
        now.items[now.focus].act(now.items[now.focus].scope);
    else if (key == KEY_ESCAPE)
        escape();
    else if (key == KEY_QUIT)
        now.running = false;
}

static void on_input(void) {
    enum terminal_key key;
    char text[8];

    do {
        if (!terminal_key(&key, text))
            now.running = false;
        else if (key != KEY_NONE) {
            on_key(key, text);
            draw(); /* each key acts on what is on the terminal */
        }
    } while (key != KEY_NONE && now.running);
}

static void on_signal(int number) {
    ended = number != SIGWINCH; /* that only wakes the loop */
}

static void loop(void) {
    struct pollfd fds[] = {{.fd = oriel_fd(now.oriel), .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};

    now.running = true;
    draw();
    while (now.running && !ended) {
        int n = poll(fds, 2, 1000);

        if (n > 0 && fds[0].revents)
            oriel_dispatch(now.oriel);
        if (now.mode == NOTICE && seconds() >= now.notice_until)
            set_mode(IDLE);
        if (n > 0 && fds[1].revents & (POLLIN | POLLHUP | POLLERR))
            on_input();
        draw();
    }
}

static int read_options(int argc, char **argv, const char **socket, const char **language) {
    static const struct option options[] = {{"socket", required_argument, NULL, 's'},
                                            {"language", required_argument, NULL, 'l'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'v'},
                                            {0}};
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        if (c == 's')
            *socket = optarg;
        else if (c == 'l')
            *language = optarg;
        else if (c == 'v')
            return printf("oriel-consent-tty %s\n", ORIEL_VERSION) > 0 ? 0 : 1;
        else if (c == 'h')
            return printf("usage: oriel-consent-tty [--socket PATH] [--language en|de|fr|es|zh]\n") > 0 ? 0 : 1;
        else
            return 2;
    }
    if (optind < argc)
        fprintf(stderr, "oriel-consent-tty: no operands (--help says what there is)\n");
    return optind < argc ? 2 : -1;
}

int main(int argc, char **argv) {
    const struct oriel_callbacks callbacks = {.size = sizeof callbacks,
                                              .online = on_online,
                                              .closed = on_closed,
                                              .ask = on_ask,
                                              .live = on_live,
                                              .withdraw = on_withdraw,
                                              .session = on_session,
                                              .call = on_call,
                                              .chat = on_chat,
                                              .draw = on_draw,
                                              .voice = on_voice,
                                              .answered = on_answered};
    const char *socket = NULL, *language = NULL;
    int r = read_options(argc, argv, &socket, &language);

    if (r >= 0)
        return r;
    words_begin(language);
    r = oriel_new(socket, "oriel-consent-tty", &callbacks, NULL, &now.oriel);
    if (r < 0 || !terminal_begin()) {
        fprintf(stderr, "oriel-consent-tty: %s\n", r < 0 ? strerror(-r) : "standard input and output are no terminal");
        return 2;
    }
    signal(SIGTERM, on_signal);
    signal(SIGHUP, on_signal);
    signal(SIGWINCH, on_signal);
    loop();
    oriel_free(now.oriel);
    terminal_end();
    return 0;
}
