import { toPrintable } from '../../../model/printable-text.ts';

/** Text that is markup already. Only `html` makes it. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

/** What can stand in a template: markup as it is, everything else as text. */
export type Content = Html | string | number | undefined | readonly Content[];

/** Markup with values in it. Names that a process or peer chose cannot become markup, nor leave an attribute in quotes. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(parts.map((part, at) => part + (at < values.length ? toMarkup(values[at]) : '')).join(''));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as markup shows it, characters that act instead of being visible spelled out. */
export function escapeHtml(text: string): string {
  return toPrintable(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

function toMarkup(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Html) return content.markup;
  if (typeof content === 'object') return content.map(toMarkup).join('');
  return escapeHtml(String(content));
}
