import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ConfigRefusal } from '../../../src/config/config.ts';
import { parseWebConfig } from '../../../src/http/web-config/web-config.ts';

const HASH = '$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi';
/** As it is kept. */
const KEPT = HASH.replace('$2y$', '$2b$');

const FULL = `
tls_server_config:
  cert_file: server.crt
  key_file: /etc/ssl/private/server.key
  client_ca_file: ca/clients.pem
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans:
    - prometheus.example
    - 10.1.2.3
  min_version: TLS13
  max_version: TLS13
  cipher_suites:
    - TLS_AES_128_GCM_SHA256
    - TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
  prefer_server_cipher_suites: false
  curve_preferences: [X25519, CurveP256]
http_server_config:
  http2: false
  headers:
    Content-Security-Policy: "default-src 'self'"
    X-Frame-Options: sameorigin
    X-Content-Type-Options: nosniff
    X-XSS-Protection: "1; mode=block"
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  alice: ${HASH}
  "12": ${HASH}
rate_limit:
  interval: 1m30s
  burst: 20
`;

describe('parseWebConfig', () => {
  it('reads every setting of the format', () => {
    const { tls, ...rest } = parseWebConfig(FULL, '/etc/web/config.yml');
    assert.deepEqual(rest, {
      http2: false,
      headers: new Map([
        ['Content-Security-Policy', "default-src 'self'"],
        ['X-Frame-Options', 'sameorigin'],
        ['X-Content-Type-Options', 'nosniff'],
        ['X-XSS-Protection', '1; mode=block'],
        ['Strict-Transport-Security', 'max-age=31536000'],
      ]),
      users: new Map([
        ['alice', KEPT],
        ['12', KEPT],
      ]),
      rateLimit: { intervalMs: 90_000, burst: 20 },
      isEmpty: false,
    });
    const { cert, key, clientCa, ...policy } = tls!;
    assert.deepEqual(
      [cert.file, key.file, clientCa?.file],
      ['/etc/web/server.crt', '/etc/ssl/private/server.key', '/etc/web/ca/clients.pem'],
    );
    assert.deepEqual(policy, {
      clientAuth: { isRequested: true, isRequired: true, isVerified: true },
      clientAllowedSans: ['prometheus.example', '10.1.2.3'],
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      ciphers: [
        'TLS_AES_128_GCM_SHA256',
        'TLS_AES_256_GCM_SHA384',
        'TLS_CHACHA20_POLY1305_SHA256',
        'ECDHE-RSA-AES256-GCM-SHA384',
      ],
      hasOwnCipherOrder: false,
      curves: ['X25519', 'P-256'],
    });
  });

  it('has defaults for everything', () => {
    for (const text of ['', '# nothing\n', '{}', 'tls_server_config:\nbasic_auth_users:\nrate_limit:\n']) {
      const { isEmpty: _isEmpty, ...config } = parseWebConfig(text, 'web.yml');
      const none = { tls: undefined, http2: true, headers: new Map(), users: new Map(), rateLimit: undefined };
      assert.deepEqual(config, none, text);
    }
    const { tls } = parseWebConfig('tls_server_config: {cert_file: c, key_file: k}', 'web.yml');
    assert.deepEqual(
      [tls?.minVersion, tls?.maxVersion, tls?.hasOwnCipherOrder, tls?.curves, tls?.clientAuth.isRequested],
      ['TLSv1.2', 'TLSv1.3', true, [], false],
    );
    assert.equal(parseWebConfig('# nothing', 'web.yml').isEmpty, true);
  });

  it('takes a header without a value away', () => {
    const text = 'http_server_config:\n  headers:\n    X-Frame-Options:\n    Content-Security-Policy: ""\n';
    assert.deepEqual(
      [...parseWebConfig(text, 'web.yml').headers],
      [
        ['X-Frame-Options', ''],
        ['Content-Security-Policy', ''],
      ],
    );
  });

  it('serves no TLS where nothing but its details are given', () => {
    assert.equal(parseWebConfig('tls_server_config: {min_version: TLS12}', 'web.yml').tls, undefined);
  });

  it('takes certificates and key inline, from their files where both are given', () => {
    const text = 'tls_server_config:\n  cert: |\n    PEM\n    TEXT\n  key: one line\n  key_file: k\n';
    const { tls } = parseWebConfig(text, 'folder/web.yml');
    assert.equal(tls?.cert.text, 'PEM\nTEXT\n');
    assert.equal(tls?.key.file, 'folder/k');
  });

  it('knows the old name of RequireAnyClientCert, booleans of YAML 1.1, and anchors', () => {
    const text = `
tls_server_config: {cert_file: c, key_file: k, client_auth_type: RequireClientCert}
http_server_config: {http2: off}
basic_auth_users: {alice: &hash "${HASH}", bob: *hash}
`;
    const { tls, http2, users } = parseWebConfig(text, 'web.yml');
    assert.deepEqual(tls?.clientAuth, { isRequested: true, isRequired: true, isVerified: false });
    assert.equal(http2, false);
    assert.equal(users.get('bob'), KEPT);
  });

  for (const [interval, intervalMs] of [
    ['1s', 1000],
    ['250ms', 250],
    ['1.5h', 5_400_000],
    ['1h2m3s', 3_723_000],
    ['.5s', 500],
  ] as const) {
    it(`reads an interval of ${interval}`, () => {
      const { rateLimit } = parseWebConfig(`rate_limit: {interval: ${interval}, burst: 1}`, 'web.yml');
      assert.deepEqual(rateLimit, { intervalMs, burst: 1 });
    });
  }

  it('has no rate limit with an interval of 0', () => {
    assert.equal(parseWebConfig('rate_limit: {interval: 0, burst: 5}', 'web.yml').rateLimit, undefined);
    assert.equal(parseWebConfig('rate_limit: {interval: 0s}', 'web.yml').rateLimit, undefined);
  });
});

describe('a mistake in a web configuration', () => {
  const TLS = 'tls_server_config:\n  cert_file: c\n  key_file: k\n';
  const cases: readonly [what: string, text: string, message: RegExp][] = [
    [
      'an unknown section',
      'tls_config: {}',
      /^web\.yml:1:1: unknown key "tls_config": allowed are tls_server_config, http_/,
    ],
    [
      'an unknown key',
      `${TLS}  cert_fil: c\n`,
      /^web\.yml:4:3: unknown key "cert_fil" in tls_server_config: allowed are cert, cert_file, key, key_file, /,
    ],
    [
      'a key twice',
      'http_server_config:\n  http2: true\n  http2: false',
      /^web\.yml:3:3: http2 is there twice: leave one of them out$/,
    ],
    ['no YAML', 'a: [', /^web\.yml:1:\d+: /],
    [
      'two documents',
      'rate_limit:\n---\nrate_limit:',
      /^web\.yml:2:1: a second document begins here \(---\), which nobody would read: put /,
    ],
    ['a list at the top', '- 1', /^web\.yml:1:1: has to be a mapping/],
    ['a section that is a text', 'basic_auth_users: alice', /^web\.yml:1:1: basic_auth_users has to be a mapping/],
    [
      'a key file missing',
      'tls_server_config: {cert_file: c}',
      /^web\.yml:1:1: tls_server_config needs key_file or key$/,
    ],
    [
      'a certificate missing',
      'tls_server_config: {key_file: k}',
      /^web\.yml:1:1: tls_server_config needs cert_file or cert$/,
    ],
    ['a client_auth_type alone', 'tls_server_config: {client_auth_type: NoClientCert}', /needs cert_file or cert$/],
    [
      'an unknown version',
      `${TLS}  min_version: TLS14`,
      /:4:3: min_version cannot be "TLS14": allowed are TLS10, TLS11, TLS12, TLS13$/,
    ],
    ['versions upside down', `${TLS}  max_version: TLS11`, /:4:3: max_version leaves no version/],
    [
      'an unknown cipher',
      `${TLS}  cipher_suites:\n  - RC4\n`,
      /^web\.yml:5:5: cipher_suites cannot be "RC4": allowed are TLS_AES_/,
    ],
    [
      'a cipher that is insecure in Go',
      `${TLS}  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]`,
      /cannot be "TLS_RSA_WITH_RC4_128_SHA"/,
    ],
    [
      'ciphers that are no list',
      `${TLS}  cipher_suites: TLS_AES_128_GCM_SHA256`,
      /:4:3: cipher_suites has to be a list$/,
    ],
    [
      'an unknown curve',
      `${TLS}  curve_preferences: [secp256k1]`,
      /curve_preferences cannot be "secp256k1": allowed are CurveP256, /,
    ],
    [
      'an unknown client_auth_type',
      `${TLS}  client_auth_type: Maybe`,
      /cannot be "Maybe": allowed are NoClientCert, RequestClientCert, RequireAny/,
    ],
    [
      'a client CA that nobody is checked with',
      `${TLS}  client_ca_file: ca`,
      /:4:3: client_ca_file has no effect without a client_auth_type/,
    ],
    [
      'nothing to verify with',
      `${TLS}  client_auth_type: RequireAndVerifyClientCert`,
      /client_auth_type needs client_ca_file or client_ca/,
    ],
    [
      'names of clients that are not asked for a certificate',
      `${TLS}  client_allowed_sans: [a]`,
      /:4:3: client_allowed_sans has no effect without a client_auth_type such as Require/,
    ],
    ['http2 that is no boolean', 'http_server_config: {http2: 2}', /^web\.yml:1:22: http2 has to be true or false$/],
    [
      'another header',
      'http_server_config: {headers: {Server: x}}',
      /unknown key "Server" in headers: allowed are Content-Security-Policy, /,
    ],
    [
      'a frame option that does not exist',
      'http_server_config: {headers: {X-Frame-Options: ALLOW}}',
      /X-Frame-Options has to be deny or sameorigin, or empty$/,
    ],
    [
      'a header that does not show',
      'http_server_config: {headers: {X-XSS-Protection: "1\\0"}}',
      /X-XSS-Protection has to be of ASCII characters/,
    ],
    [
      'an interval without a unit',
      'rate_limit: {interval: 5, burst: 1}',
      /^web\.yml:1:14: interval has to be a duration with a unit/,
    ],
    ['a negative interval', 'rate_limit: {interval: -5s, burst: 1}', /interval has to be a duration/],
    [
      'no burst',
      'rate_limit: {interval: 5s}',
      /^web\.yml:1:1: rate_limit lets no request through: give a burst of at least 1$/,
    ],
    ['a burst that is a text', 'rate_limit: {interval: 5s, burst: many}', /burst has to be a number/],
    [
      'an alias without its anchor',
      'basic_auth_users: *users',
      /^web\.yml:1:1: the alias has no anchor before it \(a text that begins with \* needs quotes\)$/,
    ],
    [
      'an alias in place of a hash',
      'basic_auth_users: {a: *hash}',
      /^web\.yml:1:20: the alias has no anchor before it \(/,
    ],
    ['lists in lists', '- '.repeat(4000), /^web\.yml:1:\d+: nested more than 64 levels deep$/],
    ['mappings in mappings', `rate_limit: ${'{a: '.repeat(4000)}`, /^web\.yml:1:\d+: nested more than 64 levels deep$/],
    ['keys in keys', `rate_limit:\n${'? '.repeat(4000)}`, /^web\.yml:2:\d+: nested more than 64 levels deep$/],
    [
      'a user whose name does not show',
      'basic_auth_users: {"\\e[2J": x}',
      /^web\.yml:1:20: "\\u001b\[2J" needs the bcrypt/,
    ],
    ['a user with a colon', `basic_auth_users: {"a:b": "${HASH}"}`, /cannot be the name of a user: it has a colon$/],
  ];
  for (const [what, text, message] of cases) {
    it(`is named with its place: ${what}`, () => {
      assert.throws(
        () => parseWebConfig(text, 'web.yml'),
        (error) => {
          assert.ok(error instanceof ConfigRefusal);
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /\n/);
          return true;
        },
      );
    });
  }

  it('never shows a password, a hash or a key', () => {
    for (const text of [
      'basic_auth_users: {alice: secret}',
      'basic_auth_users:\n  alice: "secret\n',
      'basic_auth_users: {alice: [secret]}',
      `basic_auth_users: {alice: secret${HASH}}`,
      'tls_server_config: {cert_file: c, key: {secret: 1}}',
      'tls_server_config:\n  cert_file: c\n  key: |\n  secret\n',
    ]) {
      assert.throws(
        () => parseWebConfig(text, 'web.yml'),
        (error: Error) => /^web\.yml:\d+:\d+: /.test(error.message) && !error.message.includes('secret'),
        text,
      );
    }
  });

  it('is refused whatever the text, with a place and on one line', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.json(), fc.string({ unit: fc.constantFrom(...'a: -[]{}\n\t"&*<?|>#!%@`') })),
        (text) => {
          try {
            parseWebConfig(text, 'web.yml');
          } catch (error) {
            assert.ok(error instanceof ConfigRefusal, String(error));
            assert.match(error.message, /^web\.yml:[1-9]\d*:[1-9]\d*: [^\n]+$/);
          }
        },
      ),
    );
  });
});
