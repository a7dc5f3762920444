/* A GPIO chip that is none, for LD_PRELOAD: /dev/gpiochip9, whose one line is the FIFO named by RIG_GPIO. What is
 * written to that is what the kernel would give: struct gpio_v2_line_event. The line is inactive at first. */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int open(const char *path, int flags, ...);
int ioctl(int fd, unsigned long request, ...);

int open(const char *path, int flags, ...) {
    int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    va_list args;
    va_start(args, flags);
    int mode = va_arg(args, int);
    va_end(args);
    return strcmp(path, "/dev/gpiochip9") == 0 ? real("/dev/null", O_RDWR | O_CLOEXEC) : real(path, flags, mode);
}

int ioctl(int fd, unsigned long request, ...) {
    int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    va_list args;
    va_start(args, request);
    void *argument = va_arg(args, void *);
    va_end(args);
    if (request == GPIO_V2_GET_LINE_IOCTL) {
        struct gpio_v2_line_request *line = argument;
        if (line->num_lines != 1 || line->offsets[0] != 17 || !(line->config.flags & GPIO_V2_LINE_FLAG_EDGE_RISING))
            return -1;
        line->fd = real(getenv("RIG_GPIO"), O_RDWR | O_CLOEXEC);
        return line->fd < 0 ? -1 : 0;
    }
    if (request == GPIO_V2_GET_LINEINFO_IOCTL) { /* RIG_GPIO_USER: who watches it */
        struct gpio_v2_line_info *info = argument;
        const char *user = getenv("RIG_GPIO_USER");
        info->flags = user ? GPIO_V2_LINE_FLAG_USED : 0;
        strncpy(info->consumer, user ? user : "", sizeof info->consumer - 1);
        return 0;
    }
    if (request == GPIO_V2_LINE_GET_VALUES_IOCTL) {
        ((struct gpio_v2_line_values *)argument)->bits = 0;
        return 0;
    }
    return (int)syscall(SYS_ioctl, fd, request, argument);
}
