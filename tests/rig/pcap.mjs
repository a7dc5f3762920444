// What passed a cable: tcpdump writes it down, and this reads it (pcap, Ethernet or, of an emulated link, IP; IPv4, IPv6, ARP).
import { readFileSync, statSync } from 'node:fs';
import { Process, sleep, until } from './process.mjs';

const ETHERNET = 1, RAW = [12, 101], MAGIC = 0xa1b2c3d4;
const PROTOCOLS = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp6' };
// Neighbour discovery and multicast reports: how IPv6 finds out who is on its own cable.
const NEIGHBOURS = [130, 131, 132, 133, 134, 135, 136, 137, 143];

const ipv4 = (bytes) => [...bytes].join('.');
function ipv6(bytes) {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1); // in its shortest form
}

function transport(packet, protocol, bytes) {
  packet.proto = PROTOCOLS[protocol] ?? `protocol ${protocol}`;
  if ((protocol === 6 || protocol === 17) && bytes.length >= 4) {
    packet.fromPort = bytes.readUInt16BE(0);
    packet.toPort = bytes.readUInt16BE(2);
    packet.payload = protocol === 17 ? bytes.subarray(8) : bytes.subarray((bytes[12] >> 4) * 4);
  }
  if (protocol === 1 || protocol === 58) packet.type = bytes[0];
}

function parse(frame, ethernet) {
  const kind = ethernet ? frame.readUInt16BE(12) : frame[0] >> 4 === 6 ? 0x86dd : 0x0800, bytes = frame.subarray(ethernet ? 14 : 0), packet = { proto: `ethertype 0x${kind.toString(16)}`, length: frame.length };
  if (kind === 0x0806) packet.proto = 'arp';
  if (kind === 0x0800) {
    Object.assign(packet, { from: ipv4(bytes.subarray(12, 16)), to: ipv4(bytes.subarray(16, 20)) });
    transport(packet, bytes[9], bytes.subarray((bytes[0] & 15) * 4, bytes.readUInt16BE(2)));
  }
  if (kind === 0x86dd) {
    Object.assign(packet, { from: ipv6(bytes.subarray(8, 24)), to: ipv6(bytes.subarray(24, 40)) });
    // Multicast reports have an option before them.
    if (bytes[6] === 0) transport(packet, bytes[40], bytes.subarray(40 + (bytes[41] + 1) * 8));
    else transport(packet, bytes[6], bytes.subarray(40));
  }
  return packet;
}

// [{at, proto, from, to, fromPort, toPort, type, payload, length}] of a file's bytes; what is cut off at the end is left out.
export function readPcap(bytes) {
  const kind = bytes.length < 24 || bytes.readUInt32LE(0) !== MAGIC ? -1 : bytes.readUInt32LE(20);
  if (kind !== ETHERNET && !RAW.includes(kind)) throw new Error('this is no pcap file of an Ethernet cable or of an emulated link');
  const packets = [];
  for (let at = 24; at + 16 <= bytes.length;) {
    const length = bytes.readUInt32LE(at + 8), end = at + 16 + length;
    if (end > bytes.length) break;
    packets.push({ at: bytes.readUInt32LE(at) * 1000 + bytes.readUInt32LE(at + 4) / 1000, ...parse(bytes.subarray(at + 16, end), kind === ETHERNET) });
    at = end;
  }
  return packets;
}

// What a machine says to those on its own cable only, to find them.
export const isNeighbourly = ({ proto, type }) => proto === 'arp' || (proto === 'icmp6' && NEIGHBOURS.includes(type));

export class Capture {
  static async start(host, device, file) {
    const capture = new Capture();
    capture.file = file;
    // -Z: as who we are; tcpdump's own account could not write here.
    capture.process = host.start('tcpdump', 'tcpdump', ['-i', device, '-n', '-U', '--immediate-mode', '-s', '0', '-Z', 'root', '-w', file], { env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });
    await capture.process.line(/listening on/);
    await until('tcpdump to write', () => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) >= 24);
    return capture;
  }

  // All so far, but for what finds neighbours.
  async packets() {
    await sleep(100); // it is written a moment after it passed
    return readPcap(readFileSync(this.file)).filter((packet) => !isNeighbourly(packet));
  }

  // Whom an address talked to: {"proto address:port": packets}, the port being the other's.
  async peers(address) {
    const count = {};
    for (const { proto, from, to, fromPort, toPort } of await this.packets()) {
      if (from !== address && to !== address) continue;
      const [other, port] = from === address ? [to, toPort] : [from, fromPort];
      const key = `${proto} ${other}${port === undefined ? '' : `:${port}`}`;
      count[key] = (count[key] ?? 0) + 1;
    }
    return count;
  }

  stop() {
    return this.process.stop();
  }
}
