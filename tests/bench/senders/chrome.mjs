// Chromium's own screen share: getDisplayMedia of the whole screen into an RTCPeerConnection, with its defaults. A second
// Chromium with a window (off the screen's edge), because a headless one captures no X11 screen.
import { Browser } from '../../rig/browser.mjs';

const FLAGS = ['--auto-select-desktop-capture-source=Entire screen', '--window-position=-4000,0', '--window-size=400,300'];

// In the sender's page.
async function offer() {
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 30 }, audio: false });
  const [track] = stream.getVideoTracks();
  const pc = window.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  window.candidates = [];
  pc.onicecandidate = ({ candidate }) => { if (candidate) window.candidates.push(candidate.candidate); };
  pc.addTrack(track, stream);
  await pc.setLocalDescription(await pc.createOffer());
  return { sdp: pc.localDescription.sdp, surface: track.getSettings().displaySurface };
}

const PAGE = 'http://localhost/'; // nobody is asked for it: a page there may share the screen

// On a machine of its own: there, and its addresses are told as they are.
const there = ({ device: { wrap } }) => ({ wrap, loopback: false, args: [...FLAGS, '--disable-features=WebRtcHideLocalIpsWithMdns'] });

export default {
  name: 'chrome', title: 'Chrome getDisplayMedia', from: 'starting the browser',
  note: 'all processes of the sharing Chromium; VP8 with its default rates',

  async start({ rig, screen, receiver, topology }) {
    const started = performance.timeOrigin + performance.now();
    const browser = rig.own(await Browser.start(rig.folder('sender'), { headless: false, args: FLAGS, env: screen.env, ...(topology ? there(topology) : {}) }));
    const page = await browser.page();
    await page.route(`${PAGE}**`, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>sender</title>' }));
    await page.goto(PAGE);
    const { sdp, surface } = await page.evaluate(offer);
    if (surface !== 'monitor') throw new Error(`Chromium shares a ${surface}, not the screen`);
    await receiver.page.evaluate(() => window.bench.video());
    await receiver.certificate();
    const answer = await receiver.answer(sdp);
    await page.evaluate((text) => window.pc.setRemoteDescription({ type: 'answer', sdp: text }), answer);
    receiver.pump = setInterval(async () => {
      try {
        for (const candidate of await page.evaluate(() => window.candidates.splice(0))) await receiver.add(candidate, 0);
        for (const { candidate } of await receiver.page.evaluate(() => window.rig.take())) if (candidate) await page.evaluate((text) => window.pc.addIceCandidate({ candidate: text, sdpMLineIndex: 0 }), candidate);
      } catch { /* a page is gone: the bench says so */ }
    }, 20);
    return { started, pids: () => [browser.pid], stop: () => receiver.close() };
  },
};
