import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { normalizeIp, parseSubjectAltNames } from '../../../src/http/connection/subject-alt-names.ts';
import { createAuthority } from '../../support/http/certificates.ts';

describe('parseSubjectAltNames', () => {
  it('reads what Node writes for a real certificate', () => {
    const names = ['DNS:a.example', 'email:who@b.example', 'IP:10.1.2.3', 'IP:fd00::1:2', 'URI:spiffe://c/d'];
    const { cert } = createAuthority('ca').signClient(names);
    assert.deepEqual(parseSubjectAltNames(new X509Certificate(cert).subjectAltName!).map(normalizeIp), [
      'a.example',
      'who@b.example',
      '10.1.2.3',
      'fd00::1:2',
      'spiffe://c/d',
    ]);
  });

  it('does not take a part of one name for another', () => {
    assert.deepEqual(parseSubjectAltNames('URI:"http://a/, DNS:b.example", DNS:c.example'), [
      'http://a/, DNS:b.example',
      'c.example',
    ]);
    assert.deepEqual(parseSubjectAltNames('DNS:"a\\", DNS:b", DNS:c'), ['a", DNS:b', 'c']);
  });

  it('leaves out other kinds of names, and everything from what it cannot read', () => {
    assert.deepEqual(parseSubjectAltNames('DirName:CN = a, DNS:b, othername:<unsupported>'), ['b']);
    assert.deepEqual(parseSubjectAltNames('DNS:a, DNS:b"c, DNS:d'), ['a']);
    assert.deepEqual(parseSubjectAltNames(''), []);
  });

  it('takes a quoted value that is no JSON for none, and the names behind it too', () => {
    for (const value of ['"\\x41"', '"\\u00"', '"a\nb"', '"\\']) {
      assert.deepEqual(parseSubjectAltNames(`DNS:a, DNS:${value}, DNS:b`), ['a'], value);
    }
  });
});

describe('normalizeIp', () => {
  it('gives every way to write an IPv6 address the same text', () => {
    for (const text of ['FD00:0:0:0:0:0:0:12', 'fd00::12', 'fd00:0::0012']) assert.equal(normalizeIp(text), 'fd00::12');
  });

  it('leaves other names alone', () => {
    for (const text of ['10.1.2.3', 'A.Example', 'spiffe://a', '']) assert.equal(normalizeIp(text), text);
  });
});
