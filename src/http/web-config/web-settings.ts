import { ConfigRefusal } from '../../config/refusal.ts';
import type { Logger } from '../../log/log.ts';
import { describeError } from '../../model/describe-error.ts';
import { bcryptCost, MOST_STAND_IN_COST } from './basic-auth.ts';
import { createReadFiles, type ReadFiles } from './read-files.ts';
import { loadTls, type TlsSettings } from './tls.ts';
import { parseWebConfig } from './web-config.ts';
import type { WebSettings } from './web-settings-type.ts';

/** How long the files must be unchanged before they are read again: somebody may still be writing them. */
const SETTLE_MS = 100;

/**
 * Reads a web configuration file and the files it names; throws a `ConfigRefusal` if something is wrong. The function
 * it returns gives the settings. It also checks for changed files, by a few stat() calls, and reads them again soon
 * after a change; while the new ones are broken, the old settings stay.
 */
export function openWebSettings(file: string, log: Logger): () => WebSettings {
  let { settings, files } = load(file);
  warnOfCostlyHashes(settings, log);
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
    files = attempt; // broken or not: not read again until it changes
    try {
      const wanted = read(file, attempt, true);
      settings = { ...wanted, tls: keepProtocols(settings.tls, wanted.tls) };
      log.info({ file }, 'the changed web configuration is in use');
      warnOfCostlyHashes(settings, log);
      const next = protocolsOf(wanted);
      if (next !== protocolsOf(settings)) log.warn({ file, next }, 'a restart is needed to change the protocols');
    } catch (error) {
      log.error({ error }, 'the changed web configuration is broken, the previous one stays in use');
    }
  }
}

function load(file: string): { settings: WebSettings; files: ReadFiles } {
  const files = createReadFiles();
  return { settings: read(file, files, false), files };
}

function read(file: string, files: ReadFiles, isAgain: boolean): WebSettings {
  const { tls, http2, headers, users, rateLimit, isEmpty } = parseWebConfig(readText(file, files), file);
  // An empty file would remove the passwords; more likely somebody is about to write it.
  if (isAgain && isEmpty) throw new ConfigRefusal(`${file} is empty`);
  return { tls: tls === undefined ? undefined : loadTls(tls, http2, files.read), headers, users, rateLimit };
}

/**
 * A running server cannot switch TLS or HTTP 2 on or off. It keeps what it speaks, and keeps TLS even if the file drops
 * it.
 */
function keepProtocols(tls: TlsSettings | undefined, wanted: TlsSettings | undefined): TlsSettings | undefined {
  if (tls === undefined) return undefined;
  return { ...(wanted ?? tls), http2: tls.http2 };
}

/** Anyone who knows such a name can make all others wait for a comparison. */
function warnOfCostlyHashes({ users }: WebSettings, log: Logger): void {
  const costly = [...users].filter(([, hash]) => bcryptCost(hash) > MOST_STAND_IN_COST).map(([name]) => name);
  if (costly.length === 0) return;
  const user = costly.slice(0, 10).join();
  log.warn(
    { user },
    `comparing a password takes seconds for users with a bcrypt cost above ${MOST_STAND_IN_COST}; 10 is enough`,
  );
}

function protocolsOf({ tls }: WebSettings): string {
  if (tls === undefined) return 'HTTP 1.1 without TLS';
  return tls.http2 ? 'TLS with HTTP 1.1 and 2' : 'TLS with HTTP 1.1';
}

function readText(file: string, files: ReadFiles): string {
  try {
    return files.read(file).toString('utf8');
  } catch (error) {
    throw new ConfigRefusal(`--web.config.file=${file} cannot be read: ${describeError(error)}`);
  }
}
