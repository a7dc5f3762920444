/* audit/reader, writer and note: any bytes in the place of the log, its head or a note. The reader never calls a log
 * good that is not the one that was written; the writer opens whatever is there, and either goes on with a good log or
 * refuses until it is acknowledged, and then goes on with a good one.
 *
 * The first byte says what: bits 0-1 the log's bytes from here on are replaced (0), inserted (1), cut (2), or it is the
 * head (3); the next two where; the rest is what is written there. The input is a note, too. */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "writer.h"

enum { RECORDS = 6 };

static struct oriel_note_key key;
static char directory[64], error[ORIEL_LOG_ERROR_SIZE];
static struct file {
    char bytes[8192];
    size_t size;
} log_file, head_file;

static void read_file(const char *name, struct file *f) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, f->bytes, sizeof f->bytes);
    fuzz_check(n > 0);
    f->size = (size_t)n;
    close(fd);
}

static void write_file(const char *name, const struct file *f) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    fuzz_check(write(fd, f->bytes, f->size) == (ssize_t)f->size);
    close(fd);
}

static void empty(bool itself) {
    DIR *d = opendir(directory);
    for (struct dirent *e; d && (e = readdir(d));)
        unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    if (itself)
        rmdir(directory);
}

static void empty_at_exit(void) {
    empty(true);
}

static struct oriel_log *open_log(void) {
    return oriel_log_open(&(struct oriel_log_setup){.directory = directory, .key = &key}, error);
}

static void begin(void) {
    snprintf(directory, sizeof directory, "%s/oriel-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    fuzz_check(mkdtemp(directory) != NULL);
    atexit(empty_at_exit);
    char *pem = oriel_note_key_make();
    fuzz_check(oriel_note_key_private(&key, "oriel/plant/filler-1", ORIEL_NOTE_ED25519, pem, strlen(pem), error));
    free(pem);
    struct oriel_log *l = open_log();
    for (int i = 0; i < RECORDS; i++)
        fuzz_check(oriel_log_append(l, "call", json_pack("{s:s}", "note", "something"), false, NULL, error));
    oriel_log_close(l);
    read_file(ORIEL_LOG_CURRENT, &log_file);
    read_file(ORIEL_LOG_CHECKPOINT, &head_file);
}

static struct file change(const struct file *from, int how, size_t at, const uint8_t *bytes, size_t size) {
    struct file f = *from;
    at %= f.size + 1;
    size = size > 2048 ? 2048 : size;
    if (how == 2) {
        size_t cut = size < f.size - at ? size : f.size - at;
        memmove(f.bytes + at, f.bytes + at + cut, f.size - at - cut);
        f.size -= cut;
    } else {
        if (how == 1)
            memmove(f.bytes + at + size, f.bytes + at, f.size - at);
        memcpy(f.bytes + at, bytes, size);
        f.size = how == 1 ? f.size + size : at + size > f.size ? at + size : f.size;
    }
    return f;
}

static void check_log(bool as_it_was) {
    struct oriel_log_report report;
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum oriel_log_state state = oriel_log_read(fd, &key, 1, NULL, &report);
    fuzz_check((state == ORIEL_LOG_GOOD) == as_it_was);
    fuzz_check(report.tree.size <= RECORDS + 1);
    struct oriel_log *l = open_log();
    fuzz_check(l != NULL);
    if (state == ORIEL_LOG_TAMPER) {
        fuzz_check(!oriel_log_append(l, "uncall", json_object(), false, NULL, error));
        fuzz_check(oriel_log_acknowledge(l, 0, error));
    }
    fuzz_check(oriel_log_append(l, "uncall", json_object(), false, NULL, error));
    oriel_log_close(l);
    fuzz_check(oriel_log_read(fd, &key, 1, NULL, &report) == ORIEL_LOG_GOOD);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char why[ORIEL_NOTE_ERROR_SIZE];
    struct oriel_checkpoint c;
    if (!directory[0])
        begin();
    fuzz_check(oriel_note_verify(&key, (const char *)data, size, NULL, why) == 0);
    oriel_checkpoint_parse((const char *)data, size, &c, why);
    if (size < 4)
        return 0;
    int how = data[0] & 3;
    size_t at = (size_t)(data[1] | data[2] << 8);
    struct file f =
        change(how == 3 ? &head_file : &log_file, how == 3 ? (data[0] >> 2) % 3 : how, at, data + 3, size - 3);
    empty(false);
    write_file(ORIEL_LOG_CURRENT, how == 3 ? &log_file : &f);
    write_file(ORIEL_LOG_CHECKPOINT, how == 3 ? &f : &head_file);
    const struct file *was = how == 3 ? &head_file : &log_file;
    check_log(f.size == was->size && memcmp(f.bytes, was->bytes, f.size) == 0);
    return 0;
}
