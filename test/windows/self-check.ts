import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { readWindowsFixture } from '../platform/windows/recorded.ts';
import { readSs, type SsSocket } from '../support/sockets/ss.ts';
import type { SocketZoo } from './inside/socket-zoo.ts';
import { type Answers, installAnswers } from './stand-ins.ts';
import type { Bench } from './suite.test.ts';
import { windowsPath } from './wine.ts';

/** What netstat calls the states in English and, in code page 850, in German. */
const WORDS: Readonly<Record<string, readonly [english: string, german: string]>> = {
  listen: ['LISTENING', 'ABH\x99REN'],
  established: ['ESTABLISHED', 'HERGESTELLT'],
  fin_wait2: ['FIN_WAIT_2', 'FIN_WARTEN_2'],
  close_wait: ['CLOSE_WAIT', 'SCHLIESSEN_WARTEN'],
  time_wait: ['TIME_WAIT', 'WARTEND'],
  // of sockets whose program has just ended
  fin_wait1: ['FIN_WAIT_1', 'FIN_WAIT_1'],
  last_ack: ['LAST_ACK', 'LAST_ACK'],
  closing: ['CLOSING', 'CLOSING'],
};
const NETSH = {
  'netsh-int-ipv4-show-dynamicport-tcp': readWindowsFixture('netsh-dynamicport.en.txt'),
  'netsh-int-ipv6-show-dynamicport-tcp': readWindowsFixture('netsh-dynamicport.en.txt'),
  'netsh-int-ipv4-show-excludedportrange': readWindowsFixture('netsh-excluded.en.txt'),
  'netsh-int-ipv6-show-excludedportrange': readWindowsFixture('netsh-excluded.en.txt'),
  'wevtutil-qe-System': readWindowsFixture('wevtutil-4227.xml'),
};

const MOST_ATTEMPTS = 10;

/** One line of netstat. */
interface Line {
  readonly local: string;
  readonly remote: string;
  readonly state: string;
  readonly pid: number;
}

/** `--self-check`, with a netstat.exe that prints what Linux sees of the same sockets. */
export function testSelfCheck(useBench: () => Bench): void {
  describe('--self-check', () => testReports(useBench));
}

function testReports(useBench: () => Bench): void {
  let answers: Answers;
  before(() => {
    const { wine, standIns } = useBench();
    answers = installAnswers(wine, standIns.command);
  });

  for (const [language, index] of [
    ['English', 0],
    ['German', 1],
  ] as const) {
    it(`agrees with netstat -ano in ${language}`, async (t) => {
      const { lines, code, report } = await check(await openZoo(t), (all) => printLines(all, index));
      assert.equal(code, 0, report);
      assert.ok(report.includes(`\n  ok        ${lines.length} sockets agree in state, both ends and pid\n`), report);
      assert.match(report, /\n {2}ok {8}ephemeral_ports \(netsh\): ipv4: 49152-65535, 16224 ports, excluded /);
      assert.match(report, /\n {2}ok {8}port_exhaustion_events \(wevtutil\): since this check began: event 4227 0, /);
      assert.match(report, /\n {12}bound sockets are not seen: the state bound is absent\n/);
      assert.match(
        report,
        /\nCompared with netstat -anoq\n {2}not done {2}the exporter does not see sockets of these states here\n/,
      );
      assert.match(report, /\nResult: all is well\n$/);
      assert.ok(answers.calls().filter((call) => call === 'netstat').length >= 2);
    });
  }

  it('ends with 1 and lists the socket that netstat gives to another process, and the one it does not see', async (t) => {
    const isStranger = ({ state, pid }: Line) => state === 'established' && pid !== 0;
    const isHidden = ({ state }: Line) => state === 'close_wait';
    const { lines, code, report } = await check(await openZoo(t), (all) => {
      const others = all.map((line) => (isStranger(line) ? { ...line, pid: line.pid + 1 } : line));
      return printLines(
        others.filter((line) => !isHidden(line)),
        0,
      );
    });
    const [stranger, hidden] = [lines.find(isStranger)!, lines.find(isHidden)!];
    const { local, remote, pid } = stranger;
    assert.equal(code, 1, report);
    for (const line of [
      `close_wait ipv4: exporter 1, other reader 0`,
      `close_wait ${hidden.local} ${hidden.remote} pid 0: exporter 1, other reader 0`,
      `established ${local} ${remote} pid ${pid}: exporter 1, other reader 0`,
      `established ${local} ${remote} pid ${pid + 1}: exporter 0, other reader 1`,
    ]) {
      assert.ok(report.includes(`\n            ${line}\n`), `${line}\n---\n${report}`);
    }
    assert.equal(report.match(/: exporter /g)!.length, 4, report);
  });

  it('ends with 1 where commands print nothing, and says what to run', async () => {
    answers.set({});
    const { code, report } = await run();
    assert.equal(code, 1, report);
    assert.match(
      report,
      /\n {2}FAILED {4}ephemeral_ports \(netsh\): netsh show dynamicport printed nothing\n {12}hint: run "netsh int ipv4 /,
    );
    assert.match(report, /\nCompared with netstat -ano\n {2}FAILED {4}it printed nothing\n/);
    assert.match(report, /\nResult: 2 of 8 collectors failed; the other reader of the sockets does not work\n$/);
  });

  /** Runs it while nothing changes: netstat.exe prints the same text each time it is asked. */
  async function check(readLines: () => readonly Line[], print: (lines: readonly Line[]) => Uint8Array) {
    for (let attempt = 1; ; attempt++) {
      const lines = readLines();
      answers.set({ ...NETSH, netstat: print(lines) });
      const result = await run();
      const isQuiet = String(lines.map(toText).sort()) === String(readLines().map(toText).sort());
      if (isQuiet || attempt === MOST_ATTEMPTS) return { lines, ...result };
    }
  }

  async function run(): Promise<{ code: number | null; report: string }> {
    const { wine, app } = useBench();
    const started = wine.start(app.node, windowsPath(join(app.folder, 'dist', 'main.js')), '--self-check');
    const code = await started.end();
    return { code, report: `${started.stdout()}${started.stderr()}`.replaceAll('\r\n', '\n') };
  }

  /** Makes sockets of each state. The function gives all there are, as Linux sees them, with the pids that Wine tells. */
  async function openZoo(t: TestContext): Promise<() => Line[]> {
    const { wine, app } = useBench();
    const script = join(app.folder, 'test', 'windows', 'inside', 'keep-zoo-and-pid.ts');
    const keeper = wine.start(app.node, windowsPath(script));
    t.after(() => keeper.stop('SIGKILL'));
    for (let attempt = 0; !keeper.stdout().endsWith('\n'); attempt++) {
      if (attempt === 300) throw new Error(`the sockets are not there:\n${keeper.stderr()}`);
      await pause(100);
    }
    const { zoo, pid } = JSON.parse(keeper.stdout()) as { zoo: SocketZoo; pid: number };
    const own = [zoo.established, zoo.finWait2];
    return () => readSs().map((socket) => toLine(socket, own.includes(socket.localPort) ? pid : 0));
  }
}

function toLine({ state, localIp, localPort, remoteIp, remotePort }: SsSocket, pid: number): Line {
  const end = (ip: string, port: number) => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
  return { local: end(localIp, localPort), remote: end(remoteIp, remotePort), state, pid };
}

function toText({ local, remote, state, pid }: Line): string {
  return `${state} ${local} ${remote} ${pid}`;
}

function printLines(lines: readonly Line[], language: 0 | 1): Uint8Array {
  const rows = lines.map(
    ({ local, remote, state, pid }) =>
      `  TCP    ${local.padEnd(22)} ${remote.padEnd(22)} ${WORDS[state]![language].padEnd(16)} ${pid}`,
  );
  const heading = [
    '',
    'Active Connections',
    '',
    '  Proto  Local Address          Foreign Address        State           PID',
  ];
  return Buffer.from(`${[...heading, ...rows].join('\r\n')}\r\n`, 'latin1');
}
