import type { BenchExporter } from '../exporter.ts';
import type { Phase } from '../phases.ts';
import { readSeen } from '../seen-sockets.ts';
import { measureScrapes } from './server.ts';
import type { Tool } from './tool.ts';

/** On an idle host one scrape is too short to be timed alone. */
const IDLE_SCRAPES = 10;

/** The exporter under test. Throws when its page does not show the sockets that are there. */
export function exporterTool(exporter: BenchExporter, phase: Phase, idleRate: number): Tool {
  return {
    name: 'exporter',
    async collect() {
      const scrapes = phase.state === undefined ? IDLE_SCRAPES : 1;
      const { reading, response } = await measureScrapes(exporter, idleRate, scrapes);
      return { ...reading, ...readSeen(response, phase) };
    },
    stop: async () => {}, // it is not the tool's own
  };
}
