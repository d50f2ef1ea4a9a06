import { ConfigRefusal } from '../../config/refusal.ts';
import type { Logger } from '../../log/log.ts';
import { describeError } from '../../model/describe-error.ts';
import { createReadFiles, type ReadFiles } from './read-files.ts';
import { loadTls } from './tls.ts';
import { parseWebConfig } from './web-config.ts';
import type { WebSettings } from './web-settings-type.ts';

/** Time for which the files have to stand still before they are read again: whoever writes them may be in the middle of it. */
const SETTLE_MS = 100;

/**
 * Reads a web configuration file and the files it names; throws a `ConfigRefusal` when something is wrong. The function it
 * returns gives the settings and looks whether a file has changed, which a few stat() calls tell. Then they are read again
 * soon after; the old settings hold as long as the new ones are broken.
 */
export function openWebSettings(file: string, log: Logger): () => WebSettings {
  let { settings, files } = load(file);
  let isSettling = false;

  return () => {
    if (!isSettling && files.hasChanged()) settle(files.fingerprint());
    return settings;
  };

  function settle(fingerprint: string): void {
    isSettling = true;
    setTimeout(() => {
      const later = files.fingerprint();
      if (later !== fingerprint) return settle(later);
      isSettling = false;
      reload();
    }, SETTLE_MS).unref();
  }

  function reload(): void {
    const attempt = createReadFiles();
    files = attempt; // broken or not: it is not read again before it changes
    try {
      settings = read(file, attempt, true);
      log.info({ file }, 'the web configuration has changed and is in use');
    } catch (error) {
      log.error({ error }, 'the web configuration has changed and is broken, the one before stays in use');
    }
  }
}

function load(file: string): { settings: WebSettings; files: ReadFiles } {
  const files = createReadFiles();
  return { settings: read(file, files, false), files };
}

function read(file: string, files: ReadFiles, isAgain: boolean): WebSettings {
  const { tls, http2, headers, users, rateLimit, isEmpty } = parseWebConfig(readText(file, files), file);
  // It would take the passwords away; more likely somebody is about to write it.
  if (isAgain && isEmpty) throw new ConfigRefusal(`${file} is empty`);
  return { tls: tls === undefined ? undefined : loadTls(tls, http2, files.read), headers, users, rateLimit };
}

function readText(file: string, files: ReadFiles): string {
  try {
    return files.read(file).toString('utf8');
  } catch (error) {
    throw new ConfigRefusal(`--web.config.file=${file} cannot be read: ${describeError(error)}`);
  }
}
