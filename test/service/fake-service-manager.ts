import type { ServiceCalls } from '../../src/service/service-calls.ts';
import { SERVICE_STATUS } from '../../src/service/service-status.ts';

/** What a SERVICE_STATUS said, without the fields that are 0. */
export type ToldStatus = Partial<Record<keyof typeof SERVICE_STATUS, number>>;

export interface FakeServiceManager {
  readonly calls: ServiceCalls;
  /** Every status it was told. */
  readonly told: ToldStatus[];
  /** Sends a control to the service. */
  control(code: number): number;
  /** Lets the dispatcher come back, with an error code. */
  letGo(code: number): void;
}

/** A service manager that starts the service at once. `fail`: calls that give 0. */
export function createFakeServiceManager(fail: readonly string[] = []): FakeServiceManager {
  const told: ToldStatus[] = [];
  let handle: ((control: number) => number) | undefined;
  let letGo = (_code: number) => {};
  const calls: ServiceCalls = {
    dispatch(_name, serviceMain) {
      if (!fail.includes('dispatch')) setImmediate(serviceMain);
      return new Promise((resolve) => {
        letGo = resolve;
      });
    },
    registerHandler(_name, handler) {
      handle = handler;
      return fail.includes('registerHandler') ? 0 : 4711;
    },
    setStatus(service, status) {
      if (service !== 4711) throw new Error(`unknown service ${service}`);
      const fields = Object.entries(SERVICE_STATUS).filter(([name]) => name !== 'length');
      told.push(Object.fromEntries(fields.map(([name, at]) => [name, status[at]]).filter(([, value]) => value !== 0)));
      return fail.includes('setStatus') ? 0 : 1;
    },
    getLastError: () => 5,
  };
  return { calls, told, control: (code) => handle!(code), letGo: (code) => letGo(code) };
}
