import { closeFd } from './bpf-call.ts';
import { EVENTS } from './events.skeleton.ts';
import { listOwn } from './own-descriptors.ts';
import { attachTracepoint, loadSkeleton, unpackSkeleton } from './skeleton.ts';

/** Maps of c/events.bpf.c that the exporter uses. */
const NAMES = {
  conns: 'tcpstate_conns',
  owners: 'tcpstate_owners',
  counts: 'tcpstate_counts',
  flows: 'tcpstate_flows',
  rest: 'tcpstate_rest',
  freeFlows: 'tcpstate_free_f',
  freeRest: 'tcpstate_free_r',
  state: 'tcpstate_state',
  full: 'tcpstate_full',
} as const;

/** Their descriptors: plain data, good in every thread of the process and without any capability. */
export type EventMaps = { readonly [Name in keyof typeof NAMES]: number };

/** Programs that count, attached until the process ends: nothing closes `links`. */
export interface AttachedEvents {
  readonly maps: EventMaps;
  /** Unknown where another thread has attached them. */
  readonly links: readonly number[];
}

/**
 * What this process counts in, from another thread or from before it gave up what loading takes; else the programs are loaded and
 * attached. Takes CAP_BPF and CAP_PERFMON; throws SystemCallError where they or something of the kernel's is missing.
 */
export function openEvents(): AttachedEvents {
  const maps = findEvents();
  return maps === undefined ? attachEvents() : { maps, links: [] };
}

/** `sizes`: as `loadSkeleton`. */
export function attachEvents(sizes: Readonly<Record<string, number>> = {}): AttachedEvents {
  const { maps, programs } = loadSkeleton(unpackSkeleton(EVENTS), sizes);
  const links: number[] = [];
  try {
    for (const program of programs) links.push(attachTracepoint(program));
  } catch (error) {
    for (const fd of [...links, ...maps]) closeFd(fd);
    throw error;
  } finally {
    for (const program of programs) closeFd(program); // its link holds it
  }
  const fdOf = (name: string) => maps[EVENTS.maps.indexOf(name)]!;
  for (const [index, name] of EVENTS.maps.entries())
    if (!Object.values<string>(NAMES).includes(name)) closeFd(maps[index]!);
  return { maps: pick(fdOf)!, links };
}

/** Undefined where this process has not loaded them. */
function findEvents(): EventMaps | undefined {
  const { maps } = listOwn();
  return pick((name) => maps.find((map) => map.name === name)?.fd);
}

function pick(fdOf: (name: string) => number | undefined): EventMaps | undefined {
  const entries = Object.entries(NAMES).map(([key, name]) => [key, fdOf(name)] as const);
  return entries.some(([, fd]) => fd === undefined) ? undefined : (Object.fromEntries(entries) as EventMaps);
}
