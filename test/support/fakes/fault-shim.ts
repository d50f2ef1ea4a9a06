import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('./fault-shim.c', import.meta.url));

/** What goes wrong, in the order of the numbers in fault-shim.c, after 0 = nothing. */
const ACTIONS = [
  /** Netlink is taken away: socket() and send() fail. */
  'netlink',
  'send',
  /** The request is lost: recv() waits for its real time-out. */
  'silence',
  'recv',
  /** recv() says that there will be no more. */
  'closed',
  /** The last bytes of a datagram are missing. */
  'cut',
  /** NLMSG_DONE carries the errno. */
  'done',
  /** NLMSG_ERROR carries the errno. */
  'refusal',
  /** Every message says NLM_F_DUMP_INTR. */
  'interrupted',
  /** readlinkat(), by which descriptors are looked at. */
  'readlink',
  /** getdents64(), by which descriptors are listed. */
  'list',
  'accept',
  /** pthread_create(). */
  'thread',
  /** The time of day jumps by `seconds`. */
  'clock',
] as const;

export interface Fault {
  readonly action: (typeof ACTIONS)[number];
  readonly errno?: keyof typeof constants.errno;
  readonly seconds?: number;
  /** Which datagram of a dump, 1 the first; every one by default. */
  readonly datagram?: number;
  /** How often; always by default. */
  readonly times?: number;
  /** Only in dumps that ask for attributes (those of CLOSE_WAIT ages). */
  readonly ages?: boolean;
}

/** INET_DIAG_INFO, asked for by the dump of CLOSE_WAIT ages. */
const EXTENSIONS_OF_AGES = 2;

/** Faults of the C library for a program that `launcher` starts, switched on and off while it runs. Needs gcc. */
export function createFaultShim(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'tcpstate-fault-'));
  chmodSync(folder, 0o755); // other users run programs with it, too
  t.after(() => rmSync(folder, { recursive: true }));
  const [library, control] = [join(folder, 'shim.so'), join(folder, 'fault')];
  execFileSync('gcc', ['-Wall', '-O1', '-shared', '-fPIC', '-o', library, SOURCE, '-ldl'], { stdio: 'inherit' });
  const write = (...numbers: number[]) => writeFileSync(control, Int32Array.from(numbers), { flag: 'r+' });
  writeFileSync(control, new Int32Array(5));
  return {
    launcher: ['env', `LD_PRELOAD=${library}`, `FAULT_FILE=${control}`],
    begin({ action, errno, seconds = 0, datagram = 0, times = -1, ages = false }: Fault): void {
      const value = errno === undefined ? seconds : constants.errno[errno];
      write(0); // not while it is half written
      write(0, value, datagram, times, ages ? EXTENSIONS_OF_AGES : -1);
      write(ACTIONS.indexOf(action) + 1);
    },
    end: () => write(0),
  };
}
