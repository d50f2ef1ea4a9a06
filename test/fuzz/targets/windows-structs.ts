import assert from 'node:assert/strict';
import type { Advapi32 } from '../../../src/platform/windows/dll/advapi32.ts';
import { readDword } from '../../../src/platform/windows/dll/registry.ts';
import { createSystemPaths } from '../../../src/platform/windows/dll/system-folder.ts';
import {
  applicationPoolOf,
  decodeUnicodeString,
  splitCommandLine,
} from '../../../src/platform/windows/processes/command-line.ts';
import {
  createProcessList,
  decodeProcessEntry,
  PROCESSENTRY32W,
} from '../../../src/platform/windows/processes/process-list.ts';
import {
  decodeServices,
  ENUM_SERVICE_STATUS_PROCESSW,
} from '../../../src/platform/windows/processes/service-status.ts';
import { readServices } from '../../../src/platform/windows/processes/services.ts';
import { readSettings } from '../../../src/platform/windows/settings.ts';
import { fakeKernel32 } from '../../platform/windows/fake-calls.ts';
import { answerOf, type FuzzTarget } from '../target.ts';
import { fill } from './fake-libc.ts';

const BASE = 0x10_0000n;
const SERVICE_REFUSAL = { says: /^(\d+ services do not fit into|service name (outside of its buffer|without an end))/ };

export const WINDOWS_STRUCTS: Readonly<Record<string, FuzzTarget>> = {
  services: {
    drives: [
      'platform/windows/processes/service-status.ts#decodeServices',
      'platform/windows/processes/services.ts#readServices',
      'platform/windows/processes/services.ts#groupByPid',
    ],
    holds:
      'as many services as claimed, with names of at most 256 characters, or a refusal; no pid 0 among those grouped',
    seeds: (read) => {
      const { address, count } = JSON.parse(read('windows/recorded.json').toString()).services as {
        address: string;
        count: number;
      };
      return [
        Buffer.concat([Buffer.from([count]), moveServices(read('windows/services.bin'), BigInt(address), count)]),
      ];
    },
    run(input) {
      const count = input[0] ?? 0;
      const buffer = input.subarray(1);
      const services = answerOf(() => decodeServices(buffer, BASE, count), SERVICE_REFUSAL);
      assert.ok(services === undefined || services.length === count);
      for (const { name, pid } of services ?? []) assert.ok(name.length <= 256 && pid >= 0);
      const grouped = answerOf(() => readServices(serviceManager(buffer, count), fakeKernel32()), SERVICE_REFUSAL);
      assert.ok(grouped === undefined || !grouped.has(0));
    },
  },
  'process-entries': {
    drives: [
      'platform/windows/processes/process-list.ts#decodeProcessEntry',
      'platform/windows/processes/process-list.ts#walkSnapshot',
    ],
    holds: 'a pid and a name of at most 260 characters for each entry',
    seeds: (read) => [read('windows/processes.bin'), read('windows/processes.bin').subarray(0, PROCESSENTRY32W.length)],
    run(input) {
      const { length } = PROCESSENTRY32W;
      const entries = Array.from({ length: Math.floor(input.length / length) }, (_, index) =>
        input.subarray(index * length, (index + 1) * length),
      );
      for (const entry of entries) {
        const { pid, name } = decodeProcessEntry(entry);
        assert.ok(pid >= 0 && pid < 2 ** 32 && name.length <= 260 && !name.includes('\0'));
      }
      const kernel32 = fakeKernel32();
      let next = 0;
      const give = (_snapshot: unknown, entry: Uint8Array): number => {
        const bytes = entries[next++];
        if (bytes === undefined) kernel32.lastError = 18;
        else entry.set(bytes);
        return Number(bytes !== undefined);
      };
      const list = createProcessList({
        ...kernel32,
        process32First: give,
        process32Next: give,
        getLastError: () => kernel32.lastError,
      });
      assert.ok((list.nameOf(4) ?? '').length <= 260);
    },
  },
  'command-line': {
    drives: [
      'platform/windows/processes/command-line.ts#decodeUnicodeString',
      'platform/windows/processes/command-line.ts#applicationPoolOf',
      'platform/windows/processes/command-line.ts#splitCommandLine',
    ],
    holds:
      'a text no longer than its bytes; the name of a pool that is part of it; arguments with its characters in their order',
    seeds: () => [
      unicodeString('c:\\windows\\system32\\inetsrv\\w3wp.exe -ap "DefaultAppPool" -v "v4.0" -l "x"'),
      unicodeString('w3wp.exe -ap Shop'),
      unicodeString('a \\"b c\\\\"d e" f \\\\srv\\'),
      unicodeString(''),
    ],
    words: [' -ap "', ' \0-\0a\0p\0 \0"\0'],
    run(input) {
      const text = decodeUnicodeString(input);
      assert.ok(text === undefined || text.length * 2 <= input.length);
      for (const line of [text ?? '', input.toString('latin1')]) {
        const pool = applicationPoolOf(line);
        assert.ok(pool === undefined || (pool !== '' && line.includes(pool)));
        const rest = /["\\\s]/g;
        assert.equal(splitCommandLine(line).join('').replace(rest, ''), line.replace(rest, ''));
      }
    },
  },
  registry: {
    drives: ['platform/windows/dll/registry.ts#readDword', 'platform/windows/settings.ts#readSettings'],
    holds: 'numbers of 32 bits and a TIME_WAIT of 30 to 300 s, nothing, or the code of the call',
    seeds: () => [
      Buffer.from([0, 240, 0, 0, 0]),
      Buffer.from([2]),
      Buffer.from([5, 1, 2, 3, 4]),
      Buffer.from([0, 255, 255, 255, 255]),
    ],
    run(input) {
      const advapi32 = { ...noService(), regGetValue: registryWith(input) };
      const refusal = { name: 'WindowsError', says: /^RegGetValueW\(HKLM\\/ };
      const value = answerOf(() => readDword(advapi32, 'a', 'b'), refusal);
      assert.ok(value === undefined || (value >= 0 && value < 2 ** 32));
      const settings = answerOf(() => readSettings(advapi32), refusal);
      const seconds = settings?.timeWaitDurationSeconds;
      assert.ok(seconds === undefined || (seconds >= 30 && seconds <= 300));
    },
  },
  'system-folder': {
    drives: ['platform/windows/dll/system-folder.ts#createSystemPaths'],
    holds: 'a path of the characters the call says it wrote, or its code',
    seeds: () => [Buffer.concat([Buffer.from([19]), Buffer.from('C:\\Windows\\system32', 'utf16le')])],
    run(input) {
      const getSystemDirectory = (buffer: Uint8Array): number => {
        fill(buffer, input.subarray(1), buffer.length);
        return (input[0] ?? 0) * 4;
      };
      const pathOf = answerOf(() => createSystemPaths({ ...fakeKernel32(), getSystemDirectory }), {
        name: 'WindowsError',
        says: /^GetSystemDirectoryW/,
      });
      assert.ok(pathOf === undefined || pathOf('netsh.exe').endsWith('\\netsh.exe'));
    },
  },
};

function unicodeString(text: string): Buffer {
  const characters = Buffer.from(text, 'utf16le');
  const head = Buffer.alloc(16);
  head.writeUInt16LE(characters.length, 0);
  return Buffer.concat([head, characters]);
}

/** The recorded buffer as it would be at BASE. */
function moveServices(recorded: Buffer, address: bigint, count: number): Buffer {
  const moved = Buffer.from(recorded);
  const { length, name } = ENUM_SERVICE_STATUS_PROCESSW;
  for (let at = name; at < count * length; at += length)
    moved.writeBigUInt64LE(moved.readBigUInt64LE(at) - address + BASE, at);
  return moved;
}

function noService(): Advapi32 {
  const unexpected = (): never => {
    throw new TypeError('unexpected call');
  };
  return {
    regGetValue: unexpected,
    openScManager: unexpected,
    enumServicesStatusEx: unexpected,
    closeServiceHandle: () => 1,
    addressOf: unexpected,
  };
}

/** Fills the caller's buffer in one call. */
function serviceManager(bytes: Buffer, count: number): Advapi32 {
  return {
    ...noService(),
    openScManager: () => 9,
    enumServicesStatusEx(_manager, _level, _type, _state, services, _length, _needed, returned) {
      services.set(bytes);
      returned[0] = count;
      return 1;
    },
    addressOf: () => BASE,
  };
}

function registryWith(input: Buffer): Advapi32['regGetValue'] {
  return (_key, _subkey, _value, _flags, _type, data) => {
    data[0] = Buffer.concat([input.subarray(1)], 4).readUInt32LE(0);
    return input[0] ?? 0;
  };
}
