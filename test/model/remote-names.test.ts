import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfigFile } from '../../src/config/file/config-file.ts';
import { createRemoteNames } from '../../src/model/remote-names.ts';

function namesOf(...lines: readonly string[]) {
  const text = `destinations:\n${lines.map((line) => `  ${line}\n`).join('')}`;
  return createRemoteNames(parseConfigFile(text, 'names.yml').destinations);
}

describe('createRemoteNames', () => {
  it('takes the longest prefix, and at the same one the rule with the port', () => {
    const nameOf = namesOf(
      '10.0.0.0/8: inside',
      '10.0.0.0/24:5432: databases',
      '10.0.0.0/24: backend',
      '10.0.0.50/32:5432: postgres-primary',
      '0.0.0.0/0:443: internet',
    );
    assert.equal(nameOf('10.0.0.50', 5432), 'postgres-primary');
    assert.equal(nameOf('10.0.0.50', '5432'), 'postgres-primary');
    assert.equal(nameOf('10.0.0.50', 22), 'backend');
    assert.equal(nameOf('10.0.0.51', 5432), 'databases');
    assert.equal(nameOf('10.9.9.9', 443), 'inside');
    assert.equal(nameOf('192.0.2.1', 443), 'internet');
    assert.equal(nameOf('192.0.2.1', 80), '');
  });

  it('names clients by rules without a port only: theirs means nothing', () => {
    const nameOf = namesOf('10.0.0.0/24:5432: databases', '10.0.1.0/24: frontends');
    assert.equal(nameOf('10.0.0.1', ''), '');
    assert.equal(nameOf('10.0.1.1', ''), 'frontends');
  });

  it('keeps the families apart, and takes an IPv4 address in IPv6 form for IPv4', () => {
    const nameOf = namesOf(
      '::/0: six',
      '0.0.0.0/0: four',
      '2001:db8::/32:443: documents',
      '"[2001:db8::1]:443": one',
      '::ffff:10.1.0.0/112: mapped',
    );
    assert.equal(nameOf('192.0.2.1', 1), 'four');
    assert.equal(nameOf('2001:db9::1', 1), 'six');
    assert.equal(nameOf('2001:db8::2', 443), 'documents');
    assert.equal(nameOf('2001:db8::1', 443), 'one');
    assert.equal(nameOf('10.1.2.3', 1), 'mapped');
    assert.equal(nameOf('fe80::1%eth0', 1), 'six');
  });

  it('names a network that peers are counted by where one rule covers all of it', () => {
    const nameOf = namesOf('10.0.0.0/16: wide', '10.0.0.50: one', '2001:db8::/48: site');
    assert.equal(nameOf('10.0.0.0/24', 5432), 'wide');
    assert.equal(nameOf('10.0.0.0/16', 5432), 'wide');
    assert.equal(nameOf('10.0.0.0/8', 5432), '');
    assert.equal(nameOf('2001:db8::/64', ''), 'site');
    assert.equal(nameOf('2001:db8::/32', ''), '');
  });

  it('calls the sum of the others what the other labels call it', () => {
    assert.equal(namesOf('0.0.0.0/0: all')('other', 'other'), 'other');
  });
});
