import { isIPv6 } from 'node:net';

/** What Node writes before the value of each kind of name that is compared. */
const KINDS: readonly string[] = ['DNS', 'email', 'IP Address', 'URI'];

/**
 * The names of a certificate, from `X509Certificate.subjectAltName`: `DNS:a, IP Address:1.2.3.4`, where Node puts a value
 * with a comma or quote in it between quotes, as JSON. Where the text is anything else, it and what follows are no names.
 */
export function parseSubjectAltNames(text: string): string[] {
  const names: string[] = [];
  for (const [, kind = '', quoted, plain = ''] of text.matchAll(
    /([A-Za-z ]+):(?:("(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|([^,"]*))(?:, |$)/guy,
  )) {
    const value = quoted === undefined ? plain : (JSON.parse(quoted) as string);
    if (KINDS.includes(kind)) names.push(kind === 'IP Address' ? normalizeIp(value) : value);
  }
  return names;
}

/** IPv6 addresses can be written in many ways: the shortest, in small letters. Other names stay as they are. */
export function normalizeIp(name: string): string {
  return isIPv6(name) && !name.includes('%') ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name;
}
