/* terminal.h: a page on a terminal, drawn whole each time, and keys. The page is in the terminal's second buffer, so
 * that nothing scrolls away and what was there before comes back. libc only; one thread. */
#ifndef ORIEL_TERMINAL_H
#define ORIEL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

enum terminal_key {
    KEY_NONE,
    KEY_NEXT,     /* Tab, arrow down or right */
    KEY_PREVIOUS, /* Shift-Tab, arrow up or left */
    KEY_ENTER,
    KEY_SPACE,
    KEY_ESCAPE,
    KEY_BACK, /* backspace */
    KEY_QUIT, /* Ctrl-C */
    KEY_TEXT, /* a character */
};

enum terminal_style { PLAIN, STRONG, FAINT, TITLE, ALARM, FOCUS };

bool terminal_begin(void); /* false: there is none */
void terminal_end(void);
/* The next key that waits on stdin. `text` (8 bytes) gets the character of KEY_TEXT. False: stdin ended. */
bool terminal_key(enum terminal_key *key, char *text);

/* A page: begin, lines, end. Lines are wrapped at words; what does not fit is counted. */
void page_begin(void);
void page_line(enum terminal_style style, int indent, const char *text); /* "" is an empty one */
void page_bell(void);
/* Shows it. True: all of it is on the terminal. */
bool page_end(void);

#endif
