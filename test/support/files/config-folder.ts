import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Identity } from '../http/certificates.ts';

/** A folder with a web configuration, removed after the test. A file is replaced in one step, as a careful program does. */
export function createConfigFolder(t: { after(action: () => void): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-web-config-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, `${name}.new`), text);
    renameSync(join(folder, `${name}.new`), join(folder, name));
    return join(folder, name);
  };
  return {
    folder,
    write,
    /** `<name>.pem` and `<name>-key.pem`. */
    writeIdentity(name: string, { cert, key }: Identity): void {
      write(`${name}.pem`, cert);
      write(`${name}-key.pem`, key);
    },
  };
}
