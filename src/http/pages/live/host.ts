import type { Notice } from '../../../platform/platform.ts';
import type { LiveLook } from '../../../scrape/live.ts';
import { allSockets } from '../../../verdict/evidence.ts';
import { describeRates, describeSettings } from '../../../verdict/facts.ts';
import type { Figure, FigureName } from '../../../verdict/figures.ts';
import { type Headroom, LIMIT_WORDS } from '../../../verdict/headroom.ts';
import type { Verdict } from '../../../verdict/judge.ts';
import { DEFAULT_THRESHOLDS } from '../../../verdict/thresholds.ts';
import { count, counted, duration, percent } from '../../../verdict/words.ts';
import { drawBar, type Level } from './drawing.ts';
import { type Content, type Html, html } from './html.ts';
import { renderNote, renderSection, renderTable } from './table.ts';

/** The figure that has the thresholds of a limit. */
const FIGURE_OF: Readonly<Partial<Record<Headroom['name'], FigureName>>> = {
  ports: 'util',
  queue: 'queue',
  fds: 'fds',
  conntrack: 'conntrack',
  orphans: 'orphans',
  memory: 'memory',
};

/** How near each limit is, at its worst place; then the settings behind them. */
export function renderLimits({ snapshot }: LiveLook, { headroom, figures }: Verdict): Html {
  // some kernels write the largest number there is where they have no limit
  const known = headroom.filter(({ limit }) => Number.isSafeInteger(limit));
  const rows = known.map((limit) => [
    [LIMIT_WORDS[limit.name], drawBar(limit.ratio, levelOf(limit, figures))],
    percent(limit.ratio),
    [limit.text, limit.of === undefined ? undefined : html` <small><bdi>${limit.of}</bdi></small>`],
  ]);
  const columns = [
    { heading: 'Limit' },
    { heading: 'Used', align: 'number' },
    { heading: 'At the worst place' },
  ] as const;
  const settings = describeSettings(snapshot);
  return renderSection('limits', 'Limits', [
    rows.length === 0 ? renderNote('No limit is known here.') : renderTable(columns, rows),
    settings.length === 0 ? undefined : renderNote(settings.join(' · ')),
  ]);
}

function levelOf({ name, ratio }: Headroom, figures: readonly Figure[]): Level {
  if (name === 'files') return ratio > DEFAULT_THRESHOLDS.systemFiles ? 'warning' : 'ok';
  if (name === 'queue' && ratio >= 1) return 'critical';
  const { warn = Infinity, crit = Infinity } = figures.find((each) => each.name === FIGURE_OF[name]) ?? {};
  return ratio * 100 > crit ? 'critical' : ratio * 100 > warn ? 'warning' : 'ok';
}

/** What the numbers are of, and what is missing in them: what was not seen must not look like what is not there. */
export function renderSight(look: LiveLook, notices: readonly Notice[]): Html {
  const rates = describeRates({ now: look.snapshot, before: look.before, thresholds: DEFAULT_THRESHOLDS });
  const isWindows = look.snapshot.ephemeral?.heldAgainst === 'host';
  const parts: readonly (readonly [string, Content])[] = [
    ['Sockets', describeSockets(look)],
    ['Owners', describeOwners(look)],
    ...(isWindows ? [] : [['Namespaces', describeNamespaces(look)] as const]),
    ['Collectors', describeCollectors(look)],
    [
      'Rates',
      look.before === undefined
        ? 'one look only, so no rates yet'
        : [rates.join(', ') || 'not known here', ` (the last ${duration(look.before.secondsAgo)})`],
    ],
    ...notices.filter(({ level }) => level === 'warn').map(({ message }) => ['Missing', message] as const),
  ];
  return renderSection(
    'sight',
    'What these numbers are of',
    html`<dl>\n${parts.map(([label, text]) => html`<dt>${label}</dt><dd>${text}</dd>\n`)}</dl>\n`,
  );
}

function describeSockets({ snapshot, history, atMs }: LiveLook): string {
  const all = allSockets(snapshot);
  const source = snapshot.outcomes.find(({ collector }) => collector === 'sockets')?.source;
  const last = history.at(-1);
  if (all === undefined)
    return last === undefined
      ? 'not read yet'
      : `not read now; ${duration((atMs - last.atMs) / 1000)} ago they were the last time`;
  return `${counted(all, 'socket')}${source === undefined ? '' : `, read by ${source}`}`;
}

function describeOwners({ snapshot }: LiveLook): string {
  const all = allSockets(snapshot);
  const cells = snapshot.sockets?.unattributed;
  if (cells === undefined || all === undefined) return 'not known: nobody looked for processes';
  const sums = new Map<string, number>();
  for (const { reason, sockets } of cells) sums.set(reason, (sums.get(reason) ?? 0) + sockets);
  const ownable = all - (sums.get('kernel') ?? 0);
  sums.delete('kernel');
  const hidden = [...sums].filter(([, sockets]) => sockets > 0);
  const sum = hidden.reduce((total, [, sockets]) => total + sockets, 0);
  if (sum === 0) return 'the process of every socket that has one';
  const reasons = hidden.map(([reason, sockets]) => `${reason} ${count(sockets)}`).join(', ');
  return `no process for ${count(sum)} of ${counted(ownable, 'socket')} that have one (${reasons})`;
}

function describeNamespaces({ snapshot }: LiveLook): string {
  const { isHostNetwork, isHostPid } = snapshot.namespace ?? {};
  const name = (is: boolean | undefined, of: string) =>
    is === undefined ? [] : [is ? `the ${of} of the host` : `the ${of} of a container or namespace`];
  return [...name(isHostNetwork, 'network'), ...name(isHostPid, 'processes')].join(', ') || 'not looked at';
}

function describeCollectors({ snapshot: { outcomes } }: LiveLook): string {
  const failed = outcomes.filter(({ success }) => !success).map(({ collector }) => collector);
  const all = counted(outcomes.length, 'collector');
  return failed.length === 0 ? `${all}, all work` : `${all}; ${failed.join(', ')} failed`;
}
