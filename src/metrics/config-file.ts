import type { ConfigFacts } from '../model/snapshot.ts';
import { gauge, type MetricFamily, plainGauge } from './family.ts';

/** On the page only with --config.file. */
export function configFileFamilies(config: ConfigFacts | undefined): MetricFamily[] {
  return [
    gauge(
      'tcpstate_alert_threshold',
      ['alertname'],
      "The host's own threshold of an alert, which the alert rules compare with in the place of theirs, from --config.file.",
      Object.entries(config?.thresholds ?? {}).map(([alert, value]) => ({ labels: [alert], value })),
    ),
    plainGauge(
      'tcpstate_config_last_reload_successful',
      'Whether the configuration file is in use as it is now (1), or is broken and what it said before still holds (0), from --config.file.',
      config && Number(config.isCurrent),
    ),
  ];
}
