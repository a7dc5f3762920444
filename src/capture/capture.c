/* Capture's one loop: core's channel, media's frame socket, the backend, and the time of the next frame.
 *
 *   paused --RUN n--> running: changed? a buffer free? nothing unread? time for it? -> collect, grab, FRAME -> …
 *
 * Policy: nothing is fetched from the screen before media's RUN. A change is shown at once when the frame rate allows
 * it; what changes meanwhile adds up, so that a frame always shows the newest screen. At rest there is no timer and no
 * wake-up.
 * Masks: core's are read before each frame is taken. What lies under them is neither fetched nor told of, so that not
 * even the rhythm of what is typed there leaves.
 * Rate: a grid of periods from which a frame may be half a period early, so that jitter costs no latency. The grid is
 * 1/16 narrower than what was asked: a source of just our rate would stay late for good after one frame more (a
 * cursor's move, say). While a frame waits for its time nobody listens to the backend: what it would say is collected
 * with it. Nor to media, for a moment after a frame: it has the buffer to give back, which is read with the next
 * change. Bursts: a program that paints in many small requests would be caught half way, and the rest of its change
 * would wait a period. As long as changes are seen to go on right after a frame was taken, frames let the painting end
 * (SETTLE). When media goes, capture lets go of the screen and waits for core, who knows why. One thread owns
 * everything here. */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend.h"
#include "clock.h"
#include "core_capture.h"
#include "log.h"
#include "mask.h"
#include "sandbox.h"

enum {
    RATE_MAX = 240,
    SILENT_S = 5, /* of a steady source: so long without a picture it has failed */
    /* Failed grabs in a row (a screen that is changing its size) before capture gives up. */
    RETRIES_MAX = 100,
    /* The kernel counts a packet's last byte off after it has told us that it was read. */
    UNREAD_SLACK = 64,
};

/* A place that a program gave to the pointer makes no event: one look this long after a burst of frames sees it, and
 * until then media is not listened to. */
#define LOOK_AFTER (100 * ORIEL_MILLISECOND)

/* Damage this soon after a frame was taken is taken for the rest of what that frame showed in part … */
#define BURST_WITHIN (6 * ORIEL_MILLISECOND)
/* … then frames give the painter this much time, for this long. */
#define SETTLE (3 * ORIEL_MILLISECOND)
#define SETTLE_FOR ORIEL_SECOND

struct capture {
    int control;
    enum oriel_process process; /* whose lock it takes */
    int frames;                 /* to media; -1: media has gone */
    int frames_events; /* epoll: edges of `frames`, among them "media has read a packet", which poll() can't tell */
    struct oriel_backend *backend;
    int pusher; /* to the HMI, until a backend takes it; -1: none */
    struct oriel_ring *ring;
    uint32_t generation;
    unsigned rate_max; /* START's */
    unsigned rate;     /* frames a second; 0: paused */

    bool resized;                    /* a new ring is due */
    bool dirty;                      /* the backend has something to collect, or a frame failed */
    struct oriel_region damage;      /* collected, not yet in a FRAME */
    struct oriel_masks asked, masks; /* by core; as they lie in the picture */
    unsigned asked_of_picture;       /* the first of them are in its pixels */
    bool masks_news;                 /* media does not know them yet */
    int64_t changed;                 /* when the first change not yet shown was reported; 0: none */
    int64_t next;                    /* the next frame's place in the grid */
    int64_t taken;                   /* when the screen was read last */
    int64_t settle_until;            /* changes reported before this time wait SETTLE */
    int64_t look;                    /* when to look at the pointer; 0: not */
    int64_t heard;                   /* when the backend said last that there is a picture */
    unsigned retries;
    struct {
        uint32_t serial;
        int32_t x, y;
        bool shown;
    } cursor; /* as media knows it */
    int status;
    bool finished;
};

static struct oriel_ipc_message message; /* large, and one thread uses it */

static void finish(struct capture *c, int status) {
    c->finished = true;
    c->status = status;
}

__attribute__((format(printf, 2, 3))) static void fail(struct capture *c, const char *format, ...) {
    char detail[ORIEL_BACKEND_ERROR_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    oriel_error("%s", detail);
    oriel_ipc_send(c->control, &oriel_capture_to_core, ORIEL_CAPTURE_FAILED, detail);
    finish(c, 1);
}

static void prepare_fd(int fd) {
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static int64_t period(const struct capture *c) {
    return ORIEL_SECOND / c->rate * 15 / 16;
}

/* The time for the next frame. */
static int64_t due(const struct capture *c) {
    int64_t paced = c->next - period(c) / 2, settled = c->changed < c->settle_until ? c->changed + SETTLE : 0;
    return paced > settled ? paced : settled;
}

static void mark_dirty(struct capture *c) {
    c->dirty = true;
    if (!c->changed)
        c->changed = oriel_monotonic();
}

static void mark_all(struct capture *c) {
    c->damage.count = 0;
    oriel_region_add(&c->damage, c->ring->width, c->ring->height, 0, 0, c->ring->width, c->ring->height);
    oriel_ring_damage_all(c->ring);
    mark_dirty(c);
}

static void lose_media(struct capture *c) {
    oriel_info("media has closed the frame socket: capture rests until core ends it");
    c->rate = 0;
    close(c->frames_events);
    close(c->frames);
    c->frames = c->frames_events = -1;
    c->backend->ops->close(c->backend);
    c->backend = NULL;
    oriel_ring_free(c->ring);
    c->ring = NULL;
}

/* After a send to media. False: it did not go out. Only called with nothing unread, so room is no question. */
static bool sent(struct capture *c, int r, const char *what) {
    if (r == 0)
        return true;
    if (r == -EPIPE)
        lose_media(c);
    else
        fail(c, "a %s message can't be sent to media: %s", what, strerror(-r));
    return false;
}

static bool unread(const struct capture *c) {
    int bytes = 0;
    return ioctl(c->frames, SIOCOUTQ, &bytes) == 0 && bytes > UNREAD_SLACK;
}

static void place_masks(struct capture *c) {
    const struct oriel_backend *b = c->backend;
    bool placed = b && b->placed;
    oriel_masks_move(&c->asked, c->asked_of_picture, placed ? b->x : 0, placed ? b->y : 0, &c->masks);
    c->masks_news = true;
}

static void new_ring(struct capture *c) {
    struct oriel_backend *b = c->backend;
    b->ops->attach(b, NULL);
    oriel_ring_free(c->ring);
    c->ring = NULL;
    c->resized = false;
    c->retries = 0;
    int r = oriel_ring_new(b->format, b->width, b->height, ++c->generation, &c->ring);
    if (r == -ERANGE)
        return fail(c, "the screen is %ux%u; Oriel shows screens from %dx%d to %dx%d: set another size", b->width,
                    b->height, ORIEL_FRAME_SIDE_MIN, ORIEL_FRAME_SIDE_MIN, ORIEL_FRAME_SIDE_MAX, ORIEL_FRAME_SIDE_MAX);
    if (r < 0)
        return fail(c, "no memory for pictures of %ux%u: %s", b->width, b->height, strerror(-r));
    if (b->ops->attach(b, c->ring) < 0)
        return fail(c, "%s", b->error);
    r = oriel_ring_seal(c->ring);
    if (r < 0)
        return fail(c, "the picture memory can't be sealed: %s", strerror(-r));
    if (c->rate)
        mark_all(c);
    r = oriel_ipc_send(c->frames, &oriel_capture_to_media, ORIEL_FRAMES_BUFFERS, c->ring->generation, c->ring->format,
                       (uint32_t)c->ring->width, (uint32_t)c->ring->height, c->ring->stride,
                       (uint32_t)ORIEL_RING_BUFFERS, (uint64_t)c->ring->size, c->ring->fd);
    if (!sent(c, r, "buffers"))
        return;
    if (c->asked.count)
        place_masks(c);
    oriel_debug("generation %u: %ux%u", c->ring->generation, c->ring->width, c->ring->height);
    if (b->placed &&
        oriel_ipc_send(c->control, &oriel_capture_to_core, ORIEL_CAPTURE_PLACE, b->x, b->y, b->width, b->height) < 0)
        oriel_warning("core does not hear where the picture lies");
}

static bool cursor_news(const struct capture *c) {
    const struct oriel_cursor *cursor = &c->backend->cursor;
    if (!cursor->shown)
        return c->cursor.shown;
    return !c->cursor.shown || cursor->serial != c->cursor.serial || cursor->x != c->cursor.x ||
           cursor->y != c->cursor.y;
}

static bool send_cursor(struct capture *c) {
    const struct oriel_cursor *cursor = &c->backend->cursor;
    c->cursor.x = cursor->x;
    c->cursor.y = cursor->y;
    c->cursor.shown = cursor->shown;
    if (!cursor->shown || cursor->serial == c->cursor.serial)
        return true;
    c->cursor.serial = cursor->serial;
    int r = oriel_ipc_send(c->frames, &oriel_capture_to_media, ORIEL_FRAMES_CURSOR, cursor->width, cursor->height,
                           (const void *)cursor->pixels, (size_t)cursor->width * cursor->height * 4);
    return sent(c, r, "cursor");
}

static bool send_masks(struct capture *c) {
    if (!c->masks_news)
        return true;
    uint8_t rects[ORIEL_MASKS_MAX * ORIEL_RECT_SIZE];
    oriel_rects_write(c->masks.rects, c->masks.count, rects);
    c->masks_news = false;
    int r = oriel_ipc_send(c->frames, &oriel_capture_to_media, ORIEL_FRAMES_MASKS, (const void *)rects,
                           (size_t)c->masks.count * ORIEL_RECT_SIZE);
    return sent(c, r, "masks");
}

static void send_frame(struct capture *c, unsigned index) {
    uint8_t rects[ORIEL_FRAME_RECTS_MAX * ORIEL_RECT_SIZE];
    oriel_rects_write(c->damage.rects, c->damage.count, rects);
    if (!send_masks(c) || !send_cursor(c))
        return;
    int r = oriel_ipc_send(c->frames, &oriel_capture_to_media, ORIEL_FRAMES_FRAME, c->ring->generation, index,
                           (uint64_t)c->changed, (const void *)rects, (size_t)c->damage.count * ORIEL_RECT_SIZE,
                           (uint32_t)c->cursor.x, (uint32_t)c->cursor.y, (uint32_t)c->cursor.shown);
    if (!sent(c, r, "frame"))
        return;
    oriel_ring_sent(c->ring, index);
    c->damage.count = 0;
    c->changed = 0;
    c->retries = 0;
}

static int add_piece(void *user, struct oriel_rect r) {
    struct capture *c = user;
    struct oriel_region piece = {.count = 1, .rects = {r}};
    oriel_region_join(&c->damage, &piece);
    oriel_ring_damage(c->ring, &piece);
    return 0;
}

struct grabbing {
    struct capture *c;
    unsigned index;
    struct oriel_region pieces;
};

static int grab_pieces(struct grabbing *g) {
    struct oriel_backend *b = g->c->backend;
    int r = g->pieces.count ? b->ops->grab(b, g->index, &g->pieces) : 0;
    g->pieces.count = 0;
    return r;
}

static int grab_piece(void *user, struct oriel_rect r) {
    struct grabbing *g = user;
    g->pieces.rects[g->pieces.count++] = r;
    return g->pieces.count == ORIEL_FRAME_RECTS_MAX ? grab_pieces(g) : 0;
}

/* Brings what buffer `index` misses up to date, around the masks. As grab(). */
static int fill_buffer(struct capture *c, unsigned index) {
    const struct oriel_region *stale = &c->ring->buffers[index].stale;
    if (!c->masks.count)
        return c->backend->ops->grab(c->backend, index, stale);
    struct grabbing g = {.c = c, .index = index};
    int r = 0;
    for (unsigned i = 0; i < stale->count && !r; i++)
        r = oriel_masks_cut(&c->masks, stale->rects[i], grab_piece, &g);
    if (!r)
        r = grab_pieces(&g);
    oriel_masks_paint(&c->masks, c->ring, index, stale);
    return r;
}

/* What is new, into buffer `index` at once if it misses nothing else and the backend can: as collect(). */
static int collect(struct capture *c, unsigned index, struct oriel_region *fresh) {
    struct oriel_backend *b = c->backend;
    bool at_once = b->ops->take && !c->masks.count && !c->ring->buffers[index].stale.count;
    return at_once ? b->ops->take(b, index, fresh) : b->ops->collect(b, fresh);
}

/* A buffer is free, nothing is unread, and it is time. */
static void take_frame(struct capture *c) {
    struct oriel_backend *b = c->backend;
    struct oriel_region fresh = {0};
    unsigned index = (unsigned)oriel_ring_next(c->ring);
    int events = collect(c, index, &fresh);
    if (events < 0)
        return fail(c, "%s", b->error);
    if (events & ORIEL_EVENT_SIZE) {
        c->resized = true;
        return;
    }
    int64_t now = oriel_monotonic();
    c->dirty = false;
    c->taken = now;
    for (unsigned i = 0; i < fresh.count; i++)
        oriel_masks_cut(&c->masks, fresh.rects[i], add_piece, c);
    if (events & ORIEL_EVENT_TAKEN)
        c->ring->buffers[index].stale.count = 0;
    if (!c->damage.count && !cursor_news(c) && !c->masks_news) {
        /* The pointer pushed against an edge, say, or a change under a mask. Such looks are paced too. */
        c->changed = 0;
        if (c->next < now + period(c))
            c->next = now + period(c);
        return;
    }
    int r = fill_buffer(c, index);
    c->next = (c->next > now ? c->next : now) + period(c);
    if (r == -EAGAIN && ++c->retries < RETRIES_MAX) {
        c->dirty = true;
        return;
    }
    if (r < 0)
        return fail(c, "%s", r == -EAGAIN ? "the screen can't be read: its size keeps changing" : b->error);
    send_frame(c, index);
    c->look = now + LOOK_AFTER;
}

static void set_rate(struct capture *c, uint32_t asked) {
    unsigned rate = asked < c->rate_max ? asked : c->rate_max;
    bool was_running = c->rate > 0;
    struct oriel_backend *b = c->backend;
    c->rate = b->rate = rate;
    if (rate && !was_running) {
        if (b->ops->start(b) < 0)
            return fail(c, "%s", b->error);
        c->next = c->taken = c->changed = c->settle_until = 0;
        c->heard = oriel_monotonic();
        mark_all(c);
    } else if (!rate && was_running) {
        b->ops->stop(b);
        c->dirty = false;
        c->look = 0;
        c->damage.count = 0;
        c->changed = 0;
    }
}

static void handle_media(struct capture *c) {
    int r = 1;
    while (!c->finished && c->frames >= 0 &&
           (r = oriel_ipc_receive(c->frames, &oriel_media_to_capture, &message)) > 0) {
        if (message.type->id == ORIEL_FRAMES_RUN)
            set_rate(c, (uint32_t)message.fields[0].number);
        else
            r = oriel_ring_release(c->ring, (uint32_t)message.fields[0].number, (uint32_t)message.fields[1].number);
        oriel_ipc_message_clear(&message);
        if (r == -EPROTO)
            break;
    }
    if (c->finished || c->frames < 0 || r == -EAGAIN)
        return;
    if (r == 0 || r == -EPIPE)
        lose_media(c);
    else
        fail(c, "media broke the frame protocol (%s): this is a fault in oriel-media",
             r == -EPROTO ? "an unknown message, or a buffer that it doesn't have" : strerror(-r));
}

static void damage_masks(struct capture *c) {
    struct oriel_region region = {0};
    for (unsigned i = 0; i < c->masks.count; i++) {
        struct oriel_rect r = c->masks.rects[i];
        oriel_region_add(&region, c->ring->width, c->ring->height, r.x, r.y, r.width, r.height);
    }
    oriel_region_join(&c->damage, &region);
    oriel_ring_damage(c->ring, &region);
}

/* `message` is MASKS. What was covered and what will be are both damage. */
static void set_masks(struct capture *c) {
    bool running = c->rate && c->ring;
    if (running)
        damage_masks(c);
    c->asked_of_picture = (unsigned)message.fields[1].number;
    if (oriel_masks_set(&c->asked, message.fields[0].bytes, message.fields[0].length) < 0)
        return fail(c,
                    "core sent masks that are no rectangles within %dx%d, or more than %d: this is a fault in orield",
                    ORIEL_FRAME_SIDE_MAX, ORIEL_FRAME_SIDE_MAX, ORIEL_MASKS_MAX);
    place_masks(c);
    oriel_info("masks: %u rectangles are never shown", c->asked.count);
    if (running) {
        damage_masks(c);
        mark_dirty(c);
    }
}

/* `message` is PUSHER. False: there is no use for it. */
static bool take_pusher(struct capture *c) {
    int fd = oriel_ipc_take_fd(&message, 0);
    if (!oriel_ipc_is_channel(fd) || (c->backend && !c->backend->ops->adopt)) {
        close(fd);
        return false;
    }
    prepare_fd(fd);
    if (!c->backend) {
        if (c->pusher >= 0)
            close(c->pusher);
        c->pusher = fd;
    } else if (c->backend->ops->adopt(c->backend, fd) < 0) {
        fail(c, "%s", c->backend->error);
    }
    return true;
}

static void handle_control(struct capture *c) {
    int r = 1;
    while (!c->finished && (r = oriel_ipc_receive(c->control, &oriel_core_to_capture, &message)) > 0) {
        if (message.type->id == ORIEL_CAPTURE_MASKS)
            set_masks(c);
        else if (message.type->id != ORIEL_CAPTURE_PUSHER || !take_pusher(c))
            r = -EPROTO;
        oriel_ipc_message_clear(&message);
        if (r == -EPROTO)
            break;
    }
    if (c->finished || r == -EAGAIN)
        return;
    if (r != 0)
        oriel_error("core sent what it may not send now: capture ends");
    finish(c, r == 0 ? 0 : 1);
}

static void handle_backend(struct capture *c) {
    int events = c->backend->ops->dispatch(c->backend);
    if (events < 0)
        return fail(c, "%s", c->backend->error);
    if (events & ORIEL_EVENT_SIZE)
        c->resized = true;
    if (!(events & (ORIEL_EVENT_DAMAGE | ORIEL_EVENT_CURSOR)) || !c->rate)
        return;
    c->heard = oriel_monotonic();
    if (events & ORIEL_EVENT_DAMAGE && c->heard < c->taken + BURST_WITHIN)
        c->settle_until = c->taken + SETTLE_FOR;
    mark_dirty(c);
}

/* Sleeps until something is to be done; `wake` 0: no time set. `backend`, `media`: listens to them, too; what media
 * said while it was not listened to is read afterwards. */
static void wait_events(struct capture *c, int64_t wake, bool backend, bool media) {
    struct pollfd fds[3] = {{.fd = c->control, .events = POLLIN},
                            {.fd = media ? c->frames_events : -1, .events = POLLIN},
                            {.fd = backend ? c->backend->fd : -1, .events = POLLIN}};
    int64_t left = wake - oriel_monotonic();
    if (left < 0)
        left = 0;
    struct timespec timeout = {.tv_sec = left / ORIEL_SECOND, .tv_nsec = left % ORIEL_SECOND};
    if (ppoll(fds, 3, wake ? &timeout : NULL, NULL) < 0)
        return;
    if (fds[0].revents)
        handle_control(c);
    if (fds[1].revents && !c->finished) {
        struct epoll_event event;
        epoll_wait(c->frames_events, &event, 1, 0); /* takes the edge */
    }
    if ((fds[1].revents || !media) && !c->finished)
        handle_media(c);
    if (fds[2].revents && !c->finished && c->backend)
        handle_backend(c);
}

/* When a source that is never at rest has failed; 0: not. */
static int64_t silent_at(const struct capture *c) {
    return c->rate && c->backend->steady ? c->heard + SILENT_S * ORIEL_SECOND : 0;
}

static void step(struct capture *c) {
    if (!c->backend)
        return wait_events(c, 0, false, true);
    bool room = !unread(c);
    if (c->resized && room)
        return new_ring(c);
    bool ready = c->rate && c->dirty && !c->resized && room && oriel_ring_next(c->ring) >= 0;
    if (ready && oriel_monotonic() >= due(c)) {
        handle_control(c); /* masks that were sent before this frame hold for it */
        if (c->finished)
            return;
        take_frame(c);
        /* Events may have come along with replies, where the backend's fd doesn't show them. */
        if (!c->finished && c->backend)
            handle_backend(c);
        return;
    }
    int64_t wake = ready ? due(c) : c->look, silent = silent_at(c);
    bool nothing = c->rate && !c->dirty && !c->resized; /* to be done but to wait for a change */
    wait_events(c, silent && (!wake || silent < wake) ? silent : wake, !ready, !(nothing && c->look));
    if (c->finished)
        return;
    if (silent_at(c) && oriel_monotonic() >= silent_at(c))
        return fail(c, "no picture came for %d s (%s): it hangs, or gets no signal", SILENT_S, c->backend->about);
    if (c->look && oriel_monotonic() >= c->look) {
        c->look = 0;
        mark_dirty(c);
    }
}

/* Waits for START, with the masks that may come before it. False: finished. */
static bool receive_start(struct capture *c) {
    struct pollfd control = {.fd = c->control, .events = POLLIN};
    int r;
    while ((r = oriel_ipc_receive(c->control, &oriel_core_to_capture, &message)) == -EAGAIN ||
           (r > 0 && message.type->id != ORIEL_CAPTURE_START)) {
        if (r > 0 && message.type->id == ORIEL_CAPTURE_MASKS)
            set_masks(c);
        else if (r > 0 && !take_pusher(c))
            fail(c, "core's PUSHER is no socket: this is a fault in orield");
        oriel_ipc_message_clear(&message);
        if (c->finished)
            return false;
        if (r == -EAGAIN)
            poll(&control, 1, -1);
    }
    if (r == 0) {
        finish(c, 0);
        return false;
    }
    if (r < 0) {
        fail(c, "core's first message is none of MASKS, PUSHER and START: this is a fault in orield");
        return false;
    }
    c->frames = oriel_ipc_take_fd(&message, 0);
    c->rate_max = (unsigned)message.fields[5].number;
    if (!oriel_ipc_is_channel(c->frames))
        fail(c, "START brought no frame socket: this is a fault in orield");
    else if (c->rate_max < 1 || c->rate_max > RATE_MAX)
        fail(c, "a frame rate of %u is not possible: [media] frame-rate in oriel.conf is 1 to %d", c->rate_max,
             RATE_MAX);
    return !c->finished;
}

static bool start(struct capture *c) {
    if (!receive_start(c))
        return false;
    prepare_fd(c->frames);
    c->frames_events = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event edges = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
    if (c->frames_events < 0 || epoll_ctl(c->frames_events, EPOLL_CTL_ADD, c->frames, &edges) < 0) {
        fail(c, "the frame socket can't be watched: %s", strerror(errno));
        return false;
    }
    char error[ORIEL_BACKEND_ERROR_SIZE];
    const struct oriel_backend_wish wish = {.display = message.fields[1].bytes,
                                            .xauthority = message.fields[2].bytes,
                                            .monitor = message.fields[3].bytes,
                                            .device = message.fields[4].bytes,
                                            .pusher = c->pusher,
                                            .rate = c->rate_max};
    c->pusher = -1; /* the backend's, or of no use to it */
    c->backend = oriel_backend_open(message.fields[0].bytes, &wish, error);
    oriel_ipc_message_clear(&message);
    if (!c->backend) {
        fail(c, "%s", error);
        return false;
    }
    new_ring(c);
    if (c->finished || !c->backend)
        return !c->finished;
    oriel_info("%s", c->backend->about);
    int r = oriel_sandbox_lock(c->process); /* all is open that a screen needs */
    if (r < 0) {
        fail(c, "the system calls of this process can't be locked: %s", strerror(-r));
        return false;
    }
    r = oriel_ipc_send(c->control, &oriel_capture_to_core, ORIEL_CAPTURE_READY, c->backend->about,
                       (uint32_t)c->backend->width, (uint32_t)c->backend->height);
    if (r < 0)
        finish(c, r == -EPIPE ? 0 : 1);
    return !c->finished;
}

static void release(struct capture *c) {
    if (c->backend)
        c->backend->ops->close(c->backend);
    oriel_ring_free(c->ring);
    const int fds[] = {c->frames, c->frames_events, c->control, c->pusher};
    for (unsigned i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

int oriel_capture_run(int control, enum oriel_process process) {
    if (!oriel_ipc_is_channel(control)) {
        oriel_error("this program is started by orield, with a socket to it as descriptor %d; it can't be started "
                    "by hand",
                    control);
        return 2;
    }
    prepare_fd(control);
    signal(SIGPIPE, SIG_IGN); /* a dead X server is an error of that connection */
    struct capture c = {.control = control, .process = process, .frames = -1, .frames_events = -1, .pusher = -1};
    if (start(&c))
        while (!c.finished)
            step(&c);
    release(&c);
    return c.status;
}
