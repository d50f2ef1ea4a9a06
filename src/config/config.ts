import { type CollectorName, collectorsOf, type PlatformName } from '../model/collectors.ts';
import type { TallyLimits } from '../model/limits.ts';
import { type Given, readArguments } from './arguments.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { formatHelp } from './help.ts';
import type { ListenAddress } from './listen-address.ts';
import { OPTIONS, type Option, type ValuesOf } from './options.ts';
import { type PassedSocket, takePassedSockets } from './passed-sockets.ts';
import { ConfigRefusal, quoteValue } from './refusal.ts';
import { forService } from './service.ts';
import { SWITCH } from './value-types.ts';

export { formatListenAddress, type ListenAddress } from './listen-address.ts';
export type { PassedSocket } from './passed-sockets.ts';
export { ConfigRefusal } from './refusal.ts';
export { wantsService } from './service.ts';

/** Everything an operator chose, or the defaults. */
export interface Config {
  readonly platform: PlatformName;
  readonly listenAddresses: readonly ListenAddress[];
  /** Passed by systemd, to be used in place of the addresses; empty = none are. */
  readonly passedSockets: readonly PassedSocket[];
  readonly telemetryPath: string;
  readonly webConfigFile: string | undefined;
  /** 0 = no limit. */
  readonly maxRequests: number;
  /** Open at once, over all listen addresses. */
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
  readonly requestTimeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly exporterMetrics: boolean;
  /** Collectors of this platform that are on. */
  readonly collectors: ReadonlySet<CollectorName>;
  /** Collectors of this platform, on or off. */
  readonly knownCollectors: readonly CollectorName[];
  readonly scrapeTimeoutMs: number;
  readonly scrapeTimeoutMarginMs: number;
  readonly limits: TallyLimits;
  readonly ownersBudgetMs: number;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';
  readonly logFormat: 'logfmt' | 'json';
  /** Path; undefined = standard error. */
  readonly logFile: string | undefined;
  /** Bytes. */
  readonly logFileSize: number;
  readonly logFileCount: number;
  readonly procfs: string;
  readonly sysfs: string;
}

export type Command =
  | { readonly kind: 'run'; readonly config: Config }
  | { readonly kind: 'self-check'; readonly config: Config }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' };

/**
 * The command line and the environment → what to do. Throws a `ConfigRefusal` for anything it does not know. Where
 * sockets passed by systemd are asked for, the variables that tell of them are removed from the environment.
 */
export function readCommand(
  platform: PlatformName,
  argv: readonly string[] = process.argv.slice(2),
  environment: Record<string, string | undefined> = process.env,
): Command {
  const collectorOptions = optionsOfCollectors(platform);
  const options: readonly Option[] = [...Object.values(OPTIONS), ...Object.values(collectorOptions)];
  const { wants, givenByFlag } = readArguments(argv, options);
  if (wants === 'help') return { kind: 'help', text: formatHelp(options) };
  if (wants === 'version') return { kind: 'version' };
  const given = new Map([...readEnvironment(environment, options), ...givenByFlag]);
  const values = forService(valuesOf(OPTIONS, given), platform, environment);
  if (values.systemdSocket) checkSystemdSocket(platform, given.get(OPTIONS.listenAddresses.flag));
  const passedSockets = values.systemdSocket && wants === 'run' ? takePassedSockets(environment, process.pid) : [];
  return { kind: wants, config: toConfig(values, valuesOf(collectorOptions, given), platform, passedSockets) };
}

/** What a service runs with that was given nothing: where it can say that its options are refused. */
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

/** `--collector.<name>` for each collector of the platform. */
function optionsOfCollectors(platform: PlatformName): Readonly<Record<string, Option<boolean, 'maybe'>>> {
  const rows = collectorsOf(platform).map(({ name, help }) => [
    name,
    { flag: `collector.${name}`, type: SWITCH, count: 'maybe', fallback: undefined, help: `Collect ${help}.` } as const,
  ]);
  return Object.fromEntries(rows);
}

function valuesOf<Table extends Readonly<Record<string, Option>>>(
  table: Table,
  givenByFlag: ReadonlyMap<string, Given>,
): ValuesOf<Table> {
  const entries = Object.entries(table).map(([key, option]) => [key, valueFor(option, givenByFlag.get(option.flag))]);
  return Object.fromEntries(entries) as ValuesOf<Table>; // each value comes from the parser of its own row
}

function valueFor(option: Option, given: Given | undefined): unknown {
  const texts = given?.texts ?? (option.fallback === undefined ? [] : [option.fallback]);
  const values = texts
    .filter((text) => text !== '' || option.count !== 'maybe') // "--web.config.file=" leaves it unset
    .map((text) => {
      const value = option.type.parse(text);
      if (value !== undefined) return value;
      const origin = given?.origin ?? `--${option.flag}`;
      throw new ConfigRefusal(`${origin}=${quoteValue(text)} is not allowed: give ${option.type.allowed}`);
    });
  return option.count === 'many' ? values : values[0];
}

function toConfig(
  values: ValuesOf<typeof OPTIONS>,
  chosen: Readonly<Record<string, boolean | undefined>>,
  platform: PlatformName,
  passedSockets: readonly PassedSocket[],
): Config {
  const knownCollectors = collectorsOf(platform).map(({ name }) => name);
  const collectors = knownCollectors.filter((name) => chosen[name] ?? !values.disableDefaultCollectors);
  const { connections, localPorts, remoteIps, processes, units, destinations, listeners } = values;
  const { remotePrefixV4, remotePrefixV6, closeWaitStuckAfterMs } = values;
  return {
    platform,
    listenAddresses: values.listenAddresses,
    passedSockets,
    telemetryPath: values.telemetryPath,
    webConfigFile: values.webConfigFile,
    maxRequests: values.maxRequests,
    maxConnections: values.maxConnections,
    maxHeaderBytes: values.maxHeaderBytes,
    requestTimeoutMs: values.requestTimeoutMs,
    responseTimeoutMs: values.responseTimeoutMs,
    exporterMetrics: !values.disableExporterMetrics,
    collectors: new Set(collectors),
    knownCollectors,
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
      remotePrefixV4,
      remotePrefixV6,
      closeWaitStuckAfterMs,
    },
    ownersBudgetMs: values.ownersBudgetMs,
    logLevel: values.logLevel,
    logFormat: values.logFormat,
    logFile: values.logFile,
    logFileSize: values.logFileSize,
    logFileCount: values.logFileCount,
    procfs: values.procfs,
    sysfs: values.sysfs,
  };
}
