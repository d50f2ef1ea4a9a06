import { toPrintable } from '../../model/printable-text.ts';

export interface PageSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Samples by the name of their metric, in the order of the page. */
export type PageSamples = ReadonlyMap<string, readonly PageSample[]>;

/** One sample: name, labels, value, time. https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details */
const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?/y;
const VALUE = /^[ \t]+([^ \t]+)(?:[ \t]+-?\d+)?[ \t]*$/;

/**
 * A page in Prometheus' text format → the samples whose names begin with `tcpstate_`. Values of labels are printable after it:
 * they are whatever another host sends. A line that is no sample is an error; comments are passed over.
 */
export function parsePage(text: string): PageSamples {
  const samples = new Map<string, PageSample[]>();
  for (const line of text.split('\n')) {
    if (!line.startsWith('tcpstate_')) continue;
    const { name, ...sample } = parseSample(line);
    const known = samples.get(name);
    if (known === undefined) samples.set(name, [sample]);
    else known.push(sample);
  }
  return samples;
}

function parseSample(line: string): PageSample & { readonly name: string } {
  NAME.lastIndex = 0;
  const name = NAME.exec(line)![0];
  const labels: Record<string, string> = Object.create(null);
  let at = name.length;
  if (line[at] === '{') {
    at++;
    while (line[at] !== '}') {
      LABEL.lastIndex = at;
      const match = LABEL.exec(line);
      if (match === null) throw new Error(`not a sample: ${toPrintable(line.slice(0, 100))}`);
      labels[match[1]!] = toPrintable(unescapeText(match[2]!));
      at = LABEL.lastIndex;
    }
    at++;
  }
  const value = parseValue(VALUE.exec(line.slice(at))?.[1]);
  if (value === undefined) throw new Error(`not a sample: ${toPrintable(line.slice(0, 100))}`);
  return { name, labels, value };
}

/** Go's ParseFloat takes more; our page has decimal numbers, and Prometheus' three words. */
function parseValue(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[+-]?Inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (text === 'NaN') return Number.NaN;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function unescapeText(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}
