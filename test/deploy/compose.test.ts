import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readCompose, type Service } from './manifests.ts';
import { COMPOSE, REPOSITORY, run, skipWithoutTools } from './tools.ts';

const skip = skipWithoutTools(COMPOSE) ?? false;

describe('deploy/compose.yml', { skip }, () => {
  const services = skip === false ? readCompose() : {};

  it('is valid for docker-compose, which finds mistakes', () => {
    assert.deepEqual(Object.keys(services).sort(), ['alertmanager', 'grafana', 'prometheus', 'tcpstate-exporter']);
    const broken = join(tmpdir(), `tcpstate-compose-${process.pid}.yml`);
    const text = readFileSync(new URL('deploy/compose.yml', REPOSITORY), 'utf8');
    writeFileSync(broken, text.replace('cap_drop: [ALL]', 'cap_dropp: [ALL]'));
    try {
      assert.throws(() => run(COMPOSE, ['-f', broken, 'config'], { GRAFANA_PASSWORD: 'secret' }), /cap_dropp/);
    } finally {
      rmSync(broken);
    }
  });

  it('does not start Grafana with a password that everybody knows', () => {
    assert.throws(() => run(COMPOSE, ['-f', 'deploy/compose.yml', 'config'], { GRAFANA_PASSWORD: '' }), /choose the/);
  });

  it('mounts only what is there', () => {
    const bound = Object.values(services).flatMap(({ volumes = [] }) => volumes.filter(({ type }) => type === 'bind'));
    assert.ok(bound.length >= 6);
    for (const { source } of bound) assert.ok(existsSync(source), source);
  });

  it('mounts each configuration where its reader looks for it', () => {
    const flagOf = (service: string, flag: string) =>
      services[service]!.command!.find((word) => word.startsWith(`--${flag}=`))!.split('=')[1]!;
    assert.equal(sourceOf('prometheus', flagOf('prometheus', 'config.file')), 'deploy/prometheus/prometheus.yml');
    assert.equal(sourceOf('prometheus', '/etc/prometheus/rules'), 'deploy/prometheus/rules');
    assert.equal(sourceOf('alertmanager', '/etc/alertmanager'), 'deploy/alertmanager');
    assert.equal(flagOf('alertmanager', 'config.file'), '/etc/alertmanager/alertmanager.yml');
    assert.equal(sourceOf('grafana', '/etc/grafana/provisioning'), 'deploy/grafana/provisioning');
    const provider = readFileSync(new URL('deploy/grafana/provisioning/dashboards/tcpstate.yml', REPOSITORY), 'utf8');
    const [, dashboards] = /path: (\S+)/.exec(provider)!;
    assert.equal(sourceOf('grafana', dashboards!), 'dashboards/json');
  });

  it('listens on loopback only, where the configurations expect the others', () => {
    for (const service of Object.values(services)) assert.equal(service.network_mode, 'host');
    const addresses = [
      wordOf(services.prometheus!, '--web.listen-address='),
      wordOf(services.alertmanager!, '--web.listen-address='),
      services['tcpstate-exporter']!.environment!.TCPSTATE_WEB_LISTEN_ADDRESS,
    ];
    assert.deepEqual(addresses, ['127.0.0.1:9090', '127.0.0.1:9093', '127.0.0.1:10048']);
    assert.equal(services.grafana!.environment!.GF_SERVER_HTTP_ADDR, '127.0.0.1');
    const config = readFileSync(new URL('deploy/prometheus/prometheus.yml', REPOSITORY), 'utf8');
    for (const target of ['localhost:10048', 'localhost:9093']) assert.ok(config.includes(`'${target}'`), target);
  });

  it('runs this version of the exporter, and pins those of the others', () => {
    const { version } = JSON.parse(readFileSync(new URL('package.json', REPOSITORY), 'utf8')) as { version: string };
    assert.equal(services['tcpstate-exporter']!.image, `tcpstate-exporter:${version}`);
    for (const { image } of Object.values(services)) assert.match(image, /:v?\d+\.\d+\.\d+$/);
  });

  function sourceOf(service: string, target: string): string | undefined {
    const source = services[service]!.volumes!.find((volume) => volume.target === target)?.source;
    return source && new URL(`file://${source}`).href.slice(REPOSITORY.href.length);
  }

  function wordOf({ command }: Service, start: string): string | undefined {
    return command!.find((word) => word.startsWith(start))?.slice(start.length);
  }
});
