import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startExporter } from '../support/programs/running-exporter.ts';

/** Two halves of 1 or 2 MB, as V8 has them when the program starts; without the flag they grow to 16 MB and more. */
const MOST_BYTES = 4.5 * 1024 * 1024;
/** Enough to have V8 double them to the end. */
const SCRAPES = 300;

describe('memory of the built program', () => {
  it('keeps the young generation of the main thread small, though V8 forgets that flag when another thread starts', async (t) => {
    const exporter = await startExporter(t);
    for (let scrape = 1; scrape < SCRAPES; scrape++) await exporter.scrape();
    const spaces = (await exporter.scrape()).get('nodejs_heap_space_size_total_bytes')!;
    const young = spaces.samples.find(({ labels }) => labels.space === 'new')!;
    assert.ok(Number(young.value) <= MOST_BYTES, `${young.value} bytes`);
  });
});
