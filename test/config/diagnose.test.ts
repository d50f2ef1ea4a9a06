import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigRefusal } from '../../src/config/config.ts';
import { readDiagnose } from '../../src/config/diagnose.ts';
import { wantsDiagnose } from '../../src/config/wants-diagnose.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';

describe('the command line of diagnose', () => {
  it('is that behind the word diagnose', () => {
    assert.equal(wantsDiagnose(['diagnose', '--check']), true);
    assert.equal(wantsDiagnose(['--check', 'diagnose']), false);
    assert.equal(wantsDiagnose([]), false);
  });

  it('works with no flag', () => {
    const { watchMs, intervalMs, csv, check, json, warn, crit, color, url } = read([]);
    assert.deepEqual(
      { watchMs, intervalMs, csv, check, json, warn, crit, color, url },
      {
        watchMs: undefined,
        intervalMs: 1000,
        csv: undefined,
        check: false,
        json: false,
        warn: {},
        crit: {},
        color: true,
        url: undefined,
      },
    );
  });

  it('has flags whose value may be left out, and then does not take the next word for it', () => {
    assert.equal(read(['--watch']).watchMs, 2000);
    assert.equal(read(['--watch=5s']).watchMs, 5000);
    assert.equal(read(['--csv']).csv, '-');
    assert.deepEqual([read(['--csv=rows.csv', '--watch']).csv, read(['--watch', '--json']).json], ['rows.csv', true]);
    refuses(['--csv', 'rows.csv'], /unexpected argument "rows\.csv"/);
  });

  it('takes limits, states and addresses as people write them', () => {
    const { warn, crit, state, url } = read([
      '--warn=util:60,time_wait:20000',
      '--crit=close_wait_stuck=100, queue:80%',
      '--state=TIME-WAIT',
      '--url=http://web-1:10048',
    ]);
    assert.deepEqual(
      [warn, crit],
      [
        { util: 60, time_wait: 20_000 },
        { close_wait_stuck: 100, queue: 80 },
      ],
    );
    assert.equal(state, 6);
    assert.equal(url!.href, 'http://web-1:10048/metrics');
  });

  it('refuses what it does not know, with what is meant', () => {
    refuses(['--warn=utilisation:60'], /--warn=utilisation:60 is not allowed: give figures with a number/);
    refuses(['--warn=util:60,util:70'], /is not allowed/);
    refuses(['--state=timewait'], /did you mean time_wait\?/);
    refuses(['--url=http://me:secret@web-1/'], /without user and password in it/);
    refuses(['--url=file:///etc/passwd'], /is not allowed/);
    refuses(['--web.listen-address=:9100'], /unknown flag --web\.listen-address/);
    refuses(['--wach'], /did you mean --watch\?/);
    refuses(['--user=a:b'], /a name without a colon/);
  });

  it('refuses what means nothing together', () => {
    refuses(['--check', '--json'], /--check and --json exclude each other/);
    refuses(['--check', '--watch'], /--check and --watch exclude each other/);
    refuses(['--watch', '--interval=5s'], /--interval and --watch exclude each other: .* is that of --watch=2s/);
    refuses(['--port=80', '--by=ip'], /--port and --by or --state exclude each other/);
    for (const output of ['--check', '--json', '--csv'])
      for (const table of ['--port=80', '--by=ip', '--state=listen'])
        refuses(
          [output, table],
          /^--(port|by|state) chooses a table for a person: leave it out, or --(check|json|csv)$/,
        );
    refuses(['--insecure'], /are for --url, which is not given/);
    refuses(['--url=https://web-1', '--user=me'], /belong together/);
    refuses(['--self-check'], /not part of diagnose/);
  });

  it('refuses to judge without sockets, whoever turned them off, unless a page has them', () => {
    const nothing = /there is nothing to judge without sockets/;
    refuses(['--no-collector.sockets'], nothing);
    refuses(['--collector.disable-defaults'], nothing);
    refuses([], nothing, { TCPSTATE_COLLECTOR_SOCKETS: 'false' });
    assert.equal(read(['--collector.disable-defaults', '--collector.sockets']).config.collectors.size, 1);
    assert.ok(read(['--no-collector.sockets', '--url=http://web-1:10048']).url);
  });

  it('collects as the server would, by the same flags and environment, with more room', () => {
    const { config } = read(['--close-wait.stuck-after=5s', '--no-collector.namespace', '--limit.processes=7'], {
      TCPSTATE_REMOTE_IP_PREFIX_V4: '24',
      TCPSTATE_WEB_LISTEN_ADDRESS: ':9',
    });
    assert.equal(config.limits.closeWaitStuckAfterMs, 5000);
    assert.equal(config.limits.remotePrefixV4, 24);
    assert.equal(config.limits.processes, 7);
    assert.ok(config.limits.connections > DEFAULT_LIMITS.connections);
    const isForVerdict = (...args: string[]) => read(args).config.limits.isForVerdict;
    assert.deepEqual([isForVerdict(), isForVerdict('--check')], [true, true]);
    for (const flag of ['--json', '--by=port', '--state=time_wait', '--top=5']) assert.equal(isForVerdict(flag), false);
    const { limits } = read(['--state=time_wait']).config;
    assert.ok(limits.connections > config.limits.connections && limits.remoteIps > config.limits.remoteIps);
    assert.deepEqual([config.ownersBudgetMs, read(['--owners.time-budget=1s']).config.ownersBudgetMs], [5000, 1000]);
    assert.ok(!config.collectors.has('namespace'));
  });

  it('has a help with the defaults of diagnose where they are not those of the server', () => {
    const command = readDiagnose('linux', ['--help'], {});
    assert.ok(command.kind === 'help');
    for (const said of [
      '[TCPSTATE_LIMIT_CONNECTIONS]',
      'Default: 1000; with --by, --state or --top 5000 [TCPSTATE_LIMIT_CONNECTIONS]',
      'Default: 5s [TCPSTATE_OWNERS_TIME_BUDGET]',
    ])
      assert.ok(command.text.includes(said), said);
    assert.match(command.text, /\[no-\]collector\.netns\n[^-]*Only with\s+--collector\.sockets\.source=bpf\./);
    assert.ok(!command.text.includes('connection_events'), 'one look sees nothing of what was before');
    assert.equal(readDiagnose('linux', ['--collector.connection_events'], {}).kind, 'diagnose');
    refuses(['--scrape.timeout-margin=1s'], /unknown flag/);
  });

  it('has a help that names each flag, in 88 columns', () => {
    const command = readDiagnose('linux', ['--help'], {});
    assert.ok(command.kind === 'help');
    for (const flag of [
      '--watch[=<duration>]',
      '--csv[=<path>]',
      '--no-color',
      '--insecure',
      '--[no-]collector.sockets',
    ])
      assert.ok(command.text.includes(`  ${flag}\n`), flag);
    assert.deepEqual(
      command.text.split('\n').filter((line) => line.length > 88 || line !== line.trimEnd()),
      [],
    );
    assert.equal(readDiagnose('linux', ['--version'], {}).kind, 'version');
  });
});

function read(argv: readonly string[], environment = {}) {
  const command = readDiagnose('linux', argv, environment);
  assert.ok(command.kind === 'diagnose');
  return command.options;
}

function refuses(argv: readonly string[], says: RegExp, environment = {}): void {
  assert.throws(
    () => readDiagnose('linux', argv, environment),
    (error) => error instanceof ConfigRefusal && says.test(error.message),
    argv.join(' '),
  );
}
