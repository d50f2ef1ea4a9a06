/** Text literals of a program, in quotes of one kind, without escapes; and its numbers. */
const LITERAL = /'([^'\\\n]{2,40})'|`([^`\\$\n]{2,40})`|\b(0x[0-9a-f]{2,8}|\d[\d_]{0,11})\b/g;
/** What a regular expression says literally, at least three characters in a row. */
const SPELLED_OUT = /[A-Za-z][A-Za-z _-]{2,30}/g;

/** Words that the source text of a parser compares its input with: what chance would take long to find. */
export function collectWords(source: string): Buffer[] {
  const words = new Map<string, Buffer>();
  const add = (word: Buffer) => words.set(word.toString('latin1'), word);
  for (const [, quoted, templated, digits] of source.matchAll(LITERAL)) {
    if (digits === undefined) add(Buffer.from(quoted ?? templated!));
    else for (const word of encodeNumber(Number(digits.replaceAll('_', '')))) add(word);
  }
  for (const [expression] of source.matchAll(/\/(?![/*\s])(?:[^/\\\n]|\\.)+\/[dgimsuy]*/g)) {
    for (const [text] of expression.matchAll(SPELLED_OUT)) add(Buffer.from(text));
  }
  return [...words.values()];
}

function encodeNumber(value: number): Buffer[] {
  if (!Number.isSafeInteger(value) || value < 2 || value > 0xffff_ffff) return [];
  const word = Buffer.alloc(4);
  word.writeUInt32LE(value);
  const short = value <= 0xff ? word.subarray(0, 1) : word.subarray(0, 2);
  return [Buffer.from(String(value)), word, ...(value <= 0xffff ? [Buffer.from(short)] : [])];
}
