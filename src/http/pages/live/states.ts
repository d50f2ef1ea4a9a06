import { KNOWN_STATES } from '../../../model/tcp-state.ts';
import { HISTORY_MS } from '../../../scrape/history.ts';
import type { LiveLook } from '../../../scrape/live.ts';
import { socketsIn } from '../../../verdict/evidence.ts';
import { stateWord, TOLD_STATES } from '../../../verdict/facts.ts';
import { count, duration } from '../../../verdict/words.ts';
import { drawSparkline } from './drawing.ts';
import { type Html, html } from './html.ts';
import { renderNote, renderSection, renderTable } from './table.ts';

/** Scrapes are a minute apart at most, and one may fail. */
const WIDEST_GAP_MS = 130_000;
/** A history that has just begun is not drawn wider than this. */
const LEAST_SPAN_MS = 60_000;

/** Sockets in each state, now and over the last ten minutes. */
export function renderStates({ snapshot, history, atMs }: LiveLook): Html {
  const spanMs = Math.min(HISTORY_MS, Math.max(LEAST_SPAN_MS, atMs - (history[0]?.atMs ?? atMs)));
  const rows = KNOWN_STATES.flatMap((state) => {
    const now = socketsIn(snapshot, state);
    const earlier = history.flatMap(({ states }) => states[state] ?? []);
    const most = Math.max(now ?? 0, ...earlier);
    if ((now === undefined && earlier.length === 0) || (most === 0 && !TOLD_STATES.includes(state))) return [];
    const least = Math.min(now ?? most, ...earlier);
    const points = history.map((point) => ({
      x: Math.max(0, 1 - (atMs - point.atMs) / spanMs),
      value: point.states[state],
    }));
    const range = least === most ? `always ${count(most)}` : `${count(least)} – ${count(most)}`;
    return [
      [
        stateWord(state),
        now === undefined ? 'not known' : count(now),
        html`<div class="course">${drawSparkline(points, most, WIDEST_GAP_MS / spanMs)}<span class="range">${range}</span></div>`,
      ],
    ];
  });
  const columns = [
    { heading: 'State' },
    { heading: 'Sockets', align: 'number' },
    { heading: `Last ${spanMs === HISTORY_MS ? '10 minutes' : duration(spanMs / 1000)}, least – most` },
  ] as const;
  return renderSection(
    'states',
    'States',
    rows.length === 0 ? renderNote('The sockets could not be read.') : renderTable(columns, rows),
  );
}
