import { count } from '../../../verdict/words.ts';
import { type Content, type Html, html } from './html.ts';

export interface Column {
  readonly heading: Content;
  readonly align?: 'number';
}

/** The heading, which a narrow window may break. */
export const TIME_WAIT = html`TIME_<wbr>WAIT`;

/** Rows of cells; the first of each row is its heading. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly Content[])[]): Html {
  const classOf = (at: number) => (columns[at]?.align === 'number' ? html` class="number"` : undefined);
  const head = columns.map(({ heading }, at) => html`<th scope="col"${classOf(at)}>${heading}</th>`);
  const body = rows.map(
    ([first, ...rest]) =>
      html`<tr><th scope="row">${first}</th>${rest.map((cell, at) => html`<td${classOf(at + 1)}>${cell}</td>`)}</tr>\n`,
  );
  return html`<table><thead><tr>${head}</tr></thead><tbody>\n${body}</tbody></table>\n`;
}

/** A part of the page, under its heading. */
export function renderSection(id: string, heading: string, content: Content): Html {
  return html`<section id="${id}" aria-labelledby="${id}-h"><h2 id="${id}-h">${heading}</h2>\n${content}</section>\n`;
}

/** Text that is no number. */
export function renderNote(text: Content): Html {
  return html`<p class="note">${text}</p>\n`;
}

/** How many rows a table leaves out. */
export function renderRest(all: number, shown: number, what: string): Html | undefined {
  return all > shown ? renderNote(`and ${count(all - shown)} more ${what}`) : undefined;
}
