import { COLLECTORS, type CollectorName } from '../../model/collectors.ts';

export interface CollectorChoice {
  /** Enabled collectors. */
  readonly enabled: ReadonlySet<CollectorName>;
  /** Collectors of this platform. */
  readonly known: readonly CollectorName[];
}

/** Values of `collect[]` and `exclude[]` in a query: none, one or several of each. */
export interface FilterQuery {
  readonly 'collect[]'?: string | readonly string[];
  readonly 'exclude[]'?: string | readonly string[];
}

/** The collectors that a request asks for, or a sentence that says what is wrong with it. */
export function filterCollectors(query: FilterQuery, choice: CollectorChoice): ReadonlySet<CollectorName> | string {
  const collect = listOf(query['collect[]']);
  const here = collect.filter((name) => !isElsewhere(name, choice.known));
  const exclude = listOf(query['exclude[]']);
  if (collect.length > 0 && exclude.length > 0) return 'Use either collect[] or exclude[], not both in one request.';
  const problem = findUnknown([...collect, ...exclude], choice.known) ?? findTurnedOff(here, choice.enabled);
  if (problem !== undefined) return problem;
  const isWanted = (name: string) => (collect.length > 0 ? collect.includes(name) : !exclude.includes(name));
  return new Set([...choice.enabled].filter(isWanted));
}

function listOf(values: string | readonly string[] | undefined): readonly string[] {
  if (values === undefined) return [];
  return typeof values === 'string' ? [values] : values;
}

/**
 * One scrape configuration serves hosts of every kind: a collector of another platform is no mistake, and adds nothing.
 */
function isElsewhere(name: string, known: readonly string[]): boolean {
  return !known.includes(name) && COLLECTORS.some((collector) => collector.name === name);
}

function findUnknown(names: readonly string[], known: readonly string[]): string | undefined {
  const name = names.find((each) => !known.includes(each) && !isElsewhere(each, known));
  if (name === undefined) return undefined;
  return `There is no collector ${JSON.stringify(name.slice(0, 100))} here. There are: ${known.join(', ')}.`;
}

function findTurnedOff(names: readonly string[], enabled: ReadonlySet<string>): string | undefined {
  const name = names.find((each) => !enabled.has(each));
  if (name === undefined) return undefined;
  return `The collector ${name} is turned off. The command line or the environment of the exporter can turn it on.`;
}
