import type { Given } from './arguments.ts';
import { findNearestName } from './nearest-name.ts';
import { environmentName, type Option } from './options.ts';
import { ConfigRefusal, quoteValue } from './refusal.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Kubernetes puts the addresses of services into every container of their namespace. Without this list a service called
 * `tcpstate` or `tcpstate-exporter` would keep the exporter from starting.
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
const SERVICE_LINK =
  /^TCPSTATE(_\w+)?_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/** The environment → the text for each option. Refuses TCPSTATE_ names of no option; an empty variable is unset. */
export function readEnvironment(environment: Environment, options: readonly Option[]): ReadonlyMap<string, Given> {
  const optionByName = new Map(options.map((option) => [environmentName(option.flag), option]));
  const givenByFlag = new Map<string, Given>();
  for (const [origin, text] of Object.entries(environment)) {
    if (!origin.startsWith('TCPSTATE_') || text === undefined) continue;
    const option = optionByName.get(origin);
    if (option === undefined) {
      if (SERVICE_LINK.test(origin)) continue;
      throw unknownName(origin, [...optionByName.keys()]);
    }
    if (text === '') continue;
    const texts = option.count === 'many' ? text.split(',').map((part) => part.trim()) : [text];
    givenByFlag.set(option.flag, { origin, texts });
  }
  return givenByFlag;
}

function unknownName(name: string, names: readonly string[]): ConfigRefusal {
  const nearest = findNearestName(name, names);
  const advice = nearest === undefined ? '--help lists them' : `did you mean ${nearest}?`;
  return new ConfigRefusal(`unknown environment variable ${quoteValue(name)}: ${advice}`);
}
