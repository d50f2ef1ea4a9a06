#!/usr/bin/env node
import { existsSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { type Command, type Config, ConfigRefusal, readCommand } from './config.ts';
import { guardRequests } from './http/guard.ts';
import { type Listening, listen } from './http/listen.ts';
import { createSecureServer } from './http/secure-server.ts';
import { buildServer } from './http/server.ts';
import { OPEN_TO_ALL, openWebSettings, type WebSettings } from './http/web-settings.ts';
import { createLogger, type Logger } from './log.ts';
import type { PlatformName } from './model/collectors.ts';
import { createScraper, type Scraper } from './scraper.ts';
import { formatVersion, readBuild } from './version.ts';

const PLATFORMS: Readonly<Record<string, PlatformName>> = { linux: 'linux', win32: 'windows' };

const EXIT_STOPPED = 0;
const EXIT_FAILED = 1;
const EXIT_REFUSED = 2;

/** Time for answers under way once the exporter is told to stop, and for everything: a supervisor never has to wait. */
const FINISH_ANSWERS_MS = 600;
const STOP_MS = 900;

const command = chooseCommand();
if (command.kind === 'help') process.stdout.write(command.text);
else if (command.kind === 'version') process.stdout.write(formatVersion(readBuild()));
else await run(command.config);

function chooseCommand(): Command {
  const platform = PLATFORMS[process.platform];
  if (platform === undefined) return refuse(`there is nothing to read on ${process.platform}: only Linux and Windows`);
  try {
    return readCommand(platform);
  } catch (error) {
    if (error instanceof ConfigRefusal) return refuse(error.message);
    throw error;
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
  process.exit(EXIT_REFUSED);
}

async function run(config: Config): Promise<void> {
  checkMountPoints(config);
  const log = createLogger({ level: config.logLevel, format: config.logFormat });
  const settingsNow = openWebConfig(config, log);
  const build = readBuild();
  log.info({ ...build }, 'starting tcpstate-exporter');
  const scraper = createScraper({ ...config, build, log });
  exitOnUnexpectedErrors(scraper, log);
  const headersNow = () => settingsNow().headers;
  const app = buildServer({ config, scraper, log, build, headersNow });
  stopOnSignals(await serve(config, app, settingsNow, log), scraper, log);
}

function openWebConfig({ webConfigFile }: Config, log: Logger): () => WebSettings {
  if (webConfigFile === undefined) return () => OPEN_TO_ALL;
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
  try {
    const listening = await listen(config.listenAddresses, () =>
      createSecureServer(guarded, config.scrapeTimeoutMs, tlsNow, log),
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
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/** process.exit() waits for the collector thread, and a thread that hangs in the kernel ends with the process alone. */
function exitAfter(closed: Promise<void>, code: number, signal: NodeJS.Signals): void {
  setTimeout(dieBy, STOP_MS, signal);
  void closed.then(() => process.exit(code));
}

function dieBy(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  process.abort(); // only process 1 of a container gets here: it is spared signals that it does not handle
}
