import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RULES_FOLDER } from '../../alerts/rule-files.ts';
import { backfillRules, createBlocks, type Prometheus, startPrometheus } from '../prometheus.ts';
import { writeAlerts } from './alerts.ts';
import { END_SECONDS, MINUTES } from './course.ts';
import { writeIncident } from './openmetrics.ts';

/** Rules that read what other rules record see nothing of it in the same run of promtool. */
const DEPTH_OF_RULES = 3;

/** A Prometheus that lived through the incident: scraped pages, recorded series and alerts. */
export async function startIncident(folder: string): Promise<Prometheus> {
  await writeIncident(join(folder, 'pages.om'));
  createBlocks(folder, 'pages.om');
  const rules = readdirSync(RULES_FOLDER).map((file) => join(fileURLToPath(RULES_FOLDER), file));
  for (let depth = 1; depth <= DEPTH_OF_RULES; depth++) {
    await during(folder, async ({ url }) => {
      backfillRules(folder, url, END_SECONDS - 60 * MINUTES, END_SECONDS, rules);
    });
  }
  await during(folder, (prometheus) => writeAlerts(prometheus, join(folder, 'alerts.om')));
  createBlocks(folder, 'alerts.om');
  return startPrometheus(folder);
}

async function during(folder: string, work: (prometheus: Prometheus) => Promise<void>): Promise<void> {
  const prometheus = await startPrometheus(folder);
  try {
    await work(prometheus);
  } finally {
    await prometheus.stop();
  }
}
