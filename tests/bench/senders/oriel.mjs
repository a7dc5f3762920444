// Oriel: orield with its helpers as built, one session by consent. Its picture is there some time after the person's Allow; what
// runs before that is measured as `idle`.
import { Meter } from '../measure.mjs';

export default {
  name: 'oriel', title: 'Oriel', from: 'the person\'s Allow',
  note: 'orield, oriel-signal, oriel-capture, oriel-media',

  async start({ rig, screen, receiver }, { idle = 0 } = {}) {
    const { device, provider, agent } = await rig.cast({ device: { screen, watch: false } });
    const figures = idle ? (await new Meter({ device: [device.pid] }).over(idle)).of('device') : undefined;
    await receiver.page.evaluate(() => window.bench.video());
    await agent.request({ fingerprint: await receiver.certificate() });
    const ask = await provider.asked();
    const started = performance.timeOrigin + performance.now();
    provider.decide(ask, true);
    await agent.grant();
    await receiver.connect(agent);
    return {
      started, idle: figures,
      pids: () => [device.pid],
      async stop() {
        provider.stopSession();
        await agent.ended();
        await receiver.close();
      },
    };
  },
};
