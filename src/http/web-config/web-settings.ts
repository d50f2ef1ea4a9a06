import type { ReadFiles } from '../../config/file/read-files.ts';
import { openReread, readWhole } from '../../config/file/reread.ts';
import { ConfigRefusal } from '../../config/refusal.ts';
import type { Logger } from '../../log/log.ts';
import { bcryptCost, MOST_STAND_IN_COST } from './basic-auth.ts';
import { loadTls, type TlsSettings } from './tls.ts';
import { parseWebConfig } from './web-config.ts';
import type { WebSettings } from './web-settings-type.ts';

/**
 * Reads a web configuration file and the files it names; throws a `ConfigRefusal` if something is wrong. The function
 * it returns gives the settings; it has changed files read again, and while the new ones are broken, the old settings stay.
 */
export function openWebSettings(file: string, log: Logger): () => WebSettings {
  return openReread<WebSettings>({
    first(files) {
      const settings = read(file, files, false);
      warnOfCostlyHashes(settings, log);
      return settings;
    },
    again(files, inUse) {
      const wanted = read(file, files, true);
      const settings = { ...wanted, tls: keepProtocols(inUse.tls, wanted.tls) };
      log.info({ file }, 'the changed web configuration is in use');
      warnOfCostlyHashes(settings, log);
      const next = protocolsOf(wanted);
      if (next !== protocolsOf(settings)) log.warn({ file, next }, 'a restart is needed to change the protocols');
      return settings;
    },
    broken(error, inUse) {
      log.error({ error }, 'the changed web configuration is broken, the previous one stays in use');
      return inUse;
    },
  });
}

function read(file: string, files: ReadFiles, isAgain: boolean): WebSettings {
  const { tls, http2, headers, users, rateLimit, isEmpty } = parseWebConfig(
    readWhole('--web.config.file', file, files),
    file,
  );
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
