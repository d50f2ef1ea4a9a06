import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CollectorName } from '../../../../src/model/collectors.ts';
import { startCommands } from '../../../../src/platform/windows/commands/commands.ts';
import { readWindowsFixture } from '../recorded.ts';

const ANSWERS: Readonly<Record<string, string>> = {
  'int ipv4 show dynamicport tcp': fixture('netsh-dynamicport.en.txt'),
  'int ipv6 show dynamicport tcp': fixture('netsh-dynamicport.de.txt').replace('16384', '1000'),
  'int ipv4 show excludedportrange protocol=tcp': fixture('netsh-excluded.en.txt'),
  'int ipv6 show excludedportrange protocol=tcp': fixture('netsh-excluded.zh.txt').replaceAll(/^ +\d.*$/gm, ''),
  'gli System': fixture('wevtutil-gli.txt'),
};
const EVENT = fixture('wevtutil-4227.xml');

describe('startCommands', () => {
  it('asks netsh for both families, and takes the exclusions into the range', async () => {
    const { commands, asked } = start(['ephemeral_ports']);
    await commands.isFirstDone;
    assert.deepEqual(commands.ranges?.ipv4.read(), {
      first: 49_152,
      last: 65_535,
      excluded: [
        { first: 5357, last: 5357 },
        { first: 49_710, last: 49_809 },
        { first: 50_000, last: 50_059 },
      ],
    });
    assert.deepEqual(commands.ranges?.ipv6.read(), { first: 49_152, last: 50_151, excluded: [] });
    assert.deepEqual(
      asked.map(([program]) => program),
      Array(4).fill('C:\\sys\\netsh.exe'),
    );
    commands.stop();
  });

  it('asks nothing for collectors that are off', async () => {
    const { commands, asked } = start(['sockets']);
    await commands.isFirstDone;
    assert.deepEqual([asked, commands.ranges, commands.exhaustionEvents], [[], undefined, undefined]);
    commands.stop();
  });

  it('counts events from its start on, asking each time from a minute before the last answer', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const clock = { nowMs: 500_000 };
    const answers = [
      EVENT,
      EVENT + EVENT.replace('81234', '81235'),
      Error('no port'),
      EVENT.replace('4227<', '4231<').replace('81234', '9'),
    ];
    const { commands, asked } = start(['port_exhaustion_events'], clock, () => {
      const answer = answers.shift()!;
      if (answer instanceof Error) throw answer;
      return answer;
    });
    const counts = [];
    for (let round = 0; round < 4; round++) {
      await settle();
      counts.push(commands.exhaustionEvents?.read());
      clock.nowMs += 200_000;
      context.mock.timers.tick(180_000);
    }
    commands.stop();
    assert.deepEqual(counts, [
      { 4227: 0, 4231: 0 },
      { 4227: 1, 4231: 0 },
      { 4227: 1, 4231: 0 },
      { 4227: 1, 4231: 1 },
    ]);
    const reaches = asked.map(([, ...args]) => Number(/<= (\d+)/.exec(args.join(' '))?.[1])).slice(0, 4);
    assert.deepEqual(reaches, [60_000, 260_000, 260_000, 460_000]);
  });
});

function start(collectors: readonly CollectorName[], clock = { nowMs: 0 }, events: () => string = () => '') {
  const asked: string[][] = [];
  const commands = startCommands({
    async run(program, args) {
      asked.push([program, ...args]);
      return args[0] === 'qe' ? events() : ANSWERS[args.join(' ')]!;
    },
    pathOf: (file) => `C:\\sys\\${file}`,
    collectors: new Set(collectors),
    now: () => clock.nowMs,
  });
  return { commands, asked };
}

function fixture(file: string): string {
  return readWindowsFixture(file).toString('latin1');
}

/** Lets every promise that can go on do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
