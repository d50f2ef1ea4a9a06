import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Config, readCommand } from '../../src/config/config.ts';
import { environmentName, OPTIONS } from '../../src/config/options.ts';
import { configOf, refusalOf } from '../support/files/given-config.ts';

/** One socket, as systemd would pass it to this process. */
const PASSED = { LISTEN_PID: String(process.pid), LISTEN_FDS: '1' };

/** Per flag: a value, what it must become, and values that must be refused. */
const CASES: readonly {
  flag: string;
  text: string;
  read: (config: Config) => unknown;
  expected: unknown;
  refused: readonly string[];
}[] = [
  {
    flag: 'web.listen-address',
    text: '[::1]:9999',
    read: (config) => config.listenAddresses,
    expected: [{ host: '::1', port: 9999 }],
    refused: ['', '10048', 'host', ':65536', ':-1', '[::1]', '::1:80', '[nonsense]:80', 'a b:80', 'http://x:80'],
  },
  {
    flag: 'web.systemd-socket',
    text: 'true',
    read: (config) => config.passedSockets,
    expected: [{ fd: 3, name: undefined }],
    refused: ['1', 'on'],
  },
  {
    flag: 'web.telemetry-path',
    text: '/tcp/metrics',
    read: (config) => config.telemetryPath,
    expected: '/tcp/metrics',
    refused: ['', 'metrics', '/a//b', '/../etc', '/a?b', '/:name', '/*', '/-/healthy', '/-/ready', '/metrics/'],
  },
  {
    flag: 'web.live-page',
    text: 'false',
    read: (config) => config.livePage,
    expected: false,
    refused: ['no', '0'],
  },
  {
    flag: 'web.config.file',
    text: '/etc/web.yml',
    read: (config) => config.webConfigFile,
    expected: '/etc/web.yml',
    refused: ['a\0b'],
  },
  {
    flag: 'config.file',
    text: '/etc/names.yml',
    read: (config) => config.configFile,
    expected: '/etc/names.yml',
    refused: ['a\0b'],
  },
  {
    flag: 'filter.include',
    text: 'local_port=8000-8999',
    read: (config) => config.limits.filters,
    expected: { localPort: { include: [{ first: 8000, last: 8999 }], exclude: [] }, isDropped: false },
    refused: ['', '22', 'port=22', 'local_port', 'local_port=0', 'remote_port=9-8', 'unit=', 'Process=a'],
  },
  {
    flag: 'filter.exclude',
    text: 'process=kube=*',
    read: (config) => config.limits.filters,
    expected: { process: { exclude: ['kube=*'] }, isDropped: false },
    refused: [
      '',
      'kube*',
      'process=',
      'remote_ip=localhost',
      'remote_ip=10.0.0.1/8',
      'remote_ip=10.0.0.0/33',
      'process=a\0b',
    ],
  },
  {
    flag: 'filter.drop',
    text: 'true',
    read: (config) => config.limits.filters,
    expected: { isDropped: true },
    refused: ['yes', '1'],
  },
  {
    flag: 'web.max-requests',
    text: '0',
    read: (config) => config.maxRequests,
    expected: 0,
    refused: ['', '-1', '1.5', 'many', '1e3', ' 4', '100001'],
  },
  {
    flag: 'web.max-connections',
    text: '10000',
    read: (config) => config.maxConnections,
    expected: 10_000,
    refused: ['', '0', '-1', '100001'],
  },
  {
    flag: 'web.max-header-bytes',
    text: '8192',
    read: (config) => config.maxHeaderBytes,
    expected: 8192,
    refused: ['', '0', '1023', '16k', '1048577'],
  },
  {
    flag: 'web.request-timeout',
    text: '5s',
    read: (config) => config.requestTimeoutMs,
    expected: 5000,
    refused: ['', '0', '999ms', '11m'],
  },
  {
    flag: 'web.response-timeout',
    text: '1m',
    read: (config) => config.responseTimeoutMs,
    expected: 60_000,
    refused: ['', '0', '999ms', '61m'],
  },
  {
    flag: 'web.disable-exporter-metrics',
    text: 'true',
    read: (config) => config.exporterMetrics,
    expected: false,
    refused: ['yes', '1', 'TRUE'],
  },
  {
    flag: 'collector.disable-defaults',
    text: 'true',
    read: (config) => [...config.collectors],
    expected: [],
    refused: ['on'],
  },
  {
    flag: 'scrape.timeout',
    text: '2.5s',
    read: (config) => config.scrapeTimeoutMs,
    expected: 2500,
    refused: ['', '0', '99ms', '11m', '-1s', '5 s', '5d', 's'],
  },
  {
    flag: 'scrape.timeout-margin',
    text: '0',
    read: (config) => config.scrapeTimeoutMarginMs,
    expected: 0,
    refused: ['61s', 'x'],
  },
  {
    flag: 'collector.sockets.source',
    text: 'sock_diag',
    read: (config) => config.socketSource,
    expected: 'sock_diag',
    refused: ['', 'ebpf', 'netlink'],
  },
  {
    flag: 'owners.time-budget',
    text: '250ms',
    read: (config) => config.ownersBudgetMs,
    expected: 250,
    refused: ['0', '11s'],
  },
  {
    flag: 'close-wait.stuck-after',
    text: '2h',
    read: (config) => config.limits.closeWaitStuckAfterMs,
    expected: 7_200_000,
    refused: ['0', '25h'],
  },
  ...(
    [
      ['connections', 'connections'],
      ['local-ports', 'localPorts'],
      ['remote-ips', 'remoteIps'],
      ['processes', 'processes'],
      ['units', 'units'],
      ['destinations', 'destinations'],
      ['listeners', 'listeners'],
      ['netns', 'netns'],
      ['connection-events', 'connectionEvents'],
    ] as const
  ).map(([name, key]) => ({
    flag: `limit.${name}`,
    text: '5000',
    read: (config: Config) => config.limits[key],
    expected: 5000,
    refused: ['', '5001', '-1', 'all'],
  })),
  {
    flag: 'remote-ip.prefix-v4',
    text: '24',
    read: (config) => config.limits.remotePrefixV4,
    expected: 24,
    refused: ['33', '/24'],
  },
  {
    flag: 'remote-ip.prefix-v6',
    text: '64',
    read: (config) => config.limits.remotePrefixV6,
    expected: 64,
    refused: ['129'],
  },
  { flag: 'log.level', text: 'debug', read: (config) => config.logLevel, expected: 'debug', refused: ['', 'DEBUG'] },
  { flag: 'log.format', text: 'json', read: (config) => config.logFormat, expected: 'json', refused: ['xml'] },
  { flag: 'log.file', text: '/var/log/x', read: (config) => config.logFile, expected: '/var/log/x', refused: ['a\0b'] },
  {
    flag: 'log.file-size',
    text: '512KB',
    read: (config) => config.logFileSize,
    expected: 524_288,
    refused: ['', '9KB', '2GB', '1025MB', '10', '10mb', '1.5MB', '10 MB'],
  },
  { flag: 'log.file-count', text: '1', read: (config) => config.logFileCount, expected: 1, refused: ['0', '101'] },
  { flag: 'path.procfs', text: '/host/proc', read: (config) => config.procfs, expected: '/host/proc', refused: [''] },
  { flag: 'path.sysfs', text: '/host/sys', read: (config) => config.sysfs, expected: '/host/sys', refused: [''] },
  {
    flag: 'path.kubelet-logs',
    text: '/host/log',
    read: (config) => config.kubeletLogs,
    expected: '/host/log',
    refused: [''],
  },
];

/** Refused elsewhere, and tested below. */
const OF_ONE_PLATFORM: readonly string[] = ['service'];

describe('every option', () => {
  it('has a case here', () => {
    const flags = Object.values(OPTIONS)
      .map(({ flag }) => flag)
      .filter((flag) => !OF_ONE_PLATFORM.includes(flag));
    assert.deepEqual(flags.toSorted(), CASES.map(({ flag }) => flag).toSorted());
  });

  for (const { flag, text, read, expected, refused } of CASES) {
    it(`--${flag} is read from the command line`, () => {
      assert.deepEqual(read(configOf([`--${flag}=${text}`], { ...PASSED })), expected);
      assert.notDeepEqual(read(configOf([])), expected, 'the value must differ from the default');
    });

    it(`${environmentName(flag)} is read from the environment`, () => {
      assert.deepEqual(read(configOf([], { ...PASSED, [environmentName(flag)]: text })), expected);
    });

    it(`--${flag} refuses bad values in one line that names flag, value and what is allowed`, () => {
      for (const bad of refused) {
        const message = refusalOf([`--${flag}=${bad}`]);
        const shown = bad.includes('\0') ? JSON.stringify(bad) : bad;
        assert.ok(message.startsWith(`--${flag}=${shown} is not allowed: give `), message);
        assert.ok(!message.includes('\n'), message);
      }
    });
  }
});

describe('readCommand', () => {
  it('works with no option set', () => {
    const config = configOf([]);
    assert.deepEqual(config.listenAddresses, [{ host: undefined, port: 10048 }]);
    assert.equal(config.telemetryPath, '/metrics');
    assert.equal(config.webConfigFile, undefined);
    assert.equal(config.scrapeTimeoutMs, 10_000);
    assert.equal(config.scrapeTimeoutMarginMs, 500);
    assert.equal(config.exporterMetrics, true);
    assert.deepEqual(
      [...config.collectors],
      config.knownCollectors.filter((name) => name !== 'connection_events'),
    );
  });

  it('lets the command line win over the environment', () => {
    const environment = { TCPSTATE_LOG_LEVEL: 'warn', TCPSTATE_LIMIT_UNITS: '7', TCPSTATE_WEB_LISTEN_ADDRESS: ':1,:2' };
    const config = configOf(['--log.level=error', '--web.listen-address=:3'], environment);
    assert.equal(config.logLevel, 'error');
    assert.equal(config.limits.units, 7);
    assert.deepEqual(config.listenAddresses, [{ host: undefined, port: 3 }]);
  });

  it('takes a value as the next word', () => {
    assert.equal(configOf(['--limit.units', '3']).limits.units, 3);
  });

  it('takes a repeatable flag several times, and its variable split by commas', () => {
    const expected = [
      { host: undefined, port: 0 },
      { host: '127.0.0.1', port: 80 },
    ];
    assert.deepEqual(
      configOf(['--web.listen-address=:0', '--web.listen-address', '127.0.0.1:80']).listenAddresses,
      expected,
    );
    assert.deepEqual(configOf([], { TCPSTATE_WEB_LISTEN_ADDRESS: ':0, 127.0.0.1:80' }).listenAddresses, expected);
  });

  it('adds filters up, and has none without such a flag', () => {
    const { filters } = configOf([
      '--filter.exclude=unit=a',
      '--filter.include=unit=b*',
      '--filter.exclude=unit=c',
      '--filter.include=unit=d',
      '--filter.exclude=remote_port=443',
      '--filter.drop',
    ]).limits;
    assert.deepEqual(filters, {
      remotePort: { exclude: [{ first: 443, last: 443 }] },
      unit: { include: ['b*', 'd'], exclude: ['a', 'c'] },
      isDropped: true,
    });
    assert.equal('filters' in configOf([]).limits, false);
  });

  it('refuses any other flag twice', () => {
    assert.equal(refusalOf(['--log.level=info', '--log.level=info']), '--log.level is given twice');
  });

  it('counts an empty variable as unset', () => {
    assert.equal(configOf([], { TCPSTATE_LOG_LEVEL: '', TCPSTATE_WEB_CONFIG_FILE: '' }).logLevel, 'info');
  });

  it('names the environment variable of a bad value', () => {
    assert.equal(
      refusalOf([], { TCPSTATE_LIMIT_UNITS: 'x' }),
      'TCPSTATE_LIMIT_UNITS=x is not allowed: give a whole number from 0 to 5000',
    );
  });

  it('shows a value with control characters on one line', () => {
    assert.match(refusalOf(['--log.level=a\nb']), /^--log\.level="a\\nb" is not allowed: give one of fatal, [^\n]+$/);
    assert.match(refusalOf(['--log.level=\u009b31m\u007f']), /^--log\.level="\\x9b31m\\x7f" is not allowed/);
    assert.match(refusalOf(['\u202ered']), /^unexpected argument "\\u202ered"/);
  });

  it('suggests the nearest flag for a typo', () => {
    assert.equal(
      refusalOf(['--web.listen-adress=:1']),
      'unknown flag --web.listen-adress: did you mean --web.listen-address?',
    );
    assert.equal(
      refusalOf(['--no-colector.sockets']),
      'unknown flag --no-colector.sockets: did you mean --no-collector.sockets?',
    );
    assert.equal(
      refusalOf(['-web.listen-address=:1']),
      'unknown flag -web.listen-address: did you mean --web.listen-address?',
    );
    assert.equal(refusalOf(['--vresion']), 'unknown flag --vresion: did you mean --version?');
    assert.equal(refusalOf(['--something-else-entirely']), 'unknown flag --something-else-entirely: see --help');
  });

  it('refuses a variable of its own prefix that no option has', () => {
    assert.equal(
      refusalOf([], { TCPSTATE_LOG_LEVLE: 'info' }),
      'unknown environment variable TCPSTATE_LOG_LEVLE: did you mean TCPSTATE_LOG_LEVEL?',
    );
    assert.match(refusalOf([], { TCPSTATE_SOMETHING_ELSE: '1' }), /TCPSTATE_SOMETHING_ELSE: --help lists them/);
  });

  it('starts in a Kubernetes namespace with a service of its own name', () => {
    configOf([], {
      TCPSTATE_EXPORTER_SERVICE_HOST: '10.0.0.1',
      TCPSTATE_EXPORTER_SERVICE_PORT: '10048',
      TCPSTATE_EXPORTER_SERVICE_PORT_METRICS: '10048',
      TCPSTATE_EXPORTER_PORT: 'tcp://10.0.0.1:10048',
      TCPSTATE_EXPORTER_PORT_10048_TCP: 'tcp://10.0.0.1:10048',
      TCPSTATE_EXPORTER_PORT_10048_TCP_ADDR: '10.0.0.1',
      TCPSTATE_SERVICE_HOST: '10.0.0.1',
    });
  });

  it('refuses words that are no flag, values where none belong, and flags without the value they need', () => {
    assert.equal(refusalOf(['start']), 'unexpected argument "start": every setting is a flag');
    assert.equal(refusalOf(['--', '--log.level=info']), 'unexpected argument "--": every setting is a flag');
    assert.equal(refusalOf(['--no-collector.sockets=true']), '--no-collector.sockets takes no value');
    assert.equal(
      refusalOf(['--limit.units', '--log.level=info']),
      '--limit.units needs a value: give a whole number from 0 to 5000',
    );
    assert.equal(refusalOf(['--log.format']), '--log.format needs a value: give one of logfmt, json');
  });

  it('checks itself with the same settings as it would run with, and no variable stands for that', () => {
    const command = readCommand('linux', ['--no-collector.units', '--self-check', '--limit.units=3'], {});
    assert.equal(command.kind, 'self-check');
    assert.equal(command.config.limits.units, 3);
    assert.equal(command.config.collectors.has('units'), false);
    assert.equal(refusalOf(['--self-check', '--limit.units=x']).split(':')[0], '--limit.units=x is not allowed');
    assert.match(refusalOf([], { TCPSTATE_SELF_CHECK: 'true' }), /^unknown environment variable TCPSTATE_SELF_CHECK/);
    assert.equal(refusalOf(['--self-chek']), 'unknown flag --self-chek: did you mean --self-check?');
  });

  it('checks the files with the same settings, and no variable stands for that', () => {
    const command = readCommand('linux', ['--config.check', '--config.file=a.yml'], {});
    assert.equal(command.kind, 'config.check');
    assert.equal(command.config.configFile, 'a.yml');
    assert.match(
      refusalOf([], { TCPSTATE_CONFIG_CHECK: 'true' }),
      /^unknown environment variable TCPSTATE_CONFIG_CHECK/,
    );
  });

  it('refuses a value for what takes none', () => {
    for (const flag of ['--help', '--version', '--self-check', '--config.check', '-h']) {
      assert.equal(refusalOf([`${flag}=1`]), `${flag} takes no value`);
      assert.equal(refusalOf([`${flag}=`]), `${flag} takes no value`);
    }
  });

  it('takes true or false in the variable of a switch, and nothing else', () => {
    const read = (text: string) => configOf([], { TCPSTATE_WEB_DISABLE_EXPORTER_METRICS: text }).exporterMetrics;
    assert.deepEqual([read('true'), read('false'), read('')], [false, true, true]);
    for (const text of ['1', 'yes', 'True', 'on'])
      assert.equal(
        refusalOf([], { TCPSTATE_WEB_DISABLE_EXPORTER_METRICS: text }),
        `TCPSTATE_WEB_DISABLE_EXPORTER_METRICS=${text} is not allowed: give true or false`,
      );
  });

  it('prints help or version whatever else is asked', () => {
    assert.equal(readCommand('linux', ['--log.level=nonsense', '--help'], {}).kind, 'help');
    assert.equal(readCommand('linux', ['-h'], {}).kind, 'help');
    assert.equal(readCommand('linux', ['--version', '--unknown'], {}).kind, 'version');
  });
});

describe('sockets passed by systemd', () => {
  it('exclude addresses, from wherever those come', () => {
    const meant = 'exclude each other: the addresses are those of the .socket unit';
    assert.equal(
      refusalOf(['--web.systemd-socket', '--web.listen-address=:1']),
      `--web.systemd-socket and --web.listen-address ${meant}`,
    );
    assert.equal(
      refusalOf(['--web.systemd-socket'], { TCPSTATE_WEB_LISTEN_ADDRESS: ':1' }),
      `--web.systemd-socket and TCPSTATE_WEB_LISTEN_ADDRESS ${meant}`,
    );
  });

  it('exist on Linux only', () => {
    assert.throws(() => readCommand('windows', ['--web.systemd-socket'], PASSED), {
      message: '--web.systemd-socket is not possible here: systemd is found on Linux only',
    });
  });

  it('are left alone unless they are asked for, and by a self-check', () => {
    const environment = { ...PASSED };
    assert.deepEqual(configOf([], environment).passedSockets, []);
    assert.equal(readCommand('linux', ['--self-check', '--web.systemd-socket'], environment).kind, 'self-check');
    assert.deepEqual(environment, PASSED);
  });

  it('are refused where none was passed', () => {
    assert.match(
      refusalOf(['--web.systemd-socket']),
      /^--web\.systemd-socket is not possible: systemd passed no socket /,
    );
  });
});
