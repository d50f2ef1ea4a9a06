import { ConfigRefusal } from '../config/config.ts';
import { type DiagnoseCommand, readDiagnose } from '../config/diagnose.ts';
import { runDiagnose } from '../diagnose/run.ts';
import type { PlatformName } from '../model/collectors.ts';
import { formatVersion, readBuild } from '../version.ts';

const PLATFORMS: Readonly<Record<string, PlatformName>> = { linux: 'linux', win32: 'windows' };

/** As Nagios has it: what is asked for cannot be told. */
const EXIT_UNKNOWN = 3;

/**
 * A reader that has read enough (head, a pager) closes the pipe: that ends the report, and is no failure. A full disk is one, and not
 * the WARNING that Node's own exit code 1 would mean.
 */
const readerGone = new AbortController();
let isLost = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && !isLost) {
    isLost = true;
    refuse(`the output cannot be written: ${error.message}`);
  }
  readerGone.abort();
});

const command = chooseCommand();
if (command?.kind === 'help') process.stdout.write(command.text);
else if (command?.kind === 'version') process.stdout.write(formatVersion(readBuild()));
else if (command !== undefined) {
  const { options } = command;
  const code = await runDiagnose(
    options,
    async () => {
      if (options.url === undefined) return (await import('../diagnose/this-host.ts')).openThisHost(options.config);
      return (await import('../diagnose/page/source.ts')).openPage(options.url, options);
    },
    { output: process.stdout, input: process.stdin, errors: process.stderr, readerGone: readerGone.signal },
  );
  if (!isLost) process.exitCode = code;
}

function chooseCommand(): DiagnoseCommand | undefined {
  const platform = PLATFORMS[process.platform];
  if (platform === undefined) return refuse(`there is nothing to read on ${process.platform}: only Linux and Windows`);
  try {
    return readDiagnose(platform);
  } catch (error) {
    if (error instanceof ConfigRefusal) return refuse(error.message);
    throw error;
  }
}

function refuse(reason: string): undefined {
  process.stderr.write(`tcpstate diagnose: ${reason}\n`);
  process.exitCode = EXIT_UNKNOWN;
}
