import assert from 'node:assert/strict';
import { parseDocument } from 'yaml';
import { loadTls } from '../../../src/http/web-config/tls.ts';
import { parseWebConfig } from '../../../src/http/web-config/web-config.ts';
import { answerOf, type FuzzTarget } from '../target.ts';

const HASH = '$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi';
const FULL = `tls_server_config:
  cert_file: server.crt
  key: |
    -----BEGIN PRIVATE KEY-----
  client_ca_file: ca/clients.pem
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [prometheus.example, 10.1.2.3]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]
  prefer_server_cipher_suites: false
  curve_preferences: [X25519, CurveP256]
http_server_config:
  http2: no
  headers:
    X-Frame-Options: deny
    Content-Security-Policy: "default-src 'self'"
basic_auth_users:
  alice: ${HASH}
rate_limit: {interval: 1m30s, burst: 20}
`;
const ALIASES = `rate_limit: &x {interval: 1s, burst: 1}\nhttp_server_config: {headers: &h {}}\nbasic_auth_users: *h\n`;
/** One line that says where; what an operator wrote is shown in it only where it is no secret. */
const REFUSAL = { name: 'ConfigRefusal', says: /^web\.yml:\d+:\d+: (?!.*call stack)[^\p{Cc}\u2028\u2029]+$/u };

const NO_CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n';

export const WEB_CONFIG: Readonly<Record<string, FuzzTarget>> = {
  'web-config': {
    drives: [
      'http/web-config/web-config.ts#parseWebConfig',
      'http/web-config/tls-config.ts#readTlsConfig',
      ...[
        'parseYaml',
        'readFields',
        'readEntries',
        'readList',
        'readText',
        'readSwitch',
        'readNumber',
        'readChoice',
      ].map((name) => `config/file/yaml-field.ts#${name}`),
    ],
    holds:
      'settings in their bounds, or one line with file, line and column; a section that is there is never taken for absent',
    seeds: () => [
      FULL,
      ALIASES,
      '',
      '---\nbasic_auth_users: {}\n',
      '- - - - - - - - x\n',
      'rate_limit: [[[[{a: {b: [{}]}}]]]]\n',
      'tls_server_config: {cert_file: a, key_file: b}\n',
      'rate_limit:\n  interval: 0\n  burst: 0x10\n',
    ],
    // the library takes the square of the lines of one text, and an operator writes the file
    longestInput: 16_384,
    words: [
      '*x',
      '&x ',
      '- ',
      '? ',
      ': ',
      '[',
      ']',
      '{',
      '}',
      '|',
      '>-',
      '<<: ',
      '!!str ',
      '!!binary ',
      '\n',
      '\t',
      '"',
      '%YAML 1.1\n',
      '...',
      '---',
      '\r',
      '#',
      HASH,
      'yes',
      '~',
      '0o17',
      'RequireAnyClientCert',
    ],
    run(input) {
      const text = input.toString();
      const config = answerOf(() => parseWebConfig(text, 'web.yml'), REFUSAL);
      if (config === undefined) return;
      for (const [name, hash] of config.users) assert.ok(!name.includes(':') && /^\$2[aby]\$/.test(hash));
      for (const value of config.headers.values()) assert.match(value, /^[\t\x20-\x7e]*$/);
      const { rateLimit, tls, users } = config;
      if (rateLimit !== undefined) assert.ok(rateLimit.burst >= 1 && Number.isFinite(1 / rateLimit.intervalMs));
      if (tls !== undefined) assert.ok(tls.ciphers.length >= 3 && tls.minVersion <= tls.maxVersion);
      assert.equal(users.size, countUsers(text), 'users are lost');
    },
  },
  'tls-files': {
    drives: ['http/web-config/tls.ts#loadTls', 'http/web-config/tls.ts#readCertificates'],
    holds: 'TLS that can be served, or one line that names the file',
    seeds: () => [
      NO_CERTIFICATE,
      `${NO_CERTIFICATE}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`,
      '',
    ],
    run(input) {
      const tls = parseWebConfig('tls_server_config: {cert_file: /a.crt, key_file: /a.key}\n', 'web.yml').tls!;
      const says = /^web\.yml:1:\d+: (cert|key)_file \/a\.(crt|key) [^\p{Cc}]+$/u;
      answerOf(() => loadTls(tls, true, () => input), { name: 'ConfigRefusal', says });
    },
  },
};

/** As the library reads the file into plain values, which is another way than ours. */
function countUsers(text: string): number {
  const plain: unknown = parseDocument(text, { version: '1.1' }).toJS({ mapAsMap: true });
  const users: unknown = plain instanceof Map ? plain.get('basic_auth_users') : undefined;
  return users instanceof Map ? users.size : 0;
}
