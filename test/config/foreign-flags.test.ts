import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configOf, refusalOf } from '../support/files/given-config.ts';

describe('what people paste from other exporters', () => {
  for (const [pasted, message] of [
    [
      '--path.rootfs=/host',
      /^unknown flag --path\.rootfs: use --path\.procfs=<root>\/proc and --path\.sysfs=<root>\/sys$/,
    ],
    ['--runtime.gomaxprocs=1', /^unknown flag --runtime\.gomaxprocs: leave it out: /],
    ['--collectors.enabled=tcp,process', /^unknown flag --collectors\.enabled: use --collector\.disable-defaults and /],
    ['--web.config=a.yml', /^unknown flag --web\.config: use --web\.config\.file$/],
    ['--telemetry.addr=:1', /^unknown flag --telemetry\.addr: use --web\.listen-address$/],
    ['--collector.tcpstat', /^unknown flag --collector\.tcpstat: use --collector\.sockets$/],
    ['--no-collector.netstat', /^unknown flag --no-collector\.netstat: use --no-collector\.counters$/],
    ['--no-collector.tcp', /: use --no-collector\.sockets and --no-collector\.counters$/],
    ['--no-collector.wifi', /^unknown flag --no-collector\.wifi: there is --collector\.ephemeral_ports, /],
    ['--collector.unit', /^unknown flag --collector\.unit: did you mean --collector\.units\?$/],
    ['--log.level=WARN', /^--log\.level=WARN is not allowed: give one of fatal, .*; did you mean warn\?$/],
    ['--log.level=eror', /^--log\.level=eror is not allowed: give .*; did you mean error\?$/],
    ['--log.level=verbose', /^--log\.level=verbose is not allowed: give one of [^;]*$/],
    [
      '--log.file=eventlog',
      /^--log\.file=eventlog is not allowed: give a path, stdout or stderr; nothing is written to the event log/,
    ],
  ] as const) {
    it(`${pasted} is answered with what to do here`, () => {
      assert.match(refusalOf([pasted]), message);
    });
  }

  it('is taken where it means the same', () => {
    const flags = [
      '--web.telemetry-path=/metrics',
      '--web.max-requests=40',
      '--web.listen-address=:9',
      '--log.file=stderr',
    ];
    assert.equal(configOf([...flags, '--path.procfs=/proc', '--no-collector.conntrack']).logFile, 'stderr');
    assert.equal(configOf(['--log.file=./stdout']).logFile, './stdout');
  });
});

describe('durations', () => {
  for (const [text, ms] of [
    ['1m30s', 90_000],
    ['90s', 90_000],
    ['1.5m', 90_000],
    ['90', 90_000],
    ['90000ms', 90_000],
    ['1m29s1000ms', 90_000],
    ['.5m60s', 90_000],
    ['0.5', 500],
  ] as const) {
    it(`may be written ${text}`, () => {
      assert.equal(configOf([`--scrape.timeout=${text}`]).scrapeTimeoutMs, ms);
    });
  }

  for (const text of ['-5s', '1m 30s', '1d', '30S', '1m30', '5 s', 's', '+5s', '1e3']) {
    it(`may not be written ${text}`, () => {
      const message = `--scrape.timeout=${text} is not allowed: give a duration from 100ms to 10m, such as 500ms, 60s, 1m30s, 2h or plain seconds`;
      assert.equal(refusalOf([`--scrape.timeout=${text}`]), message);
    });
  }
});
