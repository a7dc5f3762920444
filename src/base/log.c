/* See log.h. */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *log_program = "oriel";
static bool log_debug;
static bool log_journal;

void oriel_log_init(const char *program) {
    log_program = program;
    log_debug = getenv("ORIEL_DEBUG") && strcmp(getenv("ORIEL_DEBUG"), "0") != 0;
    log_journal = getenv("JOURNAL_STREAM") != NULL;
}

static bool log_enabled(enum oriel_log_level level) {
    return level != ORIEL_LOG_DEBUG || log_debug;
}

static const char *level_word(enum oriel_log_level level) {
    switch (level) {
    case ORIEL_LOG_ERROR:
        return "error: ";
    case ORIEL_LOG_WARNING:
        return "warning: ";
    case ORIEL_LOG_INFO:
    case ORIEL_LOG_DEBUG:
        return "";
    }
    return "";
}

void oriel_log(enum oriel_log_level level, const char *format, ...) {
    if (!log_enabled(level))
        return;
    char line[1024];
    int n = log_journal ? snprintf(line, sizeof line, "<%d>%s: %s", level, log_program, level_word(level))
                        : snprintf(line, sizeof line, "%s: %s", log_program, level_word(level));
    va_list args;
    va_start(args, format);
    int more = vsnprintf(line + n, sizeof line - (size_t)n - 1, format, args);
    va_end(args);
    size_t length = (size_t)n + (more < 0 ? 0 : (size_t)more);
    if (length > sizeof line - 2)
        length = sizeof line - 2;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[length] = '\n';
    ssize_t written = write(STDERR_FILENO, line, length + 1);
    (void)written; /* nowhere left to say so */
}
