import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProcessList } from '../../../../src/platform/windows/processes/process-list.ts';
import { createUnitResolver } from '../../../../src/platform/windows/processes/units.ts';
import { fakeKernel32 } from '../fake-calls.ts';

const PROCESSES = [
  { pid: 800, name: 'svchost.exe' },
  { pid: 804, name: 'svchost.exe' },
  { pid: 808, name: 'Backup Agent.exe' },
  { pid: 900, name: 'w3wp.exe' },
  { pid: 904, name: 'W3WP.EXE' },
  { pid: 908, name: 'chrome.exe' },
];
const SERVICES = new Map([
  [800, ['TermService']],
  [804, ['RpcEptMapper', 'RpcSs']],
  [808, ['BackupAgent']],
]);

describe('createUnitResolver', () => {
  it('names the service of a process, or all of them', () => {
    const { resolver } = open();
    assert.deepEqual(
      [800n, 804n, 808n].map((id) => resolver.nameOf(id)),
      ['TermService', 'RpcEptMapper,RpcSs', 'BackupAgent'],
    );
  });

  it('names the application pool of an IIS worker', () => {
    const { resolver, asked } = open();
    assert.equal(resolver.nameOf(900n), 'Shop Pool');
    assert.equal(resolver.nameOf(908n), undefined);
    assert.deepEqual(asked, [900]); // nobody else's command line is looked at
  });

  it('does not name an IIS worker whose command line it may not read', () => {
    assert.equal(open().resolver.nameOf(904n), undefined);
  });

  it('knows no unit of sockets without a process', () => {
    assert.equal(open().resolver.nameOf(0n), undefined);
  });

  it('reads the services once, until it is told to forget', () => {
    const { resolver, reads } = open();
    resolver.nameOf(800n);
    resolver.nameOf(804n);
    assert.equal(reads.length, 1);
    resolver.forget();
    resolver.nameOf(800n);
    assert.equal(reads.length, 2);
  });
});

function open() {
  const asked: number[] = [];
  const reads: 'services'[] = [];
  const resolver = createUnitResolver({
    processes: createProcessList(fakeKernel32(PROCESSES)),
    readServices() {
      reads.push('services');
      return SERVICES;
    },
    readCommandLine(pid) {
      asked.push(pid);
      return pid === 900
        ? 'c:\\windows\\system32\\inetsrv\\w3wp.exe -ap "Shop Pool" -v "v4.0" -l "webengine4.dll"'
        : undefined;
    },
  });
  return { resolver, asked, reads };
}
