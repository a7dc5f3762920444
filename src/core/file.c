/* See file.h. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 64 * 1024 };

/* What makes this file none to be believed, or NULL. */
static const char *what_is_wrong(int fd, bool secret) {
    struct stat st;
    if (fstat(fd, &st) != 0)
        return g_strerror(errno);
    if (!S_ISREG(st.st_mode))
        return "not a regular file";
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return "it belongs to somebody else; chown it to root or to the account that orield runs as";
    if (secret && st.st_mode & 077)
        return "others may read this private key; chmod 600 it";
    if (st.st_mode & 022)
        return "others may write it; chmod go-w it";
    return st.st_size > FILE_MAX ? "larger than 64 KiB" : NULL;
}

static bool read_all(int fd, char *text, gsize *length) {
    *length = 0;
    for (ssize_t n; *length <= FILE_MAX; *length += (gsize)n) {
        n = read(fd, text + *length, FILE_MAX + 1 - *length);
        if (n == 0)
            break;
        if (n < 0)
            return false;
    }
    if (*length <= FILE_MAX)
        return true;
    errno = EFBIG; /* it has grown since */
    return false;
}

char *oriel_file_read(const char *path, bool secret, gsize *length, GError **error) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    g_autofree char *text = fd >= 0 ? g_malloc0(FILE_MAX + 2) : NULL;
    const char *wrong = fd >= 0 ? what_is_wrong(fd, secret) : NULL;
    bool good = fd >= 0 && !wrong && read_all(fd, text, length);
    int code = errno;
    if (fd >= 0)
        close(fd);
    if (good) {
        text[*length] = '\0';
        return g_steal_pointer(&text);
    }
    if (text)
        explicit_bzero(text, FILE_MAX + 2);
    g_set_error(error, G_FILE_ERROR, wrong ? G_FILE_ERROR_ACCES : g_file_error_from_errno(code), "%s: %s", path,
                wrong ? wrong : g_strerror(code));
    return NULL;
}
