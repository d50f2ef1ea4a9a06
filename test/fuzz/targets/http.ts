import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { TLSSocket } from 'node:tls';
import { parseDuration } from '../../../src/config/duration.ts';
import { refuseClient } from '../../../src/http/connection/client-certificate.ts';
import { normalizeIp, parseSubjectAltNames } from '../../../src/http/connection/subject-alt-names.ts';
import { filterCollectors } from '../../../src/http/pages/collector-filter.ts';
import { acceptsGzip, acceptsHtml, negotiateFormat } from '../../../src/http/pages/negotiate.ts';
import { chooseTimeout } from '../../../src/http/pages/scrape-timeout.ts';
import { parseWeightedHeader } from '../../../src/http/pages/weighted-header.ts';
import { buildServer } from '../../../src/http/server.ts';
import { createBasicAuth } from '../../../src/http/web-config/basic-auth.ts';
import { createFakeScraper } from '../../support/fakes/fake-scraper.ts';
import { createLogRecorder } from '../../support/fakes/log-recorder.ts';
import { BUILD, HTTP_SETTINGS } from '../../support/http/http-settings.ts';
import type { FuzzTarget } from '../target.ts';
import { joinPieces, splitPieces } from './pieces.ts';

const PROMETHEUS =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1';
/** The longest duration Go has, 2^63 ns. */
const LONGEST_MS = 2 ** 63 / 1e6;

/** Made at the first request. */
let server: ReturnType<typeof buildServer> | undefined;

export const HTTP: Readonly<Record<string, FuzzTarget>> = {
  'accept-headers': {
    drives: [
      'http/pages/weighted-header.ts#parseWeightedHeader',
      'http/pages/negotiate.ts#negotiateFormat',
      'http/pages/negotiate.ts#acceptsGzip',
      'http/pages/negotiate.ts#acceptsHtml',
    ],
    holds: 'alternatives with a weight of 0 to 1, no more than commas; one of two formats, gzip or not',
    seeds: () => [
      PROMETHEUS,
      'text/plain;version=0.0.4',
      'gzip, deflate;q=0.5, identity;q=0',
      'gzip;q=1.0, *;q=0',
      'x-gzip;q="0.3"',
    ],
    run(input) {
      const header = input.toString('latin1');
      const alternatives = parseWeightedHeader(header);
      assert.ok(alternatives.length <= header.split(',').length);
      for (const { name, quality } of alternatives) assert.ok(name !== '' && quality >= 0 && quality <= 1);
      assert.ok(['text', 'openmetrics'].includes(negotiateFormat(header)));
      assert.equal(typeof acceptsGzip(header), 'boolean');
      assert.equal(acceptsHtml(header) && !/text\/html/i.test(header), false);
    },
  },
  'collector-filter': {
    drives: ['http/pages/collector-filter.ts#filterCollectors'],
    holds: 'collectors that are on, or one printable line that says why not',
    seeds: () => [
      joinPieces(['sockets', 'counters', '']),
      joinPieces(['', 'memory', 'sockets']),
      joinPieces(['__proto__']),
    ],
    words: ['sockets', 'counters', 'memory', '__proto__', 'constructor'],
    run(input) {
      const [collect, exclude, more] = splitPieces(input).map((piece) => piece.toString());
      const query = {
        ...(collect && { 'collect[]': more ? [collect, more] : collect }),
        ...(exclude && { 'exclude[]': exclude }),
      };
      const wanted = filterCollectors(query, {
        enabled: HTTP_SETTINGS.collectors,
        known: HTTP_SETTINGS.knownCollectors,
      });
      if (typeof wanted === 'string') assert.ok(wanted.length < 1000 && !/[\r\n]/.test(wanted));
      else for (const name of wanted) assert.ok(HTTP_SETTINGS.collectors.has(name));
    },
  },
  duration: {
    drives: ['config/duration.ts#parseDuration'],
    holds: 'no duration, or milliseconds that Go could hold',
    seeds: () => ['500ms', '1m30s', '0', '1.5h', '10µs', '.5s'],
    run(input) {
      const ms = parseDuration(input.toString());
      assert.ok(ms === undefined || (ms >= 0 && ms < LONGEST_MS), `${ms}`);
    },
  },
  'scrape-timeout': {
    drives: ['http/pages/scrape-timeout.ts#chooseTimeout'],
    holds: 'at least 1 ms and never longer than the longest scrape',
    seeds: () => ['10', '0.5', '1e1', ' 5 ', '999999999e99', '-1'],
    run(input) {
      const ms = chooseTimeout(input.toString('latin1'), { timeoutMs: 10_000, marginMs: 500 });
      assert.ok(ms >= 1 && ms <= 10_000);
    },
  },
  'subject-alt-names': {
    drives: [
      'http/connection/subject-alt-names.ts#parseSubjectAltNames',
      'http/connection/subject-alt-names.ts#normalizeIp',
      'http/connection/client-certificate.ts#refuseClient',
    ],
    holds: 'names that stand in the text; a client is let in for one of them only, and never because of an error',
    seeds: () => [
      'DNS:prometheus.example, IP Address:10.1.2.3, IP Address:FD00:0:0:0:0:0:0:12',
      'DNS:"a,\\u0020DNS:b", URI:spiffe://x/y, email:a@b',
      'othername:<unsupported>, DNS:"\\x"',
      'DNS:"\\\\", DNS:a',
    ],
    words: ['DNS:"', '\\u', 'IP Address:', ', ', '::ffff:'],
    run(input) {
      const text = input.toString();
      const names = parseSubjectAltNames(text);
      for (const name of names) assert.equal(typeof normalizeIp(name), 'string');
      const socket = {
        authorized: true,
        getPeerX509Certificate: () => ({ subjectAltName: text }),
      } as unknown as TLSSocket;
      const clientAuth = { isRequested: true, isRequired: true, isVerified: true };
      const reason = refuseClient(socket, { clientAuth, clientAllowedSans: ['fd00::12', 'prometheus.example'] });
      assert.equal(reason === undefined, names.includes('fd00::12') || names.includes('prometheus.example'));
      if (reason === undefined) assert.match(text, /prometheus\.example|IP Address:[^,]*12/i);
    },
  },
  authorization: {
    drives: ['http/web-config/basic-auth.ts#createBasicAuth', 'http/web-config/basic-auth.ts#parseBasic'],
    holds: 'right for the one name and password, wrong for anything else',
    seeds: () => ['Basic YWxpY2U6c2VjcmV0', 'basic  YWxpY2U6d3Jvbmc= ', 'Bearer x', 'Basic bm8gY29sb24='],
    async run(input) {
      const header = input.toString('latin1');
      const check = createBasicAuth(async (password) => password === 'secret');
      const verdict = await check(new Map([['alice', '$2y$10$x']]), header);
      const given = Buffer.from(/^basic +(\S+) *$/i.exec(header)?.[1] ?? '', 'base64').toString();
      assert.equal(verdict, given === 'alice:secret' && /^\S+ +[\w+/]+={0,2} *$/.test(header) ? 'right' : 'wrong');
    },
  },
  request: {
    drives: [
      'http/pages/metrics.ts#addMetricsRoute',
      'http/pages/collected-page.ts#readTimeout',
      'http/pages/collector-filter.ts#filterCollectors',
      'http/server.ts#buildServer',
    ],
    holds: 'a page or a refusal of the request, never 500; nothing is logged as an error',
    seeds: () => [
      joinPieces(['/metrics?collect[]=sockets&collect[]=counters', PROMETHEUS, 'gzip', '10']),
      joinPieces(['/metrics?exclude%5B%5D=sockets', 'text/plain', 'identity', 'x']),
      joinPieces(['/', '*/*', '', '']),
      joinPieces(['/-/ready', '', 'gzip;q=0', '0']),
      joinPieces(['/metrics?collect[]=%E0%A4%A', '', '', '']),
    ],
    words: ['collect[]=', 'exclude[]=', '%5B%5D', '%', '%00', '/-/healthy', '/metrics', '?', '&', '#', '//'],
    run: (input) => askServer(splitPieces(input).map((piece) => piece.toString('latin1'))),
  },
};

async function askServer([path = '', accept = '', encoding = '', timeout = '']: readonly string[]): Promise<void> {
  const log = createLogRecorder();
  server ??= buildServer({
    config: HTTP_SETTINGS,
    scraper: createFakeScraper(),
    log,
    build: BUILD,
    headersNow: () => new Map(),
  });
  const url = `/${path.replaceAll(/[^\x21-\x7e]/g, '').replace(/^\/+/, '')}`;
  if (!URL.canParse(url, 'http://localhost')) return; // the injector would throw, where a socket is answered 404
  const answer = await server.inject({
    url,
    headers: {
      accept: sendable(accept),
      'accept-encoding': sendable(encoding),
      'x-prometheus-scrape-timeout-seconds': sendable(timeout),
    },
  });
  assert.ok([200, 400, 404, 414].includes(answer.statusCode), `status ${answer.statusCode}: ${answer.body}`);
  assert.deepEqual(
    log.records.filter(({ level }) => level === 'error'),
    [],
  );
}

/** What Node's own parser lets through. */
function sendable(value: string): string {
  return value.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '');
}
