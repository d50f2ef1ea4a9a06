import type { Logger } from '../../../src/log/log.ts';

export interface LogRecord {
  readonly level: keyof Logger;
  readonly message: string;
  readonly details: object;
}

/** A logger that keeps what it is told. */
export function createLogRecorder(): Logger & { readonly records: LogRecord[] } {
  const records: LogRecord[] = [];
  const keep = (level: keyof Logger) => (details: object, message: string) => {
    records.push({ level, message, details });
  };
  return {
    records,
    debug: keep('debug'),
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
    fatal: keep('fatal'),
  };
}
