import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { TcpState } from '../../src/model/tcp-state.ts';
import type { Reference } from '../../src/platform/reference.ts';
import { openPlatform, openReferences } from '../../src/platform/select.ts';
import { runSelfCheck } from '../../src/self-check/run.ts';
import { Family, packUse, ROW_WORDS, Word } from '../../src/table/socket-row.ts';
import type { SocketTable } from '../../src/table/socket-table.ts';
import { createLinkedProcfs } from '../support/files/linked-procfs.ts';
import { runProgram } from '../support/programs/finished-program.ts';
import { makeEverySocket } from '../support/sockets/every-socket.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';
import { takePageInQuiet } from '../support/sockets/page-and-ss.ts';
import { addSilentNetworks } from '../support/sockets/phantom-peer.ts';
import { type SsSocket, ssKnowsBound } from '../support/sockets/ss.ts';

const RANGE = { first: 40_000, last: 40_999 } as const;
const REFUSE_SOCK_DIAG = fileURLToPath(new URL('../support/fakes/refuse-sock-diag.ts', import.meta.url));
/** These sockets are in a network namespace of their own, which is meant. */
const CHECK_HERE = ['--self-check', '--no-collector.namespace'];
const COLLECTORS = ['sockets', 'processes'] as const;

const skip = enterNetworkNamespace() ?? false;

describe('--self-check among sockets of every state', { skip }, () => {
  let close = () => {};
  before(() => {
    addSilentNetworks();
    setNetworkSetting('ipv4/ip_local_port_range', `${RANGE.first} ${RANGE.last}`);
    ({ close } = makeEverySocket(RANGE.first));
  });
  after(() => close());

  it('finds that the exporter and /proc/net/tcp agree on each of them', async () => {
    const { page, sockets } = await takePageInQuiet(() => runProgram(CHECK_HERE));
    const { code, stdout, stderr } = page;
    assert.equal(stderr, '');
    assert.equal(code, 0, stdout);
    const compared = sockets.filter(({ state }) => state !== 'bound').length;
    assert.ok(compared > 100);
    assert.match(
      stdout,
      /^tcpstate-exporter, version \d+\.\d+\.\d+.*\n {2}node version: v\S+\n {2}platform: linux\n\nCollectors\n/,
    );
    assert.ok(stdout.includes(`\n  ok        ${compared} sockets agree in state, both ends and inode\n`), stdout);
    assert.match(stdout, /\nResult: all is well\n$/);
    for (const state of ['established', 'fin_wait2', 'time_wait', 'close_wait', 'closing', 'listen']) {
      const row = new RegExp(`^  ${state} +(\\d+) +(\\d+)$`, 'm').exec(stdout);
      assert.deepEqual(
        row?.slice(1).map(Number),
        [countOf(sockets, state, 'ipv4'), countOf(sockets, state, 'ipv6')],
        state,
      );
    }
    assert.match(stdout, ssKnowsBound() ? /\n +bound sockets are seen\n/ : /\n +bound sockets are /);
    assert.match(
      stdout,
      /\n {2}ok {8}ephemeral_ports \(procfs\): ipv4: 40000-40999, 1000 ports, none excluded, \d+ used, /,
    );
  });

  it('lists sockets that one of the two does not see, sees in another state, or gives to another', async () => {
    const { text, isGood } = await checkAgainst((table) => {
      const words = table.words as Int32Array; // as a reader that is wrong would have filled them
      const rows = Array.from({ length: table.length }, (_, row) => table.rowAt(row).state);
      const rowIn = (state: TcpState) => rows.indexOf(state) * ROW_WORDS;
      words[rowIn(TcpState.closeWait) + Word.use] = packUse(TcpState.lastAck, Family.v4);
      words[rowIn(TcpState.listen) + Word.owner] = 1;
      words[rowIn(TcpState.timeWait) + Word.ports]! ^= 0xffff; // another local port
    });
    assert.equal(isGood, false);
    const listed = [...text.matchAll(/^ {12}(\S+) (\S+)(?: \S+ inode \d+)?: exporter (\d+), other reader (\d+)$/gm)];
    const kinds = listed.map(
      ([, state, local, ours, theirs]) =>
        `${state} ${local!.startsWith('ipv') ? local : 'socket'} ${Math.sign(Number(ours) - Number(theirs))}`,
    );
    assert.deepEqual(
      kinds.toSorted(),
      [
        'close_wait ipv4 1',
        'close_wait socket 1',
        'last_ack ipv4 -1',
        'last_ack socket -1',
        'listen socket -1',
        'listen socket 1',
        'time_wait socket -1',
        'time_wait socket 1',
      ],
      text,
    );
    assert.match(text, /\nResult: the sockets disagree with another reader of them\n$/);
  });

  it('has nothing to compare with where inet_diag is refused, and says what that costs', async () => {
    const launcher = [process.execPath, '--import', 'tsx', REFUSE_SOCK_DIAG];
    const { code, stdout } = await runProgram(CHECK_HERE, { launcher });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /\n {2}absent {4}units: .* the sockets come from \/proc\/net\/tcp/);
    assert.match(stdout, /\n {12}bound sockets are not seen: the state bound is absent\n/);
    assert.match(stdout, /\n {2}warn {6}the kernel refuses inet_diag \(/);
    assert.match(stdout, /\n {2}not done {2}the exporter itself reads them from there/);
  });

  it('says which collector fails, why, and ends with 1', async (t) => {
    const procfs = createLinkedProcfs(t);
    procfs.remove('self/net/snmp');
    const { code, stdout } = await runProgram([
      '--self-check',
      `--path.procfs=${procfs.folder}`,
      '--no-collector.units',
      '--no-collector.namespace',
    ]);
    assert.equal(code, 1, stdout);
    assert.match(
      stdout,
      /\n {2}FAILED {4}counters \(procfs\): \S*\/net\/snmp is missing.*\n {12}hint: check that --path\.procfs /,
    );
    assert.match(stdout, /\n {2}off {7}units\n/);
    assert.match(stdout, /\nResult: 1 of \d collectors failed\n$/);
  });

  it('says which capability is missing', async () => {
    const launcher = ['setpriv', '--bounding-set=-sys_ptrace', '--inh-caps=-all'];
    const { stdout } = await runProgram(CHECK_HERE, { launcher });
    assert.match(stdout, /\n {2}warn {6}CAP_SYS_PTRACE missing: /);
  });

  it('fails where the processes of the host are not seen, with a hint', async () => {
    const launcher = ['unshare', '--pid', '--fork', '--mount-proc'];
    const { code, stdout } = await runProgram(['--self-check'], { launcher });
    assert.equal(code, 1, stdout);
    assert.match(stdout, /\n {2}WRONG {5}namespace \(procfs\): NOT the host's /);
    assert.match(stdout, /\n {12}hint: .*hostPID/);
    assert.match(stdout, /\n {12}without one, by reason: .*pid_namespace [1-9]/);
    assert.match(stdout, /\nResult: it does not see the host \(see namespace\)\n$/);
    assert.doesNotMatch(stdout, /sockets of all users show their process/);
    const meant = await runProgram(CHECK_HERE, { launcher });
    assert.equal(meant.code, 0, meant.stdout);
  });

  it('is refused with exit code 2 where an option is', async () => {
    for (const args of [['--log.level=loud'], ['--path.procfs=/nope']]) {
      const { code, stdout, stderr } = await runProgram(['--self-check', ...args]);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, /^tcpstate-exporter: --\S+ is not allowed: [^\n]+\n$/);
    }
  });
});

/** A self-check in this process, whose other reader is wrong in the way that `spoil` makes it. */
function checkAgainst(spoil: (table: SocketTable) => void) {
  const options = {
    platform: 'linux' as const,
    collectors: new Set(COLLECTORS),
    knownCollectors: COLLECTORS,
    limits: DEFAULT_LIMITS,
    procfs: '/proc',
    sysfs: '/sys',
    kubeletLogs: '/var/log',
    ownersBudgetMs: 500,
    scrapeTimeoutMs: 5000,
  };
  return runSelfCheck(options, {
    openPlatform,
    async openReferences(name, platformOptions) {
      const references = await openReferences(name, platformOptions);
      return references.map(
        (reference): Reference => ({
          ...reference,
          async read(table) {
            const reading = await reference.read(table);
            spoil(table);
            return reading;
          },
        }),
      );
    },
  });
}

function countOf(sockets: readonly SsSocket[], state: string, family: string): number {
  return sockets.filter((socket) => socket.state === state && socket.family === family).length;
}
