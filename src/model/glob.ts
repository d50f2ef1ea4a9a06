/** A pattern in which `*` stands for any characters, and `{name}` for a word: at least one character, none of them a space, `/` or `\`. */
export interface Glob {
  /** Names of its words, in their order. */
  readonly words: readonly string[];
  /** The words of a text that matches from its start to its end, as long as they can be, the first ones first; undefined if it does not. */
  match(text: string): readonly string[] | undefined;
}

const ANY = Symbol('*');
/** A text, any characters, or a word. */
type Part = string | typeof ANY | { readonly word: string };

const PARTS = /(\*+|\{[a-z_]+\})/;
const WORD_CHARACTER = /[^\s/\\]/;

/** Throws if a brace belongs to no word. The time to match grows with the length of the text only: there is no backtracking. */
export function compileGlob(pattern: string): Glob {
  const parts = pattern.split(PARTS).flatMap(toPart);
  const words = parts.flatMap((part) => (typeof part === 'object' ? part.word : []));
  const texts = parts.filter((part) => typeof part === 'string');
  const isFixedFirst = typeof parts[0] === 'string';
  const isFixedLast = typeof parts.at(-1) === 'string';
  return { words, match };

  function match(text: string): readonly string[] | undefined {
    if (parts.length === texts.length) return text === pattern ? [] : undefined;
    if (!hasTexts(text)) return undefined;
    return words.length === 0 ? [] : findWords(parts, text);
  }

  /** Whether the text has all fixed ones in their order, first and last in their places. Without words that is a match. */
  function hasTexts(text: string): boolean {
    let at = 0;
    for (let index = 0; index < texts.length; index++) {
      const part = texts[index]!;
      if (index === 0 && isFixedFirst && !text.startsWith(part)) return false;
      if (index === texts.length - 1 && isFixedLast) return at <= text.length - part.length && text.endsWith(part);
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return true;
  }
}

function toPart(text: string): Part | readonly [] {
  if (text === '') return [];
  if (text.startsWith('*')) return ANY;
  if (/^\{[a-z_]+\}$/.test(text)) return { word: text.slice(1, -1) };
  if (/[{}]/.test(text)) throw new Error('has a brace that belongs to no {word} of small letters: give * for it');
  return text;
}

/** From the end: where the rest of the parts matches the rest of the text. Then, from the start, which way there takes the longest words. */
function findWords(parts: readonly Part[], text: string): readonly string[] | undefined {
  const ends = wordEnds(text);
  const matches = [lastMatches(text.length)];
  for (const part of parts.toReversed()) matches.unshift(matchesBefore(part, text, ends, matches[0]!));
  if (matches[0]![0] === 0) return undefined;
  const words: string[] = [];
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const next = matches[index + 1]!;
    if (typeof part === 'string') at += part.length;
    else if (part === ANY) at = next.indexOf(1, at);
    else {
      const end = next.lastIndexOf(1, ends[at]!);
      words.push(text.slice(at, end));
      at = end;
    }
  }
  return words;
}

/** By place in the text: 1 = what follows the last part matches there. */
function lastMatches(length: number): Uint8Array {
  const matches = new Uint8Array(length + 1);
  matches[length] = 1;
  return matches;
}

function matchesBefore(part: Part, text: string, ends: Int32Array, after: Uint8Array): Uint8Array {
  const matches = new Uint8Array(after.length);
  let nearest = after.length; // where the next part matches first, from here on
  for (let at = text.length; at >= 0; at--) {
    if (typeof part === 'string') matches[at] = text.startsWith(part, at) ? after[at + part.length]! : 0;
    else if (part !== ANY) matches[at] = Number(nearest <= ends[at]!); // a word has at least one character
    if (after[at] === 1) nearest = at;
    if (part === ANY) matches[at] = Number(nearest < after.length);
  }
  return matches;
}

/** By place in the text: where a word that begins there has to end at the latest. */
function wordEnds(text: string): Int32Array {
  const ends = new Int32Array(text.length + 1);
  ends[text.length] = text.length;
  for (let at = text.length - 1; at >= 0; at--) ends[at] = WORD_CHARACTER.test(text[at]!) ? ends[at + 1]! : at;
  return ends;
}
