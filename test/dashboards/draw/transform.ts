import {
  type DataFrame,
  type DataTransformerConfig,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
  type TransformerRegistryItem,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';
import type { PanelModel } from '../drawing.ts';

/** The transformations the dashboards use; Grafana fills this registry when it starts. */
standardTransformersRegistry.setInit(() =>
  [standardTransformers.mergeTransformer, standardTransformers.organizeFieldsTransformer].map(
    (transformation) =>
      ({ id: transformation.id, name: transformation.name, transformation, editor: () => null }) as unknown as TransformerRegistryItem,
  ),
);

export async function transform({ transformations = [] }: PanelModel, frames: DataFrame[]): Promise<DataFrame[]> {
  if (transformations.length === 0) return frames;
  return lastValueFrom(transformDataFrame(transformations as DataTransformerConfig[], frames));
}
