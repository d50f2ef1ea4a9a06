// Preloaded into the exporter (node --import): notes how late its main thread's event loop is. The first SIGUSR2 starts,
// the next one writes the times between two ticks of a 1 ms timer to the file that BENCH_DELAY_FILE names, in
// milliseconds, and so on in turn. In between it costs nothing.
import { renameSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const file = process.env.BENCH_DELAY_FILE;
if (isMainThread && file !== undefined) {
  let timer;
  let ticks = [];
  process.on('SIGUSR2', () => {
    if (timer === undefined) {
      ticks = [performance.now()];
      timer = setInterval(() => ticks.push(performance.now()), 1);
      return;
    }
    clearInterval(timer);
    timer = undefined;
    ticks.push(performance.now());
    writeFileSync(`${file}.new`, JSON.stringify(ticks.slice(1).map((tick, index) => tick - ticks[index])));
    renameSync(`${file}.new`, file);
  });
}
