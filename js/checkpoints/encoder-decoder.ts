// The tensors that Marian's and BART's files name alike: an encoder and a decoder, their tables of tokens, and the head.
import type { CompleteModelConfig } from '../core/config-types.js';
import type { TensorRule } from './family.js';
import { Rules } from './rules.js';

/** Copies of tied tables. */
export function tiedCopies(config: CompleteModelConfig): RegExp[] {
  const copies = config.shareEmbeddings
    ? [/^(model\.)?(encoder|decoder)\.embed_tokens\.weight$/]
    : [];
  if (!config.lmHead || config.tieEmbeddings) copies.push(/^lm_head\.weight$/);
  return config.lmHead ? copies : [...copies, /^final_logits_bias$/];
}

/** Every tensor. A stack's norm on the embeddings and its table of positions are there where the config has them. */
export function encoderDecoderRules(config: CompleteModelConfig, prefix: string): TensorRule[] {
  const { dModel: D, vocabSize: V } = config;
  const body = new Rules(prefix);
  const tiedHead = config.lmHead && config.tieEmbeddings ? ['lm_head.weight'] : [];
  if (config.shareEmbeddings)
    body
      .tensor(
        'embed.token.weight',
        [V, D],
        'shared.weight',
        'encoder.embed_tokens.weight',
        'decoder.embed_tokens.weight',
      )
      .theirs.push(...tiedHead); // save_model of safetensors keeps one of the names of a tied table
  for (const [name, stack] of [
    ['encoder', config.encoder!],
    ['decoder', config],
  ] as const) {
    if (!config.shareEmbeddings)
      body
        .tensor(`${name}.embed.token.weight`, [stack.vocabSize, D], `${name}.embed_tokens.weight`)
        .theirs.push(...(name === 'decoder' ? tiedHead : []));
    if (stack.positions === 'learned')
      body.tensor(
        `${name}.embed.position.weight`,
        [stack.maxLen + stack.positionOffset, D],
        `${name}.embed_positions.weight`,
      );
    if (stack.embedNorm) body.layerNorm(`${name}.embed.norm`, `${name}.layernorm_embedding`, D);
    const sublayers =
      name === 'encoder'
        ? [['attn', 'self_attn']]
        : [
            ['self_attn', 'self_attn'],
            ['cross_attn', 'encoder_attn'],
          ];
    for (let l = 0; l < stack.numLayers; ++l) {
      const ours = `${name}.blocks.${l}`;
      const theirs = `${name}.layers.${l}`;
      sublayers.forEach(([our, their], index) => {
        for (const part of ['q_proj', 'k_proj', 'v_proj', 'out_proj'])
          body.linear(`${ours}.${our}.${part}`, `${theirs}.${their}.${part}`, D, D);
        body.layerNorm(`${ours}.norm${index + 1}`, `${theirs}.${their}_layer_norm`, D);
      });
      body.linear(`${ours}.mlp.fc1`, `${theirs}.fc1`, stack.dFf, D);
      body.linear(`${ours}.mlp.fc2`, `${theirs}.fc2`, D, stack.dFf);
      body.layerNorm(`${ours}.norm${sublayers.length + 1}`, `${theirs}.final_layer_norm`, D);
    }
  }
  const head = new Rules();
  if (config.lmHead && !config.tieEmbeddings)
    head.tensor('lm_head.weight', [V, D], 'lm_head.weight');
  if (config.lmHeadBias) {
    head.tensor('lm_head.bias', [V], 'final_logits_bias');
    head.all.at(-1)!.saved = [1, V];
  }
  return [...body.all, ...head.all];
}
