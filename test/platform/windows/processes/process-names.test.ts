import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfigFile } from '../../../../src/config/file/config-file.ts';
import { createProcessNames } from '../../../../src/platform/windows/processes/process-names.ts';

const RULES = parseConfigFile(
  `processes:
  - {process: w3wp.exe, name: "{unit}"}
  - {process: java.exe, script: "{app}.jar", name: "{app}"}
  - {container: "*", name: nowhere}
`,
  'names.yml',
).processes;

describe('createProcessNames', () => {
  it('names processes by rules, reads each once, and again what has the pid of an ended one or another program', () => {
    const programs = new Map([
      [10, 'w3wp.exe'],
      [11, 'w3wp.exe'],
      [20, 'java.exe'],
      [21, 'closed.exe'],
    ]);
    const lines = new Map([[20, 'java -jar "C:\\my srv\\billing.jar" --password=x']]);
    let reads = 0;
    const names = createProcessNames({
      processes: { nameOf: (pid) => programs.get(pid) },
      unitOf: (pid) => (pid === 10 ? 'ShopPool' : undefined),
      readCommandLine(pid) {
        reads++;
        return lines.get(pid);
      },
    });
    const all = () => [10, 11, 20, 21, 99].map(names.nameOf);
    assert.deepEqual(all(), ['w3wp.exe', 'w3wp.exe', 'java.exe', 'closed.exe', undefined]);
    names.use(RULES);
    const named = ['ShopPool', 'w3wp.exe', 'billing', 'closed.exe', undefined];
    assert.deepEqual([all(), all(), reads], [named, named, 1]);

    lines.set(20, 'java -jar stock.jar');
    assert.equal(names.nameOf(20), 'billing');
    programs.delete(20);
    names.forgetEnded();
    programs.set(20, 'java.exe');
    assert.equal(names.nameOf(20), 'stock');
    programs.set(20, 'other.exe');
    assert.equal(names.nameOf(20), 'other.exe');

    names.use([]);
    assert.deepEqual(all(), ['w3wp.exe', 'w3wp.exe', 'other.exe', 'closed.exe', undefined]);
  });
});
