import { DEFAULT_LIMITS } from '../model/limits.ts';
import { SOCKET_SOURCES } from '../model/socket-source.ts';
import { FILTER_EXCLUDE, FILTER_INCLUDE } from './filter-entries.ts';
import { LISTEN_ADDRESS } from './listen-address.ts';
import {
  byteCount,
  duration,
  FILE_PATH,
  LOG_FILE,
  oneOf,
  SWITCH,
  URL_PATH,
  type ValueType,
  wholeNumber,
} from './value-types.ts';

/** One setting. Its environment name follows from its flag. */
export interface Option<Value = unknown, Count extends 'one' | 'maybe' | 'many' = 'one' | 'maybe' | 'many'> {
  readonly flag: string;
  readonly type: ValueType<Value>;
  /** `maybe`: may be left unset. `many`: the flag may be repeated. */
  readonly count: Count;
  /** As an operator would type it; undefined only if the option may be unset. */
  readonly fallback: string | undefined;
  /** What the flag stands for when it is given without a value, which then can follow it behind "=" only. */
  readonly bare?: string;
  readonly help: string;
}

/** The parsed options: the value of each row of a table. */
export type ValuesOf<Table> = {
  readonly [Key in keyof Table]: Table[Key] extends Option<infer Value, infer Count>
    ? { one: Value; maybe: Value | undefined; many: readonly Value[] }[Count]
    : never;
};

const SERIES = wholeNumber(0, 5000);

/** Every option except `--collector.<name>`, which follows from the platform's collectors. */
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
    'Listen on the sockets that systemd passes (socket activation, Linux) instead of --web.listen-address.',
  ),
  telemetryPath: one('web.telemetry-path', URL_PATH, '/metrics', 'Path of the metrics page.'),
  livePage: one(
    'web.live-page',
    SWITCH,
    'true',
    'Show browsers the state of this host at /: the verdict of diagnose and the numbers behind it, refreshed every 5 seconds. Off: / has links only.',
  ),
  webConfigFile: maybe(
    'web.config.file',
    FILE_PATH,
    'File with TLS, basic authentication, response headers and rate limit, in the format of the Prometheus exporter-toolkit.',
  ),
  configFile: maybe(
    'config.file',
    FILE_PATH,
    'File with names of destinations and processes, thresholds of this host and filters, read again when it changes.',
  ),
  filterInclude: some(
    'filter.include',
    FILTER_INCLUDE,
    'Keep only these values of a label in breakdowns of sockets and in connection events, label=value; the rest counts in filtered. Labels: local_port, remote_port, remote_ip, process, unit.',
  ),
  filterExclude: some(
    'filter.exclude',
    FILTER_EXCLUDE,
    'Leave these values of a label out, label=value, such as remote_ip=loopback or process=kube*; they count in filtered.',
  ),
  filterDrop: one('filter.drop', SWITCH, 'false', 'Give sockets that filters leave out no series.'),
  maxRequests: one(
    'web.max-requests',
    wholeNumber(0, 100_000),
    '40',
    'Most requests for metrics in progress at once, shared fairly among clients; further ones get 503. 0 = no limit.',
  ),
  maxConnections: one(
    'web.max-connections',
    wholeNumber(1, 100_000),
    '512',
    'Most open connections, over all listen addresses; at the limit, the client with the most loses its longest-idle one.',
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
    'Time for a TLS handshake, and for a complete request; slower ones get 408.',
  ),
  responseTimeoutMs: one(
    'web.response-timeout',
    duration('1s', '1h'),
    '30s',
    'Time for a client to read its answer, on top of --scrape.timeout; then the connection is closed.',
  ),
  disableExporterMetrics: one(
    'web.disable-exporter-metrics',
    SWITCH,
    'false',
    'Leave out the metrics about the exporter itself (process_*, nodejs_*, promhttp_*).',
  ),
  disableDefaultCollectors: one(
    'collector.disable-defaults',
    SWITCH,
    'false',
    'Turn off every collector except those turned on by a flag of their own.',
  ),
  socketSource: one(
    'collector.sockets.source',
    oneOf(...SOCKET_SOURCES),
    'auto',
    'Where to read sockets from (Linux): a program in the kernel (bpf), which needs CAP_BPF, CAP_PERFMON and Linux 6.4, inet_diag (sock_diag), or /proc/net/tcp (procfs); auto: the first of these that the kernel and the capabilities allow.',
  ),
  scrapeTimeoutMs: one(
    'scrape.timeout',
    duration('100ms', '10m'),
    '10s',
    'Longest time a scrape may take; a shorter time-out in the request (Prometheus sends one) wins.',
  ),
  scrapeTimeoutMarginMs: one(
    'scrape.timeout-margin',
    duration('0s', '1m'),
    '0.5s',
    'How long before the time-out of the request to send the page with whatever is ready; at most half of that time-out.',
  ),
  ownersBudgetMs: one(
    'owners.time-budget',
    duration('1ms', '10s'),
    '500ms',
    'Time per scrape for finding the processes of new sockets; later scrapes find the rest.',
  ),
  closeWaitStuckAfterMs: one(
    'close-wait.stuck-after',
    duration('1s', '24h'),
    `${DEFAULT_LIMITS.closeWaitStuckAfterMs / 1000}s`,
    'Time in CLOSE_WAIT after which a socket counts as stuck.',
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
  listeners: series(
    'listeners',
    'tcpstate_listener_accept_queue_length and tcpstate_listener_dropped_connections_total',
    DEFAULT_LIMITS.listeners,
  ),
  netns: one(
    'limit.netns',
    SERIES,
    String(DEFAULT_LIMITS.netns),
    'Most other network namespaces with their own series (tcpstate_netns_*); the largest are kept.',
  ),
  connectionEvents: one(
    'limit.connection-events',
    SERIES,
    String(DEFAULT_LIMITS.connectionEvents),
    'Most groups with their own series in each of the counters of connection events; a group keeps its series until it is idle for an hour.',
  ),
  remotePrefixV4: one(
    'remote-ip.prefix-v4',
    wholeNumber(0, 32),
    String(DEFAULT_LIMITS.remotePrefixV4),
    'Count IPv4 peers by CIDR with this prefix length; 32 keeps whole addresses.',
  ),
  remotePrefixV6: one(
    'remote-ip.prefix-v6',
    wholeNumber(0, 128),
    String(DEFAULT_LIMITS.remotePrefixV6),
    'Count IPv6 peers by CIDR with this prefix length; 128 keeps whole addresses.',
  ),
  logLevel: one(
    'log.level',
    oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace'),
    'info',
    'Lowest severity to log.',
  ),
  logFormat: one('log.format', oneOf('logfmt', 'json'), 'logfmt', 'Format of the log.'),
  logFile: maybe(
    'log.file',
    LOG_FILE,
    'File for the log, or stdout, or stderr (the default); a Windows service logs to a file in its program data folder.',
  ),
  logFileSize: one(
    'log.file-size',
    byteCount('10KB', '1GB'),
    '10MB',
    'Size at which the log file is renamed to <file>.1 and a new one begins.',
  ),
  logFileCount: one('log.file-count', wholeNumber(1, 100), '5', 'Log files kept, including the current one.'),
  service: one('service', SWITCH, 'false', 'Run as a Windows service, started by the service manager (experimental).'),
  procfs: one('path.procfs', FILE_PATH, '/proc', 'Mount point of procfs (Linux).'),
  sysfs: one('path.sysfs', FILE_PATH, '/sys', 'Mount point of sysfs (Linux).'),
  kubeletLogs: one(
    'path.kubelet-logs',
    FILE_PATH,
    '/var/log',
    'Folder with the pods and containers folders of the kubelet, whose file names tell the names of pods (Linux).',
  ),
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

function some<Value>(flag: string, type: ValueType<Value>, help: string): Option<Value, 'many'> {
  return { flag, type, count: 'many', fallback: undefined, help };
}

function series(name: string, metric: string, fallback: number): Option<number, 'one'> {
  return one(
    `limit.${name}`,
    SERIES,
    String(fallback),
    `Most groups of ${metric} with their own series; the largest are kept.`,
  );
}
