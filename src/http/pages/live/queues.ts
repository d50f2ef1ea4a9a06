import type { LiveLook } from '../../../scrape/live.ts';
import { type QueueRow, queueRows } from '../../../verdict/rows.ts';
import { DEFAULT_THRESHOLDS } from '../../../verdict/thresholds.ts';
import { count, isNamed, perSecond } from '../../../verdict/words.ts';
import { drawBar, type Level } from './drawing.ts';
import { type Content, type Html, html } from './html.ts';
import { renderNote, renderRest, renderSection, renderTable } from './table.ts';

const ROWS = 10;

/** Listeners, the fullest queue first. */
export function renderQueues({ snapshot, before }: LiveLook): Html {
  const cells = snapshot.sockets?.listeners?.cells;
  const all = queueRows(snapshot, before?.snapshot);
  const rows = all
    .slice(0, ROWS)
    .map((row) => [
      [
        html`<bdi>${row.place}</bdi>`,
        row.queueLimit ? drawBar(row.queueLength / row.queueLimit, levelOf(row)) : undefined,
      ],
      row.queueLimit === undefined ? count(row.queueLength) : `${count(row.queueLength)} of ${count(row.queueLimit)}`,
      describeDrops(row, before?.secondsAgo),
      isNamed(row.process) ? html`<bdi>${row.process}</bdi>` : '–',
    ]);
  const columns = [
    { heading: 'Listener' },
    { heading: 'Waiting', align: 'number' },
    { heading: 'Dropped', align: 'number' },
    { heading: 'Process' },
  ] as const;
  const empty = cells === undefined ? 'Not known here.' : 'Nobody listens.';
  return renderSection('queues', 'Accept queues', [
    rows.length === 0 ? renderNote(empty) : renderTable(columns, rows),
    renderRest(all.length, rows.length, 'listeners'),
  ]);
}

/** In all, and how fast now. */
function describeDrops({ drops, newDrops }: QueueRow, secondsAgo: number | undefined): Content {
  if (drops === undefined) return '–';
  if (!newDrops || secondsAgo === undefined) return count(drops);
  return [count(drops), html` <small>+${perSecond(newDrops / secondsAgo)}</small>`];
}

function levelOf({ queueLength, queueLimit = 0 }: QueueRow): Level {
  const { acceptQueueNear, acceptQueueNearFrom, acceptQueueLeastLimit } = DEFAULT_THRESHOLDS;
  if (queueLength >= queueLimit && queueLimit > acceptQueueLeastLimit) return 'critical';
  return queueLength >= acceptQueueNearFrom && queueLength / queueLimit > acceptQueueNear ? 'warning' : 'ok';
}
