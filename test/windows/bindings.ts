import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { decodeProcessEntry, PROCESSENTRY32W } from '../../src/platform/windows/processes/process-list.ts';
import { decodeServices } from '../../src/platform/windows/processes/service-status.ts';
import { SOCKETS_V4, SOCKETS_V6 } from '../../src/platform/windows/sockets/tcp-layout.ts';
import { decodeTcpTable } from '../../src/platform/windows/sockets/tcp-table.ts';
import { SocketTable } from '../../src/table/socket-table.ts';
import { describeRows, tableOf } from '../platform/windows/hand-made-table.ts';
import type { SocketZoo } from './inside/socket-zoo.ts';
import type { Bench } from './suite.test.ts';
import { windowsPath } from './wine.ts';

export function testBindings(useBench: () => Bench): void {
  it('binds the calls, those that are undocumented included', async () => {
    const { standIns } = useBench();
    const answer = JSON.parse(await runInside(useBench(), 'read-stand-ins.ts', windowsPath(standIns.tables)));
    assert.deepEqual(answer, {
      rows: [
        'ipv4 listen 0.0.0.0:443 0.0.0.0:0 pid 4',
        'ipv4 close_wait 10.0.0.5:50001 10.0.0.9:1433 pid 4321',
        'ipv6 time_wait fd00::5:443 fd00::9:50002 pid 0',
        'ipv4 bound 10.0.0.5:50003 0.0.0.0:0 pid 4321',
        'ipv6 bound :::50004 :::0 pid 4325',
      ],
      unsupportedStates: [],
      ages: [0, 99],
      statistics: {
        activeOpens: 120,
        passiveOpens: 0,
        attemptFails: 0,
        estabResets: 0,
        inSegments: 0,
        outSegments: 0,
        retransmittedSegments: 0,
        inErrors: 0,
        sentResets: 6,
      },
      pool: 'Shop Pool',
    });
  });

  it('decodes tables, processes and services recorded just now', async () => {
    const { folder } = useBench();
    await runInside(useBench(), 'record-tables.ts', windowsPath(folder));
    const read = (file: string) => Buffer.from(new Uint8Array(readFileSync(join(folder, file))).buffer);
    const { zoo, pid, services } = JSON.parse(read('recorded.json').toString());
    const { listener, established, finWait2, timeWait, listenerV6, establishedV6 } = zoo as SocketZoo;
    const table = new SocketTable();
    decodeTcpTable(tableOf(SOCKETS_V4, read('tcp-table-v4.bin')), table);
    decodeTcpTable(tableOf(SOCKETS_V6, read('tcp-table-v6.bin')), table);
    assert.deepEqual(
      describeRows(table).sort(),
      [
        `ipv4 listen 127.0.0.1:${listener} 0.0.0.0:0 pid 0`,
        `ipv4 established 127.0.0.1:${listener} 127.0.0.1:${established} pid 0`,
        `ipv4 established 127.0.0.1:${established} 127.0.0.1:${listener} pid ${pid}`,
        `ipv4 close_wait 127.0.0.1:${listener} 127.0.0.1:${finWait2} pid 0`,
        `ipv4 fin_wait2 127.0.0.1:${finWait2} 127.0.0.1:${listener} pid ${pid}`,
        `ipv4 time_wait 127.0.0.1:${timeWait} 127.0.0.1:${listener} pid 0`,
        `ipv6 listen ::1:${listenerV6} :::0 pid 0`,
        `ipv6 established ::1:${listenerV6} ::1:${establishedV6} pid 0`,
        `ipv6 established ::1:${establishedV6} ::1:${listenerV6} pid 0`,
      ].sort(),
    );
    const entries = read('processes.bin');
    const pids = Array.from({ length: entries.length / PROCESSENTRY32W.length }, (_, index) => {
      const entry = entries.subarray(index * PROCESSENTRY32W.length, (index + 1) * PROCESSENTRY32W.length);
      return decodeProcessEntry(entry).pid;
    });
    assert.ok(pids.includes(pid));
    const running = decodeServices(read('services.bin'), BigInt(services.address), services.count);
    assert.ok(running.length > 0); // how many depends on how far Wine has come with its start
    for (const service of running) assert.ok(pids.includes(service.pid), JSON.stringify(service));
  });
}

function runInside({ wine, app }: Bench, script: string, ...args: string[]): Promise<string> {
  return wine.run(app.node, windowsPath(join(app.folder, 'test', 'windows', 'inside', script)), ...args);
}
