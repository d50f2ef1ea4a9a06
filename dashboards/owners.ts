import { CHOSEN_PROCESS, ofHosts, recent } from './promql.ts';

/** Owner labels that name no process. */
const NO_OWNER = 'process!~"unknown|other|filtered"';
const DESTINATION = 'job, instance, remote_ip, remote_port';
const CELL = 'job, instance, family, local_ip, remote_ip, remote_port';
const OUTBOUND = ['direction="outbound"', NO_OWNER];

/**
 * The busiest destinations. Label `process`: who has most open sockets there; `owner`: the same for a person, with `~` where it
 * is inferred (ports in TIME_WAIT have no owner), `unknown` where nobody has an open socket. A chosen process leaves out the
 * destinations of others, never the unknown ones.
 */
export function busiestDestinations(count: number): string {
  const busiest = `topk(${count}, ${recent('tcpstate_ephemeral_destination_ports_used')})`;
  const named = `${busiest} * on (${DESTINATION}) group_left (process) (${chosenOwner()})`;
  const inTimeWait = `on (${CELL}) (${recent('tcpstate_ephemeral_destination_ports_time_wait')} > 0)`;
  // + 0 takes the name of the metric away: it would keep the columns of the table from becoming one row.
  const unknown = `${busiest} + 0 unless on (${DESTINATION}) ${owner()}`;
  return [
    withOwner(`${named} and ${inTimeWait}`, '~$1'),
    withOwner(`${named} unless ${inTimeWait}`, '$1'),
    withOwner(`label_replace(${unknown}, "process", "unknown", "", "")`, '$1'),
  ].join('\nor ');
}

/** Ports of each process: those of its open sockets, and with `~` those in TIME_WAIT that are probably its own. */
export function portsByOwner(count: number): string {
  const held = `sum by (job, instance, process) (${recent('tcpstate_process_ephemeral_ports', 'process!="unknown"')})`;
  const waiting = recent('tcpstate_ephemeral_destination_ports_time_wait');
  const inferred = `sum by (job, instance, process) (${timesOwner(waiting, chosenOwner())}) > 0`;
  return `topk(${count}, ${withOwner(held, '$1')}\nor ${withOwner(inferred, '~$1')})`;
}

/** Ports that neither have an owner nor one that can be inferred; nothing where there are none. */
export function portsWithoutOwner(): string {
  const unknown = `sum by (job, instance) (${recent('tcpstate_process_ephemeral_ports', 'process="unknown"')})`;
  const waiting = `last_over_time(${ofHosts('tcpstate_ephemeral_destination_ports_time_wait')}[3m])`;
  const inferred = `sum by (job, instance) (${timesOwner(waiting, `${owner()} > bool 0`)})`;
  return `(${unknown} - ${inferred} or ${unknown}) > 0`;
}

/** The process with most open sockets towards each destination. */
function owner(): string {
  const sockets = `last_over_time(${ofHosts('tcpstate_connections', OUTBOUND)}[3m])`;
  return `topk by (${DESTINATION}) (1, sum by (${DESTINATION}, process) (${sockets}))`;
}

/** 1 for each destination whose owner is a chosen process. */
function chosenOwner(): string {
  const own = `last_over_time(${ofHosts('tcpstate_connections', [...OUTBOUND, CHOSEN_PROCESS])}[3m])`;
  return `${owner()} > bool 0 and on (${DESTINATION}, process) ${own}`;
}

function timesOwner(expression: string, one: string): string {
  return `${expression} * on (${DESTINATION}) group_left (process) (${one})`;
}

function withOwner(expression: string, format: '$1' | '~$1'): string {
  return `label_replace(${expression}, "owner", "${format}", "process", "(.+)")`;
}
