/* terminal.c: see terminal.h. ECMA-48 sequences that every terminal and console of Linux knows. */
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { PAGE_MAX = 64 * 1024, MARGIN = 2, ESCAPE_MS = 60, AGAIN_MS = 900 };

static const char *const styles[] = {[PLAIN] = "",           [STRONG] = "\033[1m",      [FAINT] = "\033[2m",
                                     [TITLE] = "\033[1;35m", [ALARM] = "\033[1;37;41m", [FOCUS] = "\033[7m"};

static struct termios before;
static struct {
    char text[PAGE_MAX], there[PAGE_MAX]; /* `there`: what the terminal has */
    size_t used, used_there;
    struct timespec written;
    int rows, columns, row;
    bool cut;
} page;

/* All of it; false: the terminal is gone. */
static bool put_all(const char *text, size_t size) {
    while (size > 0) {
        ssize_t n = write(STDOUT_FILENO, text, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        size -= (size_t)n;
    }
    return true;
}

static bool put(const char *text) {
    return put_all(text, strlen(text));
}

bool terminal_begin(void) {
    struct termios raw;

    if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) < 0)
        return false;
    raw = before;
    raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= (tcflag_t) ~(IXON | ICRNL);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
    return put("\033[?1049h\033[?25l");
}

void terminal_end(void) {
    put("\033[0m\033[?25h\033[?1049l");
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
}

/* A byte that is there within `ms`; 0: none, -1: the end. */
static int get(int ms, unsigned char *byte) {
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};

    if (poll(&fd, 1, ms) <= 0)
        return 0;
    return read(STDIN_FILENO, byte, 1) == 1 ? 1 : -1;
}

/* What follows an escape: nothing, then it is the key; else a sequence, of which arrows and Shift-Tab mean something.
 */
static enum terminal_key read_escape(void) {
    unsigned char byte;

    if (get(ESCAPE_MS, &byte) != 1)
        return KEY_ESCAPE;
    if (byte != '[' && byte != 'O')
        return KEY_NONE;
    do {
        if (get(ESCAPE_MS, &byte) != 1)
            return KEY_NONE;
    } while (byte < 0x40);
    return byte == 'A' || byte == 'D' || byte == 'Z' ? KEY_PREVIOUS : byte == 'B' || byte == 'C' ? KEY_NEXT : KEY_NONE;
}

static enum terminal_key read_character(unsigned char first, char *text) {
    int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    unsigned char byte;

    *text++ = (char)first;
    for (; more > 0 && get(ESCAPE_MS, &byte) == 1; more--)
        *text++ = (char)byte;
    *text = '\0';
    return more ? KEY_NONE : KEY_TEXT;
}

bool terminal_key(enum terminal_key *key, char *text) {
    unsigned char byte;
    int r = get(0, &byte);

    *key = KEY_NONE;
    if (r <= 0)
        return r == 0;
    if (byte == '\t')
        *key = KEY_NEXT;
    else if (byte == '\r' || byte == '\n')
        *key = KEY_ENTER;
    else if (byte == ' ')
        *key = KEY_SPACE;
    else if (byte == 0x7f || byte == 0x08)
        *key = KEY_BACK;
    else if (byte == 0x03)
        *key = KEY_QUIT;
    else if (byte == 0x1b)
        *key = read_escape();
    else if (byte > 0x20)
        *key = read_character(byte, text);
    return true;
}

/* ---- the page ---- */

static void append(const char *text, size_t size) {
    if (size > sizeof page.text - page.used) {
        page.cut = true;
        return;
    }
    memcpy(page.text + page.used, text, size);
    page.used += size;
}

static void append_text(const char *text) {
    append(text, strlen(text));
}

void page_begin(void) {
    struct winsize size = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0)
        size = (struct winsize){.ws_row = 24, .ws_col = 80};
    page.rows = size.ws_row;
    page.columns = size.ws_col;
    page.used = 0;
    page.row = 0;
    page.cut = false;
    append_text("\033[H");
}

/* Bytes of `text` that fit into `columns`, cut at a space if there is one. */
static size_t fitting(const char *text, int columns) {
    mbstate_t state = {0};
    size_t at = 0, space = 0;
    int width = 0;

    while (text[at]) {
        wchar_t c;
        size_t n = mbrtowc(&c, text + at, MB_CUR_MAX, &state);
        int w = n == (size_t)-1 || n == (size_t)-2 ? 1 : wcwidth(c);

        if (n == (size_t)-1 || n == (size_t)-2)
            n = 1;
        if (width + (w > 0 ? w : 0) > columns)
            return space ? space : at ? at : n;
        if (c == L' ')
            space = at;
        width += w > 0 ? w : 0;
        at += n;
    }
    return at;
}

static void one_line(enum terminal_style style, int indent, const char *text, size_t size) {
    if (page.row++ >= page.rows) {
        page.cut = page.cut || size > 0;
        return;
    }
    if (page.row > 1)
        append_text("\r\n");
    for (int i = 0; i < MARGIN + indent; i++)
        append_text(" ");
    append_text(styles[style]);
    append(text, size);
    append_text("\033[0m\033[K");
}

void page_line(enum terminal_style style, int indent, const char *text) {
    int room = page.columns - 2 * MARGIN - indent;

    do {
        size_t size = fitting(text, room > 8 ? room : 8);

        one_line(style, indent, text, size);
        text += size;
        while (*text == ' ')
            text++;
    } while (*text);
}

void page_bell(void) {
    append_text("\a");
}

/* A page that is there already is written once a second, which mends what others wrote over it, and not for each step
 * of the loudness: a serial line is slow. */
bool page_end(void) {
    struct timespec t;
    bool same;

    append_text("\033[J");
    clock_gettime(CLOCK_MONOTONIC, &t);
    same = page.used == page.used_there && !memcmp(page.text, page.there, page.used);
    if (same && (t.tv_sec - page.written.tv_sec) * 1000 + (t.tv_nsec - page.written.tv_nsec) / 1000000 < AGAIN_MS)
        return !page.cut;
    if (!put_all(page.text, page.used))
        return false;
    memcpy(page.there, page.text, page.used);
    page.used_there = page.used;
    page.written = t;
    return !page.cut;
}
