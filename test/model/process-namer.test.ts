import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfigFile } from '../../src/config/file/config-file.ts';
import type { ProcessTrait } from '../../src/model/file-config.ts';
import { createProcessNamer } from '../../src/model/process-namer.ts';

const RULES = `processes:
  - {process: java, command_line: "*-Dapp={app}*", name: "{app}"}
  - {process: java, script: "*.Kafka", name: kafka}
  - {process: java, name: "{script}"}
  - {unit: "shop-*.service", name: shop}
  - {container: "{pod}-sidecar", name: "{pod}/{process}"}
  - {name: "{unit} {container}"}
`;

const nameOf = createProcessNamer(parseConfigFile(RULES, 'names.yml').processes);
const NOTHING = { process: 'x', unit: '', container: '', script: '', command_line: '' };
const call = (given: Partial<Record<ProcessTrait, string | undefined>>) => {
  const traits = { ...NOTHING, ...given };
  return nameOf((trait) => traits[trait]);
};

describe('createProcessNamer', () => {
  it('takes the first rule that fits', () => {
    const process = 'java';
    const lines = { process, script: 'org.Kafka', command_line: 'java -Dapp=billing org.Kafka' };
    assert.equal(call(lines), 'billing');
    assert.equal(call({ ...lines, command_line: 'java org.Kafka' }), 'kafka');
    assert.equal(call({ process, script: 'x.jar', unit: 'shop-a.service' }), 'x.jar');
    assert.equal(call({ unit: 'shop-a.service' }), 'shop');
    assert.equal(call({ container: 'web-sidecar' }), 'web/x');
    assert.equal(call({ unit: 'a.service', container: 'b' }), 'a.service b');
  });

  it('leaves a process its own name where no rule fits, or what a name takes is not there', () => {
    assert.equal(call({}), 'x');
    assert.equal(call({ process: 'java' }), 'java');
    assert.equal(call({ unit: 'a.service' }), 'x');
  });

  it('does not decide what depends on something unknown, and no more than that', () => {
    assert.equal(call({ process: 'java', command_line: undefined, script: undefined }), undefined);
    assert.equal(call({ command_line: undefined, script: undefined, unit: 'shop-b.service' }), 'shop');
    assert.equal(call({ unit: 'a.service', container: undefined }), undefined);
    assert.equal(call({ command_line: undefined, script: undefined }), 'x');
  });

  it('makes a name printable, and cuts it', () => {
    assert.equal(call({ process: 'java', script: 'a\u001b[31m\u202e' }), 'a\\x1b[31m\\u202e');
    assert.equal(call({ process: 'java', script: 'x'.repeat(65) }), 'x'.repeat(64));
    assert.equal(call({ process: 'java', script: `${'x'.repeat(63)}😀` }), 'x'.repeat(63));
    assert.equal(call({ process: 'java', script: '{unit}$&' }), '{unit}$&');
    assert.equal(call({ process: 'java', script: ' ' }), 'java');
  });
});
