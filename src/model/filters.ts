import type { FilterRules, LabelRules } from './file-config.ts';
import type { ScopedWords } from './ip-address.ts';
import { createNetworkSet } from './network-set.ts';
import type { PortInterval } from './port-range.ts';

/** What is left out of the breakdowns, by label; a label without a rule is undefined. */
export interface Filters {
  /** Whether what is left out has no cell on the page. */
  readonly isDropped: boolean;
  /** Shape: PORT_SLOTS bytes; 1 = the port is left out. What is no port, 0 and 65,536, never is. */
  readonly localPorts: Uint8Array | undefined;
  readonly remotePorts: Uint8Array | undefined;
  readonly isPeerOut: ((words: ScopedWords) => boolean) | undefined;
  /** Of names as they stand on the page. */
  readonly isProcessOut: ((name: string) => boolean) | undefined;
  readonly isUnitOut: ((name: string) => boolean) | undefined;
}

/** One more than there are ports: tallies have a number for the ports of a program's own range. */
export const PORT_SLOTS = 65_537;
const MOST_REMEMBERED = 10_000;

/** Undefined if no rule leaves anything out. The time of an answer hardly grows with the number of rules. */
export function createFilters(rules: FilterRules | undefined): Filters | undefined {
  if (rules === undefined || countFilterRules(rules) === 0) return undefined;
  const { isDropped, localPort, remotePort, remoteIp, process, unit } = rules;
  return {
    isDropped,
    localPorts: localPort && portsOut(localPort),
    remotePorts: remotePort && portsOut(remotePort),
    isPeerOut: remoteIp && decide(remoteIp, createNetworkSet),
    isProcessOut: process && remember(decide(process, createNameSet)),
    isUnitOut: unit && remember(decide(unit, createNameSet)),
  };
}

export function countFilterRules({ isDropped: _, ...labels }: FilterRules): number {
  const lists = Object.values(labels).flatMap(({ include = [], exclude }) => [include, exclude]);
  return lists.reduce((sum, { length }) => sum + length, 0);
}

/** What either of them leaves out: an entry of either list of `include` is kept. */
export function mergeFilterRules(one: FilterRules, other: FilterRules): FilterRules {
  const labels = {
    localPort: mergeLabel(one.localPort, other.localPort),
    remotePort: mergeLabel(one.remotePort, other.remotePort),
    remoteIp: mergeLabel(one.remoteIp, other.remoteIp),
    process: mergeLabel(one.process, other.process),
    unit: mergeLabel(one.unit, other.unit),
  };
  const given = Object.entries(labels).filter(([, rules]) => rules !== undefined);
  return { ...Object.fromEntries(given), isDropped: one.isDropped || other.isDropped };
}

function mergeLabel<Rule>(one: LabelRules<Rule> | undefined, other: LabelRules<Rule> | undefined) {
  if (one === undefined || other === undefined) return one ?? other;
  const include = [...(one.include ?? []), ...(other.include ?? [])];
  return { ...(include.length > 0 && { include }), exclude: [...one.exclude, ...other.exclude] };
}

/** `exclude` wins. */
function decide<Rule, Value>(
  { include, exclude }: LabelRules<Rule>,
  toSet: (rules: readonly Rule[]) => (value: Value) => boolean,
): (value: Value) => boolean {
  const isExcluded = toSet(exclude);
  if (include === undefined) return isExcluded;
  const isIncluded = toSet(include);
  return (value) => !isIncluded(value) || isExcluded(value);
}

function portsOut({ include, exclude }: LabelRules<PortInterval>): Uint8Array {
  const ports = new Uint8Array(PORT_SLOTS);
  ports.fill(include === undefined ? 0 : 1, 1, PORT_SLOTS - 1);
  for (const { first, last } of include ?? []) ports.fill(0, first, last + 1);
  for (const { first, last } of exclude) ports.fill(1, first, last + 1);
  return ports;
}

/** Names, and patterns in which `*` stands for any characters and `?` for one. */
function createNameSet(rules: readonly string[]): (name: string) => boolean {
  const isPattern = (rule: string) => /[*?]/.test(rule);
  const names = new Set(rules.filter((rule) => !isPattern(rule)));
  const patterns = rules.filter(isPattern).map((rule) => [...rule]);
  return (name) => names.has(name) || patterns.some((pattern) => matches(pattern, [...name]));
}

/** In time that grows with the product of both lengths at most: a regular expression of many stars may take for ever. */
function matches(pattern: readonly string[], name: readonly string[]): boolean {
  let [at, star, resume] = [0, -1, 0];
  for (let index = 0; index < name.length; ) {
    if (pattern[at] === '*') {
      star = at++;
      resume = index;
    } else if (pattern[at] === '?' || pattern[at] === name[index]) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++resume;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

/** Most names of a scrape were in the last one. */
function remember(decideName: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const isOut = decideName(name);
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(name, isOut);
    return isOut;
  };
}
