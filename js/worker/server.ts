// The worker's side: runs calls on a real runtime one after the other and sends results and errors back.
import { AttentionLabError, messageOf } from '../core/errors.js';
import { AttentionLayer } from '../core/layer.js';
import { Listing } from '../listings.js';
import { Model } from '../model.js';
import { Recurrent } from '../core/recurrent.js';
import { Runtime } from '../runtime.js';
import type { SweepCall, SweepSpec } from '../analysis/sweep-spec.js';
import { LoadedTokenizer } from '../tokenizers/tokenizer.js';
import { Trainer } from '../training/trainer.js';
import type { LoadOptions, ModelSource } from '../checkpoints/types.js';
import type { RuntimeOptions } from '../core/runtime-types.js';
import type { TokenIds } from '../core/tensor.js';
import type { GenerateOptions } from '../generation/types.js';
import { yieldToEventLoop } from '../core/event-loop.js';
import {
  buffersOf,
  type Call,
  type Created,
  type Message,
  type Port,
  type SentFile,
} from './protocol.js';

/** The methods that a page may call, and no others. */
const parameterised = [
  'parameters',
  'parameter',
  'setParameter',
  'setParameters',
  'activationNames',
  'forward',
  'dispose',
];
const methods = new Map<unknown, readonly string[]>([
  [
    Runtime,
    [
      'attention',
      'createAttention',
      'createModel',
      'createRecurrent',
      'createListing',
      'loadModel',
      'listCache',
      'clearCache',
      'liveHandles',
      'memoryBytes',
    ],
  ],
  [AttentionLayer, [...parameterised, 'parameterShapes']],
  [Recurrent, [...parameterised, 'parameterShapes']],
  [
    Model,
    [
      ...parameterised,
      'parameterShapes',
      'encode',
      'decode',
      'generate',
      'sweep',
      'embed',
      'trainer',
      'preprocess',
      'save',
    ],
  ],
  [Trainer, ['set', 'step', 'evaluate', 'gradients', 'snapshot', 'restore', 'dispose']],
  [Listing, ['forward', 'dispose']],
  [LoadedTokenizer, ['encode', 'decode', 'tokenToId', 'idToToken']],
]);

export function serve(
  port: Port,
  createRuntime: (options: RuntimeOptions) => Promise<Runtime>,
): void {
  new Server(port, createRuntime);
}

class Server {
  private readonly objects = new Map<number, object>();
  private readonly aborts = new Map<number, AbortController>();
  private readonly waiting: Call[] = [];
  private readonly turn = new MessageChannel();
  private busy = false;
  private nextObject = 1;

  constructor(
    private readonly port: Port,
    private readonly createRuntime: (options: RuntimeOptions) => Promise<Runtime>,
  ) {
    // Calls start in a turn of their own, so that an abort which has arrived meanwhile comes before the call it stops.
    this.turn.port1.onmessage = () => void this.next();
    port.listen((message) => this.receive(message as Message));
  }

  private receive(message: Message): void {
    if ('abort' in message) this.aborts.get(message.abort)?.abort();
    else if ('release' in message) this.release(message.release);
    else {
      this.aborts.set(message.call.id, new AbortController());
      this.waiting.push(message.call);
      this.turn.port2.postMessage(null);
    }
  }

  private async next(): Promise<void> {
    if (this.busy) return;
    const call = this.waiting.shift();
    if (!call) return;
    this.busy = true;
    try {
      await this.answer(call);
    } finally {
      this.busy = false;
      this.aborts.delete(call.id);
      if (this.waiting.length > 0) this.turn.port2.postMessage(null);
    }
  }

  private async answer(call: Call): Promise<void> {
    try {
      const { signal } = this.aborts.get(call.id)!;
      if (signal.aborted)
        throw new AttentionLabError('aborted', `${call.method}: aborted by the caller`);
      const value = this.describe(await this.run(call, signal));
      this.port.post({ id: call.id, value }, [...buffersOf(value)]);
    } catch (error) {
      const code = error instanceof AttentionLabError ? error.code : 'internal';
      this.port.post({ id: call.id, error: { code, message: messageOf(error) } }, []);
    }
  }

  private async run(
    { id, object, method, args, progress }: Call,
    signal: AbortSignal,
  ): Promise<unknown> {
    if (method === 'start') {
      this.objects.set(0, await this.createRuntime({ ...(args[0] as RuntimeOptions), signal }));
      return { variant: (this.objects.get(0) as Runtime).variant };
    }
    const target = this.objects.get(object);
    if (!target) throw new AttentionLabError('disposed', `${method}: used after dispose()`);
    if (!methods.get(target.constructor)?.includes(method)) {
      throw new AttentionLabError('internal', `${method}: no method that a worker serves`);
    }
    if (method === 'loadModel') {
      const options: LoadOptions = { ...(args[1] as LoadOptions), signal };
      if (progress) options.onProgress = (report) => this.port.post({ id, progress: report }, []);
      return (target as Runtime).loadModel(received(args[0]), options);
    }
    if (method === 'generate') {
      const options: GenerateOptions = { ...(args[1] as GenerateOptions), signal };
      if (progress)
        options.onToken = (token, text) => this.port.post({ id, progress: { token, text } }, []);
      return (target as Model).generateInTurns(args[0] as TokenIds, options, yieldToEventLoop);
    }
    if (method === 'sweep') {
      const options: SweepCall = { signal };
      if (progress) options.onProgress = (report) => this.port.post({ id, progress: report }, []);
      return (target as Model).sweep(args[0] as SweepSpec, options);
    }
    const member: unknown = Reflect.get(target, method);
    return typeof member === 'function' ? Reflect.apply(member, target, args) : member;
  }

  /** A result as it travels: what the call created stays here, and its proxy is told the facts. */
  private describe(value: unknown): unknown {
    if (value instanceof Model) {
      const { config, labels, preprocessor } = value;
      const tokenizer = this.describe(value.tokenizer);
      const targetTokenizer =
        value.targetTokenizer === value.tokenizer
          ? tokenizer
          : this.describe(value.targetTokenizer);
      return this.keep(value, { config, labels, preprocessor, tokenizer, targetTokenizer });
    }
    if (value instanceof LoadedTokenizer) return this.keep(value, tokenizerFacts(value));
    if (value instanceof Trainer) return this.keep(value, {});
    if (value instanceof AttentionLayer || value instanceof Recurrent)
      return this.keep(value, { config: value.config });
    if (value instanceof Listing) {
      const { name, difference, config } = value;
      const layer = this.describe(value.layer);
      const encoder = this.describe(value.encoder);
      return this.keep(value, { name, difference, config, layer, encoder });
    }
    return value;
  }

  private keep(value: object, facts: Record<string, unknown>): Created {
    const object = this.nextObject++;
    this.objects.set(object, value);
    return { object, facts };
  }

  private release(object: number): void {
    const target = this.objects.get(object) as { dispose?(): void } | undefined;
    this.objects.delete(object);
    target?.dispose?.();
  }
}

/** A checkpoint's source, its Files made anew. */
function received(source: unknown): ModelSource {
  if (!Array.isArray(source)) return source as ModelSource;
  return source.map((file: SentFile | null) =>
    file?.blob instanceof Blob ? new File([file.blob], file.path) : file,
  ) as File[];
}

function tokenizerFacts(tokenizer: LoadedTokenizer): Record<string, unknown> {
  const {
    vocabSize,
    maskTokenId,
    padTokenId,
    unkTokenId,
    clsTokenId,
    sepTokenId,
    specialTokenIds,
    languageCodes,
  } = tokenizer;
  return {
    vocabSize,
    maskTokenId,
    padTokenId,
    unkTokenId,
    clsTokenId,
    sepTokenId,
    specialTokenIds,
    languageCodes,
  };
}
