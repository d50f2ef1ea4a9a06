import { parseDuration } from '../../config/duration.ts';
import {
  type Field,
  parseYaml,
  readEntries,
  readFields,
  readNumber,
  readSwitch,
  readText,
  refuseField,
} from '../../config/file/yaml-field.ts';
import type { RateLimit } from '../sharing/rate-limit.ts';
import { readTlsConfig, type TlsConfig } from './tls-config.ts';

/** The content of a web configuration file, before the files it names are read. */
export interface WebConfig {
  readonly tls: TlsConfig | undefined;
  /** Applies to TLS only. */
  readonly http2: boolean;
  /** Response headers; an empty value removes one of the exporter's own. */
  readonly headers: ReadonlyMap<string, string>;
  /** Name → bcrypt hash; empty = no password required. */
  readonly users: ReadonlyMap<string, string>;
  readonly rateLimit: RateLimit | undefined;
  /** Whether the file is empty. */
  readonly isEmpty: boolean;
}

/** Headers that the file may set, and their values if only some are valid. */
const HEADERS: Readonly<Record<string, readonly string[] | undefined>> = {
  'Content-Security-Policy': undefined,
  'X-Frame-Options': ['deny', 'sameorigin'],
  'X-Content-Type-Options': ['nosniff'],
  'X-XSS-Protection': undefined,
  'Strict-Transport-Security': undefined,
};

/**
 * The algorithm treats `2`, `2a`, `2b`, `2x` and `2y` alike, as Go does. Then follow the cost, 22 characters of salt
 * and 31 of hash. Anything behind them has no meaning.
 */
const BCRYPT_HASH = /^\$2[abxy]?(\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53})/;

/**
 * The text of a web configuration file → its settings. Throws a `ConfigRefusal` with file, line and column.
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
  readFields(section, Object.keys(HEADERS)); // refuses other names
  return new Map(readEntries(section).map((field) => [field.name, field.value === undefined ? '' : readHeader(field)]));
}

function readHeader(field: Field): string {
  const value = readText(field)
    .replaceAll(/[\r\n]/g, ' ')
    .trim(); // may span several lines
  const allowed = HEADERS[field.name];
  if (value !== '' && allowed?.includes(value) === false)
    throw refuseField(field, `has to be ${allowed.join(' or ')}, or empty`);
  if (!/^[\t\x20-\x7e]*$/.test(value)) throw refuseField(field, 'has to be of ASCII characters that can be seen');
  return value;
}

function readUsers(section: Field): Map<string, string> {
  return new Map(readEntries(section).map((user) => [user.name, readHash(user)]));
}

function readHash(user: Field): string {
  if (user.name.includes(':')) throw refuseField(user, 'cannot be the name of a user: it has a colon');
  const hash = user.value === undefined ? '' : readText(user);
  const [, rest] = BCRYPT_HASH.exec(hash) ?? [];
  if (rest !== undefined) return `$2b${rest}`;
  throw refuseField(user, 'needs the bcrypt hash of a password, such as "htpasswd -nBC 10" prints it: $2y$10$…');
}

function readRateLimit(section: Field): RateLimit | undefined {
  const { interval, burst } = readFields(section, ['interval', 'burst']);
  const intervalMs = interval === undefined ? 0 : parseDuration(readText(interval));
  if (interval !== undefined && intervalMs === undefined)
    throw refuseField(interval, 'has to be a duration with a unit, such as 500ms, 1s or 1m30s; 0 = no limit');
  if (intervalMs === undefined || intervalMs === 0) return undefined;
  const most = burst === undefined ? 0 : Math.floor(readNumber(burst)); // Go drops the fraction
  if (most < 1) throw refuseField(burst ?? section, 'lets no request through: give a burst of at least 1');
  return { intervalMs, burst: most };
}
