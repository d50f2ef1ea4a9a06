import assert from 'node:assert/strict';
import { it } from 'node:test';
import { HEADERS } from '../../src/platform/windows/dll/headers.ts';
import { UNICODE_STRING } from '../../src/platform/windows/processes/command-line.ts';
import { PROCESSENTRY32W } from '../../src/platform/windows/processes/process-list.ts';
import { ENUM_SERVICE_STATUS_PROCESSW } from '../../src/platform/windows/processes/service-status.ts';
import {
  BOUND_V4,
  BOUND_V6,
  SOCKETS_V4,
  SOCKETS_V6,
  type TcpTableLayout,
} from '../../src/platform/windows/sockets/tcp-layout.ts';
import { MIB_TCPSTATS } from '../../src/platform/windows/sockets/tcp-statistics.ts';
import { SERVICE_HEADERS, SERVICE_STATUS } from '../../src/service/service-status.ts';
import type { Bench } from './suite.test.ts';

export function testLayouts(useBench: () => Bench): void {
  it('has the offsets, sizes and numbers that the headers of Windows give a C program', async () => {
    const { wine, standIns } = useBench();
    assert.deepEqual(JSON.parse(await wine.run(standIns.layouts)), {
      pointer: 8,
      ...offsetsOf(SOCKETS_V4),
      ...offsetsOf(SOCKETS_V6),
      ...offsetsOf(BOUND_V4),
      ...offsetsOf(BOUND_V6),
      MIB_TCPSTATS,
      PROCESSENTRY32W,
      ENUM_SERVICE_STATUS_PROCESSW,
      UNICODE_STRING,
      SERVICE_STATUS,
      SERVICE_TABLE_ENTRYW: { length: 16, name: 0, main: 8 },
      numbers: { ...HEADERS, ...SERVICE_HEADERS },
    });
  });
}

/** By the name of the row's struct, without what is no offset. */
function offsetsOf({ struct, isIpv6: _, created, ...offsets }: TcpTableLayout) {
  return { [struct]: { ...offsets, ...(created >= 0 && { created }) } };
}
