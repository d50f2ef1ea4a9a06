import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';

const FOLDER = new URL('../../deploy/grafana/provisioning/', import.meta.url);

interface Provisioning {
  readonly apiVersion: number;
  readonly datasources?: readonly { readonly type: string; readonly url: string; readonly isDefault: boolean }[];
  readonly providers?: readonly { readonly type: string; readonly options: { readonly path: string } }[];
}

test('Grafana is given a Prometheus data source, the kind the dashboards ask for', () => {
  const { apiVersion, datasources = [] } = read('datasources/prometheus.yml');
  assert.equal(apiVersion, 1);
  assert.deepEqual(
    datasources.map(({ type, isDefault }) => [type, isDefault]),
    [['prometheus', true]],
  );
  assert.equal(new URL(datasources[0]!.url).port, '9090');
});

test('Grafana is given a folder of dashboard files', () => {
  const { apiVersion, providers = [] } = read('dashboards/tcpstate.yml');
  assert.equal(apiVersion, 1);
  assert.equal(providers.length, 1);
  assert.equal(providers[0]!.type, 'file');
  assert.match(providers[0]!.options.path, /^\/var\/lib\/grafana\//);
});

function read(file: string): Provisioning {
  return parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Provisioning;
}
