import { type Html, html } from './html.ts';

/** How near to a limit. */
export type Level = 'ok' | 'warning' | 'critical';

/** A bar beside its number, which says the same. `ratio` 0 to 1. */
export function drawBar(ratio: number, level: Level): Html {
  const width = Math.max(ratio > 0 ? 0.6 : 0, Math.min(1, ratio) * 100).toFixed(1);
  return html`<svg class="bar" aria-hidden="true"><rect class="track" width="100%" height="100%"/><rect class="fill ${level}" width="${width}%" height="100%"/></svg>`;
}

/** A number at a time; undefined: it was not known then. */
export interface Point {
  /** 0 to 1, from the left. */
  readonly x: number;
  readonly value: number | undefined;
}

const WIDTH = 240;
const HEIGHT = 32;

/** A line from zero to `most`, broken where a number is not known, or where two are further apart than `widestGap`. */
export function drawSparkline(points: readonly Point[], most: number, widestGap: number): Html {
  const place = ({ x, value = 0 }: Point) =>
    `${(x * WIDTH).toFixed(1)} ${(HEIGHT - 2 - (most === 0 ? 0 : value / most) * (HEIGHT - 4)).toFixed(1)}`;
  const pieces = splitAtGaps(points, widestGap);
  const line = pieces.map((piece) => `M${piece.map(place).join('L')}${piece.length === 1 ? 'h-6' : ''}`).join('');
  const area = pieces
    .filter((piece) => piece.length > 1)
    .map((piece) => `M${toFloor(piece[0]!)}L${piece.map(place).join('L')}L${toFloor(piece.at(-1)!)}Z`)
    .join('');
  return html`<svg class="spark" aria-hidden="true" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none"><path class="area" d="${area}"/><path class="line" d="${line}"/></svg>`;
}

function toFloor({ x }: Point): string {
  return `${(x * WIDTH).toFixed(1)} ${HEIGHT}`;
}

function splitAtGaps(points: readonly Point[], widestGap: number): Point[][] {
  const pieces: Point[][] = [];
  let last: Point | undefined;
  for (const point of points) {
    if (point.value === undefined) continue;
    if (last === undefined || point.x - last.x > widestGap) pieces.push([]);
    pieces.at(-1)!.push(point);
    last = point;
  }
  return pieces;
}
