import { DEFAULT_LIMITS } from '../model/limits.ts';
import { LISTEN_ADDRESS } from './listen-address.ts';
import { byteCount, duration, FILE_PATH, oneOf, SWITCH, URL_PATH, type ValueType, wholeNumber } from './value-types.ts';

/** One thing an operator may set. Its environment name follows from its flag. */
export interface Option<Value = unknown, Count extends 'one' | 'maybe' | 'many' = 'one' | 'maybe' | 'many'> {
  readonly flag: string;
  readonly type: ValueType<Value>;
  /** `maybe`: may be left unset. `many`: the flag may be repeated. */
  readonly count: Count;
  /** As it would be typed; undefined only where the option may be left unset. */
  readonly fallback: string | undefined;
  readonly help: string;
}

/** What the options say once they are read: the value of each row of a table. */
export type ValuesOf<Table> = {
  readonly [Key in keyof Table]: Table[Key] extends Option<infer Value, infer Count>
    ? { one: Value; maybe: Value | undefined; many: readonly Value[] }[Count]
    : never;
};

const SERIES = wholeNumber(0, 5000);

/** Every option but `--collector.<name>`, which a platform's collectors give. */
export const OPTIONS = {
  listenAddresses: many(
    'web.listen-address',
    LISTEN_ADDRESS,
    ':10048',
    'Where to listen: :port (every address of the machine, IPv6 and IPv4), host:port or [ipv6]:port.',
  ),
  systemdSocket: one(
    'web.systemd-socket',
    SWITCH,
    'false',
    'Listen on the sockets that systemd passes (socket activation, Linux), in place of --web.listen-address.',
  ),
  telemetryPath: one('web.telemetry-path', URL_PATH, '/metrics', 'Path of the metrics page.'),
  webConfigFile: maybe(
    'web.config.file',
    FILE_PATH,
    'File with TLS, basic authentication, response headers and rate limit, in the format of the Prometheus exporter-toolkit.',
  ),
  maxRequests: one(
    'web.max-requests',
    wholeNumber(0, 100_000),
    '40',
    'Most requests for metrics under way at once, shared fairly among clients; further ones get 503. 0 = no limit.',
  ),
  maxConnections: one(
    'web.max-connections',
    wholeNumber(1, 100_000),
    '512',
    'Most connections open at once, over all listen addresses; beyond, the client with the most loses the one idle longest.',
  ),
  maxHeaderBytes: one(
    'web.max-header-bytes',
    wholeNumber(1024, 1_048_576),
    '16384',
    'Largest request line and headers; larger ones get 431.',
  ),
  requestTimeoutMs: one(
    'web.request-timeout',
    duration('1s', '10m'),
    '10s',
    'Time for a TLS handshake, and for a request to arrive whole; slower ones get 408.',
  ),
  responseTimeoutMs: one(
    'web.response-timeout',
    duration('1s', '1h'),
    '30s',
    'Time for a client to take its answer, on top of --scrape.timeout; then the connection is cut.',
  ),
  disableExporterMetrics: one(
    'web.disable-exporter-metrics',
    SWITCH,
    'false',
    'Leave out the metrics about the exporter itself (process_*, nodejs_*).',
  ),
  disableDefaultCollectors: one(
    'collector.disable-defaults',
    SWITCH,
    'false',
    'Turn every collector off but those turned on by a flag of their own.',
  ),
  scrapeTimeoutMs: one(
    'scrape.timeout',
    duration('100ms', '10m'),
    '10s',
    'Longest time a scrape may take: where the request names a time-out of its own (Prometheus does), the shorter one holds.',
  ),
  scrapeTimeoutMarginMs: one(
    'scrape.timeout-margin',
    duration('0s', '1m'),
    '0.5s',
    'How long before the time-out named by the request the page is sent with whatever is ready; at most half of that time-out.',
  ),
  ownersBudgetMs: one(
    'owners.time-budget',
    duration('1ms', '10s'),
    '500ms',
    'Time per scrape for finding the processes of sockets not seen before; the rest is looked up in later scrapes.',
  ),
  closeWaitStuckAfterMs: one(
    'close-wait.stuck-after',
    duration('1s', '24h'),
    `${DEFAULT_LIMITS.closeWaitStuckAfterMs / 1000}s`,
    'Time in CLOSE_WAIT from which a socket counts as stuck.',
  ),
  connections: series('connections', 'tcpstate_connections', DEFAULT_LIMITS.connections),
  localPorts: series('local-ports', 'tcpstate_local_port_sockets', DEFAULT_LIMITS.localPorts),
  remoteIps: series('remote-ips', 'tcpstate_remote_ip_sockets', DEFAULT_LIMITS.remoteIps),
  processes: series('processes', 'tcpstate_process_sockets', DEFAULT_LIMITS.processes),
  units: series('units', 'tcpstate_unit_sockets', DEFAULT_LIMITS.units),
  destinations: series(
    'destinations',
    'tcpstate_ephemeral_destination_ports_used and tcpstate_process_ephemeral_ports',
    DEFAULT_LIMITS.destinations,
  ),
  listeners: series('listeners', 'tcpstate_listener_accept_queue_length', DEFAULT_LIMITS.listeners),
  remotePrefixV4: one(
    'remote-ip.prefix-v4',
    wholeNumber(0, 32),
    String(DEFAULT_LIMITS.remotePrefixV4),
    'Count peers by IPv4 network: bits of their address that are kept.',
  ),
  remotePrefixV6: one(
    'remote-ip.prefix-v6',
    wholeNumber(0, 128),
    String(DEFAULT_LIMITS.remotePrefixV6),
    'Count peers by IPv6 network: bits of their address that are kept.',
  ),
  logLevel: one(
    'log.level',
    oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace'),
    'info',
    'Least severe messages to log.',
  ),
  logFormat: one('log.format', oneOf('logfmt', 'json'), 'logfmt', 'Format of the log.'),
  logFile: maybe(
    'log.file',
    FILE_PATH,
    'File for the log instead of standard error; a service on Windows has one in the folder of its program data.',
  ),
  logFileSize: one(
    'log.file-size',
    byteCount('10KB', '1GB'),
    '10MB',
    'Size from which the log file is put aside as <file>.1 and a new one begun.',
  ),
  logFileCount: one('log.file-count', wholeNumber(1, 100), '5', 'Log files kept, the one being written included.'),
  service: one('service', SWITCH, 'false', 'Run under the service manager of Windows, which has started this program.'),
  procfs: one('path.procfs', FILE_PATH, '/proc', 'Mount point of procfs (Linux).'),
  sysfs: one('path.sysfs', FILE_PATH, '/sys', 'Mount point of sysfs (Linux).'),
} as const;

/** `web.listen-address` → `TCPSTATE_WEB_LISTEN_ADDRESS`. */
export function environmentName(flag: string): string {
  return `TCPSTATE_${flag.replaceAll(/[.-]/g, '_').toUpperCase()}`;
}

function one<Value>(flag: string, type: ValueType<Value>, fallback: string, help: string): Option<Value, 'one'> {
  return { flag, type, count: 'one', fallback, help };
}

function maybe<Value>(flag: string, type: ValueType<Value>, help: string): Option<Value, 'maybe'> {
  return { flag, type, count: 'maybe', fallback: undefined, help };
}

function many<Value>(flag: string, type: ValueType<Value>, fallback: string, help: string): Option<Value, 'many'> {
  return { flag, type, count: 'many', fallback, help };
}

function series(name: string, metric: string, fallback: number): Option<number, 'one'> {
  return one(`limit.${name}`, SERIES, String(fallback), `Most cells of ${metric}; the largest are kept.`);
}
