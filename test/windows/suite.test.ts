// What runs on a real Windows node.exe, under Wine: npm run test:windows. Everything it needs is set up below scratch/,
// the dependencies are kept there for the next run, and Windows itself is new each time.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { buildProgram } from '../support/programs/running-exporter.ts';
import { enterNetworkNamespace, setNetworkSetting } from '../support/sockets/network-namespace.ts';
import { testBindings } from './bindings.ts';
import { testDiagnose } from './diagnose.ts';
import { testExporter } from './exporter.ts';
import { testLayouts } from './layouts.ts';
import { prepareScratchApp, type ScratchApp } from './scratch-app.ts';
import { testSelfCheck } from './self-check.ts';
import { testService } from './service.ts';
import { ANSWERING_COMMANDS, compileStandIns, type StandIns } from './stand-ins.ts';
import { findWine, missingTools } from './tools.ts';
import { testUnits } from './units.ts';
import { openWine, type Wine } from './wine.ts';

/** What every test of this suite works with. */
export interface Bench {
  /** Holds what this run makes, and is removed behind it. */
  readonly folder: string;
  readonly app: ScratchApp;
  readonly standIns: StandIns;
  readonly wine: Wine;
}

/** Windows' default range: the sockets that Windows programs make under Wine get their ports from Linux. */
const EPHEMERAL_RANGE = '49152 65535';
/** What the answers of netsh exclude from it, which Windows gives to nobody either. */
const EXCLUDED_PORTS = '49710-49809,50000-50059';

const missing = missingTools();
if (missing !== undefined && process.env.CI === 'true') throw new Error(missing);
const app = missing === undefined ? prepare() : undefined;
const skip = missing ?? enterNetworkNamespace();

describe("on Windows' node.exe", { skip: skip ?? false }, () => {
  let bench: Bench | undefined;
  before(async () => {
    setNetworkSetting('ipv4/ip_local_port_range', EPHEMERAL_RANGE);
    setNetworkSetting('ipv4/ip_local_reserved_ports', EXCLUDED_PORTS);
    const folder = mkdtempSync(join(app!.scratch, 'run-'));
    const standIns = compileStandIns(folder);
    bench = { folder, app: app!, standIns, wine: await openWine(findWine()!, folder, ANSWERING_COMMANDS) };
  });
  after(() => {
    bench?.wine.close();
    if (bench !== undefined) rmSync(bench.folder, { recursive: true, force: true });
  });

  const useBench = () => bench!;
  testLayouts(useBench);
  testBindings(useBench);
  testUnits(useBench);
  testSelfCheck(useBench); // before others leave many sockets in TIME_WAIT behind
  testDiagnose(useBench);
  testExporter(useBench);
  testService(useBench);
});

/** Before the network namespace is entered, which has no way to a registry. */
function prepare(): ScratchApp {
  buildProgram();
  return prepareScratchApp();
}
