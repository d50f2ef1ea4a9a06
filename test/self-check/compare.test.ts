import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCollecting } from '../../src/collector/on-this-thread.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { TcpState } from '../../src/model/tcp-state.ts';
import type { Platform } from '../../src/platform/platform.ts';
import { compareWith } from '../../src/self-check/compare.ts';
import { fakePlatform, fakeReader } from '../support/fakes/fake-platform.ts';
import type { SocketRow } from '../support/tables/socket-rows.ts';
import { fakeReference } from './fake-reference.ts';

const LISTEN: SocketRow = { state: 'listen', local: ['0.0.0.0', 80], owner: 4 };
const CLIENT: SocketRow = { state: 'established', local: ['10.0.0.1', 50_000], remote: ['10.0.0.2', 443], owner: 7 };
const LEAVING: SocketRow = { ...CLIENT, state: 'timeWait', owner: 0 };
const BOUND: SocketRow = { state: 'bound', local: ['10.0.0.1', 9000], owner: 5 };

describe('compareWith', () => {
  it('finds agreement in one round', async () => {
    const reference = fakeReference([{ rows: [LISTEN, CLIENT] }]);
    const comparison = await compare(reference, [LISTEN, CLIENT]);
    assert.deepEqual(outline(comparison), { sockets: 2, rounds: 1, disagreements: [] });
    assert.equal(reference.reads, 2, 'before and after');
  });

  it('takes a socket that comes, goes or changes its state between the readings for no disagreement', async () => {
    const coming = fakeReference([{ rows: [LISTEN] }, { rows: [LISTEN, CLIENT] }]);
    assert.deepEqual(outline(await compare(coming, [LISTEN])).disagreements, []);
    const going = fakeReference([{ rows: [LISTEN, CLIENT] }, { rows: [LISTEN] }]);
    assert.deepEqual(outline(await compare(going, [LISTEN, CLIENT])).disagreements, []);
    const leaving = fakeReference([{ rows: [CLIENT] }, { rows: [LEAVING] }]);
    assert.deepEqual(outline(await compare(leaving, [LEAVING])).disagreements, []);
  });

  it('takes a socket that only ours saw for gone when the next round agrees', async () => {
    const reference = fakeReference([{ rows: [LISTEN] }, { rows: [LISTEN] }, { rows: [LISTEN, CLIENT] }]);
    assert.deepEqual(outline(await compare(reference, [LISTEN, CLIENT])), { sockets: 2, rounds: 2, disagreements: [] });
  });

  it('tells what disagrees in each of five rounds, totals first', async () => {
    const comparison = await compare(fakeReference([{ rows: [LISTEN, CLIENT] }]), [LISTEN, { ...CLIENT, owner: 8 }]);
    assert.deepEqual(outline(comparison), {
      sockets: 2,
      rounds: 5,
      disagreements: [
        'established 10.0.0.1:50000 10.0.0.2:443 pid 7: 0, not 1 1',
        'established 10.0.0.1:50000 10.0.0.2:443 pid 8: 1, not 0 0',
      ],
    });
    const missing = await compare(fakeReference([{ rows: [LISTEN, CLIENT] }]), [LISTEN]);
    assert.deepEqual(outline(missing).disagreements, [
      'established ipv4: 0, not 1 1',
      'established 10.0.0.1:50000 10.0.0.2:443 pid 7: 0, not 1 1',
    ]);
    const otherState = await compare(fakeReference([{ rows: [CLIENT] }]), [{ ...CLIENT, state: 'closeWait' }]);
    assert.equal(outline(otherState).disagreements.length, 4);
  });

  it('leaves open the states that the reference names by unknown words, and says what we see there', async () => {
    const words = { 0: 'LUISTEREND', 1: 'OPEN' };
    const rows = [LISTEN, CLIENT].map((row): SocketRow => ({ ...row, state: 'unknown' }));
    const comparison = await compare(fakeReference([{ rows, words }]), [LISTEN, CLIENT]);
    assert.deepEqual(outline(comparison), { sockets: 2, rounds: 1, disagreements: [] });
    assert.deepEqual(
      comparison.unknownStateWords,
      new Map([
        ['LUISTEREND', new Map([['listen', 1]])],
        ['OPEN', new Map([['established', 1]])],
      ]),
    );
  });

  it('still finds a socket that is missing, or of another process, where states are unknown words', async () => {
    const rows: SocketRow[] = [
      { ...LISTEN, state: 'unknown' },
      { ...CLIENT, state: 'unknown' },
    ];
    const words = { 0: 'LUISTEREND', 1: 'OPEN' };
    const comparison = await compare(fakeReference([{ rows, words }]), [LISTEN]);
    assert.deepEqual(outline(comparison).disagreements, [
      '? ipv4: 1, not 2 2',
      '? 10.0.0.1:50000 10.0.0.2:443 pid 7: 0, not 1 1',
    ]);
  });

  it('compares nothing that the reference does not show, or we do not see', async () => {
    const blind = fakeReference([{ rows: [LISTEN] }], { shows: (state) => state !== TcpState.bound });
    assert.deepEqual(outline(await compare(blind, [LISTEN, BOUND])), { sockets: 1, rounds: 1, disagreements: [] });
    const sockets = { ...fakeReader([LISTEN]), unsupportedStates: [TcpState.bound] };
    const seeing = fakeReference([{ rows: [LISTEN, BOUND] }]);
    assert.deepEqual(outline(await compare(seeing, { sockets })), { sockets: 1, rounds: 1, disagreements: [] });
    const only = fakeReference([{ rows: [BOUND] }], { shows: (state) => state === TcpState.bound });
    const { unable } = await compare(only, { sockets });
    assert.deepEqual(unable, { reason: 'the exporter does not see sockets of these states here', isFailure: false });
  });

  it('counts no row that shows a socket once more', async () => {
    const rows = [LISTEN, CLIENT, CLIENT];
    const comparison = await compare(fakeReference([{ rows, ignored: [2] }]), [LISTEN, CLIENT]);
    assert.deepEqual(outline(comparison), { sockets: 2, rounds: 1, disagreements: [] });
    const own = await compare(fakeReference([{ rows, ignored: [2] }]), rows); // ours must not repeat any
    assert.equal(outline(own).disagreements.length, 2);
  });

  it('says why it cannot compare', async () => {
    const broken = new Error('netstat', { cause: new Error('exit code 1') });
    const { unable } = await compare(fakeReference([broken]), [LISTEN]);
    assert.deepEqual(unable, { reason: 'netstat: exit code 1', isFailure: true });
    const optional = await compare(fakeReference([broken], { isOptional: true }), [LISTEN]);
    assert.equal(optional.unable?.isFailure, false);
    const late = await compare(fakeReference([{ rows: [LISTEN] }, broken]), [LISTEN]);
    assert.equal(late.unable?.isFailure, true);
    const own = await compare(fakeReference([{ rows: [] }]), { sockets: fakeReader(new Error('refused')) });
    assert.deepEqual(own.unable, { reason: 'the exporter has read no sockets', isFailure: false });
    const same = await compare(fakeReference([{ rows: [] }], { source: 'fake' }), [LISTEN]);
    assert.match(same.unable!.reason, /^the exporter itself reads them from there/);
  });
});

function compare(reference: ReturnType<typeof fakeReference>, ours: readonly SocketRow[] | Partial<Platform>) {
  const platform = fakePlatform(Array.isArray(ours) ? { sockets: fakeReader(ours) } : (ours as Partial<Platform>));
  const collecting = createCollecting(platform, { collectors: ['sockets'], limits: DEFAULT_LIMITS }, 1000);
  return compareWith(reference, collecting, async () => {});
}

function outline({ sockets, rounds, disagreements }: Awaited<ReturnType<typeof compareWith>>) {
  const lines = disagreements.map(({ what, ours, before, after }) => `${what}: ${ours}, not ${before} ${after}`);
  return { sockets, rounds, disagreements: lines };
}
