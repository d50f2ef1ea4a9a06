import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

const HEAD = 'HTTP/1.1\r\nHost: a\r\nConnection: close\r\n';

/** Requests no reader of metrics sends, each of which has its own connection. */
export const ODD_REQUESTS: readonly string[] = [
  ...[
    '/',
    '/-/healthy',
    '/-/ready',
    '/nowhere',
    '/etc/passwd',
    '/../../../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..%2f..%2fetc%2fpasswd',
    '/metrics/../../etc/shadow',
    '/file:///etc/hostname',
    'file:///etc/hostname',
    'http://127.0.0.1:1/metrics',
    '//metrics',
    '/metrics%00',
    '/%zz<script>',
    '/favicon.ico',
    '/robots.txt',
    '/debug/pprof/',
    '/metrics;sh -c id',
    '/$(touch%20x)',
    `/${'a'.repeat(15_000)}`,
    '/metrics?collect[]=../../etc/passwd',
    '/metrics?collect[]=$(id)&collect[]=`id`',
    '/metrics?collect[]=__proto__',
    `/metrics?${'collect[]=sockets&'.repeat(800)}`,
    '/metrics?path.procfs=/tmp&config=/etc/passwd',
    '/metrics?%zz=%zz',
  ].map((path) => `GET ${path} ${HEAD}\r\n`),
  ...['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'CONNECT', 'BREW'].map(
    (method) => `${method} /metrics ${HEAD}Content-Type: application/json\r\nContent-Length: 1\r\n\r\n{`,
  ),
  `GET /metrics ${HEAD}X-Prometheus-Scrape-Timeout-Seconds: -1\r\n\r\n`,
  `GET /metrics ${HEAD}X-Prometheus-Scrape-Timeout-Seconds: NaN\r\n\r\n`,
  `GET /metrics ${HEAD}X-Prometheus-Scrape-Timeout-Seconds: Infinity\r\n\r\n`,
  `GET /metrics ${HEAD}X-Prometheus-Scrape-Timeout-Seconds: 1e99\r\n\r\n`,
  `GET /metrics ${HEAD}Accept: ${'application/openmetrics-text;version="1;'.repeat(300)}\r\n\r\n`,
  `GET /metrics ${HEAD}Accept-Encoding: ${',;q=,'.repeat(2500)}gzip\r\n\r\n`,
  `GET /metrics ${HEAD}Authorization: Basic ${'A'.repeat(10_000)}\r\n\r\n`,
  `GET /metrics ${HEAD}Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
  `GET /metrics ${HEAD}X: ${'y'.repeat(100_000)}\r\n\r\n`,
  'GET /metrics HTTP/1.1\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\x16\x03\x01\x02\0\x01\0\x01\xfc',
];

/** The whole answer to some bytes; empty if the connection was closed without one. */
export function sendBytes(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
  return text(socket).catch(() => '');
}
