/**
 * Datagrams that know when they were sent: `datagrams.ts send ADDRESS PORT` sends one every millisecond, `datagrams.ts receive PORT` prints for each that
 * comes its sender, when it was sent and when it came, in milliseconds.
 */
import { createSocket } from 'node:dgram';

const [mode, first = '', second = ''] = process.argv.slice(2);
const socket = createSocket('udp4');
/** Milliseconds of a clock that all processes of the machine share. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

if (mode === 'send') {
  socket.bind(() => setInterval(() => socket.send(String(now()), Number(second), first, () => undefined), 1));
  socket.on('error', () => undefined);
} else {
  socket.on('message', (sent, { address }) => process.stdout.write(`${address} ${sent} ${now()}\n`));
  socket.bind(Number(first), () => process.stdout.write('ready\n'));
}
