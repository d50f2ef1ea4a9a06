import type { PlatformName } from '../model/collectors.ts';
import type { OPTIONS, ValuesOf } from './options.ts';
import { ConfigRefusal } from './refusal.ts';

type Variables = Readonly<Record<string, string | undefined>>;
type ServiceValues = Pick<ValuesOf<typeof OPTIONS>, 'service' | 'logFile'>;

/**
 * Whether the Windows service manager must hear how the start goes. It is read before the other options and less
 * strictly, because the service manager must also hear that an option is refused.
 */
export function wantsService(
  platform: PlatformName | undefined,
  argv: readonly string[] = process.argv.slice(2),
  environment: Variables = process.env,
): boolean {
  return platform === 'windows' && (argv.includes('--service') || environment.TCPSTATE_SERVICE === 'true');
}

/**
 * A service has no standard error, so its log goes to a file. Refuses to be a service where there is no Windows service
 * manager.
 */
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
