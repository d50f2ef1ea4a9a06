import { COLLECTORS, collectorsOf, type PlatformName } from '../model/collectors.ts';
import { DEFAULT_LIMITS } from '../model/limits.ts';
import { type Given, readArguments } from './arguments.ts';
import { type Config, collectorFlags, toConfig } from './config.ts';
import { DIAGNOSE_OPTIONS } from './diagnose-options.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { formatDiagnoseHelp } from './help.ts';
import { OPTIONS, type Option, type ValuesOf } from './options.ts';
import { ConfigRefusal } from './refusal.ts';
import { valuesOf } from './values.ts';

/** What to show, of whom, and how. */
export type DiagnoseOptions = ValuesOf<typeof DIAGNOSE_OPTIONS> & {
  /** What the collectors run with, as for the server. */
  readonly config: Config;
};

export type DiagnoseCommand =
  | { readonly kind: 'diagnose'; readonly options: DiagnoseOptions }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' };

/** Beginnings of the server's flags that concern collecting, and so `diagnose` as well. */
const SHARED = ['config', 'collector', 'scrape', 'owners', 'close-wait', 'limit', 'remote-ip', 'path'];
/** Of these, the one that is for whoever scrapes. */
const NOT_SHARED = 'scrape.timeout-margin';

/** No later scrape finds the processes that this one has no time for. */
const OWNERS_BUDGET_MS = 5000;

/** No page is served: nothing has to be left out for the sake of a time series database. */
const VERDICT_LIMITS = { connections: 1000, processes: 1000, destinations: 100, listeners: 2000 } as const;
/** Ranking so many takes longer than the rest of a verdict: only for whoever asks for a table of them. */
const TABLE_LIMITS = {
  ...VERDICT_LIMITS,
  connections: 5000,
  destinations: 500,
  localPorts: 2000,
  remoteIps: 2000,
  units: 1000,
} as const;

/** The words after `diagnose` and the environment → what to do. Throws a `ConfigRefusal` for anything it does not know. */
export function readDiagnose(
  platform: PlatformName,
  argv: readonly string[] = process.argv.slice(3),
  environment: Environment = process.env,
): DiagnoseCommand {
  const ownFlags = Object.values(DIAGNOSE_OPTIONS);
  const flags = collectorFlags(COLLECTORS);
  const server: readonly Option[] = [...Object.values(OPTIONS), ...Object.values(flags)];
  const shared = server.filter(({ flag }) => SHARED.includes(flag.split('.')[0]!) && flag !== NOT_SHARED);
  const { wants, givenByFlag } = readArguments(argv, [...ownFlags, ...shared]);
  if (wants === 'help') return { kind: 'help', text: formatDiagnoseHelp(ownFlags, helpOf(platform, shared)) };
  if (wants === 'version') return { kind: 'version' };
  if (wants !== 'run') throw new ConfigRefusal(`--${wants} is not part of diagnose: give one of the two`);
  const given = new Map([...readEnvironment(environment, server), ...givenByFlag]);
  const config = toConfig(valuesOf(OPTIONS, given), valuesOf(flags, given), platform, []);
  const own = valuesOf(DIAGNOSE_OPTIONS, givenByFlag);
  const options = { ...own, config: { ...config, ...raisedBy(own, config, given) } };
  checkTogether(options, givenByFlag.has(DIAGNOSE_OPTIONS.intervalMs.flag));
  if (options.url === undefined && !config.collectors.has('sockets'))
    throw new ConfigRefusal('there is nothing to judge without sockets: leave the collector sockets on');
  return { kind: 'diagnose', options };
}

/** Whether a check was asked for, whatever else was, and wrongly. */
export function wantsCheck(argv: readonly string[] = process.argv.slice(3)): boolean {
  return argv.includes('--check');
}

/** Of flags that mean something else for one look. */
const OTHER_HELP: ReadonlyMap<string, string> = new Map([
  [
    OPTIONS.socketSource.flag,
    'Where to read sockets from (Linux): inet_diag (sock_diag), /proc/net/tcp (procfs), or a program in the kernel (bpf), which needs CAP_BPF, CAP_PERFMON and Linux 6.4; auto: the first of these that the kernel allows, without bpf.',
  ],
  [
    'collector.netns',
    'Collect the other network namespaces of the host: pods and containers. Only with --collector.sockets.source=bpf.',
  ],
]);
/** Accepted, as in the environment of the service, but one look sees nothing of what was before it. */
const WITHOUT_EFFECT: readonly string[] = ['collector.connection_events', OPTIONS.connectionEvents.flag];

function helpOf(platform: PlatformName, shared: readonly Option[]): Option[] {
  const names = collectorsOf(platform).map(({ name }) => `collector.${name}`);
  const defaults = defaultsByFlag();
  return shared
    .filter(({ flag }) => !WITHOUT_EFFECT.includes(flag) && (!/^collector\.\w+$/.test(flag) || names.includes(flag)))
    .map((option) => {
      const { flag, fallback, help } = option;
      return { ...option, fallback: defaults.get(flag) ?? fallback, help: OTHER_HELP.get(flag) ?? help } as Option;
    });
}

/** Those that differ from the server's, as the help says them. */
function defaultsByFlag(): ReadonlyMap<string, string> {
  const limits = Object.entries(TABLE_LIMITS).map(([key, forTable]) => {
    const plain: number = { ...DEFAULT_LIMITS, ...VERDICT_LIMITS }[key as keyof typeof TABLE_LIMITS];
    const text = plain === forTable ? String(plain) : `${plain}; with --by, --state or --top ${forTable}`;
    return [OPTIONS[key as keyof typeof TABLE_LIMITS].flag, text] as const;
  });
  return new Map([...limits, [OPTIONS.ownersBudgetMs.flag, `${OWNERS_BUDGET_MS / 1000}s`]]);
}

/** What is raised, unless a flag or the environment says otherwise. */
function raisedBy(
  { by, state, top, json }: ValuesOf<typeof DIAGNOSE_OPTIONS>,
  { limits, ownersBudgetMs }: Config,
  given: ReadonlyMap<string, Given>,
): Pick<Config, 'limits' | 'ownersBudgetMs'> {
  const isTable = by !== undefined || state !== undefined || top !== undefined;
  const raised = Object.entries<number>(isTable ? TABLE_LIMITS : VERDICT_LIMITS);
  const isGiven = (key: keyof typeof OPTIONS) => given.has(OPTIONS[key].flag);
  return {
    limits: {
      ...limits,
      isForVerdict: !isTable && !json, // the document has the largest of each breakdown
      ...Object.fromEntries(raised.filter(([key]) => !isGiven(key as keyof typeof TABLE_LIMITS))),
    },
    ownersBudgetMs: isGiven('ownersBudgetMs') ? ownersBudgetMs : OWNERS_BUDGET_MS,
  };
}

/** Flags that mean nothing together are refused: silence would look like a result. */
function checkTogether(options: DiagnoseOptions, hasInterval: boolean): void {
  checkOutput(options, hasInterval);
  checkPage(options);
}

function checkOutput({ check, json, csv, watchMs, port, by, state }: DiagnoseOptions, hasInterval: boolean): void {
  const outputs = [check && '--check', json && '--json', csv !== undefined && '--csv'].filter((name) => name !== false);
  if (outputs.length > 1) throw new ConfigRefusal(`${outputs.join(' and ')} exclude each other`);
  if (check && watchMs !== undefined) throw new ConfigRefusal('--check and --watch exclude each other');
  if (hasInterval && watchMs !== undefined)
    throw new ConfigRefusal(
      '--interval and --watch exclude each other: the time between two looks is that of --watch=2s',
    );
  const tables = [port !== undefined && '--port', by !== undefined && '--by', state !== undefined && '--state'].filter(
    (name) => name !== false,
  );
  if (port !== undefined && tables.length > 1) throw new ConfigRefusal('--port and --by or --state exclude each other');
  if (outputs.length > 0 && tables.length > 0)
    throw new ConfigRefusal(`${tables[0]} chooses a table for a person: leave it out, or ${outputs[0]}`);
}

function checkPage({ url, caFile, insecure, user, passwordFile }: DiagnoseOptions): void {
  const forUrl = caFile !== undefined || insecure || user !== undefined || passwordFile !== undefined;
  if (forUrl && url === undefined)
    throw new ConfigRefusal('--ca-file, --insecure, --user and --password-file are for --url, which is not given');
  if ((user === undefined) !== (passwordFile === undefined))
    throw new ConfigRefusal('--user and --password-file belong together');
}
