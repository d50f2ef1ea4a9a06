import { parseDuration } from './duration.ts';
import { findNearestName } from './nearest-name.ts';

/** A type of option value. */
export interface ValueType<Value> {
  /** What the help shows after the flag. */
  readonly placeholder: string;
  /** What is allowed, as the end of "give …". */
  readonly allowed: string;
  /** undefined = not allowed. */
  readonly parse: (text: string) => Value | undefined;
  /** A suggestion for a text that is not allowed. */
  readonly hint?: (text: string) => string | undefined;
}

const PLAIN_SECONDS = /^\d{1,9}(\.\d{1,6})?$/;
const BYTES = { KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 } as const;

/** On or off: a flag without a value. */
export const SWITCH: ValueType<boolean> = {
  placeholder: '',
  allowed: 'true or false',
  parse: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
};

export function wholeNumber(least: number, most: number): ValueType<number> {
  return {
    placeholder: 'number',
    allowed: `a whole number from ${least} to ${most}`,
    parse: (text) => (/^\d{1,15}$/.test(text) && isWithin(Number(text), least, most) ? Number(text) : undefined),
  };
}

/**
 * Milliseconds, written as in the web configuration (500ms, 1m30s, 2h) or as plain seconds. Bounds use the same
 * notation.
 */
export function duration(least: string, most: string): ValueType<number> {
  const [leastMs, mostMs] = [parseDuration(least), parseDuration(most)];
  if (leastMs === undefined || mostMs === undefined) throw new RangeError(`not a duration: ${least} or ${most}`);
  return {
    placeholder: 'duration',
    allowed: `a duration from ${least} to ${most}, such as 500ms, 60s, 1m30s, 2h or plain seconds`,
    parse(text) {
      const ms = PLAIN_SECONDS.test(text) ? Number(text) * 1000 : parseDuration(text);
      return ms !== undefined && isWithin(ms, leastMs, mostMs) ? ms : undefined;
    },
  };
}

/** Bytes, written as 512KB, 10MB or 1GB (powers of 1024). Bounds use the same notation. */
export function byteCount(least: string, most: string): ValueType<number> {
  const [leastBytes, mostBytes] = [parseByteCount(least), parseByteCount(most)];
  if (leastBytes === undefined || mostBytes === undefined) throw new RangeError(`not a size: ${least} or ${most}`);
  return {
    placeholder: 'size',
    allowed: `a size from ${least} to ${most}, such as 512KB, 10MB`,
    parse(text) {
      const bytes = parseByteCount(text);
      return bytes !== undefined && isWithin(bytes, leastBytes, mostBytes) ? bytes : undefined;
    },
  };
}

export function oneOf<const Name extends string>(...names: readonly Name[]): ValueType<Name> {
  return {
    placeholder: names.join('|'),
    allowed: `one of ${names.join(', ')}`,
    parse: (text) => names.find((name) => name === text),
    hint: (text) => findNearestName(text.toLowerCase(), names),
  };
}

export const FILE_PATH: ValueType<string> = {
  placeholder: 'path',
  allowed: 'a path',
  parse: (text) => (text === '' || text.includes('\0') ? undefined : text),
};

/** A path, or one of the standard streams. */
export const LOG_FILE: ValueType<string> = {
  placeholder: 'path|stdout|stderr',
  allowed: 'a path, stdout or stderr; nothing is written to the event log of Windows',
  parse: (text) => (text === 'eventlog' ? undefined : FILE_PATH.parse(text)),
};

/** Paths that the server itself uses. */
const OWN_PATHS: readonly string[] = ['/-/healthy', '/-/ready'];

/** A URL path of characters that have no meaning to a router and need no escaping. */
export const URL_PATH: ValueType<string> = {
  placeholder: 'path',
  allowed: `a path such as /metrics, of letters, digits and . _ ~ -, other than ${OWN_PATHS.join(' and ')}`,
  parse(text) {
    const isPlain = text === '/' || /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/.test(text);
    return isPlain && !OWN_PATHS.includes(text) ? text : undefined;
  },
};

function parseByteCount(text: string): number | undefined {
  const match = /^(\d{1,9})(KB|MB|GB)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * BYTES[match[2] as keyof typeof BYTES];
}

function isWithin(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}
