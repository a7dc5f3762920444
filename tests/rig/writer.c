/* The audit log's writer alone, in a process that can be killed at any step: opens the log in DIRECTORY, recovers it if
 * there is something to recover, appends COUNT records to small segments, and with `drop` removes the closed ones but
 * the newest. What counts is a line here as soon as it counts: `open` and the verification key, `on record SEQ`,
 * `dropped`. Arguments: DIRECTORY ORIGIN KEY COUNT [drop]; KEY is a file in PEM. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "writer.h"

enum { SEGMENT = 250 }; /* bytes: two records */

static char error[ORIEL_LOG_ERROR_SIZE];

static bool get_key(struct oriel_note_key *key, const char *origin, const char *path) {
    char pem[1024];
    FILE *f = fopen(path, "re");
    size_t length = f ? fread(pem, 1, sizeof pem, f) : 0;
    if (f)
        fclose(f);
    return oriel_note_key_private(key, origin, ORIEL_NOTE_ED25519, pem, length, error);
}

static bool write_some(struct oriel_log *log, int count) {
    for (int i = 0; i < count; i++) {
        char note[32];
        snprintf(note, sizeof note, "%d of %d", i + 1, count);
        if (!oriel_log_append(log, "call", json_pack("{s:s}", "note", note), i % 2 == 1, NULL, error))
            return false;
        printf("on record %llu\n", (unsigned long long)oriel_log_tree(log)->size);
    }
    return true;
}

int main(int argc, char **argv) {
    struct oriel_note_key key;
    char vkey[ORIEL_NOTE_VKEY_SIZE];
    if (argc < 5) {
        fprintf(stderr, "usage: rig-writer DIRECTORY ORIGIN KEY COUNT [drop]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IONBF, 0);
    struct oriel_log *log = NULL;
    bool good = get_key(&key, argv[2], argv[3]);
    if (good)
        log = oriel_log_open(&(struct oriel_log_setup){.directory = argv[1], .key = &key, .segment = SEGMENT}, error);
    good = log && !oriel_log_tampered(log);
    if (good) {
        oriel_note_key_text(&key, vkey);
        printf("open %s\n", vkey);
    }
    good = good && write_some(log, (int)strtol(argv[4], NULL, 10));
    if (good && argc > 5) {
        good = oriel_log_drop(log, oriel_log_tree(log)->size, 1, error);
        puts("dropped");
    }
    if (!good)
        fprintf(stderr, "%s\n", log && oriel_log_tampered(log) ? oriel_log_tampered(log) : error);
    oriel_log_close(log);
    oriel_note_key_clear(&key);
    return good ? 0 : 1;
}
