import type { EphemeralFamilyUse } from '../model/socket-counts.ts';
import { processWithMostListeners, processWithMostPorts } from './busiest.ts';
import { type Found, known } from './compose.ts';
import type { Evidence } from './evidence.ts';
import { DEFAULT_THRESHOLDS } from './thresholds.ts';
import { count, counted, percent } from './words.ts';

/** Whether a port serves one connection only, whatever its destination. */
export function isHostWide({ bound, boundEstimate }: EphemeralFamilyUse): boolean {
  return bound === undefined && boundEstimate === undefined;
}

/** Ports that are gone for every destination. */
export function heldForAll({ blocked, bound, boundEstimate }: EphemeralFamilyUse): number {
  return blocked + (bound ?? boundEstimate ?? 0);
}

/** A limit of the user makes it critical before the ports are gone; it does not make them be gone. */
export function judgeUse({ thresholds }: Evidence, { utilization = 0 }: EphemeralFamilyUse) {
  const isCritical = utilization > thresholds.portsExhausted;
  return { isCritical, isGone: isCritical && utilization > DEFAULT_THRESHOLDS.portsExhausted };
}

/** A range most of which is gone for every destination. */
export function judgeForAll(evidence: Evidence, use: EphemeralFamilyUse): Found {
  const { isCritical, isGone } = judgeUse(evidence, use);
  const { ports, listening, blocked, utilization = 0 } = use;
  const taken = isHostWide(use) ? use.used : Math.round(utilization * ports);
  const byListeners = listening * 2 > (isHostWide(use) ? use.used : heldForAll(use));
  const { details, owner } = describeHolders(evidence, use, byListeners);
  return {
    kind: byListeners ? kindOfListeners(isGone) : kindOfOthers(isGone, use),
    severity: isCritical ? 'critical' : 'warning',
    subject: { type: 'limit', limit: 'ephemeral_ports' },
    numbers: known({
      ports,
      taken,
      bound: use.bound ?? use.boundEstimate,
      blocked,
      listening,
      utilizationRatio: utilization,
    }),
    headline: `Ports of the whole host are ${isGone ? 'exhausted' : `${percent(utilization)} used`}: ${count(taken)} of ${count(ports)} taken${describeTakers(use, taken)}.`,
    details: [...details, `range ${use.first}-${use.last}`],
    owner,
  };
}

function kindOfListeners(isGone: boolean) {
  return isGone ? 'ports_exhausted_by_listeners' : 'ports_high_by_listeners';
}

function kindOfOthers(isGone: boolean, use: EphemeralFamilyUse) {
  if (!isGone) return 'ports_high';
  return isHostWide(use) ? 'ports_exhausted_on_host' : 'ports_exhausted_by_bound';
}

/** What takes the ports, most of all first. */
function describeTakers(use: EphemeralFamilyUse, taken: number): string {
  const { listening, blocked, bound, boundEstimate } = use;
  const takers = [
    { ports: listening, what: 'listeners' },
    { ports: bound ?? boundEstimate ?? 0, what: 'bind() before connect()' },
    { ports: blocked - listening, what: 'bound sockets' },
    {
      ports: taken - heldForAll(use),
      what: isHostWide(use) ? 'connections' : 'connections to the busiest destination',
    },
  ]
    .filter(({ ports }) => ports > 0)
    .sort((one, other) => other.ports - one.ports);
  const [first, ...more] = takers;
  if (first === undefined || (isHostWide(use) && listening === 0)) return '';
  const forAll = taken > heldForAll(use) ? '' : ', for every destination';
  if (more.length === 0) return ` by ${first.what}${forAll}`;
  return `: ${takers.map(({ ports, what }) => `${count(ports)} by ${what}`).join(', ')}${forAll}`;
}

/** Who listens on most of them, and who holds most of the others; the owner is the one with more. */
function describeHolders({ now }: Evidence, use: EphemeralFamilyUse, byListeners: boolean) {
  const server = use.listening > 0 ? processWithMostListeners(now) : undefined;
  const isOnlyListening = !isHostWide(use) && heldForAll(use) === use.listening;
  const client = isOnlyListening ? undefined : processWithMostPorts(now);
  // a page names few listeners, and adds up the rest
  const isLeast = now.sockets?.ephemeral?.listeners.some(({ localPort }) => localPort === 'other') === true;
  const told = [
    ...(server === undefined
      ? []
      : [
          `${server.process} listens on ${isLeast ? 'at least ' : ''}${counted(server.ports, 'port')} of the range, most of all`,
        ]),
    ...(client === undefined ? [] : [`${client.process} holds ${counted(client.ports, 'port')}, most of all`]),
  ];
  const holder = byListeners ? server && { ...server, ports: 0 } : client;
  return {
    details: byListeners ? told : told.toReversed(),
    owner: holder && { process: holder.process, isInferred: false, openConnections: holder.ports },
  };
}
