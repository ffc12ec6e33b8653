// The logit lens: what the model would say if the residual stream at a site were its last. nostalgebraist 2020.
import { labelsSequences } from '../core/config.js';
import { fail } from '../core/errors.js';
import type { ForwardInputs } from '../core/forward-types.js';
import { largest, softmaxOf, Tensor } from '../core/tensor.js';
import { checkInteger, checkKeys, describe } from '../core/validation.js';
import type { AnalysedModel } from './analysed-model.js';
import { lengthOf, runOne } from './one-sequence.js';
import { choicesOf } from './unembedding.js';
import { rowOf } from './vectors.js';

export interface LogitLensOptions {
  /** How many of the likeliest words. Default 5. */
  topK?: number;
  /** Default: all. A classifier reads its first token alone. */
  positions?: readonly number[];
  /** Residual sites by name. Default: what enters each block, and what leaves the last. */
  sites?: readonly string[];
}

export interface LogitLens {
  sites: string[];
  positions: number[];
  /** The likeliest first: [sites, positions, topK]. */
  ids: { data: Int32Array; dims: number[] };
  probabilities: Tensor;
}

const optionKeys = new Set(['topK', 'positions', 'sites']);

/** Logits that are held at a time: 16 MB. */
const mostLogits = 1 << 22;

/** Final norm and head (a masked-language head too) on the residual stream of each site. */
export function logitLens(
  model: AnalysedModel,
  inputs: ForwardInputs,
  given?: LogitLensOptions,
): LogitLens {
  const options = checkKeys('options', given, optionKeys);
  const { config } = model;
  const choices = choicesOf(config);
  if (choices === 0)
    fail(
      'invalid_argument',
      'logitLens: expected a model that makes logits (lmHead, maskedLmHead or numLabels)',
    );
  if (config.encoder)
    fail('invalid_argument', 'logitLens: expected a model of one stack, got an encoder–decoder');
  const topK = checkInteger('topK', options.topK ?? Math.min(5, choices), 1, choices);
  const sites = checkSites(model, options.sites);
  const run = runOne(model, inputs, sites);
  const positions = checkPositions(options.positions, labelsSequences(config) ? 1 : lengthOf(run));
  const dims = [sites.length, positions.length, topK];
  const ids = new Int32Array(sites.length * positions.length * topK);
  const probabilities = new Float32Array(ids.length);
  const rows = sites.flatMap((site) =>
    positions.map((position) => rowOf(run.trace.get(site)!, position)),
  );
  const step = Math.max(1, Math.floor(mostLogits / choices));
  for (let first = 0; first < rows.length; first += step) {
    const logits = headOf(model, rows.slice(first, first + step));
    for (let row = 0; row < Math.min(step, rows.length - first); ++row) {
      const distribution = softmaxOf(rowOf(logits, row));
      largest(distribution, topK).forEach((id, rank) => {
        ids[(first + row) * topK + rank] = id;
        probabilities[(first + row) * topK + rank] = distribution[id]!;
      });
    }
  }
  return {
    sites,
    positions,
    ids: { data: ids, dims },
    probabilities: new Tensor(probabilities, dims),
  };
}

/** The logits [rows, V] of residual vectors, each a sequence of one token that enters behind the last block. */
function headOf(model: AnalysedModel, rows: readonly Float32Array[]): Tensor {
  const { dModel: D, numLayers } = model.config;
  const data = new Float32Array(rows.length * D);
  rows.forEach((row, i) => data.set(row, i * D));
  return model.forward({
    start: { layer: numLayers, resid: new Tensor(data, [rows.length, 1, D]) },
  }).logits!;
}

function checkSites(model: AnalysedModel, given: readonly string[] | undefined): string[] {
  const { numLayers } = model.config;
  const residual = model.activationNames().filter((name) => /^blocks\.\d+\.resid_/.test(name));
  if (given === undefined)
    return residual.filter(
      (name) => name.endsWith('.resid_pre') || name === `blocks.${numLayers - 1}.resid_post`,
    );
  if (!Array.isArray(given) || given.length === 0)
    fail('invalid_argument', `sites: expected an array of at least one, got ${describe(given)}`);
  given.forEach((site, i) => {
    if (!residual.includes(site))
      fail(
        'unknown_name',
        `sites[${i}]: expected a residual site (${residual.join(', ')}), got ${describe(site)}`,
      );
  });
  return [...given];
}

function checkPositions(given: readonly number[] | undefined, length: number): number[] {
  if (given === undefined) return Array.from({ length }, (_, t) => t);
  if (!Array.isArray(given) || given.length === 0)
    fail(
      'invalid_argument',
      `positions: expected an array of at least one, got ${describe(given)}`,
    );
  return given.map((position, i) => checkInteger(`positions[${i}]`, position, 0, length - 1));
}
