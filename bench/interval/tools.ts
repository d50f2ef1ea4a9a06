import { type BenchExporter, PORT, startExporter } from '../exporter.ts';
import { CHURN } from '../measure-phase.ts';
import type { NativePrograms } from '../native.ts';
import type { Phase } from '../phases.ts';
import { readSeen } from '../seen-sockets.ts';
import type { SocketFleet } from '../socket-fleet.ts';
import { commandTools } from '../tools/index.ts';
import { startNodeExporter } from '../tools/node-exporter.ts';
import type { Reading } from '../tools/tool.ts';
import { warmUp } from '../warm-up.ts';

/** A tool that is asked and left alone until the next time. */
export interface PausingTool {
  readonly name: string;
  /** Of a server, which stays; undefined of a command, which tells its CPU time itself. */
  readonly pid: number | undefined;
  ask(): Promise<Partial<Pick<Reading, 'cpuMs' | 'wallMs'>>>;
}

/** A process that must not stay. */
export interface Stoppable {
  stop(): Promise<void>;
}

/** node_exporter with the collectors that read what the exporter reads beside sockets. */
export const THREE_COLLECTORS = 'node_exporter-3';
const NODE_EXPORTERS = [
  { name: 'node_exporter', collectors: ['tcpstat'], port: 9100 },
  { name: THREE_COLLECTORS, collectors: ['tcpstat', 'sockstat', 'netstat'], port: 9101 },
];
const EXPORTER = 'exporter@';

/** What the exporter is called that runs on this version of Node.js, and back. */
export function exporterOn(nodeVersion: string): string {
  return `${EXPORTER}${nodeVersion}`;
}

/** The version of Node.js of an exporter; undefined for any other tool. */
export function nodeOf(tool: string): string | undefined {
  return tool.startsWith(EXPORTER) ? tool.slice(EXPORTER.length) : undefined;
}

/** Starts an exporter for each of `nodes`, warm, and the others that are installed and wanted. Adds what it starts to `started`. */
export async function startPausingTools(
  programs: NativePrograms,
  phase: Phase,
  fleet: SocketFleet | undefined,
  nodes: ReadonlyMap<string, string>,
  wanted: ReadonlySet<string> | undefined,
  started: Stoppable[],
): Promise<PausingTool[]> {
  const exporters: BenchExporter[] = [];
  const tools: PausingTool[] = [];
  for (const [version, node] of nodes) {
    const exporter = await startExporter({ node, port: PORT + tools.length });
    started.push(exporter);
    exporters.push(exporter);
    const ask = async () => {
      const response = await exporter.client.scrape();
      readSeen(response, phase);
      return { wallMs: response.milliseconds };
    };
    tools.push({ name: exporterOn(version), pid: exporter.pid, ask });
  }
  await warmUp(exporters, fleet, phase, CHURN);
  const isWanted = (name: string) => wanted === undefined || wanted.has(name);
  for (const { name, collectors, port } of NODE_EXPORTERS.filter(() => isWanted('node_exporter'))) {
    const server = await startNodeExporter(collectors, port);
    if (server === undefined) continue;
    started.push(server);
    tools.push({ name, pid: server.pid, ask: async () => ({ wallMs: (await server.client.scrape()).milliseconds }) });
  }
  const commands = commandTools(programs).filter(({ name }) => isWanted(name));
  return [...tools, ...commands.map(({ name, collect }) => ({ name, pid: undefined, ask: collect }))];
}
