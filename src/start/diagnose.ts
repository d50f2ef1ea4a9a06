import { ConfigRefusal } from '../config/config.ts';
import { type DiagnoseCommand, type DiagnoseOptions, readDiagnose, wantsCheck } from '../config/diagnose.ts';
import { runDiagnose } from '../diagnose/run.ts';
import type { PlatformName } from '../model/collectors.ts';
import type { ConfigInUse } from '../model/file-config.ts';
import { formatVersion, readBuild } from '../version.ts';

const PLATFORMS: Readonly<Record<string, PlatformName>> = { linux: 'linux', win32: 'windows' };

/** As Nagios has it: what is asked for cannot be told. */
const EXIT_UNKNOWN = 3;
const REFUSED = Symbol('refused');

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
else if (command !== undefined) await diagnose(command.options);

async function diagnose(options: DiagnoseOptions): Promise<void> {
  const names = await readNames(options.config.configFile);
  if (names === REFUSED) return;
  const code = await runDiagnose(
    options,
    async () => {
      if (options.url === undefined)
        return (await import('../diagnose/this-host.ts')).openThisHost(options.config, names);
      return (await import('../diagnose/page/source.ts')).openPage(options.url, options);
    },
    { output: process.stdout, input: process.stdin, errors: process.stderr, readerGone: readerGone.signal },
  );
  if (!isLost) process.exitCode = code;
}

async function readNames(file: string | undefined): Promise<ConfigInUse | undefined | typeof REFUSED> {
  if (file === undefined) return undefined;
  const { readConfigFile } = await import('../config/file/open-config-file.ts'); // loads a YAML parser, which is large
  return orRefuse(() => readConfigFile(file)) ?? REFUSED;
}

function chooseCommand(): DiagnoseCommand | undefined {
  const platform = PLATFORMS[process.platform];
  if (platform === undefined) return refuse(`there is nothing to read on ${process.platform}: only Linux and Windows`);
  return orRefuse(() => readDiagnose(platform));
}

function orRefuse<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigRefusal) return refuse(error.message);
    throw error;
  }
}

/** Nagios shows what a check writes to its standard output alone. */
function refuse(reason: string): undefined {
  if (wantsCheck() && !isLost) process.stdout.write(`TCP UNKNOWN - ${reason}\n`);
  else process.stderr.write(`tcpstate diagnose: ${reason}\n`);
  process.exitCode = EXIT_UNKNOWN;
}
