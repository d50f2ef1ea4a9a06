import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PROMTOOL = '/usr/bin/promtool';

/** Why tests with promtool do not run here, undefined where they do. CI has it: there they fail instead. */
export const SKIP_PROMTOOL: string | undefined =
  existsSync(PROMTOOL) || process.env.CI === 'true' ? undefined : 'skipped: needs promtool';

/** Everything `promtool check metrics` has to say about a page; empty when it has no objection. */
export function checkMetrics(page: string): string {
  const { error, status, stdout, stderr } = spawnSync(PROMTOOL, ['check', 'metrics'], {
    input: page,
    encoding: 'utf8',
  });
  if (error !== undefined) throw new Error(`cannot run ${PROMTOOL}`, { cause: error });
  const said = stdout + stderr;
  return status === 0 || said !== '' ? said : `exit code ${status}`;
}
