import type { PassedSocket } from '../../config/passed-sockets.ts';
import { describeError } from '../../model/describe-error.ts';

const WAYS_OUT: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there; stop it or choose another address',
  EACCES: 'not permitted; choose a port above 1023 that the system does not reserve',
  EPERM: 'not permitted; choose a port above 1023 that the system does not reserve',
  EADDRNOTAVAIL: 'no network interface of this host has this address; choose one that it has, or leave out the host',
  EAFNOSUPPORT: 'this host does not have this kind of address; choose one that it has, or leave out the host',
  ENOTFOUND: 'the host name is unknown; choose an address of this host',
  EAI_AGAIN: 'the host name cannot be looked up; choose an address of this host',
};

/**
 * One line: which address, what is wrong, what to do. `own`: an address of the same port on which the exporter already
 * listens.
 */
export function explainListenError(address: string, error: unknown, own?: string): string {
  const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  if (isTaken && own === address) return `cannot listen on ${address} twice: give each --web.listen-address once`;
  if (isTaken && own !== undefined)
    return `cannot listen on ${address}: the exporter already listens on ${own}, which may include it; leave one --web.listen-address out`;
  const wayOut = WAYS_OUT[(error as NodeJS.ErrnoException).code ?? ''];
  if (wayOut === undefined) return `cannot listen on ${address}: ${describeError(error)}`;
  return `cannot listen on ${address}: ${wayOut} with --web.listen-address`;
}

/** The same for a socket passed by systemd. */
export function explainPassedSocketError({ fd, name }: PassedSocket, error: unknown): string {
  const socket = name === undefined ? `descriptor ${fd}` : `descriptor ${fd}, ${name}`;
  return `cannot listen on the socket that systemd passed (${socket}): ${describeError(error)}; its unit must have ListenStream= and Accept=no`;
}
