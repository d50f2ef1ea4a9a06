import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { acceptsGzip, negotiateFormat } from '../../../src/http/pages/negotiate.ts';

const PROMETHEUS_2_42 =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
const PROMETHEUS_3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,' +
  'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1';
const PROMETHEUS_3_PROTOBUF = `application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,${PROMETHEUS_3}`;

describe('negotiateFormat', () => {
  const cases: readonly [accept: string | undefined, format: 'text' | 'openmetrics', why: string][] = [
    [undefined, 'text', 'no header'],
    ['', 'text', 'empty header'],
    ['*/*', 'text', 'curl'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text', 'a browser'],
    [PROMETHEUS_2_42, 'openmetrics', 'Prometheus 2.42'],
    [PROMETHEUS_3, 'openmetrics', 'Prometheus 3'],
    [PROMETHEUS_3_PROTOBUF, 'openmetrics', 'Prometheus 3 with native histograms: protobuf is not ours'],
    ['application/openmetrics-text; version=0.0.1', 'openmetrics', 'the older version alone'],
    ['application/openmetrics-text', 'openmetrics', 'no version'],
    ['Application/OpenMetrics-Text; Version="1.0.0"; charset=utf-8', 'openmetrics', 'case and quotes'],
    ['application/openmetrics-text;version=2.0.0', 'text', 'a version of the future'],
    ['application/openmetrics-text;q=0', 'text', 'openmetrics refused'],
    ['application/openmetrics-text;q=0,text/plain;q=0', 'text', 'everything refused: never 406'],
    ['application/openmetrics-text;q=0.4,text/plain;q=0.5', 'text', 'text preferred'],
    ['text/plain;q=0.5, application/openmetrics-text;q=0.5', 'openmetrics', 'no preference'],
    [
      'text/plain;version=1.0.0;q=0.9,application/openmetrics-text;q=0.3',
      'openmetrics',
      'text in a version that is not ours',
    ],
    ['text/plain;version=0.0.4;q=0.9,application/openmetrics-text;q=0.3', 'text', 'our text preferred'],
    ['application/openmetrics-text;q=nonsense', 'text', 'a weight that is no number'],
    ['application/openmetrics-text;q=7', 'text', 'a weight above 1'],
    [',,;;q=1,=', 'text', 'noise'],
  ];
  for (const [accept, format, why] of cases) {
    it(`answers ${why} with ${format}`, () => assert.equal(negotiateFormat(accept), format));
  }
});

describe('acceptsGzip', () => {
  const cases: readonly [header: string | undefined, expected: boolean][] = [
    [undefined, false],
    ['', false],
    ['gzip', true],
    ['GZIP', true],
    ['x-gzip', true],
    ['gzip, deflate, br, zstd', true],
    ['deflate, br', false],
    ['identity', false],
    ['*', true],
    ['*;q=0', false],
    ['gzip;q=0', false],
    ['gzip; q=0.0', false],
    ['gzip;q=0, *', false],
    ['gzip;q=0.001', true],
    ['gzip;q=0.5, identity', false],
    ['gzip, identity;q=0.5', true],
    ['identity;q=0, *;q=0.1', true],
  ];
  for (const [header, expected] of cases) {
    it(`${JSON.stringify(header)} → ${expected}`, () => assert.equal(acceptsGzip(header), expected));
  }
});
