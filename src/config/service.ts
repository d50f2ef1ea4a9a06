import type { PlatformName } from '../model/collectors.ts';
import type { OPTIONS, ValuesOf } from './options.ts';
import { ConfigRefusal } from './refusal.ts';

type Variables = Readonly<Record<string, string | undefined>>;
type ServiceValues = Pick<ValuesOf<typeof OPTIONS>, 'service' | 'logFile'>;

/**
 * Whether the service manager of Windows is to be told how the start goes. Asked before the options are read, and not as
 * strictly: it must hear, too, that one of them is refused.
 */
export function wantsService(
  platform: PlatformName | undefined,
  argv: readonly string[] = process.argv.slice(2),
  environment: Variables = process.env,
): boolean {
  return platform === 'windows' && (argv.includes('--service') || environment.TCPSTATE_SERVICE === 'true');
}

/** A service has no standard error: its log goes to a file. Refuses to be one where there is no service manager of Windows. */
export function forService<Values extends ServiceValues>(
  values: Values,
  platform: PlatformName,
  environment: Variables,
): Values {
  if (!values.service) return values;
  if (platform === 'windows') return { ...values, logFile: values.logFile ?? serviceLogPath(environment) };
  throw new ConfigRefusal(
    '--service is not possible here: it is for the service manager of Windows; systemd and others start the program without it',
  );
}

function serviceLogPath({ ProgramData = 'C:\\ProgramData' }: Variables): string {
  return `${ProgramData}\\tcpstate-exporter\\tcpstate-exporter.log`;
}
