import { parseArgs } from 'node:util';
import { churnOf, INTERVAL_PHASES, MEASURED_STATES, PHASES, type Phase, phaseOf } from './phases.ts';

/** What a run of the benchmark measures. */
export interface BenchOptions {
  readonly phases: readonly Phase[];
  /** Collections by each tool per phase, of which the median counts. */
  readonly rounds: number;
  /** Populations on which all tools are asked once per pause, and how often. */
  readonly intervals: readonly Phase[];
  readonly intervalRounds: number;
  readonly pauseSeconds: number;
  /** Programs of Node.js that run the exporter there, side by side; undefined = this one and that of the packages. */
  readonly nodes: readonly string[] | undefined;
  /** Names of the tools to compare with; undefined = all that are installed. */
  readonly tools: ReadonlySet<string> | undefined;
  /** How long the exporter's memory is watched after the sockets are gone. */
  readonly releaseSeconds: number;
  /** Path of the results without extension. */
  readonly output: string | undefined;
}

const STATES = ['idle', ...MEASURED_STATES, 'churn', 'interval'] as const;

const HELP = `usage: npm run bench -- [options]
  --only=STATE,…     of ${STATES.join(', ')} (default: all)
  --sizes=N,…        numbers of sockets instead of the usual ones: 2000, 10k, 1M (interval: 0 = idle)
  --rounds=N         collections by each tool per phase (default: 7; interval: 24)
  --pause=SECONDS    interval: time between two collections (default: 15)
  --nodes=PATH,…     interval: programs of Node.js that run the exporter (default: this one and that of the packages)
  --tools=NAME,…     compare with these only: dump, ss, ss-p, netstat, node_exporter, collectd
  --release=SECONDS  how long memory is watched after the sockets are gone (default: 60)
  --output=PATH      where to write PATH.md and PATH.json (default: bench/results/DATE)
`;

/** Reads the command line; undefined when it asks for help, which is then printed. */
export function readOptions(argv: readonly string[]): BenchOptions | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: text,
      sizes: text,
      rounds: text,
      pause: text,
      nodes: text,
      tools: text,
      release: text,
      output: text,
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return undefined;
  }
  const [only, sizes] = [splitList(values.only), splitList(values.sizes)];
  return {
    phases: choosePhases(only, sizes),
    rounds: parseSize(values.rounds ?? '7'),
    intervals: only === undefined || only.includes('interval') ? chooseIntervals(sizes) : [],
    intervalRounds: parseSize(values.rounds ?? '24'),
    pauseSeconds: parsePause(values.pause ?? '15'),
    nodes: splitList(values.nodes),
    tools: values.tools === undefined ? undefined : new Set(splitList(values.tools)),
    releaseSeconds: Number(values.release ?? 60),
    output: values.output,
  };
}

/** `2000`, `10k`, `1M` → number. */
export function parseSize(text: string): number {
  const match = /^(\d+)([kM]?)$/.exec(text);
  if (match === null) throw new Error(`not a number of sockets: "${text}"`);
  return Number(match[1]) * { '': 1, k: 1000, M: 1_000_000 }[match[2] as '' | 'k' | 'M'];
}

function choosePhases(only: readonly string[] | undefined, sizes: readonly string[] | undefined): Phase[] {
  const unknown = only?.find((state) => !STATES.some((known) => known === state));
  if (unknown !== undefined) throw new Error(`not a state that is measured: "${unknown}" (${STATES.join(', ')})`);
  const isWanted = (state: string) => only === undefined || only.includes(state);
  if (sizes === undefined)
    return PHASES.filter(({ state, churn }) => isWanted(churn > 0 ? 'churn' : (state ?? 'idle')));
  return STATES.filter(isWanted).flatMap((state) => {
    if (state === 'interval') return [];
    if (state === 'idle') return [phaseOf(undefined, 0)];
    return sizes.map((size) => (state === 'churn' ? churnOf(parseSize(size)) : phaseOf(state, parseSize(size))));
  });
}

/** Long enough for the second after an answer that belongs to its burst. */
const LEAST_PAUSE_SECONDS = 2;

function parsePause(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= LEAST_PAUSE_SECONDS))
    throw new Error(`not a pause: "${text}" (${LEAST_PAUSE_SECONDS} seconds at least)`);
  return seconds;
}

function chooseIntervals(sizes: readonly string[] | undefined): readonly Phase[] {
  if (sizes === undefined) return INTERVAL_PHASES;
  return sizes.map(parseSize).map((size) => phaseOf(size === 0 ? undefined : 'established', size));
}

function splitList(text: string | undefined): string[] | undefined {
  return text?.split(',').filter((item) => item !== '');
}
