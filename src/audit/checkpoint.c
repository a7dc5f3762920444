/* See checkpoint.h. */
#include "checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEAKS "peaks "

static bool refuse(char error[ORIEL_NOTE_ERROR_SIZE], const char *why) {
    snprintf(error, ORIEL_NOTE_ERROR_SIZE, "%s", why);
    return false;
}

size_t oriel_checkpoint_text(const char *origin, const struct oriel_tree *tree, char out[ORIEL_CHECKPOINT_TEXT_SIZE]) {
    struct oriel_tree_hash root;
    char base64[48], peaks[4 * ((sizeof tree->peaks + 2) / 3) + 1];
    oriel_tree_root(tree, &root);
    oriel_base64_encode(root.bytes, sizeof root.bytes, base64);
    oriel_base64_encode(tree->peaks[0].bytes, oriel_tree_peak_count(tree->size) * ORIEL_TREE_HASH, peaks);
    int n = snprintf(out, ORIEL_CHECKPOINT_TEXT_SIZE, "%s\n%llu\n%s\n", origin, (unsigned long long)tree->size, base64);
    if (tree->size)
        n += snprintf(out + n, ORIEL_CHECKPOINT_TEXT_SIZE - (size_t)n, PEAKS "%s\n", peaks);
    return (size_t)n;
}

char *oriel_checkpoint_sign(const struct oriel_note_key *key, const struct oriel_tree *tree, size_t *length) {
    char text[ORIEL_CHECKPOINT_TEXT_SIZE], line[ORIEL_NOTE_VKEY_SIZE + 128];
    size_t n = oriel_checkpoint_text(key->name, tree, text);
    char *note = oriel_note_sign(key, text, n, 0, line) ? malloc(n + 1 + strlen(line) + 1) : NULL;
    if (note)
        *length = (size_t)sprintf(note, "%s\n%s", text, line);
    return note;
}

static const char *next_line(const char **at, const char *end, size_t *length) {
    const char *line = *at, *newline = memchr(line, '\n', (size_t)(end - line));
    if (!newline)
        return NULL;
    *length = (size_t)(newline - line);
    *at = newline + 1;
    return line;
}

static bool read_size(const char *text, size_t length, uint64_t *out) {
    *out = 0;
    if (length == 0 || length > 16 || (length > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *out = *out * 10 + (uint64_t)(text[i] - '0');
    }
    return true;
}

static bool read_peaks(const char *text, size_t length, struct oriel_checkpoint *c) {
    size_t size;
    struct oriel_tree_hash root;
    c->tree.size = c->size;
    if (!oriel_base64_decode(text, length, c->tree.peaks[0].bytes, sizeof c->tree.peaks, &size) ||
        size != oriel_tree_peak_count(c->size) * ORIEL_TREE_HASH)
        return false;
    oriel_tree_root(&c->tree, &root);
    return oriel_tree_hash_equal(&root, &c->root);
}

bool oriel_checkpoint_parse(const char *text, size_t length, struct oriel_checkpoint *c,
                            char error[ORIEL_NOTE_ERROR_SIZE]) {
    const char *at = text, *end = text + length, *line;
    size_t n, size;
    memset(c, 0, sizeof *c);
    if (!(line = next_line(&at, end, &n)) || n == 0 || n > ORIEL_NOTE_NAME_MAX)
        return refuse(error, "a checkpoint without an origin");
    memcpy(c->origin, line, n);
    if (!(line = next_line(&at, end, &n)) || !read_size(line, n, &c->size))
        return refuse(error, "a checkpoint without a number of records");
    if (!(line = next_line(&at, end, &n)) ||
        !oriel_base64_decode(line, n, c->root.bytes, sizeof c->root.bytes, &size) || size != sizeof c->root.bytes)
        return refuse(error, "a checkpoint without a root");
    while (at < end && (line = next_line(&at, end, &n))) {
        if (n == 0)
            break; /* signatures follow */
        if (n < strlen(PEAKS) || memcmp(line, PEAKS, strlen(PEAKS)) != 0 || c->has_peaks)
            continue;
        if (!read_peaks(line + strlen(PEAKS), n - strlen(PEAKS), c))
            return refuse(error, "the checkpoint's peaks do not make its root");
        c->has_peaks = true;
    }
    c->has_peaks = c->has_peaks || c->size == 0;
    return true;
}

bool oriel_checkpoint_verify(const struct oriel_note_key *key, const char *note, size_t length,
                             struct oriel_checkpoint *out, char error[ORIEL_NOTE_ERROR_SIZE]) {
    size_t text = oriel_note_verify(key, note, length, NULL, error);
    if (!text || !oriel_checkpoint_parse(note, text, out, error))
        return false;
    return strcmp(out->origin, key->name) == 0 || refuse(error, "the checkpoint is another log's");
}
