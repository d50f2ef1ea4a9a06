import type { IncomingMessage } from 'node:http';

/** Characters of a host with its port (RFC 3986), including IPv6 addresses and percent signs. */
const HOST = /^[A-Za-z0-9._~!$&'()*+,;=:%[\]-]*$/;

/**
 * Whether a request of HTTP 1.1 has at most one Host header, and a valid one: given several, a proxy in between may
 * have judged by a different one. Node.js refuses a request of HTTP 1.1 without any; HTTP 2 has its own rules.
 */
export function hasSoundHost({ httpVersionMajor, headers, rawHeaders }: IncomingMessage): boolean {
  if (httpVersionMajor !== 1) return true;
  const count = rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === 'host').length;
  return count <= 1 && HOST.test(headers.host ?? '');
}
