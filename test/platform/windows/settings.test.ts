import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Advapi32 } from '../../../src/platform/windows/dll/advapi32.ts';
import { readSettings } from '../../../src/platform/windows/settings.ts';

describe('readSettings', () => {
  it('reads both values below the parameters of TCP/IP', () => {
    assert.deepEqual(readSettings(registry({ TcpTimedWaitDelay: 30, MaxUserPort: 65_534 })), {
      tcpTimedWaitDelaySeconds: 30,
      timeWaitDurationSeconds: 30,
      maxUserPort: 65_534,
    });
  });

  it('leaves out what is not set: no default is claimed', () => {
    assert.deepEqual(readSettings(registry({})), {});
  });

  it('shows a delay outside of the documented range, but does not claim that TIME_WAIT lasts that long', () => {
    for (const delay of [0, 29, 301, 0xffffffff]) {
      assert.deepEqual(readSettings(registry({ TcpTimedWaitDelay: delay })), { tcpTimedWaitDelaySeconds: delay });
    }
    assert.equal(readSettings(registry({ TcpTimedWaitDelay: 300 })).timeWaitDurationSeconds, 300);
  });

  it('fails when a value cannot be read, or is not a number', () => {
    const refusing = (code: number) => ({ ...registry({}), regGetValue: () => code });
    assert.throws(() => readSettings(refusing(5)), /Tcpip\\Parameters, TcpTimedWaitDelay\): ERROR_ACCESS_DENIED/);
    assert.throws(() => readSettings(refusing(1630)), /ERROR_UNSUPPORTED_TYPE/);
  });
});

function registry(values: Readonly<Record<string, number>>): Advapi32 {
  return {
    regGetValue(key, subkey, value, flags, _type, data, length) {
      assert.equal(key >>> 0, 0x80000002); // HKEY_LOCAL_MACHINE
      assert.equal(subkey, 'SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters');
      assert.deepEqual([flags, length[0]], [0x10, 4]);
      if (values[value] === undefined) return 2;
      data[0] = values[value];
      return 0;
    },
    openScManager: () => 0,
    enumServicesStatusEx: () => 0,
    closeServiceHandle: () => 0,
    addressOf: () => 0n,
  };
}
