import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Advapi32 } from '../../../../src/platform/windows/dll/advapi32.ts';
import {
  decodeServices,
  ENUM_SERVICE_STATUS_PROCESSW,
} from '../../../../src/platform/windows/processes/service-status.ts';
import { readServices } from '../../../../src/platform/windows/processes/services.ts';
import { fakeKernel32 } from '../fake-calls.ts';
import { RECORDED, readWindowsFixture } from '../recorded.ts';

const BASE = 0x2_0000_0000n;
const OWN_PROCESS = 0x10;
const PER_USER_INSTANCE = 0xf0;

describe('decodeServices', () => {
  const bytes = readWindowsFixture('services.bin');
  const { address, count } = RECORDED.services;

  it('reads the recorded services', () => {
    const services = decodeServices(bytes, BigInt(address), count);
    assert.deepEqual(
      services.map(({ name }) => name),
      ['Eventlog', 'PlugPlay', 'RpcSs', 'Winedevice1', 'Winedevice2'],
    );
    assert.ok(services.every(({ pid }) => pid > 0 && pid % 4 === 0));
  });

  it('refuses a buffer that does not hold the structs, or a string that is not in it', () => {
    const structs = count * ENUM_SERVICE_STATUS_PROCESSW.length;
    assert.throws(
      () => decodeServices(bytes.subarray(0, structs - 1), BigInt(address), count),
      /5 services do not fit/,
    );
    assert.throws(() => decodeServices(bytes.subarray(0, structs), BigInt(address), count), /outside of its buffer/);
    assert.throws(() => decodeServices(bytes, BigInt(address) + 4096n, count), /outside of its buffer/);
    assert.throws(() => decodeServices(bytes, BigInt(address) - 4096n, count), /outside of its buffer/);
  });

  it('refuses every truncation', () => {
    const end = bytes.lastIndexOf(Buffer.from('Winedevice2\0', 'utf16le'));
    const whole = bytes.indexOf(Buffer.from('Winedevice2\0', 'utf16le')) + 24;
    assert.ok(end >= whole); // the display name behind it is not read
    for (let length = 0; length < whole; length++) {
      assert.throws(() => decodeServices(bytes.subarray(0, length), BigInt(address), count), String(length));
    }
    assert.equal(decodeServices(bytes.subarray(0, whole), BigInt(address), count).length, count);
  });

  it('cuts the number of the logon from services per user, and from no other', () => {
    const buffer = encodeServices([
      ['CDPUserSvc_3a4f2', 100, PER_USER_INSTANCE],
      ['MSSQL_2', 104, OWN_PROCESS],
    ]);
    assert.deepEqual(
      decodeServices(buffer, BASE, 2).map(({ name }) => name),
      ['CDPUserSvc', 'MSSQL_2'],
    );
  });
});

describe('readServices', () => {
  it('groups running services by process, in as many calls as it takes', () => {
    const advapi32 = fakeAdvapi32([
      [
        ['RpcSs', 900, 0x20],
        ['Dnscache', 904, OWN_PROCESS],
      ],
      [
        ['RpcEptMapper', 900, 0x20],
        ['Stopping', 0, OWN_PROCESS],
      ],
    ]);
    assert.deepEqual(Object.fromEntries(readServices(advapi32, moreDataKernel32())), {
      900: ['RpcEptMapper', 'RpcSs'],
      904: ['Dnscache'],
    });
    assert.deepEqual(advapi32.closed, [55]);
  });

  it('tells which call failed', () => {
    const refused = { ...fakeAdvapi32([]), openScManager: () => 0 };
    const kernel32 = { ...fakeKernel32(), getLastError: () => 5 };
    assert.throws(() => readServices(refused, kernel32), /OpenSCManagerW: ERROR_ACCESS_DENIED/);
    const advapi32 = { ...fakeAdvapi32([]), enumServicesStatusEx: () => 0 };
    assert.throws(() => readServices(advapi32, kernel32), /EnumServicesStatusExW: ERROR_ACCESS_DENIED/);
    assert.deepEqual(advapi32.closed, [55]);
  });

  it('ends, however often more is promised', () => {
    const advapi32 = { ...fakeAdvapi32([]), enumServicesStatusEx: () => 0 };
    assert.equal(readServices(advapi32, moreDataKernel32()).size, 0);
  });
});

type FakeService = readonly [name: string, pid: number, type: number];

function moreDataKernel32() {
  return { ...fakeKernel32(), getLastError: () => 234 };
}

/** A service manager that gives one of these parts per call. */
function fakeAdvapi32(parts: readonly (readonly FakeService[])[]): Advapi32 & { readonly closed: (number | bigint)[] } {
  const closed: (number | bigint)[] = [];
  return {
    closed,
    regGetValue: () => 2,
    openScManager: () => 55,
    enumServicesStatusEx(_manager, _level, _type, _state, buffer, _length, _needed, returned, resume) {
      const part = parts[resume[0]!]!;
      buffer.set(encodeServices(part));
      returned[0] = part.length;
      resume[0]!++;
      return Number(resume[0] === parts.length);
    },
    closeServiceHandle: (manager) => closed.push(manager),
    addressOf: () => BASE,
  };
}

function encodeServices(services: readonly FakeService[]): Buffer {
  const { length, name, type, pid } = ENUM_SERVICE_STATUS_PROCESSW;
  const structs = Buffer.alloc(services.length * length);
  const strings = services.map(([text]) => Buffer.from(`${text}\0`, 'utf16le'));
  let offset = structs.length;
  for (const [index, service] of services.entries()) {
    structs.writeBigUInt64LE(BASE + BigInt(offset), index * length + name);
    structs.writeUInt32LE(service[2], index * length + type);
    structs.writeUInt32LE(service[1], index * length + pid);
    offset += strings[index]!.length;
  }
  return Buffer.concat([structs, ...strings]);
}
