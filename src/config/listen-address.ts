import { isIPv6 } from 'node:net';
import type { ValueType } from './value-types.ts';

/** Where to listen. Without a host: on every address of the machine, IPv6 and IPv4. */
export interface ListenAddress {
  readonly host: string | undefined;
  /** 0 = the system chooses a free port. */
  readonly port: number;
}

export const LISTEN_ADDRESS: ValueType<ListenAddress> = {
  placeholder: 'address',
  allowed: ':port, host:port or [ipv6]:port, with a port from 0 to 65535',
  parse(text) {
    const match = /^(?:\[([^\]]+)\]|([A-Za-z0-9._-]*)):(\d{1,5})$/.exec(text);
    if (match === null) return undefined;
    const [, ipv6, name, digits] = match;
    const port = Number(digits);
    if (port > 65535 || (ipv6 !== undefined && !isIPv6(ipv6))) return undefined;
    return { host: ipv6 ?? (name === '' ? undefined : name), port };
  },
};

/** The address as an operator writes it. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  if (host === undefined) return `:${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
