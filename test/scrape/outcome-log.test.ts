import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CollectorName } from '../../src/model/collectors.ts';
import type { CollectorOutcome } from '../../src/model/snapshot.ts';
import { createOutcomeLog } from '../../src/scrape/outcome-log.ts';
import { createLogRecorder } from '../support/fakes/log-recorder.ts';

const ALL: readonly CollectorName[] = ['counters', 'memory', 'sockets'];
const LOST = 'lost the collector thread, restarting it';
const UP = 'the collector thread is up again';

describe('createOutcomeLog', () => {
  it('says once what one cause costs, however many collectors it takes along', () => {
    const { records, outcomes } = changeLog();
    outcomes(failed({ memory: 'EIO', sockets: 'EIO' }), 'complete');
    assert.deepEqual(records, [
      { level: 'error', message: 'collectors fail', details: { collector: 'memory,sockets', error: 'EIO' } },
    ]);
  });

  it('says in one line what began to fail in one scrape, with every reason', () => {
    const { records, outcomes } = changeLog();
    outcomes(failed({ counters: 'no snmp', memory: 'EIO', sockets: 'no snmp' }), 'complete');
    assert.deepEqual(
      records.map(({ details }) => details),
      [{ collector: 'counters,memory,sockets', error: 'no snmp; EIO' }],
    );
  });

  it('tells a second trouble while the first one lasts, and each recovery', () => {
    const { records, outcomes } = changeLog();
    for (const errors of [{ memory: 'EIO' }, { memory: 'EIO', counters: 'EACCES' }, { memory: 'other' }, {}, {}])
      outcomes(failed(errors), 'complete');
    assert.deepEqual(
      records.map(({ message, details }) => [message, (details as { collector: string }).collector]),
      [
        ['collector fails', 'memory'],
        ['collector fails', 'counters'],
        ['collector works again', 'counters'],
        ['collector works again', 'memory'],
      ],
    );
  });

  it('says that the thread is lost and up again once each, however often it is started in between', () => {
    const { records, outcomes, lost, ready } = changeLog();
    for (let start = 0; start < 5; start++) {
      lost('out of memory');
      ready([]);
      outcomes(failed({ counters: 'the collector thread was lost' }), 'lost');
    }
    outcomes(failed({}), undefined); // under way
    assert.deepEqual(
      records.map(({ message, details }) => [message, details]),
      [[LOST, { reason: 'out of memory' }]],
    );
    outcomes(failed({}), 'complete');
    outcomes(failed({}), 'complete');
    assert.deepEqual(
      records.map(({ message }) => message),
      [LOST, UP],
    );
    lost('out of memory');
    assert.equal(records.length, 3, 'a new loss is told');
  });

  it('tells another reason for which the thread is lost', () => {
    const { records, lost } = changeLog();
    for (const reason of ['EMFILE', 'EMFILE', 'out of memory', 'out of memory']) lost(reason);
    assert.deepEqual(
      records.map(({ details }) => details),
      [{ reason: 'EMFILE' }, { reason: 'out of memory' }],
    );
  });

  it('tells once a minute of a collector that is late and in time again all the time, and of any other failure at once', () => {
    let nowMs = 0;
    const { records, outcomes } = changeLog(() => nowMs);
    for (let second = 0; second < 60; second++, nowMs += 1000) {
      outcomes(failed({ memory: 'it missed the deadline' }, true), 'late');
      outcomes(failed({}), 'complete');
    }
    const once = ['collector fails', 'collector works again'];
    assert.deepEqual(
      records.map(({ message }) => message),
      once,
    );
    outcomes(failed({ memory: 'it missed the deadline' }, true), 'late');
    outcomes(failed({}), 'complete');
    for (let times = 0; times < 2; times++) {
      outcomes(failed({ memory: 'EIO' }), 'complete');
      outcomes(failed({}), 'complete');
    }
    assert.equal(records.length, 8);
  });
});

function changeLog(now?: () => number) {
  const log = createLogRecorder();
  return { records: log.records, ...createOutcomeLog(log, now) };
}

/** Outcomes of all collectors, of which these fail. */
function failed(errors: Partial<Record<CollectorName, string>>, isLate = false): CollectorOutcome[] {
  return ALL.map((collector) => {
    const error = errors[collector];
    return { collector, success: error === undefined, seconds: 0, ...(error !== undefined && { error, isLate }) };
  });
}
