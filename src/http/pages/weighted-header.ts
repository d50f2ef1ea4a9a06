/** One alternative of an Accept or Accept-Encoding header. */
export interface Alternative {
  /** Lower case, without parameters. */
  readonly name: string;
  /** Lower-case names; values without quotes. */
  readonly parameters: ReadonlyMap<string, string>;
  /** 0–1; 0 = not wanted. */
  readonly quality: number;
}

/** RFC 9110 section 12.4.2: comma-separated names with parameters; `q` is the weight. An invalid weight counts as 0. */
export function parseWeightedHeader(header: string): Alternative[] {
  return header
    .split(',')
    .map(parseAlternative)
    .filter(({ name }) => name !== '');
}

function parseAlternative(text: string): Alternative {
  const [name = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map(rest.map(parseParameter));
  return { name: name.toLowerCase(), parameters, quality: parseQuality(parameters.get('q')) };
}

function parseParameter(text: string): [string, string] {
  const [name = '', value = ''] = text.split('=', 2);
  return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')];
}

function parseQuality(text: string | undefined): number {
  if (text === undefined) return 1;
  const quality = Number.parseFloat(text);
  return quality >= 0 && quality <= 1 ? quality : 0;
}
