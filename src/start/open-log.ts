import { type Config, defaultServiceConfig } from '../config/config.ts';
import { createLogger, type Logger } from '../log/log.ts';

/** The log where the options want it. Throws when its file cannot be written. */
export function openLog({ logLevel, logFormat, logFile, logFileSize, logFileCount }: Config): Logger {
  const file = logFile === undefined ? undefined : { path: logFile, maxBytes: logFileSize, count: logFileCount };
  return createLogger({ level: logLevel, format: logFormat, file });
}

/** A service has no standard error: why it does not start is told in the log file that it has without options. */
export function logRefusedService(reason: string): void {
  try {
    openLog(defaultServiceConfig()).fatal({}, reason);
  } catch {
    // Without a file there is only the exit code, which the service manager keeps.
  }
}
