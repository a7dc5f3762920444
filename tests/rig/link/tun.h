/* One end of the emulated link: a network interface whose cable is a file descriptor. */
#pragma once

/* Makes the interface NAME (TUN: IP packets and nothing before them) in the network namespace at that path. The process
 * is in it afterwards. -1 with errno; the interface goes with the descriptor, which does not block. */
int tun_open(const char *netns, const char *name);
