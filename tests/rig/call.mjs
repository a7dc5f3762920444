// A session in which both talk: a device in a room, and a page with ear and mouth.
import { Ear } from './ear.mjs';
import { Sound } from './sound.mjs';

export const TRUST = { 'fill-cap': { label: 'Fill & Cap GmbH', scopes: ['view', 'voice'], seconds: 3600 } };

// What rig.cast() is given for a device that may be talked with.
export const talkative = (sound, { agent, device, ...rest } = {}) => ({ ...rest, agent: { scopes: 'view,voice', ...agent }, device: { trust: TRUST, config: { session: { scopes: 'view;voice' }, voice: sound.config }, ...device } });

// -> {sound, ear, agent, provider, device, ready (ms from the consent to microphone and speaker)}
export async function call(rig, options) {
  const sound = rig.own(await Sound.start(rig.path('sound')));
  const browser = await rig.browser({ args: ['--autoplay-policy=no-user-gesture-required'] });
  const cast = await rig.cast(talkative(sound, options)), { agent, provider } = cast;
  const ear = await Ear.open(browser);
  rig.own(ear.receiver);
  await agent.request({ fingerprint: await ear.receiver.certificate(), scopes: ['view', 'voice'] });
  await provider.allow();
  const consent = Date.now();
  const voice = provider.next(({ t, microphone, speaker }) => t === 'voice' && microphone && speaker, 20000).then(() => Date.now() - consent);
  await agent.grant();
  await ear.receiver.connect(agent);
  await ear.receiver.picture();
  await ear.open();
  return { ...cast, sound, browser, ear, ready: await voice };
}
