/* See vp8memory.h. */
#include "vp8memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LARGE = 1 << 20, PIECES_MAX = 32, PAGE = 4096 };

struct piece {
    char *at;
    size_t size;
};

static _Thread_local bool watching;
static _Thread_local unsigned count;
static _Thread_local struct piece pieces[PIECES_MAX];

#ifndef ORIEL_SANITIZED

void *__libc_malloc(size_t size);
void __libc_free(void *at);

void *malloc(size_t size) {
    char *at = __libc_malloc(size);
    if (watching && at && size >= LARGE && count < PIECES_MAX)
        pieces[count++] = (struct piece){at, size};
    return at;
}

void free(void *at) {
    for (unsigned i = 0; watching && i < count; i++)
        if (pieces[i].at == at)
            pieces[i] = pieces[--count];
    __libc_free(at);
}

#endif

void oriel_vp8_memory_watch(void) {
    count = 0;
    watching = true;
}

static bool is_zero(const char *page) {
    uint64_t first;
    memcpy(&first, page, sizeof first);
    return first == 0 && memcmp(page, page + sizeof first, PAGE - sizeof first) == 0;
}

static size_t give_back(char *from, const char *to) {
    return to > from && madvise(from, (size_t)(to - from), MADV_DONTNEED) == 0 ? (size_t)(to - from) : 0;
}

static size_t release(const struct piece *p) {
    char *at = (char *)(((uintptr_t)p->at + PAGE - 1) / PAGE * PAGE), *from = at;
    size_t bytes = 0;
    for (; at + PAGE <= p->at + p->size; at += PAGE)
        if (!is_zero(at)) {
            bytes += give_back(from, at);
            from = at + PAGE;
        }
    return bytes + give_back(from, at);
}

size_t oriel_vp8_memory_release(void) {
    size_t bytes = 0;
    watching = false;
    for (unsigned i = 0; i < count; i++)
        bytes += release(&pieces[i]);
    return bytes;
}
