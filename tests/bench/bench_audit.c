/* What the audit log costs on this machine, as one JSON object: microseconds of a record until it counts (written,
 * synced, signed head in its place), and of making and verifying a long log, its size and the memory that verifying
 * takes. The verification key is left in the file vkey. Arguments: a directory (on the disk that is meant), how many
 * appends, how many records the long log has. */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "writer.h"

static struct oriel_note_key key;
static char error[ORIEL_LOG_ERROR_SIZE];

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static json_t *members(void) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:[s], s:i}", "request", "6tcI9QvT4Ps0LVWKAwMlvJwTs2Hk9sXAkGNZJlW0010",
                     "vendor", "fill-cap", "agent", "anna", "name", "Anna Weber", "reason",
                     "Capper jams since the morning shift - may I look?", "scopes", "view", "seconds", 600);
}

static bool append_some(const char *directory, size_t rounds) {
    struct oriel_log *l = oriel_log_open(&(struct oriel_log_setup){.directory = directory, .key = &key}, error);
    int64_t *times = calloc(rounds, sizeof *times);
    bool good = l && times;
    for (size_t i = 0; good && i < rounds; i++) {
        int64_t from = oriel_monotonic();
        good = oriel_log_append(l, "request", members(), false, NULL, error);
        times[i] = oriel_monotonic() - from;
    }
    if (good) {
        qsort(times, rounds, sizeof *times, by_value);
        printf("{\"append\":{\"p50\":%.1f,\"p99\":%.1f}", (double)times[rounds / 2] / 1000,
               (double)times[rounds * 99 / 100] / 1000);
    }
    free(times);
    oriel_log_close(l);
    return good;
}

/* As the writer would, but for its syncs: segments, and the head once at the end. */
static bool make_long(const char *directory, uint64_t records) {
    char path[512], prev[ORIEL_RECORD_PREV_SIZE], why[ORIEL_SCHEMA_ERROR_SIZE];
    struct oriel_tree tree = {0};
    struct oriel_tree_hash hash;
    oriel_tree_root(&tree, &hash);
    oriel_record_prev(&hash, prev);
    FILE *f = NULL;
    for (uint64_t i = 0; i < records; i++) {
        if (i % 4000 == 0) {
            if (f)
                fclose(f);
            if (records - i <= 4000)
                snprintf(path, sizeof path, "%s/" ORIEL_LOG_CURRENT, directory);
            else
                snprintf(path, sizeof path, "%s/audit-%012llu.jsonl", directory, (unsigned long long)i + 1);
            f = fopen(path, "we");
        }
        size_t length;
        char *line = f ? oriel_record_compose(i + 1, prev, "request", members(), NULL, &length, why) : NULL;
        if (!line)
            return false;
        oriel_tree_leaf(line, length, &hash);
        oriel_tree_add(&tree, &hash);
        oriel_record_prev(&hash, prev);
        line[length] = '\n';
        fwrite(line, 1, length + 1, f);
        free(line);
    }
    if (f)
        fclose(f);
    size_t length;
    char *note = oriel_checkpoint_sign(&key, &tree, &length);
    snprintf(path, sizeof path, "%s/" ORIEL_LOG_CHECKPOINT, directory);
    f = fopen(path, "we");
    bool good = f && note && fwrite(note, 1, length, f) == length;
    if (f)
        fclose(f);
    free(note);
    return good;
}

static long peak_kib(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static bool verify(const char *directory, const char *name) {
    struct oriel_log_report r;
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int64_t from = oriel_monotonic();
    enum oriel_log_state state = oriel_log_read(fd, &key, 1, NULL, &r);
    double seconds = (double)(oriel_monotonic() - from) / 1e9;
    close(fd);
    if (state != ORIEL_LOG_GOOD) {
        fprintf(stderr, "%s, byte %llu: %s\n", r.file, (unsigned long long)r.offset, r.what);
        return false;
    }
    printf(",\"%s\":{\"records\":%llu,\"seconds\":%.3f,\"records_a_second\":%.0f,\"mib_a_second\":%.1f,"
           "\"bytes_a_record\":%.1f,\"peak_kib\":%ld}",
           name, (unsigned long long)r.records, seconds, (double)r.records / seconds,
           (double)r.bytes / 1048576 / seconds, (double)r.bytes / (double)(r.records ? r.records : 1), peak_kib());
    return true;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: bench-audit DIRECTORY APPENDS RECORDS\n");
        return 2;
    }
    char small[400], large[400], *pem = oriel_note_key_make();
    snprintf(small, sizeof small, "%s/appended", argv[1]);
    snprintf(large, sizeof large, "%s/long", argv[1]);
    if (!oriel_note_key_private(&key, "oriel/plant/filler-1", ORIEL_NOTE_ED25519, pem, strlen(pem), error) ||
        mkdir(small, 0700) < 0 || mkdir(large, 0700) < 0) {
        fprintf(stderr, "%s must be a directory without these already: appended, long\n", argv[1]);
        return 1;
    }
    free(pem);
    char vkey[ORIEL_NOTE_VKEY_SIZE], path[512];
    oriel_note_key_text(&key, vkey);
    snprintf(path, sizeof path, "%s/vkey", argv[1]);
    FILE *f = fopen(path, "we");
    if (f) {
        fprintf(f, "%s\n", vkey);
        fclose(f);
    }
    bool good = append_some(small, strtoul(argv[2], NULL, 10)) && verify(small, "short") &&
                make_long(large, strtoull(argv[3], NULL, 10)) && verify(large, "long");
    puts(good ? "}" : "");
    if (!good)
        fprintf(stderr, "%s\n", error);
    oriel_note_key_clear(&key);
    return good ? 0 : 1;
}
