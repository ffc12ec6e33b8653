// A lesson's model in another shape: layers, heads, width. Pure.
import type { ModelConfig } from 'attention-lab';
import type { Shape } from './protocol.ts';

export const layerChoices: readonly number[] = [1, 2, 3, 4];
export const headChoices: readonly number[] = [1, 2, 4, 8];
export const widthChoices: readonly number[] = [16, 32, 48, 64, 96, 128];

export const shapeOf = ({
  numLayers,
  dModel,
  attention,
}: Pick<ModelConfig, 'numLayers' | 'dModel' | 'attention'>): Shape => ({
  layers: numLayers,
  heads: attention.numHeads,
  width: dModel,
});

export const isSameShape = (a: Shape, b: Shape): boolean =>
  a.layers === b.layers && a.heads === b.heads && a.width === b.width;

/** What follows from the width keeps its proportion; an encoder has the layers and heads of its decoder. */
export function withShape(config: ModelConfig, shape: Shape): ModelConfig {
  if (isSameShape(shape, shapeOf(config))) return config;
  const { layers, heads, width } = shape;
  const dFf = (own: number) => Math.round((own / config.dModel) * width);
  const { dHead: _, numKvHeads: __, ...attention } = config.attention;
  const encoder = config.encoder && { ...config.encoder };
  if (encoder) {
    if (encoder.numLayers) encoder.numLayers = layers;
    if (encoder.dFf) encoder.dFf = dFf(encoder.dFf);
    if (encoder.attention?.numHeads) encoder.attention = { ...encoder.attention, numHeads: heads };
  }
  return {
    ...config,
    numLayers: layers,
    dModel: width,
    ...(config.dFf && { dFf: dFf(config.dFf) }),
    ...(encoder && { encoder }),
    attention: { ...attention, numHeads: heads },
  };
}
