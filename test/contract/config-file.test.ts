import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ConfigRefusal } from '../../src/config/config.ts';
import { parseConfigFile } from '../../src/config/file/config-file.ts';
import { PROCESS_TRAITS } from '../../src/model/file-config.ts';
import { countFilterRules } from '../../src/model/filters.ts';
import { SHARE_ALERTS, THRESHOLD_ALERTS } from '../../src/model/threshold-alerts.ts';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const SCHEMA = JSON.parse(read('deploy/config-file.schema.json'));
const PLACES = [
  ...['10.0.0.50', '10.0.0.50/32:5432', '10.0.0.50:5432', '2001:db8::/32', '2001:db8::/32:443', '::ffff:10.0.0.50'],
  '[2001:db8::1]:443',
];

describe('the schema of the configuration file', () => {
  it('has the sections and the alerts that the exporter takes', () => {
    assert.deepEqual(Object.keys(SCHEMA.properties.thresholds.properties), [...THRESHOLD_ALERTS]);
    assert.throws(() => parseConfigFile('x: 1\n', 'a.yml'), {
      message: `a.yml:1:1: unknown key "x": allowed are ${Object.keys(SCHEMA.properties).join(', ')}`,
    });
  });

  it('takes no share above 1 for a threshold, as the exporter', () => {
    const properties: Record<string, { readonly maximum?: number }> = SCHEMA.properties.thresholds.properties;
    for (const alert of THRESHOLD_ALERTS) {
      const isShare = SHARE_ALERTS.has(alert);
      assert.equal(properties[alert]!.maximum, isShare ? 1 : undefined, alert);
      const read = () => parseConfigFile(`thresholds: {${alert}: 80}\n`, 'a.yml').thresholds[alert];
      if (isShare)
        assert.throws(read, {
          message: `a.yml:1:14: ${alert} cannot be 80: it is a share, 0 to 1 (0.8 is 80 %, 1 switches the alert off)`,
        });
      else assert.equal(read(), 80);
    }
  });

  it('takes the places that the exporter takes', () => {
    const pattern = new RegExp(SCHEMA.properties.destinations.propertyNames.pattern);
    for (const place of PLACES) {
      assert.match(place, pattern);
      assert.equal(parseConfigFile(`destinations: {"${place}": x}\n`, 'a.yml').destinations.length, 1, place);
    }
    for (const place of ['db.example:5432', '10.0.0.50/32:', '']) assert.doesNotMatch(place, pattern);
  });
});

describe('the schema of filters', () => {
  it('has the labels that the exporter takes, and takes the entries that it takes', () => {
    const { properties } = SCHEMA.properties.filters;
    assert.throws(() => parseConfigFile('filters: {x: 1}\n', 'a.yml'), {
      message: `a.yml:1:11: unknown key "x" in filters: allowed are ${Object.keys(properties).join(', ')}`,
    });
    const patternOf = (kind: string) => new RegExp(SCHEMA.definitions[kind].properties.exclude.items.pattern);
    const takes = (label: string, entry: string) => {
      const { filters } = parseConfigFile(`filters: {${label}: {exclude: ["${entry}"]}}\n`, 'a.yml');
      assert.equal(countFilterRules(filters!) > 0, true, entry);
    };
    for (const entry of ['22', '8000-8999']) {
      assert.match(entry, patternOf('ports'));
      takes('remote_port', entry);
    }
    for (const entry of ['loopback', '10.0.0.50', '10.0.0.0/8', '2001:db8::/32', '::ffff:10.0.0.50']) {
      assert.match(entry, patternOf('networks'));
      takes('remote_ip', entry);
    }
    for (const entry of ['localhost', '10.0.0.50:80', '']) assert.doesNotMatch(entry, patternOf('networks'));
  });
});

describe('the schema of rules for processes', () => {
  const { required, properties, anyOf } = SCHEMA.properties.processes.items;

  it('has the traits that the exporter takes', () => {
    assert.deepEqual(required, ['name']);
    assert.deepEqual(Object.keys(properties), [...PROCESS_TRAITS, 'name']);
    assert.deepEqual(
      anyOf.flatMap((each: { required?: string[] }) => each.required ?? []),
      [...PROCESS_TRAITS],
    );
  });

  it('takes the patterns and the names that the exporter takes', () => {
    const pattern = new RegExp(properties.script.pattern);
    const name = new RegExp(properties.name.pattern);
    for (const right of ['*.jar', '{app}-*.jar', 'a b', '*']) {
      assert.match(right, pattern);
      assert.equal(parseConfigFile(`processes: [{script: "${right}", name: x}]\n`, 'a.yml').processes.length, 1);
    }
    for (const wrong of ['{', 'a}b', '{}', '{A}']) {
      assert.doesNotMatch(wrong, pattern);
      assert.doesNotMatch(wrong, name);
      assert.throws(() => parseConfigFile(`processes: [{script: "${wrong}", name: x}]\n`, 'a.yml'), ConfigRefusal);
      assert.throws(() => parseConfigFile(`processes: [{script: x, name: "${wrong}"}]\n`, 'a.yml'), ConfigRefusal);
    }
    assert.match('{script} of {unit}', name);
  });
});

describe('docs/config-file.md', () => {
  it('has an example that the exporter takes', () => {
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(read('docs/config-file.md')) ?? [];
    const { destinations, processes, thresholds, filters } = parseConfigFile(example, 'a.yml');
    const entries = [destinations.length, processes.length, Object.keys(thresholds).length];
    assert.deepEqual([...entries, countFilterRules(filters!)], [3, 4, 2, 4]);
  });
});
