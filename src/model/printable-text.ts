/**
 * Characters that act instead of being visible: controls (an escape sequence reaches the terminal of everybody who
 * fetches the page), direction marks and joiners (a name can look like a different one), line separators, and halves of
 * surrogate pairs, which all become the same bytes.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A name that its owner chose, with such characters as text: `\x1b`, `\u202e`. Printable text stays as it is. */
export function toPrintable(text: string): string {
  return text.replace(UNPRINTABLE, spell);
}

function spell(character: string): string {
  const code = character.codePointAt(0)!.toString(16);
  if (code.length <= 2) return `\\x${code.padStart(2, '0')}`;
  return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\u{${code}}`;
}
