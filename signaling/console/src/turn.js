/* The TURN servers of an enrolment, for the browser and for the device. PROTOCOL.md, TURN.
 *
 * Policy: `urls` are the browser's own affair: a device is told user name and password only, and uses them at the servers
 * that its owner named. The credentials end with the agent's own, and are renewed with it.
 */

/* What the schema's pattern leaves open: whether the address in brackets is one. */
export const isUsable = (url) => {
    const [, address] = /^turns?:(\[[^\]]*\])/.exec(url) ?? [];
    try {
        return !address || new URL(`http://${address}/`).hostname !== '';
    } catch {
        return false;
    }
};

/* `turn` of an enrolment, or null -> iceServers of an RTCPeerConnection. */
export const iceServers = (turn) => (turn ? [{ urls: turn.urls, username: turn.username, credential: turn.password }] : []);

/* -> what the request says to the device. */
export const forDevice = (turn) => (turn ? { turn: { username: turn.username, password: turn.password } } : {});
