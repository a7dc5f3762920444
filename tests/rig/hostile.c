/* A program in the place of a helper that tries what none may (tests/unit/test_sandbox.c, tests/flow/sandbox.test.mjs).
 * The first packet on fd 3 is either text, "STAGE PROCESS TRY ARGUMENT" (stage `launched`: as it was started; `locked`:
 * after it has taken the lock of PROCESS), answered by one packet, the errno as text, 0 when it got what it wanted; or
 * core's START to media or egress, whose bitrate, or fallback, names the lie that it tells core. With EARLY it hands
 * out the socket of the relay before anybody asks for it. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "sandbox.h"

static const char *argument;

static int failed(long result) {
    return result < 0 ? errno : 0;
}

static int inet(const char *address, int type) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argument))};
    inet_pton(AF_INET, address, &a.sin_addr);
    int fd = socket(AF_INET, type, 0);
    return fd < 0 ? errno : failed(connect(fd, (struct sockaddr *)&a, sizeof a));
}

static int connect_lan(void) {
    return inet("192.0.2.1", SOCK_STREAM);
}

static int datagram_lan(void) {
    return inet("192.0.2.1", SOCK_DGRAM);
}

static int connect_host(void) {
    return inet("127.0.0.1", SOCK_STREAM);
}

static int abstract_socket(void) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(argument));
    memcpy(a.sun_path + 1, argument, strlen(argument));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd < 0 ? errno : failed(connect(fd, (struct sockaddr *)&a, length));
}

static int raw_socket(void) {
    return failed(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

static int packet_socket(void) {
    return failed(socket(AF_PACKET, SOCK_RAW, 0));
}

static int vsock(void) {
    return failed(socket(40, SOCK_STREAM, 0));
}

static int netfilter(void) {
    return failed(socket(AF_NETLINK, SOCK_RAW, 12));
}

static int listen_here(void) {
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd < 0 ? errno : failed(listen(fd, 1));
}

static int exec(void) {
    char *const none[] = {NULL};
    return failed(execve("/lib64/ld-linux-x86-64.so.2", none, none));
}

static int fork_once(void) {
    return failed(fork());
}

static int vfork_like(void) {
    return failed(syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0));
}

static void *sleep_long(void *unused) {
    pause();
    return NULL;
}

/* As many threads as it can: 0 when there seems to be no end. */
static int thread_bomb(void) {
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 16384);
    int result = 0, n = 0;
    for (pthread_t t; !result && n < 1000; n++)
        result = pthread_create(&t, &small, sleep_long, NULL);
    return result;
}

static int memory_hog(void) {
    for (int i = 0; i < 64; i++) {
        void *p = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            return errno;
    }
    return 0;
}

static int shared_memory(void) {
    return mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static int trace_parent(void) {
    return failed(ptrace(PTRACE_ATTACH, atoi(argument), NULL, NULL));
}

static int trace_me(void) {
    return failed(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int read_memory(void) {
    return failed(syscall(SYS_process_vm_readv, atoi(argument), NULL, 0, NULL, 0, 0));
}

static int kill_other(void) {
    return failed(kill(atoi(argument), SIGKILL));
}

static int kill_all(void) {
    return failed(kill(-1, SIGKILL));
}

static int open_pidfd(void) {
    return failed(syscall(SYS_pidfd_open, 1, 0));
}

static int open_file(void) {
    return failed(open(argument, O_RDONLY));
}

static int write_file(void) {
    return failed(open(argument, O_WRONLY | O_CREAT | O_APPEND, 0600));
}

static int make_folder(void) {
    return failed(mkdir("/tmp/hostile", 0700));
}

static int remove_file(void) {
    return failed(unlink(argument));
}

static int make_device(void) {
    return failed(mknod("/dev/mem", S_IFCHR | 0600, 0x101));
}

static int mount_tmpfs(void) {
    return failed(mount("none", "/usr", "tmpfs", 0, NULL));
}

static int mount_anew(void) {
    return failed(syscall(SYS_fsopen, "tmpfs", 0));
}

static int unmount(void) {
    return failed(umount2("/usr/lib", MNT_DETACH));
}

static int new_user_namespace(void) {
    return failed(unshare(CLONE_NEWUSER));
}

static int clone_namespace(void) {
    return failed(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
}

static int clone3_namespace(void) {
    uint64_t arguments[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
    return failed(syscall(SYS_clone3, arguments, sizeof arguments));
}

static int join_namespace(void) {
    return failed(setns(0, 0));
}

static int io_uring(void) {
    char parameters[120] = {0};
    return failed(syscall(SYS_io_uring_setup, 4, parameters));
}

static int bpf_map(void) {
    union bpf_attr a = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    return failed(syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof a));
}

static int user_faults(void) {
    return failed(syscall(SYS_userfaultfd, 1));
}

static int perf(void) {
    char attributes[128] = {0};
    return failed(syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0));
}

static int keyring(void) {
    return failed(syscall(SYS_keyctl, 0, -3, 1));
}

static int load_module(void) {
    return failed(syscall(SYS_finit_module, 0, "", 0));
}

static int load_kernel(void) {
    return failed(syscall(SYS_kexec_load, 0, 0, NULL, 0));
}

static int become_root(void) {
    return failed(setuid(0));
}

static int outlive(void) {
    return failed(syscall(SYS_prctl, 1 /* PR_SET_PDEATHSIG */, 0, 0, 0, 0));
}

static int raise_limit(void) {
    uint64_t more[2] = {4096, 4096};
    return failed(syscall(SYS_prlimit64, 0, 7 /* RLIMIT_NOFILE */, more, NULL));
}

static int type_into_terminal(void) {
    return failed(syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, "x"));
}

/* Counts interfaces that are not lo. */
static int other_interfaces(void) {
    struct if_nameindex *all = if_nameindex();
    for (struct if_nameindex *i = all; i && i->if_index; i++)
        if (strcmp(i->if_name, "lo") != 0)
            return 0;
    return ENODEV;
}

static const struct {
    const char *name;
    int (*run)(void);
} tries[] = {
    {"connect-lan", connect_lan},
    {"datagram-lan", datagram_lan},
    {"connect-host", connect_host},
    {"abstract-socket", abstract_socket},
    {"raw-socket", raw_socket},
    {"packet-socket", packet_socket},
    {"vsock", vsock},
    {"netfilter", netfilter},
    {"interfaces", other_interfaces},
    {"listen", listen_here},
    {"exec", exec},
    {"fork", fork_once},
    {"vfork", vfork_like},
    {"thread-bomb", thread_bomb},
    {"memory-hog", memory_hog},
    {"shared-memory", shared_memory},
    {"trace", trace_parent},
    {"trace-me", trace_me},
    {"read-memory", read_memory},
    {"kill", kill_other},
    {"kill-all", kill_all},
    {"pidfd", open_pidfd},
    {"open", open_file},
    {"write", write_file},
    {"mkdir", make_folder},
    {"unlink", remove_file},
    {"mknod", make_device},
    {"mount", mount_tmpfs},
    {"fsopen", mount_anew},
    {"umount", unmount},
    {"unshare", new_user_namespace},
    {"clone-namespace", clone_namespace},
    {"clone3-namespace", clone3_namespace},
    {"setns", join_namespace},
    {"io-uring", io_uring},
    {"bpf", bpf_map},
    {"userfaultfd", user_faults},
    {"perf", perf},
    {"keyctl", keyring},
    {"module", load_module},
    {"kexec", load_kernel},
    {"setuid", become_root},
    {"outlive", outlive},
    {"raise-limit", raise_limit},
    {"tiocsti", type_into_terminal},
};

static void answer(int number) {
    char text[16];
    int n = snprintf(text, sizeof text, "%d", number);
    if (send(3, text, (size_t)n, 0) < 0)
        _exit(1);
}

static void try(char *order) {
    char *rest, *stage = strtok_r(order, " ", &rest), *process = strtok_r(NULL, " ", &rest),
                *name = strtok_r(NULL, " ", &rest);
    argument = rest ? rest : "";
    if (strcmp(stage, "locked") == 0 && oriel_sandbox_lock((enum oriel_process)atoi(process)) < 0)
        _exit(99);
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
        if (strcmp(tries[i].name, name) == 0) {
            answer(tries[i].run());
            _exit(0);
        }
    _exit(98);
}

/* ---- in a device ---- */

static void put(unsigned char *packet, unsigned type, uint32_t length) {
    const unsigned char head[8] = {(unsigned char)type,
                                   (unsigned char)(type >> 8),
                                   0,
                                   0,
                                   (unsigned char)length,
                                   (unsigned char)(length >> 8),
                                   (unsigned char)(length >> 16),
                                   (unsigned char)(length >> 24)};
    memcpy(packet, head, sizeof head);
}

static void send_with_fds(const void *packet, size_t length, int count, int fd) {
    struct iovec iov = {(void *)packet, length};
    char control[CMSG_SPACE(sizeof(int) * 64)] = {0};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    *c = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count)};
    for (int i = 0; i < count; i++)
        memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &fd, sizeof fd);
    sendmsg(3, &m, MSG_NOSIGNAL);
}

#define FINGERPRINT "AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB"

/* RELAY_SOCKET, as media says it but for what it is. */
static void hand_out(int type) {
    unsigned char packet[8];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(3478), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type, 0);
    bind(fd, (struct sockaddr *)&at, sizeof at);
    put(packet, 6, 0);
    send_with_fds(packet, sizeof packet, 1, fd);
    close(fd);
}

static size_t text(unsigned char *packet, size_t at, const char *words) {
    uint32_t length = (uint32_t)strlen(words);
    memcpy(packet + at, &length, sizeof length); /* of a little-endian machine, as are all that the tests know */
    memcpy(packet + at + sizeof length, words, length + 1);
    return at + sizeof length + length + 1;
}

/* PATH, of egress. */
static void say_path(const char *transport, const char *remembered, uint32_t generation) {
    static unsigned char packet[96 * 1024];
    size_t n = text(packet, 8, transport);
    n = text(packet, n, "a way");
    n = text(packet, n, remembered);
    memset(packet + n, 0, 4);
    memcpy(packet + n + 4, &generation, sizeof generation);
    put(packet, 1, (uint32_t)n);
    send(3, packet, n + 8, MSG_NOSIGNAL);
}

static void say(unsigned type, uint32_t number, const char *first, const char *second) {
    unsigned char packet[1024];
    memcpy(packet + 8, &number, sizeof number);
    size_t n = text(packet, 12, first);
    if (second)
        n = text(packet, n, second);
    put(packet, type, (uint32_t)n - 8);
    send(3, packet, n, MSG_NOSIGNAL);
}

/* Waits for room, which the socket does not. */
static void send_all(const void *packet, size_t length) {
    struct pollfd p = {.fd = 3, .events = POLLOUT};
    while (send(3, packet, length, MSG_NOSIGNAL) < 0 && errno == EAGAIN)
        poll(&p, 1, 1000);
}

/* What it tells core, by number. */
static void lie(unsigned which) {
    static unsigned char packet[96 * 1024];
    memset(packet, 0, sizeof packet);
    switch (which) {
    case 101: /* a type that is in no table */
        put(packet, 999, 0);
        send(3, packet, 8, MSG_NOSIGNAL);
        break;
    case 102: /* a string longer than its packet */
        put(packet, 1, 8);
        packet[8] = packet[9] = packet[10] = packet[11] = 0xff;
        send(3, packet, 16, MSG_NOSIGNAL);
        break;
    case 103: /* a length of the whole that is not it */
        put(packet, 3, 0xffffffff);
        send(3, packet, 8, MSG_NOSIGNAL);
        break;
    case 104: /* descriptors where none belong */
        put(packet, 3, 0);
        send_with_fds(packet, 8, 60, 0);
        break;
    case 105: /* a start of its own: core's message, sent back, to raise what was granted */
        put(packet, 1, 4);
        send(3, packet, 12, MSG_NOSIGNAL);
        break;
    case 106: /* live without having been asked for anything */
        put(packet, 3, 0);
        send(3, packet, 8, MSG_NOSIGNAL);
        break;
    case 107: /* the largest packet, of nothing */
        send(3, packet, sizeof packet, MSG_NOSIGNAL);
        break;
    case 108: /* the relay's socket, twice */
        hand_out(SOCK_DGRAM);
        hand_out(SOCK_DGRAM);
        break;
    case 109: /* in its place one of another kind */
        hand_out(SOCK_STREAM);
        break;
    case 110: /* an address of the LAN for the agent's browser to look at */
        say(2, 0, "candidate:1 1 UDP 2015363327 192.168.1.1 80 typ host", NULL);
        break;
    case 111: /* the same in an offer */
        say(1, 0, FINGERPRINT, "v=0\r\na=candidate:1 1 UDP 2015363327 192.168.1.1 80 typ host\r\n");
        break;
    case 201: /* of egress: another way, without end */
        for (uint32_t i = 1; i <= 100000; i++)
            say_path("udp", "turn:192.0.2.1:3478?transport=udp", i);
        break;
    case 202: /* a way that there is not */
        say_path("pigeon", "turn:192.0.2.1:3478?transport=udp", 1);
        break;
    case 203: /* a way to be remembered that no START could hold */
        memset(packet, 'x', 90000);
        say_path("udp", (const char *)packet, 1);
        break;
    case 204: /* words that are no text */
        say_path("udp", "\xff\xfe", 1);
        break;
    case 112: { /* that the agent is silent, without end: egress would look for ways without end */
        size_t n = text(packet, 8, "the agent's page has been silent");
        put(packet, 7, (uint32_t)n - 8);
        for (int i = 0; i < 100000; i++)
            send_all(packet, n);
        break;
    }
    case 113: /* every camera, and what there is not: the agent's page may have asked for it, or nobody */
        put(packet, 22, 4);
        for (uint32_t i = 0; i < 2000; i++) {
            memcpy(packet + 8, &(uint32_t){i < 1000 ? i % 20 : UINT32_MAX - i}, 4);
            send_all(packet, 12);
        }
        put(packet, 999, 0); /* by what core thinks of this, the test knows that it has read the rest */
        send_all(packet, 8);
        break;
    }
}

/* In START: the number before the frame rate of 30. 0: not there. */
static unsigned bitrate(const unsigned char *p, ssize_t n) {
    for (ssize_t i = 8; i + 8 <= n; i++)
        if (p[i] > 100 && p[i] < 114 && memcmp(p + i + 1, "\0\0\0\x1e\0\0\0", 7) == 0)
            return p[i];
    return 0;
}

int main(void) {
    static unsigned char packet[96 * 1024];
    struct pollfd p = {.fd = 3, .events = POLLIN};
#ifdef EARLY
    hand_out(SOCK_DGRAM); /* while the person is asked */
#endif
    poll(&p, 1, 10000);
    ssize_t n = recv(3, packet, sizeof packet - 1, 0);
    if (n <= 0)
        return 0;
    if (packet[0] >= 'a')
        try((char *)packet);
    uint32_t last;
    memcpy(&last, packet + n - 4, sizeof last);
    lie(last > 200 && last < 205 ? last : bitrate(packet, n));
    pause(); /* to be killed */
    return 0;
}
