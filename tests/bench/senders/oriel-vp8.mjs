// Oriel without its exact layer: what any WebRTC receiver sees of it.
import { oriel } from './oriel.mjs';

export default oriel({ name: 'oriel-vp8', title: 'Oriel (VP8 alone)', exact: false, note: 'the same with [media] exact=no, in a plain video element' });
