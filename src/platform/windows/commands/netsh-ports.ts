import type { PortInterval } from '../../../model/port-range.ts';

/**
 * The answer of `netsh int ipv4 show dynamicport tcp` in any language: only two lines end with a colon and a number,
 * the first port and the number of ports, in this order. Throws for anything else, including an empty answer.
 */
export function parseDynamicRange(text: string): PortInterval {
  const numbers = [...text.matchAll(/:[^\S\n]*(\d+)[^\S\n]*$/gm)].map((match) => Number(match[1]));
  const [first, count] = numbers;
  if (numbers.length !== 2 || first === undefined || count === undefined) throw unexpected('dynamicport', text);
  const last = first + count - 1;
  if (first === 0 || count === 0 || last > 65_535) {
    throw new Error(`netsh show dynamicport: not a range of ports: ${count} from ${first}`);
  }
  return { first, last };
}

/**
 * The answer of `netsh int ipv4 show excludedportrange protocol=tcp` in any language: below a line of dashes, rows of
 * first and last port, some with an asterisk (administered). No row means no exclusion; a missing table throws.
 */
export function parseExcludedRanges(text: string): PortInterval[] {
  const lines = text.split('\n').map((line) => line.trim());
  if (!lines.some((line) => /^-{4,}\s+-{4,}$/.test(line))) throw unexpected('excludedportrange', text);
  return lines.flatMap((line) => {
    const match = /^(\d+)\s+(\d+)\s*\*?$/.exec(line);
    if (match === null) return [];
    const [first, last] = [Number(match[1]), Number(match[2])];
    if (first > last || last > 65_535) {
      throw new Error(`netsh show excludedportrange: not a range of ports: ${first}–${last}`);
    }
    return [{ first, last }];
  });
}

function unexpected(command: string, text: string): Error {
  const shown = text.trim().slice(0, 200);
  return new Error(`netsh show ${command} ${shown === '' ? 'printed nothing' : `printed something else: ${shown}`}`);
}
