import { KNOWN_STATES, stateLabel } from '../model/tcp-state.ts';
import { busiestOf, takenTowards } from '../verdict/busiest.ts';
import { counterRate, socketsIn } from '../verdict/evidence.ts';
import { FIGURE_NAMES } from '../verdict/figures.ts';
import { DEFAULT_THRESHOLDS } from '../verdict/thresholds.ts';
import { endpoint } from '../verdict/words.ts';
import type { View } from './view.ts';

type Field = string | number | undefined;

const STATES = KNOWN_STATES.map((state) => [stateLabel(state), state] as const);
const RATES = [
  ['opens_per_second', 'activeOpens'],
  ['accepts_per_second', 'passiveOpens'],
  ['fails_per_second', 'attemptFails'],
  ['resets_per_second', 'estabResets'],
  ['time_wait_per_second', 'timeWaitEntered'],
  ['drops_per_second', 'listenOverflows'],
] as const;
/** Figures that no state and no rate says already. */
const FIGURES = FIGURE_NAMES.filter((name) => !['time_wait', 'close_wait', 'drops'].includes(name));

/** Columns never change their place; new ones come at the end. */
const COLUMNS = [
  'time',
  'host',
  'status',
  ...STATES.map(([label]) => label),
  ...FIGURES,
  'busiest_destination',
  'busiest_destination_ports',
  ...RATES.map(([column]) => column),
  'findings',
];

export const CSV_HEADER = `${COLUMNS.join(',')}\n`;

/** One row (RFC 4180). What is not known is empty: a zero is a measurement. */
export function formatCsvRow({ now, before, verdict, place, time }: View): string {
  const { snapshot } = now;
  const evidence = { now: snapshot, before, thresholds: DEFAULT_THRESHOLDS };
  const busiest = (['ipv4', 'ipv6'] as const)
    .flatMap((family) => busiestOf(snapshot, family) ?? [])
    .sort((one, other) => takenTowards(other) - takenTowards(one))[0];
  const fields: Field[] = [
    time.toISOString(),
    place,
    verdict.status,
    ...STATES.map(([, state]) => socketsIn(snapshot, state)),
    ...FIGURES.map((name) => verdict.figures.find((figure) => figure.name === name)?.value),
    busiest && endpoint(busiest.remoteIp, busiest.remotePort),
    busiest && takenTowards(busiest),
    ...RATES.map(([, counter]) => rounded(counterRate(evidence, counter)?.perSecond)),
    verdict.findings.map(({ kind }) => kind).join(' '),
  ];
  return `${fields.map(quote).join(',')}\n`;
}

function rounded(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value * 10) / 10;
}

/** A spreadsheet takes a text that begins with one of these for a formula. */
function quote(field: Field): string {
  if (typeof field === 'number' || field === undefined) return String(field ?? '');
  const text = /^[=+\-@\t]/.test(field) ? `'${field}` : field;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
