import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfigFile } from '../../../../src/config/file/config-file.ts';
import { createEventNames } from '../../../../src/platform/linux/owners/event-names.ts';
import { createProcessNames } from '../../../../src/platform/linux/owners/process-names.ts';
import { ProcessTable } from '../../../../src/platform/linux/owners/process-table.ts';
import { identityOf } from './identity-of.ts';

const RULES = `processes:
  - {process: python3, script: "{app}.py", name: "{app}"}
  - {process: cron, unit: backup.service, name: backup}
`;

/** Processes with a script and a cgroup each, and what events have of them. */
function createWorld(rules = RULES) {
  const table = new ProcessTable();
  const scripts = new Map<string, string>();
  const cgroups = new Map<number, bigint>();
  const counts = { lines: 0, cgroups: 0, rechecks: 0 };
  const names = createProcessNames({
    readArguments(folder) {
      counts.lines++;
      return ['python3', scripts.get(folder)!];
    },
    readPlace: () => ({ unit: '', container: '' }),
  });
  const use = (text: string) => names.use(parseConfigFile(text, 'names.yml').processes);
  use(rules);
  const events = createEventNames(names, {
    records: () => table.records,
    recheck: () => counts.rechecks++,
    readCgroupId(pid) {
      counts.cgroups++;
      return cgroups.get(pid) ?? 0n;
    },
    placeOfCgroup: (id) => (id === 9n ? { unit: 'backup.service', container: '' } : undefined),
  });
  return {
    table,
    events,
    counts,
    use,
    run(pid: number, script: string, cgroup: bigint, name = 'python3') {
      scripts.set(String(pid), script);
      cgroups.set(pid, cgroup);
      table.enter(pid, identityOf({ startTime: pid, name, argStart: script.length, folder: String(pid) }));
    },
    end: (pid: number) => void table.update(table.slotOf(pid)!, undefined),
    ask(name: string, cgroup: bigint) {
      events.begin();
      return events.nameOf(name, cgroup);
    },
  };
}

describe('createEventNames', () => {
  it('has the name of all processes with that name and cgroup, and none where they have several', () => {
    const { run, ask, end } = createWorld();
    run(1, 'shop.py', 7n);
    run(2, 'shop.py', 7n);
    run(3, 'stock.py', 8n);
    assert.deepEqual([ask('python3', 7n), ask('python3', 8n)], ['shop', 'stock']);
    run(4, 'other.py', 7n);
    assert.deepEqual([ask('python3', 7n), ask('python3', 8n)], ['python3', 'stock']);
    for (const pid of [1, 2]) end(pid);
    assert.equal(ask('python3', 7n), 'other');
    end(4);
    assert.equal(ask('python3', 7n), 'other', 'of the last one known');
  });

  it('does not remember a name that was not the only one', () => {
    const { run, ask, end } = createWorld();
    run(1, 'shop.py', 7n);
    run(2, 'stock.py', 7n);
    assert.equal(ask('python3', 7n), 'python3');
    for (const pid of [1, 2]) end(pid);
    assert.equal(ask('python3', 7n), 'python3');
  });

  it('decides by rules without command line what was never seen', () => {
    const { ask } = createWorld();
    assert.deepEqual(
      [ask('cron', 9n), ask('cron', 8n), ask('python3', 9n), ask('nginx', 8n)],
      ['backup', 'cron', 'python3', 'nginx'],
    );
  });

  it('reads nothing again, looks for other processes only where one is missing, and asks nobody without rules', () => {
    const world = createWorld();
    for (let pid = 1; pid <= 5; pid++) world.run(pid, 'shop.py', 7n);
    for (let scrape = 0; scrape < 3; scrape++) assert.equal(world.ask('python3', 7n), 'shop');
    assert.deepEqual(world.counts, { lines: 5, cgroups: 5, rechecks: 0 });
    world.ask('curl', 7n);
    world.ask('python3', 7n);
    world.ask('python3', 7n);
    assert.equal(world.counts.rechecks, 1);
    world.run(5, 'longer.py', 7n); // exec()
    assert.equal(world.ask('python3', 7n), 'python3');
    assert.deepEqual(world.counts, { lines: 6, cgroups: 6, rechecks: 1 });
    world.use('');
    assert.equal(world.ask('python3', 7n), 'python3');
    assert.deepEqual(world.counts, { lines: 6, cgroups: 6, rechecks: 1 });
  });

  it('forgets with the rules what they called the processes that have ended', () => {
    const { run, ask, end, use } = createWorld();
    run(1, 'shop.py', 7n);
    assert.equal(ask('python3', 7n), 'shop');
    end(1);
    use('processes: [{process: cron, name: x}]\n');
    assert.equal(ask('python3', 7n), 'python3');
  });
});
