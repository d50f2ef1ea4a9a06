import '../memory/small-heap.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { describeError } from '../model/describe-error.ts';
import { openPlatform } from '../platform/select.ts';
import { createAnswering } from './answering.ts';
import { createCollection } from './collect.ts';
import { type CollectorMessage, type CollectRequest, monotonicMs, type ThreadData } from './protocol.ts';

// The collector thread: it owns the OS handles, the table and the tallies. Requests wait in the port while it serves
// one.
const port = parentPort;
if (port === null) throw new Error('collector/worker.ts runs in a worker thread only');
const options = workerData as ThreadData;
const send = (message: CollectorMessage, transfer?: ArrayBuffer[]) => port.postMessage(message, transfer);

try {
  const platform = await openPlatform(options.platform, { ...options, collectors: new Set(options.collectors) });
  const collect = createCollection(platform, options.limits, monotonicMs);
  const answer = createAnswering(collect, options.build, options.collectors.length, send);
  port.on('message', (request: CollectRequest) => {
    answer(request);
    platform.betweenCollections?.();
  });
  send({ type: 'ready', notices: platform.notices });
} catch (error) {
  send({ type: 'unable', error: describeError(error) });
}
