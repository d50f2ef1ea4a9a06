import type { ExpositionFormat } from '../../metrics/family.ts';
import { type Alternative, parseWeightedHeader } from './weighted-header.ts';

const OPENMETRICS_VERSIONS: readonly string[] = ['1.0.0', '0.0.1'];

/**
 * The format that an Accept header prefers. A reader that names neither format gets text 0.0.4, never an error: that
 * still helps a person with curl. Parameters other than version and q (Prometheus 3 sends `escaping`) change nothing,
 * because all our names are valid under every escaping.
 */
export function negotiateFormat(accept: string | undefined): ExpositionFormat {
  const alternatives = parseWeightedHeader(accept ?? '');
  const openmetrics = bestQuality(alternatives.filter(isOpenmetrics));
  const text = bestQuality(alternatives.filter(isText));
  return openmetrics > 0 && openmetrics >= text ? 'openmetrics' : 'text';
}

/** Whether an Accept header names HTML, as every browser does. Wildcards do not count: health checks send them, or nothing. */
export function acceptsHtml(accept: string | undefined): boolean {
  return bestQuality(parseWeightedHeader(accept ?? '').filter(({ name }) => name === 'text/html')) > 0;
}

/** Whether an Accept-Encoding header allows gzip and does not prefer an uncompressed answer. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const alternatives = parseWeightedHeader(acceptEncoding ?? '');
  const qualityOf = (...names: string[]) => {
    const found = alternatives.filter(({ name }) => names.includes(name));
    return found.length === 0 ? undefined : bestQuality(found);
  };
  const gzip = qualityOf('gzip', 'x-gzip') ?? qualityOf('*') ?? 0;
  return gzip > 0 && gzip >= (qualityOf('identity') ?? 0);
}

function isOpenmetrics({ name, parameters }: Alternative): boolean {
  const version = parameters.get('version');
  return name === 'application/openmetrics-text' && (version === undefined || OPENMETRICS_VERSIONS.includes(version));
}

/** Wildcards do not count: readers of OpenMetrics send them as a last resort. */
function isText({ name, parameters }: Alternative): boolean {
  const version = parameters.get('version');
  return name === 'text/plain' && (version === undefined || version === '0.0.4');
}

function bestQuality(alternatives: readonly Alternative[]): number {
  return Math.max(0, ...alternatives.map(({ quality }) => quality));
}
