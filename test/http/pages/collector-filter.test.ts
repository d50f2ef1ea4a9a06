import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type FilterQuery, filterCollectors } from '../../../src/http/pages/collector-filter.ts';

it('wants every collector that is on, unless asked otherwise', () => {
  assert.deepEqual(filter({}), ['counters', 'sockets']);
});

it('wants those of collect[] alone', () => {
  assert.deepEqual(filter({ 'collect[]': 'sockets' }), ['sockets']);
  assert.deepEqual(filter({ 'collect[]': ['sockets', 'counters', 'sockets'] }), ['counters', 'sockets']);
});

it('leaves out those of exclude[]', () => {
  assert.deepEqual(filter({ 'exclude[]': ['counters'] }), ['sockets']);
  assert.deepEqual(filter({ 'exclude[]': ['counters', 'sockets'] }), []);
});

it('has nothing against excluding what is turned off anyway', () => {
  assert.deepEqual(filter({ 'exclude[]': 'memory' }), ['counters', 'sockets']);
});

it('takes the names of collectors that only another platform has, which bring nothing', () => {
  assert.deepEqual(filter({ 'collect[]': ['sockets', 'port_exhaustion_events'] }), ['sockets']);
  assert.deepEqual(filter({ 'collect[]': 'conntrack' }), []);
  assert.deepEqual(filter({ 'exclude[]': ['conntrack', 'counters'] }), ['sockets']);
  assert.match(String(filter({ 'collect[]': ['conntrack', 'memory'] })), /^The collector memory is turned off/);
});

it('refuses both in one request', () => {
  assert.match(
    String(filter({ 'collect[]': 'sockets', 'exclude[]': 'counters' })),
    /^Use either collect\[\] or exclude\[\]/,
  );
});

it('refuses an unknown name and says which there are', () => {
  const expected = 'There is no collector "socketz" here. There are: counters, memory, sockets.';
  assert.equal(filter({ 'collect[]': 'socketz' }), expected);
  assert.equal(filter({ 'exclude[]': ['sockets', 'socketz'] }), expected);
  assert.match(String(filter({ 'collect[]': '' })), /^There is no collector ""/);
});

it('refuses to collect what is turned off', () => {
  assert.match(String(filter({ 'collect[]': ['sockets', 'memory'] })), /^The collector memory is turned off/);
});

function filter(query: FilterQuery): string[] | string {
  const wanted = filterCollectors(query, {
    enabled: new Set(['counters', 'sockets'] as const),
    known: ['counters', 'memory', 'sockets'],
  });
  return typeof wanted === 'string' ? wanted : [...wanted];
}
