/* pipelines/framereader: what a writer of the frame protocol sends, a line of packets: each u16 length, u8 whether
 * memory comes along, the packet. What is accepted is a picture within its limits whose damage and masks are, too, and
 * can be drawn: no read leaves the shared memory. */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "framereader.h"

enum { MEMORY = 256 * 1024, PACKETS_MAX = 24, DRAWN_MAX = 512 * 512 };

static void send_packet(int socket, const uint8_t *data, size_t size, int fd) {
    union {
        char bytes[CMSG_SPACE(sizeof fd)];
        struct cmsghdr align;
    } control = {0};
    struct iovec iov = {(void *)(uintptr_t)data, size};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fd >= 0) {
        m.msg_control = &control;
        m.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    sendmsg(socket, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void check_rects(const struct oriel_rect *r, unsigned count, unsigned width, unsigned height) {
    for (unsigned i = 0; i < count; i++)
        fuzz_check(r[i].width && r[i].height && (unsigned)r[i].x + r[i].width <= width &&
                   (unsigned)r[i].y + r[i].height <= height);
}

static void check_picture(struct oriel_frame_reader *reader) {
    const struct oriel_frame_info *info = oriel_frame_reader_info(reader);
    unsigned masks;
    const struct oriel_rect *rects = oriel_frame_reader_masks(reader, &masks);
    check_rects(rects, masks, ORIEL_FRAME_SIDE_MAX, ORIEL_FRAME_SIDE_MAX);
    fuzz_check(masks <= ORIEL_MASKS_MAX && info->damage_count <= ORIEL_FRAME_RECTS_MAX);
    if (!info->generation)
        return;
    fuzz_check(info->width >= ORIEL_FRAME_SIDE_MIN && info->width <= ORIEL_FRAME_SIDE_MAX);
    fuzz_check(info->height >= ORIEL_FRAME_SIDE_MIN && info->height <= ORIEL_FRAME_SIDE_MAX);
    check_rects(info->damage, info->damage_count, info->width, info->height);
    if (info->width * info->height > DRAWN_MAX)
        return;
    int chroma = (int)(info->width + 1) / 2;
    size_t luma = (size_t)info->width * info->height, part = (size_t)chroma * ((info->height + 1) / 2);
    uint8_t *bytes = malloc(luma + 2 * part);
    fuzz_check(bytes != NULL);
    struct oriel_i420 out = {{bytes, bytes + luma, bytes + luma + part}, {(int)info->width, chroma, chroma}};
    struct oriel_rect damage[ORIEL_FRAME_DAMAGE_MAX];
    check_rects(damage, oriel_frame_reader_draw(reader, &out, damage), info->width, info->height);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int memory = -1;
    if (memory < 0) {
        memory = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        fuzz_check(memory >= 0 && ftruncate(memory, MEMORY) == 0 && fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
    }
    int pair[2];
    fuzz_check(oriel_ipc_pair(pair) == 0);
    struct oriel_frame_reader *reader = oriel_frame_reader_new(pair[1]);
    fuzz_check(reader != NULL);
    oriel_frame_reader_run(reader, 30);
    int r = 0;
    for (unsigned i = 0; i < PACKETS_MAX && size > 3 && r >= 0; i++) {
        size_t length = (size_t)(data[0] | data[1] << 8), rest = size - 3;
        length = length < rest ? length : rest;
        send_packet(pair[0], data + 3, length, data[2] & 1 ? memory : -1);
        data += 3 + length;
        size -= 3 + length;
        r = oriel_frame_reader_receive(reader);
        if (r >= 0)
            oriel_frame_reader_ready(reader);
        if (r >= 0)
            check_picture(reader);
        else
            fuzz_check(*oriel_frame_reader_error(reader) != '\0');
    }
    oriel_frame_reader_free(reader);
    close(pair[0]);
    return 0;
}
