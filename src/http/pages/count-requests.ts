import type { RequestListener } from 'node:http';
import type { RequestCounts } from '../../metrics/request-counts.ts';
import { pathForLog } from '../sharing/path-for-log.ts';

/** Counts the requests for metrics, including those that the handler refuses. */
export function countRequests(handler: RequestListener, telemetryPath: string, counts: RequestCounts): RequestListener {
  return (request, response) => {
    if (pathForLog(request.url).replaceAll(/\/{2,}/g, '/') === telemetryPath) {
      const ended = counts.began();
      response.once('close', () => ended(response.headersSent ? response.statusCode : undefined));
    }
    handler(request, response);
  };
}
