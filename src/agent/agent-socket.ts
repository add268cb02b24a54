import { mkdirSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { dirname } from 'node:path';

/** Where the agent of a node answers commands on that node. */
export const agentSocket = '/run/sallyport/agent.sock';

/**
 * Answers HTTP on a socket of this machine, which root alone may open. What a dead agent has left there is taken away; one agent runs in a network
 * namespace, and its packet log is its own. `onFault` is told when that can't be: nothing else depends on it.
 */
export function serveOnSocket(path: string, serve: RequestListener, onFault: (message: string) => void): { close(): void } {
  const server: Server = createServer(serve).on('error', (error) => onFault(error.message));
  const mask = process.umask(0o077);
  try {
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    server.listen(path);
  } catch (error) {
    onFault((error as Error).message);
  } finally {
    process.umask(mask);
  }
  return {
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
