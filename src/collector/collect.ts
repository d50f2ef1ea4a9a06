import { isDeepStrictEqual } from 'node:util';
import type { CollectorName } from '../model/collectors.ts';
import type { ConfigInUse, FilterRules } from '../model/file-config.ts';
import { createFilters, type Filters, mergeFilterRules } from '../model/filters.ts';
import type { TallyLimits } from '../model/limits.ts';
import type { Facts } from '../model/snapshot.ts';
import type { Platform, ScrapeBudget } from '../platform/platform.ts';
import type { OtherNamespaces } from '../table/other-namespaces.ts';
import { createEventsTally } from '../tally/connection-events.ts';
import { createNetnsTally } from '../tally/netns.ts';
import { createConfigured } from './apply-config.ts';
import { createSocketCollection } from './collect-sockets.ts';
import { createNamespaceCounting } from './counting-namespaces.ts';
import { createInterfaceNames } from './interface-names.ts';
import type { CollectedPart, CollectRequest } from './protocol.ts';
import { runCollector } from './run-collector.ts';

/** Sockets are counted by the rules of ephemeral ports, and by how many ports in TIME_WAIT the kernel has handed out again. */
const COUNTED_BY: readonly CollectorName[] = ['ephemeral_ports', 'counters'];

const NO_FILTERS: FilterRules = { isDropped: false };

/** Collections of one platform. Each call gathers what the request asks for and gives every part as soon as it is there. */
export function createCollection(platform: Platform, limits: TallyLimits, now: () => number) {
  const { collectSockets, findListeners, readAnew } = createSocketCollection(platform, limits, now);
  const tallyEvents = createEventsTally(limits);
  const nameOfInterface = createInterfaceNames(platform);
  const tallyNetns = createNetnsTally(limits.netns);
  const countNamespaces = createNamespaceCounting(limits, (cgroupId) => platform.netns?.placeOf?.(cgroupId));
  let inUse: ConfigInUse | undefined;
  let rules = limits.filters ?? NO_FILTERS;
  let filters: Filters | undefined = createFilters(rules);
  let configured = (part: CollectedPart) => part;

  return function collect(
    { collectors, deadlineMs, config = inUse }: Pick<CollectRequest, 'collectors' | 'deadlineMs' | 'config'>,
    giveCounts: (part: CollectedPart) => void,
  ): void {
    if (config !== inUse) configure(config);
    const give = (part: CollectedPart) => giveCounts(configured(part));
    const wanted = new Set(collectors);
    const budget: ScrapeBudget = { deadlineMs, now };
    const known = collectFacts(wanted, give);
    const others = collectSockets(wanted, known, budget, give, filters);
    if (wanted.has('connection_events')) collectEvents(budget, give);
    if (wanted.has('netns')) collectNetns(others, wanted.has('processes'), budget, give);
  };

  function configure(config: ConfigInUse | undefined): void {
    const [rules, before] = [config?.processes ?? [], inUse?.processes ?? []];
    if (platform.nameProcesses !== undefined && JSON.stringify(rules) !== JSON.stringify(before)) {
      platform.nameProcesses(rules);
      readAnew();
    }
    inUse = config;
    filter(mergeFilterRules(limits.filters ?? NO_FILTERS, config?.filters ?? NO_FILTERS));
    configured = config === undefined ? (part) => part : createConfigured(config);
  }

  /** Counts are made anew by other filters, and by the same ones go on. */
  function filter(wanted: FilterRules): void {
    if (isDeepStrictEqual(wanted, rules)) return;
    rules = wanted;
    filters = createFilters(wanted);
  }

  function collectEvents({ now }: ScrapeBudget, give: (part: CollectedPart) => void): void {
    const { events, units } = platform;
    if (events === undefined) return;
    const { value, outcome } = runCollector('connection_events', events, now, () =>
      tallyEvents((each) => events.read(now(), each), {
        unitOf: (cgroup) => units?.nameOf(cgroup),
        nameOfInterface,
        listeners: findListeners(),
        filters,
        nowMs: now(),
      }),
    );
    give({ ...(value && { facts: { connectionEvents: value } }), outcomes: [outcome] });
  }

  /** Last, so that the other namespaces never take the time of the exporter's own. */
  function collectNetns(
    others: OtherNamespaces | undefined,
    withProcesses: boolean,
    budget: ScrapeBudget,
    give: (part: CollectedPart) => void,
  ): void {
    const { netns } = platform;
    if (netns === undefined) return;
    const { value, outcome } = runCollector('netns', netns, now, () => {
      const counts = tallyNetns(netns.read(budget, new Set(others?.rowsByNamespace().keys())));
      if (others === undefined) return counts;
      settleLeft(others, withProcesses);
      if (withProcesses && others.table.length > 0) netns.owners?.resolve(others.table, budget);
      return { ...counts, sockets: countNamespaces(others, counts, now(), filters) };
    });
    give({ ...(value && { facts: { netns: value } }), outcomes: [outcome] });
  }

  /** Sockets that no process holds any more have no owner if that fails. */
  function settleLeft(others: OtherNamespaces, withProcesses: boolean): void {
    try {
      platform.events?.settleOthers?.(others, withProcesses);
    } catch {
      // reading the events says why
    }
  }

  /** Gives every wanted fact, each by itself: the next one may hang. Returns what is known, with what sockets are counted by in any case. */
  function collectFacts(wanted: ReadonlySet<CollectorName>, give: (part: CollectedPart) => void): Facts {
    let known: Facts = {};
    for (const collector of platform.facts) {
      const isWanted = wanted.has(collector.name);
      if (!isWanted && !COUNTED_BY.includes(collector.name)) continue;
      const { value, outcome } = runCollector(collector.name, collector, now, (): Facts => collector.collect());
      known = { ...known, ...value };
      if (isWanted) give({ ...(value && { facts: value }), outcomes: [outcome] });
    }
    return known;
  }
}
