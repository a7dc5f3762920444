/* A hardware line (GPIO) that is an input: a stop button, a key switch. By the kernel's own interface (linux/gpio.h,
 * version 2, Linux 5.10), so that nothing but libc is needed. One thread. */
#ifndef ORIEL_LINE_H
#define ORIEL_LINE_H

#include <stdbool.h>

/* Whether it is of the form that oriel_line_open() takes. */
bool oriel_line_is_good(const char *line);
/* "/dev/gpiochip0:17", active when high; "…:17:low", active when low (a button to ground; the pull-up is switched on).
 * Bounces under 5 ms are filtered by the kernel. A descriptor to be polled for reading, or -errno (-EINVAL: not of that
 * form). */
int oriel_line_open(const char *line, const char *consumer);
/* After it became readable: whether the line is active now; -errno. Also right after opening. */
int oriel_line_active(int fd);
/* Takes one change off the descriptor. 1: it became active, 0: inactive; -EAGAIN: none waits; -errno. */
int oriel_line_change(int fd);

/* Whether some process watches this line under that name: 1, 0, -errno. */
int oriel_line_is_watched(const char *line, const char *consumer);

#endif
