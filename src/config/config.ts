import {
  COLLECTORS,
  type CollectorInfo,
  type CollectorName,
  collectorsOf,
  type PlatformName,
} from '../model/collectors.ts';
import type { FilterRules } from '../model/file-config.ts';
import { mergeFilterRules } from '../model/filters.ts';
import type { TallyLimits } from '../model/limits.ts';
import type { SocketSource } from '../model/socket-source.ts';
import { type Given, readArguments } from './arguments.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { formatHelp } from './help.ts';
import type { ListenAddress } from './listen-address.ts';
import { OPTIONS, type Option, type ValuesOf } from './options.ts';
import { type PassedSocket, takePassedSockets } from './passed-sockets.ts';
import { ConfigRefusal } from './refusal.ts';
import { forService } from './service.ts';
import { SWITCH } from './value-types.ts';
import { valuesOf } from './values.ts';

export { formatListenAddress, type ListenAddress } from './listen-address.ts';
export type { PassedSocket } from './passed-sockets.ts';
export { ConfigRefusal } from './refusal.ts';
export { wantsService } from './service.ts';

/** What the operator chose, or the defaults. */
export interface Config {
  readonly platform: PlatformName;
  readonly listenAddresses: readonly ListenAddress[];
  /** Sockets passed by systemd, used instead of the addresses; empty = none. */
  readonly passedSockets: readonly PassedSocket[];
  readonly telemetryPath: string;
  /** Whether / shows the state of the host to browsers. */
  readonly livePage: boolean;
  readonly webConfigFile: string | undefined;
  readonly configFile: string | undefined;
  /** 0 = no limit. */
  readonly maxRequests: number;
  /** Most connections open at once, over all listen addresses. */
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
  readonly requestTimeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly exporterMetrics: boolean;
  /** Enabled collectors of this platform. */
  readonly collectors: ReadonlySet<CollectorName>;
  /** All collectors of this platform, enabled or not. */
  readonly knownCollectors: readonly CollectorName[];
  readonly scrapeTimeoutMs: number;
  readonly scrapeTimeoutMarginMs: number;
  readonly limits: TallyLimits;
  readonly ownersBudgetMs: number;
  readonly socketSource: SocketSource;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';
  readonly logFormat: 'logfmt' | 'json';
  /** Path, `stdout` or `stderr`; undefined = standard error. */
  readonly logFile: string | undefined;
  /** Bytes. */
  readonly logFileSize: number;
  readonly logFileCount: number;
  readonly procfs: string;
  readonly sysfs: string;
  readonly kubeletLogs: string;
}

export type Command =
  | { readonly kind: 'run'; readonly config: Config }
  | { readonly kind: 'self-check' | 'config.check'; readonly config: Config }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' };

/**
 * The command line and the environment → what to do. Throws a `ConfigRefusal` for anything unknown. If the options use
 * sockets passed by systemd, it removes systemd's variables from the environment.
 */
export function readCommand(
  platform: PlatformName,
  argv: readonly string[] = process.argv.slice(2),
  environment: Record<string, string | undefined> = process.env,
): Command {
  const collectorOptions = collectorFlags(COLLECTORS);
  const options: readonly Option[] = [...Object.values(OPTIONS), ...Object.values(collectorOptions)];
  const { wants, givenByFlag } = readArguments(argv, options);
  if (wants === 'help') {
    const shown = Object.values(collectorFlags(collectorsOf(platform)));
    return { kind: 'help', text: formatHelp([...Object.values(OPTIONS), ...shown]) };
  }
  if (wants === 'version') return { kind: 'version' };
  const given = new Map([...readEnvironment(environment, options), ...givenByFlag]);
  const values = forService(valuesOf(OPTIONS, given), platform, environment);
  if (values.systemdSocket) checkSystemdSocket(platform, given.get(OPTIONS.listenAddresses.flag));
  const passedSockets = values.systemdSocket && wants === 'run' ? takePassedSockets(environment, process.pid) : [];
  return { kind: wants, config: toConfig(values, valuesOf(collectorOptions, given), platform, passedSockets) };
}

/** What a service runs with if it has no options: enough to log that its options are refused. */
export function defaultServiceConfig({ ProgramData }: Environment = process.env): Config {
  const values = forService({ ...valuesOf(OPTIONS, new Map()), service: true }, 'windows', { ProgramData });
  return toConfig(values, {}, 'windows', []);
}

function checkSystemdSocket(platform: PlatformName, listenAddress: Given | undefined): void {
  const flag = `--${OPTIONS.systemdSocket.flag}`;
  if (platform !== 'linux') throw new ConfigRefusal(`${flag} is not possible here: systemd is found on Linux only`);
  if (listenAddress === undefined) return;
  throw new ConfigRefusal(
    `${flag} and ${listenAddress.origin} exclude each other: the addresses are those of the .socket unit`,
  );
}

/**
 * `--collector.<name>` for each collector. It accepts collectors of the other platform and ignores them: one command
 * line for all hosts.
 */
export function collectorFlags(
  collectors: readonly CollectorInfo[],
): Readonly<Record<string, Option<boolean, 'maybe'>>> {
  const rows = collectors.map(({ name, help }) => [
    name,
    { flag: `collector.${name}`, type: SWITCH, count: 'maybe', fallback: undefined, help: `Collect ${help}.` } as const,
  ]);
  return Object.fromEntries(rows);
}

export function toConfig(
  values: ValuesOf<typeof OPTIONS>,
  chosen: Readonly<Record<string, boolean | undefined>>,
  platform: PlatformName,
  passedSockets: readonly PassedSocket[],
): Config {
  const known = collectorsOf(platform);
  const collectors = known.filter(({ name, isOff }) => chosen[name] ?? !(isOff || values.disableDefaultCollectors));
  const { connections, localPorts, remoteIps, processes, units, destinations, listeners, netns, connectionEvents } =
    values;
  const { remotePrefixV4, remotePrefixV6, closeWaitStuckAfterMs } = values;
  return {
    platform,
    listenAddresses: values.listenAddresses,
    passedSockets,
    telemetryPath: values.telemetryPath,
    livePage: values.livePage,
    webConfigFile: values.webConfigFile,
    configFile: values.configFile,
    maxRequests: values.maxRequests,
    maxConnections: values.maxConnections,
    maxHeaderBytes: values.maxHeaderBytes,
    requestTimeoutMs: values.requestTimeoutMs,
    responseTimeoutMs: values.responseTimeoutMs,
    exporterMetrics: !values.disableExporterMetrics,
    collectors: new Set(collectors.map(({ name }) => name)),
    knownCollectors: known.map(({ name }) => name),
    scrapeTimeoutMs: values.scrapeTimeoutMs,
    scrapeTimeoutMarginMs: values.scrapeTimeoutMarginMs,
    limits: {
      connections,
      localPorts,
      remoteIps,
      processes,
      units,
      destinations,
      listeners,
      netns,
      connectionEvents,
      remotePrefixV4,
      remotePrefixV6,
      closeWaitStuckAfterMs,
      ...filtersOf(values),
    },
    ownersBudgetMs: values.ownersBudgetMs,
    socketSource: values.socketSource,
    logLevel: values.logLevel,
    logFormat: values.logFormat,
    logFile: values.logFile,
    logFileSize: values.logFileSize,
    logFileCount: values.logFileCount,
    procfs: values.procfs,
    sysfs: values.sysfs,
    kubeletLogs: values.kubeletLogs,
  };
}

/** Absent if no flag leaves anything out. */
function filtersOf({ filterInclude, filterExclude, filterDrop }: ValuesOf<typeof OPTIONS>) {
  const labels = [...filterInclude, ...filterExclude];
  if (labels.length === 0 && !filterDrop) return {};
  const filters = labels.reduce<FilterRules>((all, each) => mergeFilterRules(all, { ...each, isDropped: false }), {
    isDropped: filterDrop,
  });
  return { filters };
}
