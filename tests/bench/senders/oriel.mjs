// Oriel: orield with its helpers as built, one session by consent, with its exact layer over the video, seen by the console's own element.
// Its picture is there some time after the person's Allow; what runs before that is measured as `idle`.
import { writeFileSync } from 'node:fs';
import { Meter } from '../measure.mjs';

// What its estimator was told (pipelines/rate/record.h).
const way = (device) => device.process.lines.map(({ text }) => /^oriel-media: way (.*)/.exec(text)?.[1]).filter(Boolean);

// A sender with or without that layer; without, a receiver that knows nothing of Oriel sees all there is.
export function oriel({ exact, ...about }) {
  return {
    from: 'the person\'s Allow', ...about,

    async start({ rig, screen, receiver, topology, nth, record }, { idle = 0 } = {}) {
      // Over a network of its own by TURN, as it is meant; the second session there has other servers.
      const servers = topology ? { broker: { ports: { device: 8883 + nth, agent: 8080 + nth } }, relay: { ports: { plain: 3478 + nth, tls: 443 + nth } } } : {};
      const { device, provider, agent } = await rig.cast({ topology, ...servers, device: { screen, watch: false, env: record ? { ORIEL_RECORD_WAY: '1' } : {}, config: { media: { exact: exact ? 'yes' : 'no' } } } });
      const figures = idle ? (await new Meter({ device: [device.pid] }).over(idle)).of('device') : undefined;
      await receiver.page.evaluate((viewer) => (viewer ? window.bench.viewer() : window.bench.video()), exact);
      await agent.request({ fingerprint: await receiver.certificate(), seconds: 3600 });
      const ask = await provider.asked();
      const started = performance.timeOrigin + performance.now();
      provider.decide(ask, true);
      await agent.grant();
      await receiver.connect(agent);
      return {
        started, idle: figures,
        pids: () => [device.pid],
        // Why, when it ended by itself.
        ended() {
          const { by, reason } = agent.messages.find(({ typ }) => typ === 'end') ?? {};
          return reason && `the device ended the session: ${reason} (${by})`;
        },
        async stop() {
          provider.stopSession();
          await agent.ended();
          if (record) writeFileSync(record.file, [`; ${record.title}`, ...way(device)].join('\n') + '\n');
          await receiver.close();
        },
      };
    },
  };
}

export default oriel({ name: 'oriel', title: 'Oriel', exact: true, note: 'orield, oriel-signal, oriel-capture, oriel-media; with the exact layer, in the console\'s own element' });
