/* The one loop of oriel-egress: core's channel, the race for a path, and the bridge.
 *
 *   START -> racing --a way works--> up --broken, RENEW--> racing …          racing, none works:
 *              ^                     ^  |in doubt            |               the first time -> FAILED
 *              |                     +--+ another path       |               later -> LOST, pause
 *              +------------------ pause <-------------------+
 *
 * A path in doubt (bridge.h), or one whose network has moved (network.h), stays up while another is looked for beside
 * it; that is taken when the first stays silent for a moment more, at once when the network has moved. A server that
 * was started anew by UDP answers, but has forgotten media's allocation: so what answers is not yet a path that works.
 * With an agent of whom nothing was heard by this path, silence is the agent's, and nothing changes.
 *
 * Policy: core alone is obeyed; it hangs up, egress ends. All else is awaited in one poll(2), without a wake-up at
 * rest. The first time, when no way works, that is for people to mend: FAILED. Later the network may come back: egress
 * goes on trying, after 0.1 s, then twice as long each time, at most 1 s, each a little off so that not all devices of
 * a plant come back at once; and at once when the network changes. */
#ifndef ORIEL_EGRESS_EGRESS_H
#define ORIEL_EGRESS_EGRESS_H

/* Until core hangs up, or a failure that was said. The exit status. */
int oriel_egress_run(int control);

#endif
