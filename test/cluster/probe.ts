/**
 * Opens one TCP connection after another, as a process in the network namespace of a pod, and prints how each went:
 * probe.ts MILLISECONDS ADDRESS:PORT... prints a line `ADDRESS:PORT BEGUN ENDED yes|no` for each, in milliseconds of the machine's clock.
 */
import { createConnection } from 'node:net';

/** How long a connection may take: a lost first packet is sent again only after a second, so this one was not let through. */
const patience = 400;

const [interval = '', ...targets] = process.argv.slice(2);
/** The clock that all processes of the machine share. */
const now = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

function probe(target: string): void {
  const [host, port] = target.split(':');
  const begun = now();
  const socket = createConnection({ host: host!, port: Number(port) });
  let isSettled = false;
  const settle = (isOpen: boolean): void => {
    if (isSettled) return;
    isSettled = true;
    clearTimeout(timer);
    process.stdout.write(`${target} ${begun} ${now()} ${isOpen ? 'yes' : 'no'}\n`);
    // Nothing of it stays at either end.
    socket.resetAndDestroy();
  };
  const timer = setTimeout(() => settle(false), patience);
  socket.on('connect', () => settle(true)).on('error', () => settle(false));
}

let turn = 0;
setInterval(() => probe(targets[turn++ % targets.length]!), Number(interval));
process.on('SIGTERM', () => process.exit());
