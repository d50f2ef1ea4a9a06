import assert from 'node:assert/strict';
import { readCommand } from '../../../src/config/config.ts';
import { formatListenAddress, LISTEN_ADDRESS } from '../../../src/config/listen-address.ts';
import { takePassedSockets } from '../../../src/config/passed-sockets.ts';
import {
  byteCount,
  duration,
  FILE_PATH,
  oneOf,
  SWITCH,
  URL_PATH,
  wholeNumber,
} from '../../../src/config/value-types.ts';
import { answerOf, type FuzzTarget } from '../target.ts';
import { joinPieces, splitPieces } from './pieces.ts';

/** One line: a log or a terminal is what shows it. */
const REFUSAL = { name: 'ConfigRefusal', says: /^[^\p{Cc}]{1,1500}$/u };
const NAMES = [
  'TCPSTATE_LOG_LEVEL',
  'TCPSTATE_WEB_LISTEN_ADDRESS',
  'TCPSTATE_LIMIT_CONNECTIONS',
  'TCPSTATE_COLLECTOR_SOCKETS',
];

export const CONFIG: Readonly<Record<string, FuzzTarget>> = {
  arguments: {
    drives: [
      'config/config.ts#readCommand',
      'config/arguments.ts#readArguments',
      'config/nearest-name.ts#findNearestName',
      'config/listen-address.ts#parse',
    ],
    holds:
      'a command with at least one address, limits and times in their bounds, or one line without control characters',
    seeds: () => [
      joinPieces(['--web.listen-address=:9100', '--web.listen-address', '[::1]:0', '--log.level=debug']),
      joinPieces(['--no-collector.sockets', '--limit.connections=10', '--remote-ip.prefix-v4', '24']),
      joinPieces(['--help']),
      joinPieces(['-h', '--version']),
      joinPieces(['--lgo.level=debug']),
      joinPieces(['--', 'stray', '-x']),
      joinPieces(['--web.config.file=', '--close-wait.stuck-after=2h']),
    ],
    words: ['--', '--no-', '=', '-', '__proto__', 'constructor', '--collector.', '500ms', '\u0085', '\ud83d\ude00'],
    run: (input) =>
      checkCommand(
        splitPieces(input).map((piece) => piece.toString()),
        {},
      ),
  },
  environment: {
    drives: ['config/config.ts#readCommand', 'config/environment.ts#readEnvironment'],
    holds: 'the same for the environment: names of our own that are unknown are refused, others are left alone',
    seeds: () => [
      joinPieces(NAMES.flatMap((name, index) => [name, ['debug', ':1,[::]:2', '5', 'false'][index]!])),
      joinPieces(['TCPSTATE_PORT_9100_TCP_ADDR', '10.0.0.1', 'PATH', '/bin']),
      joinPieces(['TCPSTATE_NONSENSE', '']),
    ],
    words: ['TCPSTATE_', '_SERVICE_HOST', '__proto__', ...NAMES],
    run(input) {
      const texts = splitPieces(input).map((piece) => piece.toString());
      const pairs = Array.from({ length: texts.length >> 1 }, (_, index) => [texts[2 * index]!, texts[2 * index + 1]!]);
      checkCommand([], Object.fromEntries(pairs));
    },
  },
  'passed-sockets': {
    drives: ['config/passed-sockets.ts#takePassedSockets'],
    holds: 'as many sockets as said, at most 1000, or one line; the variables are gone',
    seeds: () => [joinPieces(['7', '2', 'web:metrics']), joinPieces(['7', '1000', '']), joinPieces(['8', '1', ''])],
    run(input) {
      const [LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES] = splitPieces(input).map((piece) => piece.toString());
      const environment = { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES };
      const sockets = answerOf(() => takePassedSockets(environment, 7), REFUSAL);
      assert.ok(sockets === undefined || sockets.length === Number(LISTEN_FDS));
      for (const { fd, name } of sockets ?? []) assert.ok(fd >= 3 && fd < 1003 && name !== '');
      assert.deepEqual(Object.keys(environment), []);
    },
  },
  'option-values': {
    drives: [
      'config/listen-address.ts#parse',
      'config/value-types.ts#parse',
      'config/duration.ts#parseDuration',
      'config/value-types.ts#parseByteCount',
    ],
    holds: 'no value, or one in its bounds; an address is the same when it is written and read again',
    seeds: () => [
      ':9100',
      '10MB',
      'localhost:0',
      '[fe80::1%eth0]:65535',
      '1.5h',
      '60',
      '/metrics/x',
      'true',
      '[::ffff:10.0.0.1]:1',
    ],
    run(input) {
      const text = input.toString();
      const address = LISTEN_ADDRESS.parse(text);
      if (address !== undefined) assert.deepEqual(LISTEN_ADDRESS.parse(formatListenAddress(address)), address);
      const ms = duration('100ms', '10m').parse(text);
      assert.ok(ms === undefined || (ms >= 100 && ms <= 600_000));
      const bytes = byteCount('1KB', '1GB').parse(text);
      assert.ok(bytes === undefined || (bytes >= 1024 && bytes <= 1024 ** 3));
      const number = wholeNumber(0, 5000).parse(text);
      assert.ok(number === undefined || (Number.isInteger(number) && number >= 0 && number <= 5000));
      const path = URL_PATH.parse(text);
      assert.ok(path === undefined || new URL(path, 'http://host').pathname === path);
      assert.ok(!(FILE_PATH.parse(text) ?? '').includes('\0'));
      assert.ok([undefined, true, false].includes(SWITCH.parse(text)));
      assert.ok([undefined, 'a'].includes(oneOf('a').parse(text)));
    },
  },
};

function checkCommand(argv: readonly string[], environment: Readonly<Record<string, string>>): void {
  const command = answerOf(() => readCommand('linux', argv, environment), REFUSAL);
  if (command?.kind !== 'run') return;
  const { config } = command;
  assert.ok(config.listenAddresses.every(({ port }) => port >= 0 && port <= 65_535));
  assert.ok(config.limits.connections >= 0 && config.limits.connections <= 5000);
  assert.ok(config.scrapeTimeoutMs >= 100 && config.ownersBudgetMs >= 1);
  assert.match(config.telemetryPath, /^\/[\w.~/-]*$/);
}
