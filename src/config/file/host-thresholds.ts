import type { HostThresholds } from '../../model/file-config.ts';
import { SHARE_ALERTS, THRESHOLD_ALERTS, type ThresholdAlert } from '../../model/threshold-alerts.ts';
import { type Field, readFields, readNumber, refuseField } from './yaml-field.ts';

/** `TcpSynSentPiling: 500`. */
export function readHostThresholds(section: Field): HostThresholds {
  const fields = Object.entries(readFields(section, THRESHOLD_ALERTS));
  return Object.fromEntries(fields.map(([alert, field]) => [alert, readThreshold(alert as ThresholdAlert, field)]));
}

/** In the unit of the alert's expression: a share, a rate, a number of sockets. */
function readThreshold(alert: ThresholdAlert, field: Field): number {
  const value = readNumber(field);
  if (value < 0)
    throw refuseField(field, `cannot be ${value}: give a number from 0, in the unit of the alert (a share is 0 to 1)`);
  if (value > 1 && SHARE_ALERTS.has(alert))
    throw refuseField(
      field,
      `cannot be ${value}: it is a share, 0 to 1 (${value / 100} is ${value} %, 1 switches the alert off)`,
    );
  return value;
}
