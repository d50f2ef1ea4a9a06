import type { BuildInfo } from '../model/build-info.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { buildInfoFamilies } from './build-info.ts';
import { closeWaitFamilies } from './close-wait.ts';
import { configFileFamilies } from './config-file.ts';
import { connectionEventFamilies } from './connection-events.ts';
import { connectionFamilies } from './connections.ts';
import { conntrackFamilies } from './conntrack.ts';
import { counterFamilies } from './counters.ts';
import { ephemeralFamilies } from './ephemeral.ts';
import type { MetricFamily } from './family.ts';
import { filteredFamilies } from './filtered.ts';
import { listenerFamilies } from './listeners.ts';
import { localPortFamilies } from './local-ports.ts';
import { memoryFamilies } from './memory.ts';
import { namespaceFamilies } from './namespace.ts';
import { netnsFamilies } from './netns.ts';
import { netnsSocketFamilies } from './netns-sockets.ts';
import { portExhaustionFamilies } from './port-exhaustion.ts';
import { processFamilies } from './processes.ts';
import { remoteIpFamilies } from './remote-ips.ts';
import { scrapeFamilies } from './scrape.ts';
import { settingFamilies } from './settings.ts';
import { stateFamilies } from './states.ts';
import { timeWaitFamilies } from './time-wait.ts';
import { unitFamilies } from './units.ts';

/** The page, in its order. Unknown facts have no sample, and families without samples are left out. */
export function buildFamilies(snapshot: Snapshot, build: BuildInfo): MetricFamily[] {
  const { sockets, settings } = snapshot;
  const families = [
    ...stateFamilies(sockets),
    ...connectionFamilies(sockets),
    ...localPortFamilies(sockets),
    ...remoteIpFamilies(sockets),
    ...processFamilies(sockets),
    ...unitFamilies(sockets),
    ...ephemeralFamilies(snapshot.ephemeral, sockets),
    ...portExhaustionFamilies(snapshot.portExhaustionEvents),
    ...timeWaitFamilies(settings),
    ...closeWaitFamilies(sockets),
    ...listenerFamilies(sockets),
    ...counterFamilies(snapshot.counters),
    ...memoryFamilies(snapshot.memory, settings),
    ...conntrackFamilies(snapshot.conntrack),
    ...settingFamilies(settings),
    ...namespaceFamilies(snapshot.namespace),
    ...connectionEventFamilies(snapshot.connectionEvents),
    ...netnsFamilies(snapshot.netns),
    ...netnsSocketFamilies(snapshot.netns?.sockets),
    ...configFileFamilies(snapshot.config),
    ...filteredFamilies(snapshot),
    ...scrapeFamilies(snapshot),
    ...buildInfoFamilies(build),
  ];
  return families.filter(({ samples }) => samples.length > 0);
}
