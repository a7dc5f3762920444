/* See resolve.h. */
#include "resolve.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { STACK_SIZE = 256 * 1024 };

/* The thread writes `result` and `found`, then `done`; the other side reads them only after it has seen `done`. */
struct oriel_job {
    atomic_int holders;
    atomic_bool done;
    int fd; /* its own duplicate of the resolver's */
    int result;
    struct oriel_addresses found;
    char host[ORIEL_HOST_SIZE];
};

static void release(struct oriel_job *job) {
    if (atomic_fetch_sub(&job->holders, 1) != 1)
        return;
    close(job->fd);
    free(job);
}

static void take_addresses(const struct addrinfo *list, struct oriel_addresses *out) {
    for (; list && out->count < ORIEL_ADDRESSES_MAX; list = list->ai_next)
        if (list->ai_addrlen <= sizeof *out->list && (list->ai_family == AF_INET || list->ai_family == AF_INET6))
            memcpy(&out->list[out->count++], list->ai_addr, list->ai_addrlen);
}

static void *ask(void *user) {
    struct oriel_job *job = user;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    job->result = getaddrinfo(job->host, NULL, &hints, &list);
    if (job->result == 0) {
        take_addresses(list, &job->found);
        freeaddrinfo(list);
    }
    atomic_store(&job->done, true);
    eventfd_write(job->fd, 1);
    release(job);
    return NULL;
}

bool oriel_resolver_init(struct oriel_resolver *r) {
    *r = (struct oriel_resolver){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    return r->fd >= 0;
}

static bool start_thread(struct oriel_job *job) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    int result = pthread_create(&thread, &attributes, ask, job);
    pthread_attr_destroy(&attributes);
    return result == 0;
}

static struct oriel_job *begin(struct oriel_resolver *r, const char *host) {
    struct oriel_job *job = r->count < ORIEL_NAMES_MAX ? calloc(1, sizeof *job) : NULL;
    if (!job)
        return NULL;
    strcpy(job->host, host);
    atomic_init(&job->holders, 2);
    job->fd = fcntl(r->fd, F_DUPFD_CLOEXEC, 0);
    if (job->fd < 0 || !start_thread(job)) {
        atomic_store(&job->holders, 1);
        release(job);
        return NULL;
    }
    return r->jobs[r->count++] = job;
}

static void set_port(struct oriel_addresses *addresses, uint16_t port) {
    for (size_t i = 0; i < addresses->count; i++) {
        struct sockaddr_storage *a = &addresses->list[i];
        if (a->ss_family == AF_INET6)
            ((struct sockaddr_in6 *)a)->sin6_port = htons(port);
        else
            ((struct sockaddr_in *)a)->sin_port = htons(port);
    }
}

static void take_literal(const char *host, struct oriel_addresses *out) {
    struct sockaddr_in *four = (struct sockaddr_in *)&out->list[0];
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&out->list[0];
    *out = (struct oriel_addresses){.count = 1};
    if (inet_pton(AF_INET, host, &four->sin_addr) == 1)
        four->sin_family = AF_INET;
    else if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1)
        six->sin6_family = AF_INET6;
}

int oriel_resolver_find(struct oriel_resolver *r, const struct oriel_server *server, struct oriel_addresses *out,
                        char error[ORIEL_EGRESS_TEXT_SIZE]) {
    if (server->literal) {
        take_literal(server->host, out);
        set_port(out, server->port);
        return 1;
    }
    struct oriel_job *job = NULL;
    for (size_t i = 0; i < r->count && !job; i++)
        if (strcmp(r->jobs[i]->host, server->host) == 0)
            job = r->jobs[i];
    if (!job && !(job = begin(r, server->host))) {
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "its name can't be looked up: no thread for it");
        return -1;
    }
    if (!atomic_load(&job->done))
        return 0;
    if (job->result || !job->found.count) {
        snprintf(error, ORIEL_EGRESS_TEXT_SIZE, "its name can't be looked up: %s",
                 job->result ? gai_strerror(job->result) : "no address");
        return -1;
    }
    *out = job->found;
    set_port(out, server->port);
    return 1;
}

void oriel_resolver_clear(struct oriel_resolver *r) {
    eventfd_t count;
    eventfd_read(r->fd, &count);
}

void oriel_resolver_forget(struct oriel_resolver *r) {
    while (r->count)
        release(r->jobs[--r->count]);
}
