/* Everything that is said in sentences, in one place: plain words, and what to do next. */

/* What can be asked for and granted, each by itself: [in words, what it means]. Its icon is icons[name] of icons.js. */
export const SCOPES = {
    view: ['See the screen', 'and write, point and draw beside it'],
    camera: ['Use the camera', 'see what the camera at the device sees'],
    voice: ['Hear and talk', 'with the person at the device'],
    face: ['Show my face', 'your camera, shown on the panel'],
    control: ['Use the panel', 'touch and type from here'],
    logs: ['Read the logs', 'what the machine has written down about itself'],
};

/* Who granted, when it was not a person at the panel for this request: the agent should know that nobody looks. */
const GRANTED_BY = {
    switch: 'By the key switch: nobody was asked',
    owner: 'By the owner’s pre-authorisation: nobody was asked',
};
export const grantedBy = (by) => GRANTED_BY[by];

/* Why a request was denied -> [what happened, what to do]. */
export const DENIALS = {
    denied: ['The person at the panel said no', 'Call them before you ask again: a second request without a word is rarely welcome.'],
    timeout: ['Nobody answered at the panel', 'The prompt was shown but nobody chose. Call the site and ask again when somebody stands there.'],
    'no-provider': ['Nobody at the panel can be asked', 'The program that asks the person is not running on the device. Have the HMI started, then ask again.'],
    'provider-lost': ['The prompt went away', 'The program that asks the person ended or hung while it asked. Ask again; if it repeats, report it to the HMI’s maker.'],
    'provider-invalid': ['The panel gave an answer that is none', 'It counts as no. Report it to the HMI’s maker: its consent program breaks its protocol.'],
    busy: ['The device is busy', 'Somebody else is being asked for or is in a session. Try again when the device is ready.'],
    expired: ['The request came too late', 'The device no longer knew the page’s greeting. Ask again, a new one is on its way.'],
    revoked: ['Your company has taken your access back', 'The device no longer accepts this browser. Ask your administrator; a new answer may be all that is needed.'],
    'not-allowed': ['You may not ask for this here', 'The device’s owner has not allowed it. Talk to the owner of the machine.'],
    malformed: ['The device could not read the request', 'This console and the device speak different versions. Report it with the detail below.'],
    audit: ['The device can’t write its record', 'Without a record there is no session. The device’s storage has to be looked at on site.'],
    'capture-failed': ['The screen can’t be captured', 'It was allowed, but the picture could not be taken. Report it with the detail below.'],
    'media-failed': ['The picture can’t be sent', 'It was allowed, but the device’s media program failed. Ask again; if it repeats, report it with the detail below.'],
    'relay-failed': ['The device finds no way out', 'It was allowed, but the device can’t reach the TURN server that the picture goes through: a matter of its network or of that server. The detail is below.'],
    cancelled: ['The request was taken back', 'Nobody is being asked any more.'],
    backoff: ['The person said no three times', 'The panel asks nothing of your company for a while, so that nobody is pressed. Talk to the site; a call for support from the panel ends the wait at once.'],
};

/* Why the person does not hear the agent. */
export const VOICE_TROUBLE = {
    refused: 'This browser may not use the microphone.',
    none: 'There is no microphone here.',
    failed: 'The microphone can’t be opened.',
};

/* Why the device can't be reached, or a request came to nothing without an answer. */
export const UNREACHABLE = {
    'no-answer': ['The device does not answer', 'It may be switched off or without network. Try again, or call the site.'],
    'no-grant': ['The device fell silent', 'It was allowed, but no session came. Ask again.'],
    'no-broker': ['No connection to the broker', 'The request was not sent. Ask again once the connection is back.'],
    restarted: ['The device has restarted', 'It forgot the request. Ask again.'],
    'not-verified': ['This device can’t be verified', 'So nothing is sent to it. The reason stands under “Not verified”.'],
    'not-enrolled': ['This browser is not enrolled at present', 'Your company’s administrator has to renew that first.'],
    'no-webrtc': ['This browser can’t receive the picture', 'WebRTC must be switched on. Use a current Chromium or Firefox.'],
};

const ENDS = {
    'person stopped': ['The person at the panel stopped the session', 'Call them before you ask again.'],
    'local stopped': ['The session was stopped on the device', 'Somebody ended it from the device’s own command line.'],
    'device stopped': ['The device stopped the session', 'The key switch that had opened the panel can’t be read any more. It has to be looked at on site.'],
    'agent hung-up': ['You hung up', 'Ask again if you need another look.'],
    'agent fingerprint': ['The connection was not the one announced', 'The device’s certificate did not match its word, so nothing was shown. Report this: somebody may stand in between.'],
    'agent protocol': ['The session made no sense to this page', 'It was ended to be safe. Report it with the detail below.'],
    'agent media-failed': ['The connection to the device broke', 'The picture stopped coming. Ask again.'],
};

const END_REASONS = {
    stopped: ['The session was stopped', 'Ask again if you need more time.'],
    'hung-up': ['The session was hung up', 'Ask again if you need more time.'],
    expired: ['The time is over', 'The session lasted as long as it was granted. Ask again if you need more.'],
    'provider-lost': ['The panel lost its stop button', 'The program that shows the indicator ended. Without it the person can’t stop a session, so the device did.'],
    'media-failed': ['The picture can’t be sent any more', 'The device’s media program failed. Ask again; if it repeats, report it with the detail below.'],
    'relay-failed': ['The device’s way out broke', 'It can’t reach the TURN server any more: a matter of its network or of that server. The detail is below.'],
    'capture-failed': ['The screen can’t be captured any more', 'Ask again; if it repeats, report it with the detail below.'],
    'peer-lost': ['The connection was lost for too long', 'It did not come back in the time that the device waits. If it is your network that was gone, look at that; then ask again.'],
    left: ['The session ended while this page was away', 'The device waits a few seconds only for a page that was left. Ask again if you need another look.'],
    elsewhere: ['The session goes on without this page', 'It is open in another tab, or its connection is still held by the page of before.'],
    fingerprint: ['The connection was not the one announced', 'The device saw another certificate than this page’s and ended. Report this: somebody may stand in between.'],
    revoked: ['Your company has taken your access back', 'The device ended the session for that. Ask your administrator.'],
    protocol: ['The device could not follow this page', 'Console and device speak different versions. Report it with the detail below.'],
    audit: ['The device can’t write its record any more', 'Without a record there is no session. The device’s storage has to be looked at on site.'],
    'not-renewed': ['Nobody agreed to go on', 'A long session asks the person again from time to time, and nobody answered. Call the site, then ask again.'],
    shutdown: ['The device is stopping or has restarted', 'Ask again when it is back.'],
};

export const endWords = ({ by, reason }) => ENDS[`${by} ${reason}`] ?? END_REASONS[reason];

/* Without a connection: [what, what is being done], by whether this page reaches the broker. */
export const LOST = (online) =>
    online
        ? ['Connection lost, trying again', 'The permission stays; nobody has to be asked anew.']
        : ['Connection lost, trying again', 'This page reaches nothing: it seems to be your own network. The permission stays as long as the device waits.'];

/* Why the picture stands still. */
export const PAUSED = {
    again: ['The person is being asked again', 'The picture stands still until they answer; the session ends if nobody does.'],
    provider: ['The panel fell silent', 'Without its indicator nobody could stop you, so nothing is shown. The session ends if it stays away.'],
    indicator: ['The sign on the panel is covered', 'The picture goes on when the person can see again that somebody looks.'],
};

/* Why a device is not shown as what it claims to be -> [in a row, in a sentence or two]. */
export const UNVERIFIED = {
    'not-for-us': ['It says nothing to your company', 'The device does not name your company among those that may support it. Its owner can change that.'],
    owner: ['Its owner is not known', 'It shows a credential, but of an owner that your administrator has not named. If it is a new customer’s, ask for a new answer to your enrolment.'],
    credential: ['Its credential is not valid', 'What it shows is broken, replaced by a newer one, or belongs to another device. Somebody may be posing as it: tell its owner.'],
    signature: ['Its signature is wrong', 'It was not signed by the key that its owner vouches for. Somebody may be posing as this device: tell its owner.'],
    unreadable: ['It can’t be read', 'What came is not what a device of this version says. It may be damaged on the way, or made up.'],
    unknown: ['Offline, and never seen by this browser', 'It is shown once it has been there. Until then only its address is known.'],
};

/* The start of a key id, to compare by voice with what the device or the administrator shows. */
export const shortKey = (id) => `${id.slice(0, 8)}…`;

/* Seconds -> "3 d 4 h", "2 h 5 min", "12 min", "40 s": two units at most, for reading. */
export function span(seconds) {
    const s = Math.floor(seconds);
    if (s < 60) return `${s} s`;
    const m = Math.floor(s / 60);
    if (m < 60) return `${m} min`;
    const h = Math.floor(m / 60);
    if (h < 24) return m % 60 ? `${h} h ${m % 60} min` : `${h} h`;
    const d = Math.floor(h / 24);
    return h % 24 ? `${d} d ${h % 24} h` : `${d} d`;
}

/* Seconds -> "9:58" or "1:02:03", for counting. */
export function counter(seconds) {
    const s = Math.max(0, Math.floor(seconds));
    const two = (n) => String(n).padStart(2, '0');
    const h = Math.floor(s / 3600);
    return h ? `${h}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}
