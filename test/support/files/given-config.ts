import assert from 'node:assert/strict';
import { type Config, ConfigRefusal, readCommand } from '../../../src/config/config.ts';

/** What a command line and an environment make of the program. */
export function configOf(argv: string[], environment = {}, platform: 'linux' | 'windows' = 'linux'): Config {
  const command = readCommand(platform, argv, environment);
  assert.equal(command.kind, 'run');
  return command.config;
}

/** Why they are refused. */
export function refusalOf(argv: string[], environment = {}): string {
  try {
    readCommand('linux', argv, environment);
  } catch (error) {
    assert.ok(error instanceof ConfigRefusal, String(error));
    return error.message;
  }
  return assert.fail(`not refused: ${argv.join(' ')}`);
}
