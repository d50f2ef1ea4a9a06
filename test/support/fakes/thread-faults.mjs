// Preloaded (`--import`) into the built program: in the collector thread, each collection begins with the fault that the
// file named by THREAD_FAULT holds at that time: nothing, or one of these. `no array 7`: the 7th large one cannot be had.
import { readFileSync } from 'node:fs';
import { isMainThread, parentPort } from 'node:worker_threads';

/** Elements of a typed array that counts as large: what grows with the number of sockets. */
const LARGE = 2000;
const ARRAYS = ['ArrayBuffer', 'Uint8Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'Float64Array'];

let arraysLeft = Number.POSITIVE_INFINITY;

const FAULTS = {
  /** Objects until the thread's heap has no room. */
  'out of memory'() {
    for (const kept = []; ; ) kept.push(new Array(1e5).fill(kept.length));
  },
  exit() {
    process.exit(3); // ends the thread alone
  },
  throw() {
    throw new Error('thrown by a test');
  },
};

function begin(fault) {
  const [, nth] = /^no array (\d+)$/.exec(fault) ?? [];
  arraysLeft = nth === undefined ? Number.POSITIVE_INFINITY : Number(nth);
  FAULTS[fault]?.();
}

/** Fails like the real one. */
function limited(kind) {
  return new Proxy(kind, {
    construct(target, args, newTarget) {
      if (typeof args[0] === 'number' && args[0] > LARGE && --arraysLeft === 0)
        throw new RangeError('Array buffer allocation failed');
      return Reflect.construct(target, args, newTarget);
    },
  });
}

if (!isMainThread && parentPort !== null) {
  for (const name of ARRAYS) globalThis[name] = limited(globalThis[name]);
  const on = parentPort.on.bind(parentPort);
  parentPort.on = (event, listener) =>
    on(event, (message) => {
      begin(readFileSync(process.env.THREAD_FAULT, 'utf8'));
      listener(message);
    });
}
