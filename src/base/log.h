/* Logging of every Oriel process: one line an event, to stderr, which systemd hands to the journal.
 * Policy: lines are for the person who runs the device; no content of sessions, no keys. Under systemd (JOURNAL_STREAM
 * is set) a line starts with its priority as sd-daemon(3) defines it. Thread-safe: one write(2) a line.
 * Limits: a line is cut at 1,000 bytes; control characters become '?'. */
#ifndef ORIEL_LOG_H
#define ORIEL_LOG_H

enum oriel_log_level { ORIEL_LOG_ERROR = 3, ORIEL_LOG_WARNING = 4, ORIEL_LOG_INFO = 6, ORIEL_LOG_DEBUG = 7 };

/* `program` must live as long as the process. ORIEL_DEBUG=1 in the environment turns debug lines on. */
void oriel_log_init(const char *program);
void oriel_log(enum oriel_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define oriel_error(...) oriel_log(ORIEL_LOG_ERROR, __VA_ARGS__)
#define oriel_warning(...) oriel_log(ORIEL_LOG_WARNING, __VA_ARGS__)
#define oriel_info(...) oriel_log(ORIEL_LOG_INFO, __VA_ARGS__)
#define oriel_debug(...) oriel_log(ORIEL_LOG_DEBUG, __VA_ARGS__)

#endif
