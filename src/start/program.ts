import { existsSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { FastifyInstance } from 'fastify';
import { type Command, type Config, ConfigRefusal, readCommand, wantsService } from '../config/config.ts';
import { createConnections } from '../http/connection/connections.ts';
import { type Listening, listen } from '../http/connection/listen.ts';
import { createWebServer } from '../http/connection/web-server.ts';
import { guardRequests } from '../http/guard/guard.ts';
import { countRequests } from '../http/pages/count-requests.ts';
import { buildServer } from '../http/server.ts';
import { OPEN_TO_ALL, type WebSettings } from '../http/web-config/web-settings-type.ts';
import type { Logger } from '../log/log.ts';
import { createRequestCounts, type RequestCounts } from '../metrics/request-counts.ts';
import type { PlatformName } from '../model/collectors.ts';
import type { ConfigInUse } from '../model/file-config.ts';
import { useStartRights } from '../platform/select.ts';
import { createScraper, type Scraper } from '../scrape/scraper.ts';
import type { WindowsService } from '../service/index.ts';
import { formatVersion, readBuild } from '../version.ts';
import { logRefusedService, openLog } from './open-log.ts';

const PLATFORMS: Readonly<Record<string, PlatformName>> = { linux: 'linux', win32: 'windows' };

const EXIT_STOPPED = 0;
const EXIT_FAILED = 1;
const EXIT_REFUSED = 2;

/**
 * Time for answers in progress after the exporter is told to stop, and for the whole stop: a supervisor never has to
 * wait.
 */
const FINISH_ANSWERS_MS = 600;
const STOP_MS = 900;

const platform = PLATFORMS[process.platform];
/** Connected before any option is checked, so that the Windows service manager hears how the start ends. */
let service: WindowsService | undefined;
if (wantsService(platform)) service = await becomeService();
const command = chooseCommand();
if (command.kind === 'help') process.stdout.write(command.text);
else if (command.kind === 'version') process.stdout.write(formatVersion(readBuild()));
else if (command.kind === 'config.check') await checkFiles(command.config);
else if (command.kind === 'self-check') await checkSelf(command.config);
else await run(command.config);

function chooseCommand(): Command {
  if (platform === undefined) return refuse(`there is nothing to read on ${process.platform}: only Linux and Windows`);
  return orRefuse(() => readCommand(platform));
}

async function becomeService(): Promise<WindowsService> {
  const { openService } = await import('../service/index.ts'); // has a native part, which only a service needs
  try {
    return await openService();
  } catch (error) {
    return refuse((error as Error).message);
  }
}

/**
 * With a mistyped mount point every collector would fail for ever. The default one of sysfs may be missing: then units
 * are unknown.
 */
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
  const { runSelfCheck } = await import('../self-check/run.ts'); // reads the system on this thread
  const { text, isGood } = await runSelfCheck(config);
  process.stdout.write(`${formatVersion(readBuild())}\n${text}`);
  process.exitCode = isGood ? 0 : EXIT_FAILED;
}

/** Opens the files as a start does, and refuses what is wrong. */
async function checkFiles(config: Config): Promise<void> {
  if (config.configFile === undefined && config.webConfigFile === undefined)
    refuse('there is no file to check: give --config.file or --web.config.file');
  const log = openLogOrRefuse({ ...config, logFile: undefined });
  await openConfig(config, log);
  await openWebConfig(config, log);
  for (const file of [config.configFile, config.webConfigFile])
    if (file !== undefined) process.stdout.write(`${file} is all right\n`);
}

async function run(config: Config): Promise<void> {
  checkMountPoints(config);
  const keptRights = await giveUpRights(config);
  const log = openLogOrRefuse(config);
  stayOnHangup(log);
  const settingsNow = await openWebConfig(config, log);
  const configNow = await openConfig(config, log);
  const build = readBuild();
  log.info({ ...build }, 'starting tcpstate-exporter');
  if (keptRights !== undefined)
    log.warn({ error: keptRights }, 'CAP_BPF and CAP_PERFMON could not be given up after the start');
  const counts = createRequestCounts();
  const scraper = createScraper({ ...config, ...(configNow && { configNow }), build, log, requests: counts });
  exitOnUnexpectedErrors(scraper, log);
  const headersNow = () => settingsNow().headers;
  const app = buildServer({ config, scraper, log, build, headersNow });
  stopOnSignals(await serve(config, app, settingsNow, { counts, log }), scraper, log);
}

/** Undefined when it has none left to give up: the process may have begun anew for that. */
async function giveUpRights(config: Config): Promise<string | undefined> {
  try {
    await useStartRights(
      config.platform,
      config,
      config.passedSockets.map(({ fd }) => fd),
    );
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
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
  const { openWebSettings } = await import('../http/web-config/web-settings.ts'); // loads a YAML parser, which is large
  return orRefuse(() => openWebSettings(webConfigFile, log));
}

async function openConfig({ configFile }: Config, log: Logger): Promise<(() => ConfigInUse) | undefined> {
  if (configFile === undefined) return undefined;
  const { openConfigFile } = await import('../config/file/open-config-file.ts'); // the same parser
  return orRefuse(() => openConfigFile(configFile, log));
}

function orRefuse<Value>(open: () => Value): Value {
  try {
    return open();
  } catch (error) {
    if (error instanceof ConfigRefusal) return refuse(error.message);
    throw error;
  }
}

async function serve(
  config: Config,
  app: FastifyInstance,
  settingsNow: () => WebSettings,
  { counts, log }: { counts: RequestCounts; log: Logger },
): Promise<Listening> {
  await app.ready();
  const guarded = countRequests(guardRequests(app.routing, settingsNow, log), config.telemetryPath, counts);
  const tlsNow = () => settingsNow().tls;
  const connections = createConnections(config.maxConnections, config.scrapeTimeoutMs + config.responseTimeoutMs);
  try {
    const places = config.passedSockets.length > 0 ? config.passedSockets : config.listenAddresses;
    const listening = await listen(places, () =>
      createWebServer(guarded, { limits: config, connections, tlsNow, counts, log }),
    );
    const details = { path: config.telemetryPath, tls: tlsNow() !== undefined };
    for (const address of listening.addresses) log.info({ address, ...details }, 'listening');
    return listening;
  } catch (error) {
    log.fatal({}, (error as Error).message); // one line that names the address and what to do
    process.exit(EXIT_FAILED);
  }
}

function exitOnUnexpectedErrors(scraper: Scraper, log: Logger): void {
  // Unhandled rejections arrive here too.
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

/** Without a terminal that may go away it is what people send for files to be read again. */
function stayOnHangup(log: Logger): void {
  if (process.platform === 'win32' || [0, 1, 2].some((fd) => isatty(fd))) return;
  process.on('SIGHUP', (signal) => {
    log.info({ signal }, 'files that have changed are read again with the next request');
  });
}

/** process.exit() waits for the collector thread, but a thread that hangs in the kernel ends only with the process. */
function exitAfter(closed: Promise<void>, code: number, signal: NodeJS.Signals): void {
  setTimeout(dieBy, STOP_MS, signal);
  void closed.then(() => process.exit(code));
}

function dieBy(signal: NodeJS.Signals): void {
  service?.isEnding(EXIT_FAILED); // on Windows a signal ends the process at once
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  process.abort(); // only process 1 of a container gets here: unhandled signals do not end it
}
