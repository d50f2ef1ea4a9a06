import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderLivePage } from '../../../../src/http/pages/live/page.ts';
import { DEFAULT_LIMITS } from '../../../../src/model/limits.ts';
import type { Snapshot } from '../../../../src/model/snapshot.ts';
import { TcpState } from '../../../../src/model/tcp-state.ts';
import type { LiveLook } from '../../../../src/scrape/live.ts';
import { BUILD } from '../../../support/http/http-settings.ts';
import { fullSnapshot } from '../../../support/pages/full-snapshot.ts';
import { liveLook } from '../../../support/pages/live-looks.ts';
import { LINUX_SNAPSHOT, WINDOWS_SNAPSHOT } from '../../../support/pages/snapshots.ts';
import { type Document, readStrictHtml } from '../../../support/pages/strict-html.ts';
import {
  connection,
  HEALTHY,
  PORTS,
  statesOf,
  withCounters,
  withDestination,
  withSockets,
} from '../../../verdict/hosts.ts';

const PLACE = { host: 'web-1', build: BUILD, telemetryPath: '/metrics' };
const MARKUP = `<img src=x onerror="a">&'`;

describe('the live page', () => {
  it('tells a healthy host that it is OK, in its title too', () => {
    const { text } = draw(liveLook(HEALTHY, HEALTHY));
    assert.match(
      text,
      /^ OK · web-1 · tcpstate web-1 TCP on Linux 10:42:07 UTC · every 5 s · pause OK nothing is near a limit /,
    );
    assert.match(text, / ESTABLISHED 130 .* TIME_WAIT 400 .* CLOSE_WAIT 2 .* LISTEN 9 /);
    assert.match(text, / 10\.0\.0\.50:5432 300 1\.1 % 280 – /);
    assert.match(text, /Process Sockets Oldest Stuck api – 4s none /);
    assert.match(text, / 10\.0\.0\.1:80 3 of 511 – nginx /);
    assert.match(text, /Limit Used At the worst place ports 1\.1 % 300 of 28,232 10\.0\.0\.50:5432 /);
    assert.match(
      text,
      /Sockets 541 sockets Owners the process of every socket that has one Namespaces the network of the host, the processes of the host /,
    );
    assert.match(
      text,
      /Collectors 1 collector, all work Rates no connection opened, accepted, failed, reset \(the last 10s\)/,
    );
    assert.match(text, /tcpstate-exporter 1\.2\.3, revision abc1234, Node\.js v20\.17\.0 $/);
  });

  it('has the verdict of diagnose on top: headline, details, what it means, what to do and what not', () => {
    const connections = { cells: [connection(TcpState.established, 'shop-worker', 60)], folded: 0 };
    const used = withDestination({ portsUsed: PORTS, portsTimeWait: PORTS - 60 }, withSockets({ connections }));
    const { text, elements } = draw(liveLook(withCounters({ timeWaitEntered: 4800 }, used), used));
    assert.match(
      text,
      /CRITICAL 1 critical CRITICAL Ports to 10\.0\.0\.50:5432 are exhausted: 28,232 of 28,232 taken \(28,172 TIME_WAIT, 60 open\)\. likely shop-worker \(inferred: 60 open connections there\) from 10\.0\.0\.1, range 32768-60999 480\/s enter TIME_WAIT on this host; the range sustains 471\/s to one destination Means New connections .* Do Slow down or stop shop-worker, .* Not tcp_tw_recycle, .* More runbook, TcpEphemeralPortsExhausted /,
    );
    assert.match(text, / 10\.0\.0\.50:5432 28,232 100 % 28,172 shop-worker ~ /);
    assert.match(text, /^ CRITICAL · /);
    assert.ok(elements.some(({ attributes }) => attributes.href?.endsWith('/runbook.md#tcpephemeralportsexhausted')));
  });

  it('says what a kind of finding means once, and what to do for each', () => {
    const queue = (localPort: number) =>
      ({ localIp: '10.0.0.1', localPort, process: `api-${localPort}`, queueLength: 17, queueLimit: 16 }) as const;
    const { text } = draw(liveLook(withSockets({ listeners: { cells: [queue(80), queue(81)], folded: 0 } })));
    assert.equal(text.match(/ Means /g)!.length, 1);
    assert.match(text, / Do Check whether api-80 .* Do Check whether api-81 /);
  });

  it('does not show a limit that is none', () => {
    const settings = { fileNrOpen: 6000, fileMax: 2 ** 63 };
    assert.doesNotMatch(draw(liveLook({ ...HEALTHY, settings })).text, / open files /);
  });

  it('counts drops between the looks, and says of one look that it has no rates', () => {
    const at = (drops: number) =>
      withSockets({
        listenerDrops: { cells: [{ localIp: '10.0.0.1', localPort: 80, process: 'nginx', drops }], folded: 0 },
      });
    assert.match(draw(liveLook(at(150), at(2))).text, / 3 of 511 150 \+14\.8\/s nginx /);
    const { text } = draw(liveLook(at(150)));
    assert.match(text, / 3 of 511 150 nginx .* one look only, so no rates yet/);
  });

  it('names processes by what they come nearest to, with the inferred owner of TIME_WAIT marked', () => {
    const host = withSockets({
      processes: {
        cells: [
          { process: 'many', state: TcpState.established, sockets: 900 },
          { process: 'shop-worker', state: TcpState.established, sockets: 60 },
          { process: 'unknown', state: TcpState.timeWait, sockets: 400 },
        ],
        folded: 0,
      },
      connections: {
        cells: [connection(TcpState.established, 'shop-worker', 60), connection(TcpState.timeWait, 'unknown', 400)],
        folded: 0,
      },
      processFds: { cells: [{ process: 'legacy', open: 491, limit: 1024 }], folded: 0 },
    });
    assert.match(
      draw(liveLook(host)).text,
      /Open fds legacy – – – 491 of 1,024 48 % shop-worker 60 400\u00a0~ – – many 900 – – – /,
    );
  });

  it('draws ten minutes of each state, from the first look on', () => {
    const { elements, text } = draw(liveLook(HEALTHY, undefined, 121));
    const lines = elements
      .filter(({ attributes }) => attributes.class === 'line')
      .map(({ attributes }) => attributes.d!);
    assert.equal(lines.length, 4);
    for (const line of lines) assert.match(line, /^M0\.0 [\d.]+(L[\d.]+ [\d.]+){119}L240\.0 2\.0$/);
    assert.match(text, / ESTABLISHED 130 1 – 130 /);
  });

  it('breaks the line where a time is not known', () => {
    const look = liveLook(HEALTHY, undefined, 121);
    const history = look.history.filter((_, at) => at < 20 || at > 60);
    const { elements } = draw({ ...look, history });
    const lines = elements
      .filter(({ attributes }) => attributes.class === 'line')
      .map(({ attributes }) => attributes.d!);
    for (const line of lines) assert.equal(line.match(/M/g)!.length, 2);
  });

  it('can be paused, and goes on from there', () => {
    const running = draw(liveLook(HEALTHY));
    assert.deepEqual(refreshOf(running), ['5']);
    assert.ok(linksOf(running).includes('./?refresh=0'));
    const paused = draw(liveLook(HEALTHY), true);
    assert.deepEqual(refreshOf(paused), []);
    assert.ok(linksOf(paused).includes('./'));
  });

  it('says so before the first collection, and after a collector failed', () => {
    const failed = {
      collector: 'sockets',
      success: false,
      seconds: 0,
      error: 'the collector thread was lost',
    } as const;
    const nothing = draw({ ...liveLook({ outcomes: [failed] }), history: [] }).text;
    assert.match(
      nothing,
      /No collection has brought any socket yet\..* UNKNOWN 1 unknown UNKNOWN The collector sockets failed: the collector thread was lost\./,
    );
    assert.match(nothing, / The sockets could not be read\. .*Sockets not read yet /);
    const before = liveLook(HEALTHY, undefined, 121);
    const { text } = draw({ ...before, snapshot: { outcomes: [failed] }, atMs: before.atMs + 40_000 });
    assert.doesNotMatch(text, /No collection has brought/);
    assert.match(
      text,
      / ESTABLISHED not known 1 – 130 .*Sockets not read now; 40s ago they were the last time .*1 collector; sockets failed /,
    );
  });

  it('tells once that all collectors failed, with the reason of each', () => {
    const outcomes = (['sockets', 'counters', 'units'] as const).map((collector) => ({
      collector,
      success: false,
      seconds: 0,
      error: collector === 'units' ? 'EACCES' : 'EIO',
    }));
    assert.match(
      draw(liveLook({ outcomes })).text,
      / UNKNOWN 3 unknown UNKNOWN 3 collectors failed\. sockets, counters: EIO units: EACCES Means /,
    );
  });

  it('draws a history that has just begun over the time that it has', () => {
    const { elements, text } = draw(liveLook(HEALTHY, undefined, 25));
    assert.match(text, / Last 2m00s, least – most /);
    const lines = elements
      .filter(({ attributes }) => attributes.class === 'line')
      .map(({ attributes }) => attributes.d!);
    for (const line of lines) assert.match(line, /^M0\.0 /);
    assert.match(draw(liveLook(HEALTHY, undefined, 2)).text, / Last 1m00s, least – most /);
  });

  it('names what is not known instead of showing zero', () => {
    const { text } = draw(liveLook({ outcomes: [], sockets: { states: { ipv4: statesOf({ 1: 3 }), ipv6: [] } } }));
    assert.match(
      text,
      /Ports by destination Not known here\. Limits No limit is known here\. CLOSE_WAIT Not known here\. Accept queues Not known here\. Processes Nobody looked for them\. /,
    );
    assert.match(text, /Owners not known: nobody looked for processes Namespaces not looked at /);
  });

  it('says which sockets have no process, and why; warnings of the start as well', () => {
    const host = withSockets({
      unattributed: [
        { state: 1, reason: 'permission', sockets: 100 },
        { state: 6, reason: 'kernel', sockets: 400 },
      ],
    });
    const notices = [
      { level: 'warn', message: 'CAP_SYS_PTRACE is missing' },
      { level: 'info', message: 'inet_diag works' },
    ] as const;
    const { text } = readStrictHtml(renderLivePage(liveLook(host), notices, PLACE, false));
    assert.match(text, /Owners no process for 100 of 141 sockets that have one \(permission 100\) /);
    assert.match(text, /Missing CAP_SYS_PTRACE is missing /);
    assert.doesNotMatch(text, /inet_diag works/);
  });

  it('shows everything that Linux and Windows have', () => {
    assert.match(draw(liveLook(LINUX_SNAPSHOT, LINUX_SNAPSHOT, 30)).text, / feed-poller – – – 955 of 1,024 93 % /);
    const build = { ...BUILD, platform: 'win32' };
    const { text } = readStrictHtml(
      renderLivePage(liveLook(WINDOWS_SNAPSHOT, undefined, 30), [], { ...PLACE, build }, false),
    );
    assert.match(text, / TCP on Windows .* all together, ipv4 .*TcpTimedWaitDelay /);
  });

  it('stays readable and below 100 KB with everything at its limits, and says how much it leaves out', () => {
    const page = renderLivePage(
      liveLook(fullSnapshot({ ...DEFAULT_LIMITS, processes: 400 }), undefined, 121),
      [],
      PLACE,
      false,
    );
    assert.ok(page.length < 100_000, `${page.length} bytes`);
    const { text, elements } = readStrictHtml(page);
    assert.match(text, / and 385 more processes .*/);
    assert.match(text, / and 1,936 more findings /);
    assert.ok(elements.filter(({ tag }) => tag === 'tr').length < 100);
  });

  it('shows names with markup in them as text, wherever they are', () => {
    const { text, elements } = draw(liveLook(withMarkup(), withMarkup()));
    const harmless = draw(liveLook(HEALTHY));
    assert.ok(text.split(MARKUP).length > 8, 'the name is on the page');
    const kinds = new Set(harmless.elements.map(({ tag }) => tag));
    for (const added of ['article', 'ul', 'li', 'h3', 'dl', 'i', 'a']) kinds.add(added);
    for (const { tag, attributes } of elements) {
      assert.ok(kinds.has(tag), tag);
      assert.ok(!Object.keys(attributes).some((name) => name.startsWith('on') || name === 'src' || name === 'style'));
    }
  });

  it('shows the direction marks and controls of a name, and keeps a name that runs the other way by itself', () => {
    const name = 'a\u202Eb\u001bק';
    const host = withSockets({
      closeWait: {
        oldest: [{ process: name, seconds: 900 }],
        stuck: [{ process: name, reason: 'unclosed', sockets: 450 }],
        folded: 0,
      },
    });
    const page = renderLivePage(liveLook(host), [], PLACE, false);
    assert.doesNotMatch(page.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
    assert.ok(page.includes('<h3><span class="word">WARNING</span> <bdi>a\\u202eb\\x1bק</bdi> never closed 450'));
  });

  it('asks for nothing from anywhere and runs nothing', () => {
    const { elements } = draw(liveLook(withMarkup(), undefined, 121));
    const tags = new Set(elements.map(({ tag }) => tag));
    for (const tag of ['script', 'img', 'link', 'iframe', 'object', 'form', 'button', 'input', 'base', 'use', 'image'])
      assert.ok(!tags.has(tag), tag);
    for (const link of linksOf({ elements, text: '' }))
      assert.match(
        link,
        /^(\.\/|\.\/\?refresh=0|\.\/metrics|\.\/-\/(healthy|ready)|https:\/\/github\.com\/tcpstate-exporter\/.*#\w+)$/,
      );
  });

  it('gives tables, sections and headings that a screen reader can follow', () => {
    const { elements } = draw(liveLook(LINUX_SNAPSHOT, LINUX_SNAPSHOT, 30));
    for (const { tag, attributes } of elements) {
      if (tag === 'th') assert.match(attributes.scope ?? '', /^(col|row)$/);
      if (tag === 'svg') assert.equal(attributes['aria-hidden'], 'true', 'its number stands beside it');
      if (tag === 'section')
        assert.ok(elements.some((each) => each.attributes.id === attributes['aria-labelledby'] && each.tag === 'h2'));
    }
    const levels = elements.filter(({ tag }) => /^h\d$/.test(tag)).map(({ tag }) => Number(tag[1]));
    assert.deepEqual([levels[0], levels.filter((level) => level === 1).length], [1, 1]);
    for (const [at, level] of levels.entries()) assert.ok(level <= (levels[at - 1] ?? 0) + 1);
  });
});

/** A host where everything that somebody chose is markup. */
function withMarkup(): Snapshot {
  const place = { localIp: MARKUP, localPort: 80, process: MARKUP };
  return withSockets(
    {
      processes: { cells: [{ process: MARKUP, state: 8, sockets: 450 }], folded: 0 },
      connections: { cells: [connection(TcpState.established, MARKUP, 60)], folded: 0 },
      listeners: { cells: [{ ...place, queueLength: 600, queueLimit: 511 }], folded: 0 },
      closeWait: {
        oldest: [{ process: MARKUP, seconds: 900 }],
        stuck: [{ process: MARKUP, reason: 'unclosed', sockets: 450 }],
        folded: 0,
      },
      processFds: { cells: [{ process: MARKUP, open: 1020, limit: 1024 }], folded: 0 },
    },
    {
      ...withDestination({ portsUsed: PORTS }),
      outcomes: [{ collector: 'units', success: false, seconds: 0, error: MARKUP }],
    },
  );
}

function draw(look: LiveLook, isPaused = false): Document {
  return readStrictHtml(renderLivePage(look, [], PLACE, isPaused));
}

function refreshOf({ elements }: Document): string[] {
  return elements
    .filter(({ attributes }) => attributes['http-equiv'] === 'refresh')
    .map(({ attributes }) => attributes.content!);
}

function linksOf({ elements }: Document): string[] {
  return elements.flatMap(({ attributes }) => attributes.href ?? []);
}
