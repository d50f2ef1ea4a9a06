import { setTimeout as pause } from 'node:timers/promises';
import type { Wine } from './wine.ts';

const LONGEST_CHANGE_MS = 30_000;

export interface ServiceState {
  readonly state: string;
  /** As `sc query` prints them, in decimal. */
  readonly exitCode: number;
  readonly specificExitCode: number;
}

/** Waits until a service is neither starting nor stopping. Undefined: there is no such service. */
export async function settledState(wine: Wine, name: string): Promise<ServiceState | undefined> {
  const deadline = Date.now() + LONGEST_CHANGE_MS;
  for (;;) {
    const query = wine.start('sc', 'query', name);
    if ((await query.end()) !== 0) return undefined;
    const state = parseQuery(query.stdout());
    if (!state.state.endsWith('_PENDING')) return state;
    if (Date.now() > deadline) throw new Error(`${name} stays ${state.state}`);
    await pause(100);
  }
}

function parseQuery(text: string): ServiceState {
  const field = (name: string, pattern: string) => new RegExp(`\\b${name} *: ${pattern}`).exec(text)?.[1] ?? '';
  return {
    state: field('STATE', '\\d+ +(\\w+)'),
    exitCode: Number(field('WIN32_EXIT_CODE', '(\\d+)')),
    specificExitCode: Number(field('SERVICE_EXIT_CODE', '(\\d+)')),
  };
}

/**
 * Wine ends all services when its last other program has ended: keeps one running. Gives the function that ends it. A
 * service manager that is on its way down would still take orders, so it waits for that first.
 */
export async function keepWindowsUp(wine: Wine, node: string): Promise<() => Promise<unknown>> {
  wine.waitUntilDown();
  const keeper = wine.start(node, '-e', 'setInterval(() => {}, 60_000); console.log("up")');
  const deadline = Date.now() + LONGEST_CHANGE_MS;
  while (!keeper.stdout().startsWith('up')) {
    if (Date.now() > deadline) throw new Error(`Windows does not stay up: ${keeper.stderr()}`);
    await pause(50);
  }
  return () => keeper.stop('SIGKILL');
}
