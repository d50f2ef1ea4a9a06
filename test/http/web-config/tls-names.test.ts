import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createSecureContext, getCiphers } from 'node:tls';
import { CIPHERS, CURVES, DEFAULT_CIPHERS, TLS_VERSIONS } from '../../../src/http/web-config/tls-names.ts';

it('names only ciphers that OpenSSL has', () => {
  const known = getCiphers();
  for (const [name, cipher] of Object.entries(CIPHERS)) assert.ok(known.includes(cipher.toLowerCase()), name);
});

it('names only curves and versions that OpenSSL has', () => {
  for (const curve of Object.values(CURVES)) createSecureContext({ ecdhCurve: curve });
  for (const version of Object.values(TLS_VERSIONS)) createSecureContext({ minVersion: version, maxVersion: version });
  assert.throws(() => createSecureContext({ ecdhCurve: 'CurveP256' }));
});

it('spares a file without ciphers those that lack forward secrecy', () => {
  assert.ok(DEFAULT_CIPHERS.length > 5);
  assert.deepEqual(
    DEFAULT_CIPHERS.filter((name) => !name.startsWith('ECDHE-')),
    [],
  );
});
