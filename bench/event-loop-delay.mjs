// Preloaded into the exporter (node --import): measures how late its main thread's event loop is. The first SIGUSR2
// starts, the next one writes the result to the file that TCPSTATE_BENCH_DELAY_FILE names, and so on in turn.
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const file = process.env.TCPSTATE_BENCH_DELAY_FILE;
if (isMainThread && file !== undefined) {
  let delay;
  process.on('SIGUSR2', () => {
    if (delay === undefined) {
      // Every value is the time between two ticks of a timer: 1 ms when nothing is late.
      delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      return;
    }
    delay.disable();
    const milliseconds = (nanoseconds) => nanoseconds / 1e6;
    const result = { count: delay.count, p99: milliseconds(delay.percentile(99)), max: milliseconds(delay.max) };
    delay = undefined;
    writeFileSync(`${file}.new`, JSON.stringify(result));
    renameSync(`${file}.new`, file);
  });
}
