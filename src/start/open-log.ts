import { type Config, defaultServiceConfig } from '../config/config.ts';
import { createLogger, type Logger } from '../log/log.ts';

/** The log at the place that the options name. Throws if its file cannot be written. */
export function openLog({ logLevel, logFormat, logFile, logFileSize, logFileCount }: Config): Logger {
  const isStream = logFile === undefined || logFile === 'stdout' || logFile === 'stderr';
  const to = isStream ? (logFile ?? 'stderr') : { path: logFile, maxBytes: logFileSize, count: logFileCount };
  return createLogger({ level: logLevel, format: logFormat, to });
}

/**
 * A service has no standard error: the reason why it does not start goes to the log file that it has without options.
 */
export function logRefusedService(reason: string): void {
  try {
    openLog(defaultServiceConfig()).fatal({}, reason);
  } catch {
    // Without a file there is only the exit code, which the service manager keeps.
  }
}
