/* Reading and writing of `oriel provision`: see provision.h. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "json.h"
#include "log.h"
#include "provision.h"
#include "seal.h"

enum { FILE_MAX = 256 * 1024 };

struct file {
    char *path;
    mode_t mode;
    char *text;
};

struct oriel_files {
    mode_t directory_mode;
    GPtrArray *list;
    bool broken;
};

static void wipe(char *text) {
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

static void free_file(void *data) {
    struct file *f = data;
    wipe(f->text);
    g_free(f->path);
    g_free(f);
}

struct oriel_files *oriel_files_new(mode_t directory_mode) {
    struct oriel_files *files = g_new0(struct oriel_files, 1);
    files->directory_mode = directory_mode;
    files->list = g_ptr_array_new_with_free_func(free_file);
    return files;
}

void oriel_files_free(struct oriel_files *files) {
    if (!files)
        return;
    g_ptr_array_unref(files->list);
    g_free(files);
}

void oriel_files_add(struct oriel_files *files, const char *directory, const char *name, mode_t mode, char *text) {
    struct file *f = g_new0(struct file, 1);
    *f = (struct file){g_build_filename(directory, name, NULL), mode, text};
    files->broken = files->broken || !text;
    g_ptr_array_add(files->list, f);
}

bool oriel_file_is_free(const char *path) {
    struct stat st;
    if (strcmp(path, "-") == 0)
        return true;
    if (lstat(path, &st) == 0) {
        oriel_error("%s is there already; nothing was changed", path);
        return false;
    }
    if (errno != ENOENT)
        oriel_error("%s: %s", path, strerror(errno));
    return errno == ENOENT;
}

static bool write_all(int fd, const char *text) {
    for (size_t length = strlen(text); length;) {
        ssize_t n = write(fd, text, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        text += n;
        length -= (size_t)n;
    }
    return true;
}

/* The umask can only take away from the mode asked for when the file is made; so it is set afterwards. */
static bool write_new(const struct file *f) {
    _cleanup_close_ int fd = open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0 && write_all(fd, f->text) && fchmod(fd, f->mode) == 0 && fsync(fd) == 0)
        return true;
    oriel_error("%s cannot be written: %s", f->path, strerror(errno));
    if (fd >= 0)
        unlink(f->path);
    return false;
}

static bool make_directory(const struct oriel_files *files, const char *path) {
    g_autofree char *directory = g_path_get_dirname(path);
    if (g_mkdir_with_parents(directory, (int)files->directory_mode) == 0)
        return true;
    oriel_error("%s cannot be made: %s", directory, strerror(errno));
    return false;
}

bool oriel_files_write(struct oriel_files *files) {
    bool good = !files->broken;
    guint written = 0;
    for (guint i = 0; good && i < files->list->len; i++)
        good = oriel_file_is_free(((struct file *)files->list->pdata[i])->path);
    while (good && written < files->list->len) {
        const struct file *f = files->list->pdata[written];
        good = make_directory(files, f->path) && write_new(f);
        written += good;
    }
    while (!good && written > 0)
        unlink(((struct file *)files->list->pdata[--written])->path);
    oriel_files_free(files);
    return good;
}

bool oriel_file_put(const char *path, mode_t mode, char *text) {
    if (strcmp(path, "-") != 0) {
        struct oriel_files *files = oriel_files_new(0700);
        oriel_files_add(files, "", path, mode, text);
        return oriel_files_write(files);
    }
    bool good = text && write_all(STDOUT_FILENO, text) && (!isatty(STDOUT_FILENO) || write_all(STDOUT_FILENO, "\n"));
    if (text && !good)
        oriel_error("it cannot be written: %s", strerror(errno));
    wipe(text);
    return good;
}

bool oriel_file_replace(const char *path, const char *text) {
    g_autofree char *next = g_strconcat(path, ".new", NULL);
    struct stat st;
    unlink(next); /* of one that was cut off */
    _cleanup_close_ int fd = open(next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool same = fd >= 0 && stat(path, &st) == 0 &&
                ((st.st_uid == geteuid() && st.st_gid == getegid()) || fchown(fd, st.st_uid, st.st_gid) == 0) &&
                fchmod(fd, st.st_mode & 0777) == 0;
    if (same && write_all(fd, text) && fsync(fd) == 0 && rename(next, path) == 0)
        return true;
    oriel_error("%s cannot be replaced: %s", path, strerror(errno));
    if (fd >= 0)
        unlink(next);
    return false;
}

char *oriel_file_text(const char *path, size_t *length) {
    bool is_stdin = strcmp(path, "-") == 0;
    _cleanup_close_ int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    char *text = malloc(FILE_MAX + 1);
    ssize_t n = -1;
    *length = 0;
    while (fd >= 0 && *length < FILE_MAX && (n = read(fd, text + *length, FILE_MAX - *length)) > 0)
        *length += (size_t)n;
    if (fd < 0 || n < 0 || *length == FILE_MAX) {
        oriel_error("%s cannot be read: %s", is_stdin ? "stdin" : path,
                    *length == FILE_MAX ? "it is larger than 256 KiB" : strerror(errno));
        free(text);
        return NULL;
    }
    text[*length] = '\0';
    return text;
}

json_t *oriel_file_json(const char *path) {
    size_t length;
    char error[ORIEL_JSON_ERROR_SIZE];
    char *text = oriel_file_text(path, &length);
    json_t *value = text ? oriel_json_decode(text, length, FILE_MAX, error) : NULL;
    if (text && !value)
        oriel_error("%s: %s", path, error);
    wipe(text);
    return value;
}

json_t *oriel_file_key(const char *path) {
    size_t length;
    char error[ORIEL_JSON_ERROR_SIZE];
    char *text = oriel_file_text(path, &length);
    json_t *key = text ? oriel_key_from_pem(text, length, error) : NULL;
    wipe(text);
    if (text && !key)
        oriel_error("%s: %s", path, error);
    if (key && !oriel_key_is_good(key, true)) {
        oriel_error("%s: the private key is wanted here, not the public one", path);
        json_decref(key);
        return NULL;
    }
    return key;
}

json_t *oriel_key_own_or_new(const char *path) {
    json_t *key = path ? oriel_file_key(path) : oriel_key_new();
    if (!path && !key)
        oriel_error("no key can be made: the system has no randomness");
    return key;
}

char *oriel_key_pem(const json_t *key) {
    char error[ORIEL_JSON_ERROR_SIZE];
    char *pem = oriel_key_to_pem(key, error);
    if (!pem)
        oriel_error("a key cannot be written: %s", error);
    return pem;
}

char *oriel_json_pretty(json_t *value) {
    _cleanup_free_ char *text = value ? json_dumps(value, JSON_INDENT(1)) : NULL;
    char *line = NULL;
    if (!text || asprintf(&line, "%s\n", text) < 0)
        line = NULL;
    json_decref(value);
    return line;
}
