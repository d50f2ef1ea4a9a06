// A thread in the place of the collector thread: the collectors that a request names tell it what to do. Its `procfs`
// is a pipe that nobody writes to; with the `sysfs` "unable" it never comes up.
import { openSync } from 'node:fs';
import { parentPort, threadId, workerData } from 'node:worker_threads';

const FOREVER = new Int32Array(new SharedArrayBuffer(4));

const ACTIONS = {
  /** Tells which thread answered, and the configuration that came with the request. */
  counters(id, config) {
    const facts = { conntrack: { entries: threadId, limit: 1 }, ...(config && { config }) };
    parentPort.postMessage({
      type: 'part',
      id,
      part: { facts, outcomes: [{ collector: 'counters', success: true, seconds: 0 }] },
    });
  },
  conntrack() {
    throw new Error('the thread fails');
  },
  memory() {
    process.exit(); // ends the thread alone
  },
  settings() {
    Atomics.wait(FOREVER, 0, 0);
  },
  namespace() {
    openSync(workerData.procfs); // hangs in the kernel
  },
  units() {
    Atomics.wait(FOREVER, 0, 0, 50);
  },
};

if (workerData.sysfs === 'unable') parentPort.postMessage({ type: 'unable', error: 'there is nothing to read' });
else {
  parentPort.on('message', ({ id, collectors, config }) => {
    for (const name of collectors) ACTIONS[name](id, config);
    parentPort.postMessage({ type: 'done', id, end: { parts: [], hasCounts: true } });
  });
  parentPort.postMessage({ type: 'ready', notices: [{ level: 'info', message: 'scripted' }] });
}
