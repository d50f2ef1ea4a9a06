import { readFileSync } from 'node:fs';
import { Gauge, type Registry } from 'prom-client';

/**
 * Registers what of the resident memory is the process's alone, in bytes. The rest is pages of files, most of them Node's program, which
 * other processes may share and the kernel may drop. Absent where there is no /proc, and before Linux 4.5.
 */
export function registerAnonymousMemory(registry: Registry, status = '/proc/self/status'): void {
  if (readOf(status) === undefined) return;
  new Gauge({
    name: 'process_anonymous_memory_bytes',
    help: 'Resident memory that is no page of a file, from RssAnon of /proc/self/status.',
    registers: [registry],
    collect() {
      const bytes = readOf(status);
      if (bytes !== undefined) this.set(bytes);
    },
  });
}

function readOf(status: string): number | undefined {
  try {
    return parseAnonymous(readFileSync(status, 'latin1'));
  } catch {
    return undefined; // no procfs, or one without it
  }
}

/** `RssAnon:  36000 kB` in bytes; undefined where there is no such line. */
export function parseAnonymous(status: string): number | undefined {
  const kilobytes = /^RssAnon:\s+(\d{1,12}) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
