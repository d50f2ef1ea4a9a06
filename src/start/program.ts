import { existsSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { type Command, type Config, ConfigRefusal, readCommand, wantsService } from '../config/config.ts';
import { createConnections } from '../http/connection/connections.ts';
import { type Listening, listen } from '../http/connection/listen.ts';
import { createSecureServer } from '../http/connection/web-server.ts';
import { guardRequests } from '../http/guard/guard.ts';
import { buildServer } from '../http/server.ts';
import { OPEN_TO_ALL, type WebSettings } from '../http/web-config/web-settings-type.ts';
import type { Logger } from '../log/log.ts';
import type { PlatformName } from '../model/collectors.ts';
import { createScraper, type Scraper } from '../scrape/scraper.ts';
import type { WindowsService } from '../service/index.ts';
import { formatVersion, readBuild } from '../version.ts';
import { logRefusedService, openLog } from './open-log.ts';

const PLATFORMS: Readonly<Record<string, PlatformName>> = { linux: 'linux', win32: 'windows' };

const EXIT_STOPPED = 0;
const EXIT_FAILED = 1;
const EXIT_REFUSED = 2;

/** Time for answers under way once the exporter is told to stop, and for everything: a supervisor never has to wait. */
const FINISH_ANSWERS_MS = 600;
const STOP_MS = 900;

const platform = PLATFORMS[process.platform];
/** There before anything is judged: the service manager of Windows hears how the start ends. */
let service: WindowsService | undefined;
if (wantsService(platform)) service = await becomeService();
const command = chooseCommand();
if (command.kind === 'help') process.stdout.write(command.text);
else if (command.kind === 'version') process.stdout.write(formatVersion(readBuild()));
else if (command.kind === 'self-check') await checkSelf(command.config);
else await run(command.config);

function chooseCommand(): Command {
  if (platform === undefined) return refuse(`there is nothing to read on ${process.platform}: only Linux and Windows`);
  try {
    return readCommand(platform);
  } catch (error) {
    if (error instanceof ConfigRefusal) return refuse(error.message);
    throw error;
  }
}

async function becomeService(): Promise<WindowsService> {
  const { openService } = await import('../service/index.ts'); // has a native part, which nobody else needs here
  try {
    return await openService();
  } catch (error) {
    return refuse((error as Error).message);
  }
}

/** A mistyped mount point would leave every collector failing for ever. The usual one of sysfs may be missing: units are then unknown. */
function checkMountPoints({ procfs, sysfs }: Config): void {
  if (process.platform !== 'linux') return;
  if (!existsSync(`${procfs}/self`))
    refuse(`--path.procfs=${procfs} is not allowed: give the mount point of procfs (this has no "self")`);
  if (sysfs !== '/sys' && !existsSync(`${sysfs}/fs`)) {
    refuse(`--path.sysfs=${sysfs} is not allowed: give the mount point of sysfs (this has no "fs")`);
  }
}

function refuse(reason: string): never {
  process.stderr.write(`tcpstate-exporter: ${reason}\n`);
  if (service !== undefined) logRefusedService(reason);
  process.exit(EXIT_REFUSED);
}

async function checkSelf(config: Config): Promise<void> {
  checkMountPoints(config);
  const { runSelfCheck } = await import('../self-check/run.ts'); // reads the system on this thread, which nobody else does
  const { text, isGood } = await runSelfCheck(config);
  process.stdout.write(`${formatVersion(readBuild())}\n${text}`);
  process.exitCode = isGood ? 0 : EXIT_FAILED;
}

async function run(config: Config): Promise<void> {
  checkMountPoints(config);
  const log = openLogOrRefuse(config);
  const settingsNow = await openWebConfig(config, log);
  const build = readBuild();
  log.info({ ...build }, 'starting tcpstate-exporter');
  const scraper = createScraper({ ...config, build, log });
  exitOnUnexpectedErrors(scraper, log);
  const headersNow = () => settingsNow().headers;
  const app = buildServer({ config, scraper, log, build, headersNow });
  stopOnSignals(await serve(config, app, settingsNow, log), scraper, log);
}

function openLogOrRefuse(config: Config): Logger {
  try {
    return openLog(config);
  } catch (error) {
    return refuse(`--log.file=${config.logFile} cannot be written: ${(error as Error).message}`);
  }
}

async function openWebConfig({ webConfigFile }: Config, log: Logger): Promise<() => WebSettings> {
  if (webConfigFile === undefined) return () => OPEN_TO_ALL;
  const { openWebSettings } = await import('../http/web-config/web-settings.ts'); // brings a YAML parser, which is large
  try {
    return openWebSettings(webConfigFile, log);
  } catch (error) {
    if (error instanceof ConfigRefusal) return refuse(error.message);
    throw error;
  }
}

async function serve(
  config: Config,
  app: FastifyInstance,
  settingsNow: () => WebSettings,
  log: Logger,
): Promise<Listening> {
  await app.ready();
  const guarded = guardRequests(app.routing, settingsNow, log);
  const tlsNow = () => settingsNow().tls;
  const connections = createConnections(config.maxConnections, config.scrapeTimeoutMs + config.responseTimeoutMs);
  try {
    const places = config.passedSockets.length > 0 ? config.passedSockets : config.listenAddresses;
    const listening = await listen(places, () =>
      createSecureServer(guarded, { limits: config, connections, tlsNow, log }),
    );
    const details = { path: config.telemetryPath, tls: tlsNow() !== undefined };
    for (const address of listening.addresses) log.info({ address, ...details }, 'listening');
    return listening;
  } catch (error) {
    log.fatal({}, (error as Error).message); // one line that names the address and the way out
    process.exit(EXIT_FAILED);
  }
}

function exitOnUnexpectedErrors(scraper: Scraper, log: Logger): void {
  // Rejections that nobody handles arrive here too.
  process.on('uncaughtException', (error: unknown) => {
    log.fatal({ error, stack: error instanceof Error ? error.stack : undefined }, 'unexpected error, exiting');
    exitAfter(scraper.close(), EXIT_FAILED, 'SIGKILL');
  });
}

function stopOnSignals(listening: Listening, scraper: Scraper, log: Logger): void {
  let isStopping = false;
  const stop = (signal: 'SIGTERM' | 'SIGINT') => {
    if (isStopping) dieBy(signal);
    isStopping = true;
    log.info({ signal }, 'stopping');
    const stopped = listening.close(FINISH_ANSWERS_MS).then(() => scraper.close());
    exitAfter(stopped, EXIT_STOPPED, signal);
  };
  service?.isRunning(() => stop('SIGTERM'));
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/** process.exit() waits for the collector thread, and a thread that hangs in the kernel ends with the process alone. */
function exitAfter(closed: Promise<void>, code: number, signal: NodeJS.Signals): void {
  setTimeout(dieBy, STOP_MS, signal);
  void closed.then(() => process.exit(code));
}

function dieBy(signal: NodeJS.Signals): void {
  service?.isEnding(EXIT_FAILED); // on Windows a signal ends the process at once
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  process.abort(); // only process 1 of a container gets here: it is spared signals that it does not handle
}
