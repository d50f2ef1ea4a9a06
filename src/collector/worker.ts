import '../memory/small-heap.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { describeError } from '../model/describe-error.ts';
import { openPlatform } from '../platform/select.ts';
import { createCollection } from './collect.ts';
import {
  type CollectedPart,
  type CollectorMessage,
  type CollectRequest,
  monotonicMs,
  type ThreadData,
} from './protocol.ts';

// The collector thread: owns the OS handles, the table and the tallies. Requests queue up in the port while one is served.
const port = parentPort;
if (port === null) throw new Error('collector/worker.ts runs in a worker thread only');
const options = workerData as ThreadData;
const send = (message: CollectorMessage) => port.postMessage(message);

try {
  const platform = await openPlatform(options.platform, { ...options, collectors: new Set(options.collectors) });
  const collect = createCollection(platform, options.limits, monotonicMs);
  port.on('message', (request: CollectRequest) => {
    collect(request, (part: CollectedPart) => send({ type: 'part', id: request.id, part }));
    send({ type: 'done', id: request.id });
  });
  send({ type: 'ready', notices: platform.notices });
} catch (error) {
  send({ type: 'unable', error: describeError(error) });
}
