/* The one loop of oriel-egress: core's channel, the race for a path, and the bridge.
 *
 *   START -> racing --a way works--> up --broken, RENEW--> racing …          racing, none works:
 *              ^                                             |               the first time -> FAILED
 *              +------------------ pause <-------------------+               later -> LOST, pause
 *
 * Policy: core alone is obeyed; it hangs up, egress ends. All else is awaited in one poll(2), without a wake-up at
 * rest. The first time, when no way works, that is for people to mend: FAILED. Later the network may come back: egress
 * goes on trying, after 0.1 s, then twice as long each time, at most 5 s, each a little off so that not all devices of
 * a plant come back at once. */
#ifndef ORIEL_EGRESS_EGRESS_H
#define ORIEL_EGRESS_EGRESS_H

/* Until core hangs up, or a failure that was said. The exit status. */
int oriel_egress_run(int control);

#endif
