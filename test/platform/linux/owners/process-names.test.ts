import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { parseConfigFile } from '../../../../src/config/file/config-file.ts';
import { createProcessNames, type ProcessNames } from '../../../../src/platform/linux/owners/process-names.ts';
import { createOwnedHost } from './owned-host.ts';

const RULES = 'processes: [{process: python3, script: "{app}.py", name: "{app}"}, {unit: shop.service, name: shop}]\n';

/** A host whose processes have command lines, by folder, and units, by pid. */
function createNamedHost(t: TestContext) {
  const lines = new Map<string, string>();
  const units = new Map<number, string>();
  const reads = { lines: 0, places: 0 };
  const names = createProcessNames({
    readArguments(folder) {
      reads.lines++;
      return lines.get(folder)?.split(' ');
    },
    readPlace(folder) {
      reads.places++;
      return { unit: units.get(Number(folder)) ?? '', container: '' };
    },
  });
  const host = createOwnedHost(t, { names });
  return { ...host, lines, units, reads, names, use: (text: string) => use(names, text) };
}

function use(names: ProcessNames, text: string): void {
  names.use(parseConfigFile(text, 'names.yml').processes);
}

describe('createProcessNames', () => {
  it('names processes by rules, and reads of each what rules ask for, once', (t) => {
    const host = createNamedHost(t);
    host.use(RULES);
    host.hold(10, 'python3', 101);
    host.hold(11, 'python3', 102);
    host.hold(12, 'nginx', 103);
    host.hold(13, 'python3', 104);
    host.lines.set('10', 'python3 /srv/billing.py --password=x');
    host.lines.set('11', 'python3 /srv/stock.py');
    host.units.set(12, 'shop.service');
    const expected = ['billing', 'stock', 'shop', 'python3'];
    assert.deepEqual(host.scrape(101, 102, 103, 104), expected);
    assert.deepEqual(host.reads, { lines: 3, places: 2 });
    for (let scrape = 0; scrape < 3; scrape++) assert.deepEqual(host.scrape(101, 102, 103, 104), expected);
    assert.deepEqual(host.reads, { lines: 3, places: 2 });
  });

  it('names again after exec(), also of a program of the same name, and what has the pid of an ended one', (t) => {
    const host = createNamedHost(t);
    host.use(RULES);
    host.lines.set('10', 'python3 a.py');
    host.hold(10, 'sh', 101);
    assert.deepEqual(host.scrape(101), ['sh']);
    host.nameProcess(10, 'python3', 1010, 0x7000);
    assert.deepEqual(host.scrape(101), ['a']);
    host.lines.set('10', 'python3 b.py');
    assert.deepEqual(host.scrape(101), ['a'], 'nobody looks at it without a reason');
    host.nameProcess(10, 'python3', 1010, 0x8000);
    assert.deepEqual(host.scrape(101), ['b']);
    host.lines.set('10', 'python3 c.py');
    host.nameProcess(10, 'python3', 2000, 0x8000);
    host.scrape(101);
    assert.deepEqual(host.scrape(101), ['c']);
  });

  it('names all again by other rules, as the kernel does without any', (t) => {
    const host = createNamedHost(t);
    host.hold(10, 'python3', 101);
    host.lines.set('10', 'python3 a.py');
    assert.deepEqual(host.scrape(101), ['python3']);
    assert.deepEqual(host.reads, { lines: 0, places: 0 });
    for (const [text, name] of [
      [RULES, 'a'],
      ['processes: [{name: "{script}"}]\n', 'a.py'],
      ['', 'python3'],
    ] as const) {
      host.use(text);
      host.table.isComparable = false; // as a collection has it read anew
      assert.deepEqual(host.scrape(101), [name]);
      host.owners.recall(host.table);
      assert.equal(host.table.processNames.nameOf(host.table.rowAt(0).process), name, 'recalled');
      assert.deepEqual(host.scrape(101), [name]);
    }
  });

  it('has processes without sockets, which nobody else looks at again, looked at where their names matter', (t) => {
    const host = createNamedHost(t);
    host.use(RULES);
    for (let pid = 10; pid < 90; pid++) host.nameProcess(pid, 'sh');
    host.hold(90, 'sh', 101);
    host.scrape(101);
    const kernelNames = () => host.owners.records.map((record) => record!.name);
    for (let pid = 10; pid <= 90; pid++) host.nameProcess(pid, 'python3');
    host.owners.recheck();
    assert.deepEqual(kernelNames().filter((name) => name === 'python3').length, 50, 'so many at once');
    host.owners.recheck();
    assert.deepEqual(kernelNames().filter((name) => name === 'sh').length, 1, 'which has sockets');
  });
});
