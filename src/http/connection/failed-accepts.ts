import type { Server } from 'node:net';
import type { Logger } from '../../log/log.ts';

/**
 * accept() may fail because descriptors or memory have run out. Where libuv reports it (on Linux it has not since
 * 1.45), Node makes it an error of the server, which would end the process. But the server can still serve its open
 * connections, and the next accept() may succeed.
 */
export function surviveFailedAccepts(server: Server, log: Logger): void {
  let isFailing = false;
  // earlier errors come from listen()
  server.once('listening', () => {
    server.on('error', (error) => {
      if (!isFailing) log.error({ error }, 'new connections cannot be accepted');
      isFailing = true;
    });
  });
  server.on('connection', () => {
    if (isFailing) log.info({}, 'new connections are accepted again');
    isFailing = false;
  });
}
