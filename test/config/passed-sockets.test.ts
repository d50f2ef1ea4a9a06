import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { takePassedSockets } from '../../src/config/passed-sockets.ts';

const OWN = 4711;

describe('takePassedSockets', () => {
  it('takes every socket from descriptor 3 on, with its name', () => {
    const environment = { LISTEN_PID: '4711', LISTEN_FDS: '3', LISTEN_FDNAMES: 'metrics::admin' };
    assert.deepEqual(takePassedSockets(environment, OWN), [
      { fd: 3, name: 'metrics' },
      { fd: 4, name: undefined },
      { fd: 5, name: 'admin' },
    ]);
  });

  it('needs no names', () => {
    assert.deepEqual(takePassedSockets({ LISTEN_PID: '4711', LISTEN_FDS: '1' }, OWN), [{ fd: 3, name: undefined }]);
  });

  it('leaves no trace of them in the environment, also when it refuses', () => {
    const others = { PATH: '/bin', LISTEN: 'x' };
    for (const count of ['1', 'many']) {
      const environment = {
        ...others,
        LISTEN_PID: '4711',
        LISTEN_FDS: count,
        LISTEN_FDNAMES: 'a',
        LISTEN_PIDFDID: '9',
      };
      try {
        takePassedSockets(environment, OWN);
      } catch {}
      assert.deepEqual(environment, others);
    }
  });

  for (const [environment, reason] of [
    [
      {},
      'systemd passed no socket (LISTEN_PID is not set): start the exporter by a .socket unit, or leave the flag out',
    ],
    [
      { LISTEN_PID: '4711' },
      'systemd passed no socket (LISTEN_FDS is not set): start the exporter by a .socket unit, or leave the flag out',
    ],
    [
      { LISTEN_PID: '1', LISTEN_FDS: '1' },
      'the sockets are meant for process 1, this is 4711: let systemd start the exporter directly, or end a script in between with exec',
    ],
    [{ LISTEN_PID: '4711', LISTEN_FDS: '0' }, 'LISTEN_FDS=0 is not a number of sockets from 1 to 1000'],
    [{ LISTEN_PID: '4711', LISTEN_FDS: '1001' }, 'LISTEN_FDS=1001 is not a number of sockets from 1 to 1000'],
    [{ LISTEN_PID: '4711', LISTEN_FDS: '-1\n' }, 'LISTEN_FDS="-1\\n" is not a number of sockets from 1 to 1000'],
  ] as const) {
    it(`refuses ${JSON.stringify(environment)}`, () => {
      assert.throws(() => takePassedSockets({ ...environment }, OWN), {
        name: 'ConfigRefusal',
        message: `--web.systemd-socket is not possible: ${reason}`,
      });
    });
  }
});
