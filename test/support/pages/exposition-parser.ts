/** One sample as written: its full name (`…_bucket` and such included), labels in their order, value. */
export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ParsedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: ParsedSample[];
}

/**
 * Reads a page back, families by name in the order of the page. Stricter than any server: throws, with the line, on
 * every line that is not exactly of the format, on a family or a series that appears twice, and on a sample outside
 * its family.
 * Timestamps, exemplars and comments are not part of our pages and are refused.
 */
export function parseExposition(page: string, format: 'text' | 'openmetrics' = 'text'): Map<string, ParsedFamily> {
  const families = new Map<string, ParsedFamily>();
  const series = new Set<string>();
  let family: ParsedFamily | undefined;
  const lines = linesOf(page, format);
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    if (line.startsWith('# HELP ')) {
      family = parseHeader(line, lines[++index], format);
      if (families.has(family.name)) throw new Error(`family twice: ${line}`);
      families.set(family.name, family);
    } else if (line !== '' || format === 'openmetrics') {
      const sample = parseSample(line);
      if (family === undefined || !namesOf(family, format).includes(sample.name)) {
        throw new Error(`sample outside its family: ${line}`);
      }
      const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
      if (series.has(key)) throw new Error(`series twice: ${line}`);
      series.add(key);
      family.samples.push(sample);
    }
  }
  return families;
}

function linesOf(page: string, format: 'text' | 'openmetrics'): string[] {
  if (!page.endsWith('\n')) throw new Error('the last line has no end');
  const lines = page.slice(0, -1).split('\n');
  if (format === 'openmetrics' && lines.pop() !== '# EOF') throw new Error('the last line is not # EOF');
  return lines;
}

function parseHeader(help: string, type: string | undefined, format: 'text' | 'openmetrics'): ParsedFamily {
  const helped = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(help);
  const typed = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$/.exec(type ?? '');
  if (helped === null) throw new Error(`not a help line: ${help}`);
  if (typed === null || typed[1] !== helped[1]) throw new Error(`not the type line of ${helped[1]}: ${type}`);
  if (format === 'openmetrics' && /(^|[^\\])(\\\\)*"/.test(helped[2]!)) throw new Error(`bare quote: ${help}`);
  return { name: helped[1]!, type: typed[2]!, help: unescapeText(helped[2]!), samples: [] };
}

function namesOf({ name, type }: ParsedFamily, format: 'text' | 'openmetrics'): string[] {
  if (type === 'histogram') return [`${name}_bucket`, `${name}_sum`, `${name}_count`];
  return [type === 'counter' && format === 'openmetrics' ? `${name}_total` : name];
}

function parseSample(line: string): ParsedSample {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0];
  if (name === undefined) throw new Error(`not a sample: ${line}`);
  const labels: Record<string, string> = {};
  let at = name.length;
  if (line[at] === '{') {
    const label = /[{,]([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"/y;
    for (label.lastIndex = at; line[at] !== '}'; at = label.lastIndex) {
      const match = label.exec(line);
      if (match === null) throw new Error(`not a label at column ${at + 1}: ${line}`);
      if (Object.hasOwn(labels, match[1]!)) throw new Error(`label twice: ${line}`);
      labels[match[1]!] = unescapeText(match[2]!);
    }
    at++;
  }
  return { name, labels, value: parseValue(line.slice(at), line) };
}

function parseValue(text: string, line: string): number {
  if (text === ' NaN') return Number.NaN;
  if (text === ' +Inf') return Number.POSITIVE_INFINITY;
  if (text === ' -Inf') return Number.NEGATIVE_INFINITY;
  if (!/^ -?\d+(\.\d+)?(e[+-]\d+)?$/.test(text)) throw new Error(`not a value: ${line}`);
  return Number(text);
}

function unescapeText(text: string): string {
  return text.replace(/\\(.?)/g, (_, character: string) => {
    if (!['n', '"', '\\'].includes(character)) throw new Error(`not an escape: \\${character} in ${text}`);
    return character === 'n' ? '\n' : character;
  });
}
