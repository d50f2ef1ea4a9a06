import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { CloseWaitAges, ListenerCell, ProcessFds } from '../../src/model/socket-counts.ts';
import { TcpState } from '../../src/model/tcp-state.ts';
import { findingsOf, HEALTHY, kindsOf, withCounters, withSockets } from './hosts.ts';

type Reason = CloseWaitAges['stuck'][number]['reason'];

function waiting(sockets: number, seconds: number, reason: Reason = 'unclosed', process = 'legacy') {
  const connections = {
    cells: [
      {
        state: TcpState.closeWait,
        direction: 'inbound',
        localPort: '9000',
        remoteIp: '10.0.0.50',
        remotePort: 'ephemeral',
        process,
        sockets,
      } as const,
    ],
    folded: 0,
  };
  const closeWait = { oldest: [{ process, seconds }], stuck: [{ process, reason, sockets }], folded: 0 };
  const processFds = { cells: [{ process, open: sockets + 40, limit: 1024 }], folded: 0 };
  return withSockets({ closeWait, connections, processFds });
}

describe('CLOSE_WAIT', () => {
  it('that a process never closed is a warning with age, growth, descriptors and peer', () => {
    const [finding, ...others] = findingsOf(waiting(450, 968), waiting(435, 938), 30);
    assert.deepEqual(others, []);
    assert.deepEqual([finding!.kind, finding!.severity], ['close_wait_unclosed', 'warning']);
    assert.deepEqual(finding!.subject, { type: 'process', process: 'legacy' });
    assert.equal(
      finding!.headline,
      'legacy never closed 450 connections that the peers closed, the oldest for 16m08s.',
    );
    assert.deepEqual(finding!.details, [
      '+30 a minute',
      '490 of 1,024 descriptors open',
      'most with 10.0.0.50 (our port 9000): 450',
    ]);
    assert.deepEqual(finding!.numbers, {
      stuck: 450,
      oldestSeconds: 968,
      growthPerMinute: 30,
      openFds: 490,
      maxFds: 1024,
    });
    assert.match(finding!.do, /stack dump of legacy, then restart it/);
  });

  it('that nobody accepted is told as such', () => {
    const [finding] = findingsOf(waiting(13, 960, 'unaccepted', 'api'));
    assert.equal(finding!.kind, 'close_wait_unaccepted');
    assert.equal(finding!.headline, 'api never accepted 13 connections whose clients gave up, the oldest for 16m00s.');
  });

  it('is silent at five, and an old pool is no warning unless it grows', () => {
    assert.deepEqual(kindsOf(waiting(5, 968)), []);
    assert.deepEqual(
      findingsOf(waiting(60, 9_000)).map(({ severity }) => severity),
      ['info'],
    );
    assert.deepEqual(
      findingsOf(waiting(60, 9_000), waiting(58, 8_970)).map(({ severity }) => severity),
      ['warning'],
    );
    assert.deepEqual(
      findingsOf(waiting(101, 9_000)).map(({ severity }) => severity),
      ['warning'],
    );
  });

  it('of a process that cannot be seen is told without a name', () => {
    const [finding] = findingsOf(waiting(20, 600, 'unclosed', 'unknown'));
    assert.match(finding!.headline, /^A process that cannot be seen never closed 20 connections/);
    assert.match(finding!.do, /stack dump of the process behind it/);
  });
});

describe('descriptors', () => {
  const fds = (open: number, more: Partial<ProcessFds> = {}) =>
    withSockets({ processFds: { cells: [{ process: 'legacy', open, limit: 1024, ...more }], folded: 0 } });

  it('run out within minutes', () => {
    const [finding] = findingsOf(fds(500), fds(400), 30);
    assert.deepEqual([finding!.kind, finding!.severity], ['fds_running_out', 'critical']);
    assert.match(finding!.headline, /legacy runs out of descriptors in 2m37s at this growth: 500 of 1,024 open/);
  });

  it('do not, for a start, for a sandbox, for noise, and without an earlier look', () => {
    assert.deepEqual(kindsOf(fds(300), fds(100), 30), []);
    assert.deepEqual(kindsOf(fds(40, { limit: 60 }), fds(10, { limit: 60 }), 30), []);
    assert.deepEqual(kindsOf(fds(505), fds(500)), []);
    assert.deepEqual(kindsOf(fds(500)), []);
  });

  it('are near the limit above 85 %, never without a limit', () => {
    assert.deepEqual(kindsOf(fds(871)), ['fds_near_limit']);
    assert.deepEqual(kindsOf(fds(870)), []);
    const { limit: _, ...unlimited } = { process: 'legacy', open: 900_000, limit: 0 };
    assert.deepEqual(
      kindsOf(withSockets({ processFds: { cells: [{ ...unlimited, limit: undefined }], folded: 0 } })),
      [],
    );
  });

  it('of sockets that are gone are told', () => {
    assert.deepEqual(kindsOf(fds(600, { closedSockets: 101 })), ['closed_sockets_held']);
    assert.deepEqual(kindsOf(fds(600, { closedSockets: 100 })), []);
  });

  it('of the host are told near fs.file-max', () => {
    const host = (fileNrOpen: number) => ({ ...HEALTHY, settings: { ...HEALTHY.settings, fileMax: 1000, fileNrOpen } });
    assert.deepEqual(kindsOf(host(851)), ['system_files_near_limit']);
    assert.deepEqual(kindsOf(host(850)), []);
  });
});

describe('accept queues', () => {
  const queue = (queueLength: number, more: Partial<ListenerCell> = {}, drops = 0) => {
    const listener = { localIp: '10.0.0.1', localPort: 8080, process: 'api', queueLimit: 16, ...more };
    const listenerDrops = { cells: [{ ...listener, drops }], folded: 0 };
    return withSockets({ listeners: { cells: [{ queueLength, ...listener }], folded: 0 }, listenerDrops });
  };

  it('full at both looks belong to a process that does not accept', () => {
    const [finding, ...others] = findingsOf(queue(17, {}, 115), queue(17, {}, 100));
    assert.deepEqual(others, []);
    assert.deepEqual([finding!.kind, finding!.severity], ['accept_queue_dead', 'critical']);
    assert.deepEqual(finding!.subject, { type: 'listener', localIp: '10.0.0.1', localPort: 8080, process: 'api' });
    assert.equal(finding!.headline, 'api on 10.0.0.1:8080 does not accept: its queue is full and stays so, 17 of 16.');
    assert.deepEqual(finding!.details, ['15.0/s connections dropped here']);
  });

  it('full at both looks may be those of a slow process where the host accepts connections', () => {
    const [finding] = findingsOf(withCounters({ passiveOpens: 20 }, queue(17, {}, 115)), queue(17, {}, 100));
    assert.deepEqual([finding!.kind, finding!.severity], ['accept_queue_dead', 'critical']);
    assert.match(finding!.headline, /^api on 10\.0\.0\.1:8080 accepts nothing or far too little: its queue is full/);
  });

  it('full with clients that gave up are dead at the first look, and that is told once', () => {
    const { closeWait } = waiting(13, 960, 'unaccepted', 'api').sockets!;
    const host = withSockets({ closeWait: closeWait! }, queue(17));
    const [finding, ...others] = findingsOf(host);
    assert.deepEqual(others, []);
    assert.deepEqual([finding!.kind, finding!.severity], ['accept_queue_dead', 'critical']);
    assert.match(finding!.details.join(), /13 clients gave up \(CLOSE_WAIT, never accepted\), the oldest 16m00s ago/);
  });

  it('full for a moment are a warning, with drops they are critical', () => {
    const [moment] = findingsOf(queue(16));
    assert.deepEqual([moment!.kind, moment!.severity], ['accept_queue_overflow', 'warning']);
    const [dropping] = findingsOf(queue(16, {}, 3), queue(2, {}, 1));
    assert.deepEqual([dropping!.kind, dropping!.severity], ['accept_queue_overflow', 'critical']);
  });

  it('of programs that serve one client at a time are silent when full', () => {
    assert.deepEqual(kindsOf(queue(5, { queueLimit: 4 }), queue(5, { queueLimit: 4 })), []);
    assert.deepEqual(kindsOf(queue(9, { queueLimit: undefined })), []);
  });

  it('are near their limit from ten connections and above 70 %', () => {
    assert.deepEqual(kindsOf(queue(12)), ['accept_queue_near_limit']);
    assert.deepEqual(kindsOf(queue(11)), []);
    assert.deepEqual(kindsOf(queue(9, { queueLimit: 10 })), []);
  });

  it('that overflowed between the looks are told, unless that is little of what was accepted', () => {
    const before = queue(2, {}, 100);
    const [finding] = findingsOf(withCounters({ listenOverflows: 20, passiveOpens: 100 }, queue(2, {}, 120)), before);
    assert.deepEqual([finding!.kind, finding!.severity], ['accept_queue_overflow', 'critical']);
    assert.match(finding!.headline, /api on 10\.0\.0\.1:8080 drops 20\.0\/s incoming connections/);
    const proxy = withCounters({ listenOverflows: 20, passiveOpens: 9_000 }, queue(2));
    assert.deepEqual(kindsOf(proxy, before), []);
    assert.deepEqual(kindsOf(withCounters({ listenOverflows: 1 }, queue(2)), before), []);
    const [unnamed] = findingsOf(withCounters({ listenOverflows: 20 }), HEALTHY);
    assert.deepEqual(unnamed!.subject, { type: 'host' });
  });

  it('that overflow beside one that is dead are told too, where theirs are known', () => {
    const place = { localIp: '10.0.0.1', localPort: 443, process: 'nginx', queueLimit: 511 };
    const host = (deadDrops: number, drops: number) => {
      const { listeners, listenerDrops } = queue(17, {}, deadDrops).sockets!;
      return withSockets({
        listeners: { cells: [...listeners!.cells, { ...place, queueLength: 3 }], folded: 0 },
        listenerDrops: { cells: [...listenerDrops!.cells, { ...place, drops }], folded: 0 },
      });
    };
    const overflows = (events: number, now: Snapshot) => withCounters({ listenOverflows: events }, now);
    const [dead, other, ...rest] = findingsOf(overflows(50, host(10, 40)), host(0, 0));
    assert.deepEqual([dead!.kind, other!.kind, rest], ['accept_queue_dead', 'accept_queue_overflow', []]);
    assert.match(other!.headline, /^nginx on 10\.0\.0\.1:443 drops 40\.0\/s/);
    assert.deepEqual(other!.numbers, { hostOverflowsPerSecond: 50, dropsPerSecond: 40 });
    const few = kindsOf(overflows(50, host(10, 1)), host(0, 0));
    assert.deepEqual(few, ['accept_queue_dead'], 'whose the other drops are is not known: they are told with it');
    for (const alone of [host(10, 0), host(0, 0)])
      assert.deepEqual(kindsOf(overflows(10, alone), host(0, 0)), ['accept_queue_dead']);
  });
});
