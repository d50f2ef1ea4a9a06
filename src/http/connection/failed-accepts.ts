import type { Server } from 'node:net';
import type { Logger } from '../../log/log.ts';

/**
 * accept() may fail for want of descriptors or memory. Where libuv tells (on Linux it has kept silent since 1.45), Node
 * makes it an error of the server, which would end the process, while the connections there are can be served and the
 * next one may be accepted again.
 */
export function surviveFailedAccepts(server: Server, log: Logger): void {
  let isFailing = false;
  // earlier errors are those of listen()
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
