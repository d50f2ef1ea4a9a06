import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { buildDashboards } from '../../dashboards/catalogue.ts';
import { forGrafanaCom, INPUT_UID, PASSED_ON } from '../../dashboards/grafana-com.ts';
import { DATA_SOURCE } from '../../dashboards/panel-spec.ts';

interface Exported {
  readonly __inputs: readonly { readonly name: string; readonly pluginId: string }[];
  readonly __requires: readonly { readonly type: string; readonly id: string; readonly version: string }[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
}

for (const [file, dashboard] of buildDashboards()) {
  describe(`${file} for grafana.com`, () => {
    const exported = forGrafanaCom(dashboard) as unknown as Exported;
    const text = JSON.stringify(exported);

    it('asks for its data source when it is imported, and has no variable for it', () => {
      assert.deepEqual(
        exported.__inputs.map(({ name, pluginId }) => [name, pluginId]),
        [['DS_PROMETHEUS', 'prometheus']],
      );
      assert.deepEqual(
        exported.templating.list.filter(({ type }) => type === 'datasource'),
        [],
      );
      assert.doesNotMatch(text, /\$\{?datasource/);
      const sources = [...text.matchAll(/"datasource":(\{[^}]*\}"?\}?)/g)].map(([, source]) => source!);
      assert.ok(sources.length > 10);
      for (const source of sources) assert.deepEqual(JSON.parse(source), { type: 'prometheus', uid: INPUT_UID });
    });

    it('names every kind of panel that it has, those of collapsed rows too', () => {
      const drawn = new Set(
        [...JSON.stringify(dashboard.panels).matchAll(/"type":"(\w+)","(?:id|title|targets)"/g)].map(([, id]) => id),
      );
      drawn.delete('row');
      const named = exported.__requires.filter(({ type }) => type === 'panel').map(({ id }) => id);
      for (const id of drawn) assert.ok(named.includes(id!), id);
      assert.ok(named.length >= 2 && !named.includes('row'), `${named}`);
    });

    it('names the Grafana that it was drawn with', () => {
      const { devDependencies = {}, dependencies = {} } = JSON.parse(
        readFileSync(new URL('../dashboards/package.json', import.meta.url), 'utf8'),
      );
      const grafana = exported.__requires.find(({ type }) => type === 'grafana');
      assert.equal(grafana?.version, { ...devDependencies, ...dependencies }['@grafana/ui']);
    });

    it('is the same dashboard otherwise', () => {
      const { __inputs, __requires, templating, ...rest } = exported;
      const back = JSON.parse(JSON.stringify(rest).replaceAll(INPUT_UID, DATA_SOURCE.uid!));
      const own = JSON.parse(JSON.stringify(dashboard).replaceAll(PASSED_ON, ''));
      delete own.templating;
      assert.deepEqual(back, { ...own, editable: true });
    });
  });
}
