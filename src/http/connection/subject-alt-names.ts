import { isIPv6 } from 'node:net';

/** Node's prefix for each kind of name that is compared. */
const KINDS: readonly string[] = ['DNS', 'email', 'IP Address', 'URI'];

/**
 * The names of a certificate, from `X509Certificate.subjectAltName`: `DNS:a, IP Address:1.2.3.4`. Node quotes a value
 * with a comma or quote, as JSON does. If the text has any other form, the rest of it yields no names.
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

/**
 * IPv6 addresses in their shortest form and lower case, because they can be written in many ways. Other names stay as
 * they are.
 */
export function normalizeIp(name: string): string {
  return isIPv6(name) && !name.includes('%') ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name;
}
