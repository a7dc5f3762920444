/* A main for the fuzzers where there is no libFuzzer: runs every file of the folders it is given, then simple mutations
 * of them for a while, from a fixed seed. It finds what is shallow; libFuzzer finds the rest.
 *
 *     fuzz_<name> [-t MILLISECONDS] [-q] FOLDER_OR_FILE…
 *
 * -q: standard error is closed to the code under test, which logs a line for each thing it refuses. On a crash the
 * input is written to crash-<pid> in the working directory, to become a file of the corpus. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

enum { FILES_MAX = 1024, SIZE_MAX_ = 128 * 1024 };

static struct {
    uint8_t *bytes;
    size_t size;
} files[FILES_MAX];
static size_t count;
static uint8_t input[SIZE_MAX_];
static size_t input_size;
static int errors = STDERR_FILENO;

static void say(const char *text) {
    ssize_t n = write(errors, text, strlen(text));
    (void)n;
}

/* Async-signal-safe but for snprintf of one number. */
static void crashed(int signal_number) {
    char name[64];
    snprintf(name, sizeof name, "crash-%d", (int)getpid());
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ssize_t n = fd >= 0 ? write(fd, input, input_size) : -1;
    say(n == (ssize_t)input_size ? "crashed; the input is in " : "crashed; the input cannot be written to ");
    say(name);
    say("\n");
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void run_input(void) {
    uint8_t *exact = malloc(input_size ? input_size : 1); /* so that a tool sees reads beyond the end */
    memcpy(exact, input, input_size);
    LLVMFuzzerTestOneInput(exact, input_size);
    free(exact);
}

static void load_file(const char *path) {
    FILE *f = fopen(path, "rbe");
    if (!f || count == FILES_MAX) {
        say("cannot be read, or one too many: ");
        say(path);
        say("\n");
        exit(2);
    }
    files[count].bytes = malloc(SIZE_MAX_);
    files[count].size = fread(files[count].bytes, 1, SIZE_MAX_, f);
    count++;
    fclose(f);
}

static void load(const char *path) {
    struct stat st;
    DIR *folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    if (!folder) {
        load_file(path);
        return;
    }
    for (struct dirent *e; (e = readdir(folder));) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (e->d_name[0] != '.' && stat(name, &st) == 0 && S_ISREG(st.st_mode))
            load_file(name);
    }
    closedir(folder);
}

/* xorshift64* of Vigna, 2014. */
static uint64_t random_state = 0x9e3779b97f4a7c15;

static size_t below(size_t n) {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return n ? (size_t)((random_state * 0x2545f4914f6cdd1d) >> 33) % n : 0;
}

static void insert(size_t at, const void *bytes, size_t size) {
    if (input_size + size > SIZE_MAX_)
        return;
    memmove(input + at + size, input + at, input_size - at);
    memmove(input + at, bytes, size);
    input_size += size;
}

static void cut(size_t at, size_t size) {
    memmove(input + at, input + at + size, input_size - at - size);
    input_size -= size;
}

static void mutate(void) {
    static const char *const tokens[] = {"{",
                                         "}",
                                         "[",
                                         "]",
                                         "\"",
                                         "\\u0000",
                                         "\\",
                                         ":",
                                         ",",
                                         ".",
                                         "..",
                                         "\r\n",
                                         "\n",
                                         "=",
                                         "-1",
                                         "18446744073709551617",
                                         "1e999",
                                         "null",
                                         "true",
                                         "\xff",
                                         "\xc0\xaf",
                                         "\xed\xa0\x80",
                                         "\xe2\x80\xae",
                                         "A",
                                         "a=",
                                         "m=",
                                         "sha-256 ",
                                         "%s%n"};
    size_t at = below(input_size), left = input_size - at, size = below(left < 64 ? left + 1 : 64);
    switch (below(8)) {
    case 0:
        if (left)
            input[at] ^= (uint8_t)(1 << below(8));
        break;
    case 1:
        if (left)
            input[at] = (uint8_t)below(256);
        break;
    case 2:
        cut(at, size);
        break;
    case 3: {
        const char *token = tokens[below(sizeof tokens / sizeof *tokens)];
        insert(at, token, strlen(token));
        break;
    }
    case 4: { /* a piece of its own again */
        uint8_t piece[64];
        memcpy(piece, input + at, size);
        insert(below(input_size), piece, size);
        break;
    }
    case 5: { /* a piece of another */
        size_t other = below(count), from = below(files[other].size), rest = files[other].size - from;
        insert(at, files[other].bytes + from, rest < 64 ? rest : below(64));
        break;
    }
    case 6:
        cut(at, left); /* the end is lost */
        break;
    default:
        for (size_t i = 0; i < size; i++)
            input[at + i] = (uint8_t)below(256);
    }
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int main(int argc, char **argv) {
    int milliseconds = 400;
    for (int option; (option = getopt(argc, argv, "t:q")) >= 0;) {
        if (option == '?')
            return 2;
        if (option == 't')
            milliseconds = atoi(optarg);
        if (option == 'q') {
            errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
            int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
            dup2(nothing, STDERR_FILENO);
            close(nothing);
        }
    }
    for (int i = optind; i < argc; i++)
        load(argv[i]);
    if (!count) {
        say("no corpus\n");
        return 2;
    }
    signal(SIGABRT, crashed);
    signal(SIGSEGV, crashed);
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < count; i++) {
        memcpy(input, files[i].bytes, input_size = files[i].size);
        run_input();
    }
    unsigned long runs = count;
    for (int64_t end = now_ms() + milliseconds; now_ms() < end; runs++) {
        size_t i = below(count);
        memcpy(input, files[i].bytes, input_size = files[i].size);
        for (size_t k = below(6) + 1; k; k--)
            mutate();
        run_input();
    }
    printf("%zu files, %lu runs\n", count, runs);
    for (size_t i = 0; i < count; i++)
        free(files[i].bytes);
    return 0;
}
