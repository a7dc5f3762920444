/* See sound.h. */
#include "sound.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <sys/socket.h>

bool oriel_sound_send(int fd, const struct oriel_sound *sound) {
    return send(fd, sound, sizeof *sound, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof *sound;
}

bool oriel_sound_receive(int fd, struct oriel_sound *sound) {
    for (;;) {
        ssize_t n = recv(fd, sound, sizeof *sound, MSG_TRUNC);
        if (n == sizeof *sound)
            return true;
        if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
            return false;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (n < 0 && errno == EAGAIN)
            poll(&p, 1, -1);
    }
}

void oriel_sound_stop(int fd) {
    shutdown(fd, SHUT_RDWR);
}

unsigned oriel_sound_level(const struct oriel_sound *sound) {
    double sum = 0;
    for (int i = 0; i < ORIEL_SOUND_SAMPLES; i++)
        sum += (double)sound->samples[i] * sound->samples[i];
    double decibels = sum > 0 ? 10 * log10(sum / ORIEL_SOUND_SAMPLES / (32768.0 * 32768.0)) : -100;
    return decibels <= -60 ? 0 : decibels >= 0 ? 100 : (unsigned)((decibels + 60) * 100 / 60);
}
