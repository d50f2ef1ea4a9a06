import { parseGoDuration } from '../../config/duration.ts';
import type { RateLimit } from '../sharing/rate-limit.ts';
import { readTlsConfig, type TlsConfig } from './tls-config.ts';
import {
  type Field,
  parseYaml,
  readEntries,
  readFields,
  readSwitch,
  readText,
  readWholeNumber,
  refuseField,
} from './yaml-field.ts';

/** What a web configuration file says, before the files it names are read. */
export interface WebConfig {
  readonly tls: TlsConfig | undefined;
  /** Holds with TLS only. */
  readonly http2: boolean;
  /** Response headers; an empty value takes the exporter's own one away. */
  readonly headers: ReadonlyMap<string, string>;
  /** Name → bcrypt hash; none = no password is asked for. */
  readonly users: ReadonlyMap<string, string>;
  readonly rateLimit: RateLimit | undefined;
  /** Nothing is in the file. */
  readonly isEmpty: boolean;
}

/** Headers that may be set, and their values where only some have a meaning. */
const HEADERS: Readonly<Record<string, readonly string[] | undefined>> = {
  'Content-Security-Policy': undefined,
  'X-Frame-Options': ['deny', 'sameorigin'],
  'X-Content-Type-Options': ['nosniff'],
  'X-XSS-Protection': undefined,
  'Strict-Transport-Security': undefined,
};

/** `2a`, `2b` and `2y` mark the same algorithm; then the cost, and 22 characters of salt and 31 of hash. */
const BCRYPT_HASH = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;

/**
 * The text of a web configuration file → what it says. Throws a `ConfigRefusal` with file, line and column.
 * https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
 */
export function parseWebConfig(text: string, file: string): WebConfig {
  const root = parseYaml(text, file);
  const sections = readFields(root, ['tls_server_config', 'http_server_config', 'basic_auth_users', 'rate_limit']);
  const { tls_server_config: tls, http_server_config: http, basic_auth_users: users, rate_limit: rate } = sections;
  const { http2, headers } = http === undefined ? {} : readFields(http, ['http2', 'headers']);
  return {
    tls: tls === undefined ? undefined : readTlsConfig(tls, file),
    http2: http2 === undefined ? true : readSwitch(http2),
    headers: headers === undefined ? new Map() : readHeaders(headers),
    users: users === undefined ? new Map() : readUsers(users),
    rateLimit: rate === undefined ? undefined : readRateLimit(rate),
    isEmpty: root.value === undefined,
  };
}

function readHeaders(section: Field): Map<string, string> {
  readFields(section, Object.keys(HEADERS)); // refuses others
  return new Map(readEntries(section).map((field) => [field.name, field.value === undefined ? '' : readHeader(field)]));
}

function readHeader(field: Field): string {
  const value = readText(field);
  const allowed = HEADERS[field.name];
  if (value !== '' && allowed?.includes(value) === false)
    throw refuseField(field, `has to be ${allowed.join(' or ')}, or empty`);
  if (!/^[\t\x20-\x7e]*$/.test(value)) throw refuseField(field, 'has to be one line of ASCII characters');
  return value;
}

function readUsers(section: Field): Map<string, string> {
  return new Map(readEntries(section).map((user) => [user.name, readHash(user)]));
}

function readHash(user: Field): string {
  if (user.name.includes(':')) throw refuseField(user, 'cannot be the name of a user: it has a colon');
  const hash = user.value === undefined ? '' : readText(user);
  if (BCRYPT_HASH.test(hash)) return hash;
  throw refuseField(user, 'needs the bcrypt hash of a password, such as "htpasswd -nBC 10" prints it: $2y$10$…');
}

function readRateLimit(section: Field): RateLimit | undefined {
  const { interval, burst } = readFields(section, ['interval', 'burst']);
  const intervalMs = interval === undefined ? 0 : parseGoDuration(readText(interval));
  const most = burst === undefined ? 0 : readWholeNumber(burst, 0);
  if (interval !== undefined && intervalMs === undefined)
    throw refuseField(interval, 'has to be a duration with a unit, such as 500ms, 1s or 1m30s; 0 = no limit');
  if (intervalMs === undefined || intervalMs === 0) return undefined;
  if (most === 0) throw refuseField(burst ?? section, 'lets no request through: give a burst of at least 1');
  return { intervalMs, burst: most };
}
