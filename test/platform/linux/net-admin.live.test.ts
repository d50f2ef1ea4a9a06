import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { loadLibc } from '../../../src/platform/linux/libc/libc.ts';
import { giveUpNetAdmin } from '../../../src/platform/linux/net-admin.ts';

const NET_ADMIN = 1n << 12n;

const effective = () => maskOf('CapEff');
const permitted = () => maskOf('CapPrm');

function maskOf(name: string): bigint {
  const status = readFileSync('/proc/thread-self/status', 'utf8');
  return BigInt(`0x${new RegExp(`^${name}:\\s+([0-9a-f]+)$`, 'm').exec(status)![1]}`);
}

const skip = (effective() & NET_ADMIN) === 0n && 'skipped: needs CAP_NET_ADMIN';

it('gives up one capability of the thread, and only where it takes effect', { skip }, () => {
  const [before, beforePermitted] = [effective(), permitted()];
  giveUpNetAdmin(loadLibc());
  assert.equal(effective(), before & ~NET_ADMIN);
  assert.equal(permitted(), beforePermitted);
  giveUpNetAdmin(loadLibc());
  assert.equal(effective(), before & ~NET_ADMIN, 'a second time');
});
