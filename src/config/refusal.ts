import { toPrintable } from '../model/printable-text.ts';

/** A setting that keeps the program from starting. The message is one line for the operator. */
export class ConfigRefusal extends Error {
  override readonly name = 'ConfigRefusal';
}

/** Text from outside on one line: invisible characters as escapes, long values cut. */
export function quoteValue(text: string): string {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return toPrintable(/\p{Cc}/u.test(shown) ? JSON.stringify(shown) : shown); // JSON does not escape all of them
}
