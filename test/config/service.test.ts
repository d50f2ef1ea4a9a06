import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Config, ConfigRefusal, defaultServiceConfig, readCommand } from '../../src/config/config.ts';
import { wantsService } from '../../src/config/service.ts';

const PROGRAM_DATA = { ProgramData: 'D:\\Data' };
const LOG = 'D:\\Data\\tcpstate-exporter\\tcpstate-exporter.log';

describe('--service', () => {
  it('sends the log to a file in the program data, unless another one is named', () => {
    assert.equal(configOf(['--service'], PROGRAM_DATA).logFile, LOG);
    assert.equal(configOf([], { ...PROGRAM_DATA, TCPSTATE_SERVICE: 'true' }).logFile, LOG);
    assert.equal(configOf(['--service'], {}).logFile, 'C:\\ProgramData\\tcpstate-exporter\\tcpstate-exporter.log');
    assert.equal(configOf(['--service', '--log.file=E:\\x.log'], PROGRAM_DATA).logFile, 'E:\\x.log');
    assert.equal(configOf([], PROGRAM_DATA).logFile, undefined);
    assert.equal(configOf(['--no-service'], PROGRAM_DATA).logFile, undefined);
  });

  it('is refused on Linux, by flag and by variable', () => {
    const refusal = { name: 'ConfigRefusal', message: /^--service is not possible here: .*Windows/ };
    assert.throws(() => readCommand('linux', ['--service'], {}), refusal);
    assert.throws(() => readCommand('linux', [], { TCPSTATE_SERVICE: 'true' }), refusal);
    assert.equal(readCommand('linux', ['--no-service'], {}).kind, 'run');
  });
});

describe('wantsService', () => {
  it('is known on Windows though other options are wrong', () => {
    const wrong = ['--nonsense', '--service'];
    assert.throws(() => readCommand('windows', wrong, {}), ConfigRefusal);
    assert.equal(wantsService('windows', wrong, {}), true);
    assert.equal(wantsService('windows', [], { TCPSTATE_SERVICE: 'true' }), true);
    assert.equal(wantsService('windows', [], {}), false);
    for (const platform of ['linux', undefined] as const)
      assert.equal(wantsService(platform, ['--service'], {}), false);
  });
});

describe('defaultServiceConfig', () => {
  it('is what a service has that was given no option, whatever the environment says', () => {
    assert.deepEqual(
      defaultServiceConfig({ ...PROGRAM_DATA, TCPSTATE_LOG_LEVEL: 'nonsense' }),
      configOf(['--service'], PROGRAM_DATA),
    );
  });
});

function configOf(argv: string[], environment: Record<string, string>): Config {
  const command = readCommand('windows', argv, environment);
  assert.equal(command.kind, 'run');
  return command.config;
}
