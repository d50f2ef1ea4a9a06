import stringWidth from 'string-width';
import { toPrintable } from '../model/printable-text.ts';

/** Columns a text takes in a terminal: a Chinese character takes two, an accent of its own none. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** A cell of a table. Names come from processes and peers: what they do to a terminal is spelled out. */
export interface Column {
  readonly heading: string;
  readonly align?: 'right';
  /** Cut when the line is too long, at its end or in its middle; one of a table at most. */
  readonly cut?: 'end' | 'middle';
}

const GAP = '  ';

/** Lines of a table, its headings first, none wider than `width` as far as the flexible column can give way. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  const cells = [columns.map(({ heading }) => heading), ...rows.map((row) => row.map(toPrintable))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => widthOf(row[index] ?? ''))));
  const flexible = columns.findIndex(({ cut: place }) => place !== undefined);
  const total = widths.reduce((sum, each) => sum + each, 0) + GAP.length * (columns.length - 1);
  if (flexible >= 0 && total > width) widths[flexible] = Math.max(8, widths[flexible]! - (total - width));
  return cells.map((row) =>
    columns
      .map(({ align, cut: place }, index) => {
        const shorten = place === 'middle' ? cutMiddle : cut;
        return pad(shorten(row[index] ?? '', widths[index]!), widths[index]!, align);
      })
      .join(GAP)
      .trimEnd(),
  );
}

/** Wraps words to lines of a width; the first line begins with `label`, the others are indented as far. */
export function formatParagraph(label: string, text: string, width: number): string[] {
  const indent = ' '.repeat(widthOf(label));
  const lines: string[] = [];
  let line = '';
  for (const word of toPrintable(text).split(' ')) {
    if (line !== '' && widthOf(indent) + widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each, index) => (index === 0 ? label : indent) + each);
}

export function pad(text: string, width: number, align?: 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'right' ? space + text : text + space;
}

/** As much of a text as fits, with an ellipsis where something is missing. */
export function cut(text: string, width: number): string {
  return widthOf(text) <= width ? text : `${keep(charactersOf(text), width - 1).join('')}…`;
}

/** The same with both ends kept: an address differs from its neighbours at the end, and its port is there. */
export function cutMiddle(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  const characters = charactersOf(text);
  const tail = keep(characters.toReversed(), Math.floor((width - 1) / 2))
    .toReversed()
    .join('');
  return `${keep(characters, width - 1 - widthOf(tail)).join('')}…${tail}`;
}

function charactersOf(text: string): string[] {
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
}

/** The first of the characters, as many as fit. */
function keep(characters: readonly string[], width: number): string[] {
  let used = 0;
  const end = characters.findIndex((character) => {
    used += widthOf(character);
    return used > width;
  });
  return characters.slice(0, end < 0 ? characters.length : end);
}
