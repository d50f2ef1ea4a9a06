import { toPrintable } from '../model/printable-text.ts';

/** A setting that the exporter does not start with. The message is one line for the operator. */
export class ConfigRefusal extends Error {
  override readonly name = 'ConfigRefusal';
}

/** Text from outside on one line: what does not show is spelled out, long values are cut. */
export function quoteValue(text: string): string {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return toPrintable(/\p{Cc}/u.test(shown) ? JSON.stringify(shown) : shown); // JSON leaves some as they are
}
