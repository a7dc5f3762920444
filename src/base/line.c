/* See line.h. */
#include "line.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { DEBOUNCE = 5000 }; /* us */

/* False when it is not of the form. */
static bool parse(const char *line, char path[128], unsigned *offset, bool *low) {
    const char *colon = strchr(line, ':');
    size_t length = colon ? (size_t)(colon - line) : 0;
    if (!length || length >= 128 || line[0] != '/')
        return false;
    memcpy(path, line, length);
    path[length] = '\0';
    char *end;
    unsigned long number = strtoul(colon + 1, &end, 10);
    if (end == colon + 1 || colon[1] < '0' || colon[1] > '9' || number > 65535)
        return false;
    *offset = (unsigned)number;
    *low = strcmp(end, ":low") == 0;
    return *low || !*end;
}

bool oriel_line_is_good(const char *line) {
    char path[128];
    unsigned offset;
    bool low;
    return parse(line, path, &offset, &low);
}

int oriel_line_is_watched(const char *line, const char *consumer) {
    char path[128];
    bool low;
    struct gpio_v2_line_info info = {0};
    if (!parse(line, path, &info.offset, &low))
        return -EINVAL;
    int chip = open(path, O_RDWR | O_CLOEXEC);
    if (chip < 0)
        return -errno;
    int result = ioctl(chip, GPIO_V2_GET_LINEINFO_IOCTL, &info) < 0 ? -errno : 0;
    close(chip);
    return result < 0 ? result : (info.flags & GPIO_V2_LINE_FLAG_USED) && strcmp(info.consumer, consumer) == 0;
}

int oriel_line_open(const char *line, const char *consumer) {
    char path[128];
    bool low;
    struct gpio_v2_line_request request = {.num_lines = 1};
    if (!parse(line, path, &request.offsets[0], &low))
        return -EINVAL;
    snprintf(request.consumer, sizeof request.consumer, "%s", consumer);
    request.config.flags = GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING |
                           (low ? GPIO_V2_LINE_FLAG_ACTIVE_LOW | GPIO_V2_LINE_FLAG_BIAS_PULL_UP : 0);
    request.config.num_attrs = 1;
    request.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_DEBOUNCE;
    request.config.attrs[0].attr.debounce_period_us = DEBOUNCE;
    request.config.attrs[0].mask = 1;
    int chip = open(path, O_RDWR | O_CLOEXEC);
    if (chip < 0)
        return -errno;
    int result = ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) < 0 ? -errno : request.fd;
    close(chip);
    if (result >= 0 && fcntl(result, F_SETFL, O_NONBLOCK) < 0) {
        close(result);
        return -EIO;
    }
    return result;
}

int oriel_line_active(int fd) {
    struct gpio_v2_line_values values = {.mask = 1};
    return ioctl(fd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0 ? -errno : (int)(values.bits & 1);
}

int oriel_line_change(int fd) {
    struct gpio_v2_line_event event;
    ssize_t n = read(fd, &event, sizeof event);
    if (n != sizeof event)
        return n < 0 ? -errno : -EIO;
    return event.id == GPIO_V2_LINE_EVENT_RISING_EDGE;
}
