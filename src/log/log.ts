import { type DestinationStream, pino } from 'pino';
import { describeError } from '../model/describe-error.ts';
import { type LogFile, openRotatingFile } from './rotating-file.ts';
import { createLineWriter, writeWhole } from './write-line.ts';

/** Receives messages: details first, then a sentence. The detail `error` may be anything that was thrown. */
export interface Logger {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
  fatal(details: object, message: string): void;
}

export interface LogOptions {
  readonly level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';
  readonly format: 'logfmt' | 'json';
  /** Standard error unless given. */
  readonly to?: LogFile | 'stdout' | 'stderr';
}

/** Controls above ASCII, characters of direction and joining, line separators. */
const UNSEEN = /[\u007f-\u009f\p{Cf}\u2028\u2029]/gu;

/**
 * Writes each line at once, so that the last words before an exit are not lost. Throws if the file cannot be written.
 */
export function createLogger(
  { level, format, to = 'stderr' }: LogOptions,
  lines: DestinationStream = typeof to === 'string' ? openStream(to) : openRotatingFile(to),
): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: describeError },
  };
  const write = (line: string) => lines.write(escapeUnseen(format === 'json' ? line : toLogfmt(line)));
  return pino(options, { write });
}

function openStream(name: 'stdout' | 'stderr'): DestinationStream {
  const fd = name === 'stdout' ? 1 : 2;
  return createLineWriter((text) => writeWhole(fd, text));
}

/** Characters that JSON keeps but a terminal or a reader may misread, as JSON escapes. */
function escapeUnseen(line: string): string {
  return line.replace(UNSEEN, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

/** One line of pino's JSON → one line of `key=value` pairs, in pino's order but with the message after the level. */
function toLogfmt(line: string): string {
  const { level, time, msg, ...details } = JSON.parse(line) as Record<string, unknown>;
  const pairs = Object.entries({ time, level, msg, ...details }).filter(([, value]) => value !== undefined);
  return `${pairs.map(([key, value]) => `${key.replaceAll(/[^\w.-]/g, '_')}=${formatValue(value)}`).join(' ')}\n`;
}

/** Quotes as JSON what would end a bare word early or look like another pair or several lines. */
function formatValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[^\s"=\p{Cc}\p{Cf}\u2028\u2029]+$/u.test(text) ? text : JSON.stringify(text);
}
