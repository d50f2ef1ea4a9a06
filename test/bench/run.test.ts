import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { IntervalResult } from '../../bench/interval/measure.ts';
import type { IntervalRow } from '../../bench/interval/summary.ts';
import type { PhaseResult } from '../../bench/measure-phase.ts';
import type { SummaryRow } from '../../bench/summary.ts';
import { missingCompiler } from '../support/programs/gcc.ts';
import { enterNetworkNamespace } from '../support/sockets/network-namespace.ts';

const PROGRAM = fileURLToPath(new URL('../../bench/run.ts', import.meta.url));
const SOCKETS = 1000;
/** It takes two minutes, three times as long on a busy machine. */
const LIMIT_MS = 600_000;

const skip = missingCompiler() ?? enterNetworkNamespace() ?? false;

describe('npm run bench', { skip }, () => {
  it('measures the exporter and other tools on the same sockets and writes what it found', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'tcpstate-bench-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const output = join(folder, 'results');
    const what = ['--only=established,churn,interval', `--sizes=${SOCKETS}`, '--tools=dump,ss-p'];
    const args = [...what, '--rounds=2', '--release=1', '--pause=3', `--nodes=${process.execPath}`];
    const command = ['--import', 'tsx', PROGRAM, ...args, `--output=${output}`];
    const { stdout } = await promisify(execFile)(process.execPath, command, { timeout: LIMIT_MS });

    assert.equal(stdout, readFileSync(`${output}.md`, 'utf8'));
    const { phases, intervals, failures } = JSON.parse(readFileSync(`${output}.json`, 'utf8')) as {
      phases: (PhaseResult & { medians: SummaryRow[] })[];
      intervals: (IntervalResult & { medians: IntervalRow[] })[];
      failures: string[];
    };
    assert.deepEqual(failures, []);
    const [{ medians, readings, responsiveness, processes }, churn] = phases as [
      (typeof phases)[0],
      (typeof phases)[0],
    ];
    assert.deepEqual([churn.phase.name, churn.phase.churn], ['churn 1k', 25]);
    assert.ok(
      churn.readings.exporter!.every(({ sockets, unattributed }) => sockets! > SOCKETS * 0.9 && unattributed! < 0.1),
    );
    assert.equal(processes, 50);
    assert.deepEqual(
      medians.map(({ tool, rounds }) => [tool, rounds]),
      [
        ['exporter', 2],
        ['dump', 2],
        ['ss-p', 2],
      ],
    );
    for (const { tool, cpuMs, wallMs, peakRssMb } of medians)
      assert.ok(cpuMs > 0 && wallMs! > 0 && peakRssMb > 0, tool);
    assert.ok(medians[0]!.mainThreadMs! > 0 && medians[0]!.mainThreadMs! < medians[0]!.cpuMs);
    assert.equal(readings.exporter![0]!.sockets! >= SOCKETS, true);
    assert.ok(readings.dump![0]!.sockets! > SOCKETS);
    assert.ok(responsiveness.eventLoop.count > 0 && responsiveness.healthy.count > 0);
    const [exporter, ...commands] = intervals[0]!.medians;
    assert.deepEqual(
      [exporter, ...commands].map((row) => [row!.tool, row!.rounds]),
      [
        [`exporter@${process.versions.node}`, 2],
        ['dump', 2],
        ['ss-p', 2],
      ],
    );
    assert.ok(exporter!.burstMs > 0 && exporter!.intervalMs >= exporter!.burstMs);
    assert.ok(exporter!.anonymousMb! > 10 && exporter!.fileMb! > 10 && exporter!.proportionalMb! > 10);
    assert.ok(commands.every(({ burstMs, intervalMs }) => burstMs > 0 && burstMs === intervalMs));
    assert.match(stdout, /\| established 1k +\| tcpstate-exporter, everything on +\| [\d.]+ ms/);
  });
});
