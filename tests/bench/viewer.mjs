// What the receiver's page has of the console: its half of the connection and the element that shows the picture. Bundled by
// server.mjs, as it is in the console.
import '../../signaling/console/src/components/viewer.js';

export { Cameras } from '../../signaling/console/src/cameras.js';
export { Chat } from '../../signaling/console/src/chat.js';
export { Peer, createCertificate } from '../../signaling/console/src/peer.js';
