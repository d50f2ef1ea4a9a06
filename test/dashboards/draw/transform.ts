import {
  type DataFrame,
  type DataTransformerConfig,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';
import type { PanelModel } from '../drawing.ts';

/** The transformations the dashboards use; Grafana fills this registry when it starts. */
standardTransformersRegistry.setInit(() =>
  [standardTransformers.mergeTransformer, standardTransformers.organizeFieldsTransformer].map((transformer) => ({
    id: transformer.id,
    name: transformer.name,
    transformation: async () => transformer,
    imageDark: '',
    imageLight: '',
    editor: () => null,
  })),
);

export async function transform({ transformations = [] }: PanelModel, frames: DataFrame[]): Promise<DataFrame[]> {
  if (transformations.length === 0) return frames;
  // Without this an unknown transformation would be left out in silence.
  for (const { id } of transformations) standardTransformersRegistry.get(id);
  return lastValueFrom(transformDataFrame(transformations as DataTransformerConfig[], frames));
}
