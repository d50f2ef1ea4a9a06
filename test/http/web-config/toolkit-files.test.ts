import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashSync } from 'bcryptjs';
import { ConfigRefusal } from '../../../src/config/config.ts';
import { createBasicAuth } from '../../../src/http/web-config/basic-auth.ts';
import { openWebSettings } from '../../../src/http/web-config/web-settings.ts';
import type { WebSettings } from '../../../src/http/web-config/web-settings-type.ts';
import { createLogRecorder } from '../../support/fakes/log-recorder.ts';
import { createConfigFolder } from '../../support/files/config-folder.ts';
import { createAuthority } from '../../support/http/certificates.ts';
import { basic } from '../../support/http/guarded-server.ts';

// Files that exporters written in Go take or refuse, kind by kind: what they do with each, and what we do. Where the two differ,
// docs/web-config.md says so.

const authority = createAuthority('authority');
const server = authority.signServer();
const hash = hashSync('right', 4);
const rest = hash.slice(4);

const tls = (...lines: string[]) =>
  [
    'tls_server_config:',
    '  cert_file: server.pem',
    '  key_file: server-key.pem',
    ...lines.map((each) => `  ${each}`),
  ].join('\n');
const headers = (line: string) => `http_server_config:\n  headers:\n    ${line}`;
const user = (text: string) => `basic_auth_users:\n  alice: ${text}`;
const rate = (interval: string, burst: string) => `rate_limit:\n  interval: ${interval}\n  burst: ${burst}`;
const verify = ['client_auth_type: RequireAndVerifyClientCert', 'client_ca_file: ca.pem'];

/** What a file that is served makes of us. */
type Check = (settings: WebSettings) => void | Promise<void>;
type Kind = readonly [what: string, file: string, check: Check];
type Refused = readonly [what: string, file: string, refusal: RegExp];

const withTls: Check = ({ tls }) => assert.ok(tls !== undefined);
const withoutTls: Check = ({ tls }) => assert.equal(tls, undefined);
const lets: Check = async ({ users }) => {
  const check = createBasicAuth();
  assert.equal(await check(users, basic('alice', 'right')), 'right');
  assert.equal(await check(users, basic('alice', 'wrong')), 'wrong');
};
const header =
  (name: string, value: string): Check =>
  (settings) =>
    assert.equal(settings.headers.get(name), value);
const limit =
  (intervalMs: number, burst: number): Check =>
  ({ rateLimit }) =>
    assert.deepEqual(rateLimit, { intervalMs, burst });
const noLimit: Check = ({ rateLimit }) => assert.equal(rateLimit, undefined);
const requires: Check = ({ tls }) =>
  assert.deepEqual([tls?.clientAuth.isRequired, tls?.clientAllowedSans], [true, ['a']]);

describe('a file that exporters written in Go serve is served', () => {
  const kinds: readonly Kind[] = [
    ['nothing', '', withoutTls],
    ['comments', '# nothing yet\n', withoutTls],
    [
      'sections without content',
      'tls_server_config:\nbasic_auth_users:\nrate_limit:\nhttp_server_config:\n',
      withoutTls,
    ],
    [
      'a byte order mark, and lines that end in CRLF',
      `\ufeff${tls('min_version: TLS12').replaceAll('\n', '\r\n')}\r\n`,
      withTls,
    ],
    ['a document with its marks', `---\n${tls()}\n...\n`, withTls],
    ['empty names of certificate and key', 'tls_server_config:\n  cert_file: ""\n  key_file: ""\n', withoutTls],
    ['certificate and key', tls(), withTls],
    ['every policy for clients: none', tls('client_auth_type: NoClientCert'), withTls],
    ['every policy for clients: any, if there is one', tls('client_auth_type: RequestClientCert'), withTls],
    ['every policy for clients: any', tls('client_auth_type: RequireAnyClientCert'), withTls],
    ['every policy for clients: verified, with an authority', tls(...verify), withTls],
    ['verified if there is one, without an authority', tls('client_auth_type: VerifyClientCertIfGiven'), withTls],
    [
      'an authority for a policy that does not verify',
      tls('client_auth_type: RequestClientCert', 'client_ca_file: ca.pem'),
      withTls,
    ],
    ['names of clients with a required certificate', tls(...verify, 'client_allowed_sans: [a]'), requires],
    [
      'names of clients with a certificate that is asked for',
      tls('client_auth_type: RequestClientCert', 'client_allowed_sans: [a]'),
      requires,
    ],
    [
      'names of clients with a certificate that is verified if there is one',
      tls('client_auth_type: VerifyClientCertIfGiven', 'client_ca_file: ca.pem', 'client_allowed_sans: [a]'),
      requires,
    ],
    ['all versions', tls('min_version: TLS10', 'max_version: TLS13'), withTls],
    [
      'ciphers, curves and their order',
      tls(
        'cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]',
        'curve_preferences: [X25519]',
        'prefer_server_cipher_suites: no',
      ),
      withTls,
    ],
    [
      'a curve and a cipher twice',
      tls(
        'cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]',
        'curve_preferences: [CurveP256, CurveP256]',
      ),
      withTls,
    ],
    ['empty lists', tls('cipher_suites: []', 'curve_preferences: []'), withTls],
    ['HTTP 2 turned off', `${tls()}\nhttp_server_config:\n  http2: off`, ({ tls }) => assert.equal(tls?.http2, false)],
    ['a header', headers('X-Frame-Options: deny'), header('X-Frame-Options', 'deny')],
    ['a header that looks like a number', headers('X-XSS-Protection: 1'), header('X-XSS-Protection', '1')],
    [
      'a header folded over two lines',
      headers("Content-Security-Policy: >\n      default-src\n      'self'"),
      header('Content-Security-Policy', "default-src 'self'"),
    ],
    [
      'a header that keeps its line breaks',
      headers("Content-Security-Policy: |\n      default-src\n      'self'\n"),
      header('Content-Security-Policy', "default-src 'self'"),
    ],
    [
      'a header that ends in CRLF',
      headers('Strict-Transport-Security: "max-age=1\\r\\n"'),
      header('Strict-Transport-Security', 'max-age=1'),
    ],
    [
      'a header with another one behind a line break',
      headers('X-XSS-Protection: "1\\r\\nSet-Cookie: a"'),
      header('X-XSS-Protection', '1  Set-Cookie: a'),
    ],
    ...['$2a$', '$2b$', '$2x$', '$2y$', '$2$'].map(
      (mark): Kind => [`a hash that begins with ${mark}`, user(`${mark}${rest}`), lets],
    ),
    ['a hash with a line break behind it', user(`|\n    ${hash}\n`), lets],
    ['a hash with more characters behind it', user(`${hash}xyz`), lets],
    ['a user with an empty name', `basic_auth_users:\n  "": ${hash}`, ({ users }) => assert.ok(users.has(''))],
    ['a user whose name is a number', `basic_auth_users:\n  12: ${hash}`, ({ users }) => assert.ok(users.has('12'))],
    ['users without TLS', user(hash), withoutTls],
    ['a rate limit', rate('1m30s', '3'), limit(90_000, 3)],
    ['a rate limit turned off', rate('0', '0'), noLimit],
    ['a rate limit turned off, whatever the burst', rate('0s', '-1'), noLimit],
    ['a burst without an interval', 'rate_limit: {burst: 5}', noLimit],
    ['a burst of two and a half', rate('1s', '2.5'), limit(1000, 2)],
    ['a burst with an exponent', rate('1s', '1e2'), limit(1000, 100)],
  ];
  for (const [what, file, check] of kinds) {
    it(what, async (t) => {
      const { write, writeIdentity } = createConfigFolder(t);
      writeIdentity('server', server);
      write('ca.pem', authority.ca);
      await check(openWebSettings(write('web.yml', file), createLogRecorder())());
    });
  }
});

describe('a file that exporters written in Go refuse is refused', () => {
  const kinds: readonly Refused[] = [
    ['words that are no YAML of ours', 'kZ93 nothing\nfF2 of this', /has to be a mapping/],
    ['a key that there is not', tls('cert_fille: x'), /unknown key "cert_fille" in tls_server_config/],
    ['a key twice', tls('min_version: TLS12', 'min_version: TLS13'), /: min_version is there twice: leave one/],
    [
      'a key without its certificate',
      'tls_server_config:\n  cert_file: ""\n  key_file: server-key.pem',
      /needs cert_file or cert$/,
    ],
    [
      'a certificate without its key',
      'tls_server_config:\n  cert_file: server.pem\n  key: ""',
      /needs key_file or key$/,
    ],
    [
      'a certificate that is not there',
      'tls_server_config:\n  cert_file: none.pem\n  key_file: server-key.pem',
      /cert_file cannot be read: ENOENT/,
    ],
    [
      'a key that is not there',
      'tls_server_config:\n  cert_file: server.pem\n  key_file: none.pem',
      /key_file cannot be read: ENOENT/,
    ],
    [
      'a policy for clients that there is not',
      tls('client_auth_type: require'),
      /client_auth_type cannot be "require"/,
    ],
    [
      'an authority without a policy',
      tls('client_ca_file: ca.pem'),
      /client_ca_file has no effect without a client_auth_type/,
    ],
    [
      'an authority that is not there',
      tls(verify[0]!, 'client_ca_file: none.pem'),
      /client_ca_file cannot be read: ENOENT/,
    ],
    ['a version that there is not', tls('min_version: TLS9'), /min_version cannot be "TLS9"/],
    ['a cipher that there is not', tls('cipher_suites: [TLS_WITH_LOVE]'), /cipher_suites cannot be "TLS_WITH_LOVE"/],
    ['a curve that there is not', tls('curve_preferences: [CurveP123]'), /curve_preferences cannot be "CurveP123"/],
    ['a header that must not be set', headers('Content-Type: text/html'), /unknown key "Content-Type" in headers/],
    [
      'a frame option that there is not',
      headers('X-Frame-Options: maybe'),
      /X-Frame-Options has to be deny or sameorigin/,
    ],
    [
      'a content type option that there is not',
      headers('X-Content-Type-Options: sniff'),
      /X-Content-Type-Options has to be nosniff/,
    ],
    ['a password in place of its hash', user('right'), /alice needs the bcrypt hash/],
    ['a user without a hash', user(''), /alice needs the bcrypt hash/],
    ['a hash that is cut short', user(hash.slice(0, 58)), /alice needs the bcrypt hash/],
    ['a hash of a cost that there is not', user(hash.replace('$04$', '$32$')), /alice needs the bcrypt hash/],
    ['a burst in words', rate('1s', 'many'), /burst has to be a number/],
    ['an interval in words', rate('often', '1'), /interval has to be a duration/],
  ];
  for (const [what, file, refusal] of kinds) it(what, (t) => assertRefused(t, file, refusal));
});

describe('a file that exporters written in Go take, and that opens or closes the door unseen, is refused', () => {
  const kinds: readonly Refused[] = [
    // opens
    [
      'verified clients without an authority: that of any web site will do',
      tls('client_auth_type: RequireAndVerifyClientCert'),
      /needs client_ca_file or client_ca/,
    ],
    [
      'names of clients that nobody asks for a certificate',
      tls('client_allowed_sans: [a]'),
      /client_allowed_sans has no effect without/,
    ],
    [
      'the same with a policy',
      tls('client_auth_type: NoClientCert', 'client_allowed_sans: [a]'),
      /client_allowed_sans has no effect without/,
    ],
    ['users in a second document', `${tls()}\n---\n${user(hash)}`, /a second document begins here \(---\)/],
    ['a negative interval: no limit', rate('-1s', '1'), /interval has to be a duration/],
    ['an interval without a unit: nanoseconds', rate('5', '1'), /interval has to be a duration with a unit/],
    // closes
    ['a rate limit without burst', 'rate_limit: {interval: 1s}', /lets no request through/],
    ['a burst of nothing', rate('1s', '0'), /lets no request through/],
    ['a burst of less than one', rate('1s', '0.9'), /lets no request through/],
    ['a burst below nothing', rate('1s', '-3'), /lets no request through/],
    [
      'an empty list of names of clients',
      tls(...verify, 'client_allowed_sans: []'),
      /client_allowed_sans lets nobody in/,
    ],
    [
      'an authority without a certificate in it',
      tls(verify[0]!, 'client_ca_file: server-key.pem'),
      /has no certificate in PEM format/,
    ],
    ['versions of which none is left', tls('max_version: TLS11'), /max_version leaves no version/],
    [
      'a user whose name no header can have',
      `basic_auth_users:\n  "a:b": ${hash}`,
      /cannot be the name of a user: it has a colon/,
    ],
    ['a hash of characters that no hash has', user(hash.replace(/.{5}$/, '!!!!!')), /alice needs the bcrypt hash/],
    // would be read in another way
    ['a mapping merged into another', `basic_auth_users:\n  <<: {alice: ${hash}}`, /"?<<"? /],
  ];
  for (const [what, file, refusal] of kinds) it(what, (t) => assertRefused(t, file, refusal));
});

function assertRefused(t: Parameters<typeof createConfigFolder>[0], file: string, refusal: RegExp): void {
  const { write, writeIdentity } = createConfigFolder(t);
  writeIdentity('server', server);
  write('ca.pem', authority.ca);
  const path = write('web.yml', file);
  assert.throws(
    () => openWebSettings(path, createLogRecorder()),
    (error) => {
      assert.ok(error instanceof ConfigRefusal);
      assert.match(error.message, refusal);
      assert.match(error.message, /web\.yml:\d+:\d+: [^\n]+$/);
      return true;
    },
  );
}
