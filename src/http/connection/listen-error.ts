import type { PassedSocket } from '../../config/passed-sockets.ts';
import { describeError } from '../../model/describe-error.ts';

const WAYS_OUT: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there; stop it or choose another address',
  EACCES: 'not permitted; choose a port above 1023 that the system does not reserve',
  EPERM: 'not permitted; choose a port above 1023 that the system does not reserve',
  EADDRNOTAVAIL: 'no network interface of this host has this address; choose one that it has, or leave out the host',
  EAFNOSUPPORT: 'this host does not have this kind of address; choose one that it has, or leave out the host',
  ENOTFOUND: 'the name of the host is not known; choose an address of this host',
  EAI_AGAIN: 'the name of the host cannot be looked up; choose an address of this host',
};

/** One line: which address, what is wrong, and the way out. */
export function explainListenError(address: string, error: unknown): string {
  const wayOut = WAYS_OUT[(error as NodeJS.ErrnoException).code ?? ''];
  if (wayOut === undefined) return `cannot listen on ${address}: ${describeError(error)}`;
  return `cannot listen on ${address}: ${wayOut} with --web.listen-address`;
}

/** The same for a socket that systemd passed. */
export function explainPassedSocketError({ fd, name }: PassedSocket, error: unknown): string {
  const socket = name === undefined ? `descriptor ${fd}` : `descriptor ${fd}, ${name}`;
  return `cannot listen on the socket that systemd passed (${socket}): ${describeError(error)}; its unit must have ListenStream= and Accept=no`;
}
