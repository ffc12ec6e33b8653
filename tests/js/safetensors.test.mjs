// model.safetensors as it should not be: every fault gives one clear error, whatever the bytes, and never a crash.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AttentionLabError } from 'attention-lab';
import { asFiles, assemble, checkpoint, container, tensorShapes, weights } from './checkpoint.mjs';
import { assertRejects, assertWorks, forEachVariant } from './support.mjs';

const first = 'bert.embeddings.word_embeddings.weight';
const second = 'bert.embeddings.position_embeddings.weight';

forEachVariant('safetensors', (lab) => {
  const load = (model) => lab.rt.loadModel(asFiles(checkpoint({ 'model.safetensors': model })));
  const refused = (title, make, code, message) =>
    test(title, async () => {
      await assertRejects(load(make()), code, message);
      assert.equal(lab.rt.liveHandles, 0);
      assertWorks(lab.rt);
    });
  const broken = (title, make, message) => refused(title, make, 'bad_checkpoint', message);
  const header = (change) => () => container(weights(), (object) => (change(object), object));

  test('a sound file loads bit for bit', async () => {
    const tensors = weights();
    const model = await load(container(tensors));
    const loaded = model.parameter('embed.token.weight');
    assert.deepEqual(new Uint8Array(loaded.data.buffer), new Uint8Array(tensors.get(first).bytes));
    assert.ok(model.forward({ inputIds: [1, 2, 3] }).logits.data.every(Number.isFinite));
    model.dispose();
  });

  test('the order of header and data need not be the same, and metadata is allowed', async () => {
    const reversed = (object) =>
      Object.fromEntries([...Object.entries(object).reverse(), ['__metadata__', { format: 'pt' }]]);
    const [a, b] = [await load(container(weights())), await load(container(weights(), reversed))];
    assert.deepEqual(b.parameters(), a.parameters());
    a.dispose();
    b.dispose();
  });

  test('infinite weights load; one that is NaN is refused, with its tensor and place', async () => {
    const tensors = weights();
    new Float32Array(tensors.get(second).bytes.buffer).fill(Infinity);
    const model = await load(container(tensors));
    assert.ok(model.forward({ inputIds: [1, 2] }).logits.data.every(Number.isNaN));
    model.dispose();
    new Float32Array(tensors.get(first).bytes.buffer)[5] = NaN;
    await assertRejects(
      load(container(tensors)),
      'bad_checkpoint',
      /model\.safetensors: .*word_embeddings\.weight\[5\]: expected a number, got NaN/,
    );
  });

  test('f16 and bf16: every bit pattern that is a number, exactly; and every NaN is refused', async () => {
    // 65536 patterns as a vocabulary of 8192 × 8.
    const shapes = { ...tensorShapes(), [first]: [8192, 8], 'cls.predictions.bias': [8192] };
    const half = (b) => {
      const [sign, exponent, fraction] = [b >> 15 ? -1 : 1, (b >> 10) & 31, b & 1023];
      if (exponent === 31) return fraction ? NaN : sign * Infinity;
      return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
    };
    const bfloat = (b) => new Float32Array(Uint32Array.of(b << 16).buffer)[0];
    const json = JSON.parse(checkpoint()['config.json']);
    const loadBits = (dtype, bits) => {
      const tensors = weights(shapes);
      tensors.set(first, { dtype, shape: [8192, 8], bytes: new Uint8Array(bits.buffer) });
      const files = checkpoint({
        'config.json': JSON.stringify({ ...json, vocab_size: 8192 }),
        'model.safetensors': container(tensors),
      });
      return lab.rt.loadModel(asFiles(files));
    };
    for (const [dtype, meaning, nans] of [
      ['F16', half, [0x7c01, 0x7fff, 0xfc01, 0xffff]],
      ['BF16', bfloat, [0x7f81, 0x7fff, 0xff81, 0xffff]],
    ]) {
      const sound = Uint16Array.from({ length: 65536 }, (_, i) =>
        Number.isNaN(meaning(i)) ? 0 : i,
      );
      const model = await loadBits(dtype, sound);
      const { data } = model.parameter('embed.token.weight');
      const wrong = data.findIndex(
        (value, index) => !Object.is(value, Math.fround(meaning(sound[index]))),
      );
      assert.equal(wrong, -1, `${dtype} ${wrong}: expected ${meaning(wrong)}, got ${data[wrong]}`);
      model.dispose();
      for (const nan of nans) {
        const message = /word_embeddings\.weight\[31\]: expected a number, got NaN/;
        await assertRejects(loadBits(dtype, sound.with(31, nan)), 'bad_checkpoint', message);
      }
    }
  });

  broken(
    'empty',
    () => '',
    /truncated: the length of the header needs 8 bytes, the file ends after 0/,
  );
  broken(
    'seven bytes',
    () => '1234567',
    /truncated: the length of the header needs 8 bytes, the file ends after 7/,
  );
  broken(
    'a header of 0 bytes',
    () => assemble('', []),
    /expected a header of 2 to 100000000 bytes, got 0/,
  );
  broken('a header of 2⁶³ bytes', () => assemble('{}', [], 2n ** 63n), /got 9223372036854775808/);
  broken(
    'a header longer than the file',
    () => assemble('{}', [], 1000),
    /truncated: the header needs 1000 bytes/,
  );
  broken(
    'a PyTorch pickle',
    () => Buffer.from('PK\x03\x04\x00\x00\x08\x08archive/data.pkl'),
    /header/,
  );
  broken('no JSON', () => assemble('{"a": ', []), /header: expected JSON/);
  broken('JSON that is no object', () => assemble('[1, 2]', []), /begins with "\{"/);
  broken(
    'bytes that are no UTF-8',
    () => Buffer.concat([assemble('', [], 4), Buffer.from([0x7b, 0xff, 0xfe, 0x7d])]),
    /expected UTF-8 text/,
  );
  broken(
    'nested too deep',
    () => assemble(`{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`, []),
    /at most 64 levels deep/,
  );
  broken(
    'a duplicate key',
    () => assemble('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"\\u0061":{}}', []),
    /the key "a" appears twice/,
  );
  broken(
    'an entry that is no object',
    header((h) => (h[first] = 3)),
    /word_embeddings\.weight: expected \{ dtype, shape, data_offsets \}, got 3/,
  );
  broken(
    'an unknown dtype',
    header((h) => (h[first].dtype = 'F31')),
    /word_embeddings\.weight: expected a dtype of .* got "F31"/,
  );
  broken(
    'no dtype',
    header((h) => delete h[first].dtype),
    /expected a dtype .* got undefined/,
  );
  broken(
    'a dtype named like a method',
    header((h) => (h[first].dtype = 'toString')),
    /expected a dtype .* got "toString"/,
  );
  broken(
    'a negative size',
    header((h) => (h[first].shape = [-11, -8])),
    /expected a shape of .* got \[-11,-8\]/,
  );
  broken(
    'half a size',
    header((h) => (h[first].shape = [5.5, 16])),
    /expected a shape/,
  );
  broken(
    'a shape beyond counting',
    header((h) => (h[first].shape = [2 ** 40, 2 ** 40])),
    /needs 4\.8\d+e\+24 bytes/,
  );
  broken(
    'too many axes',
    header((h) => (h[first].shape = [88, ...Array(20).fill(1)])),
    /at most 16 sizes/,
  );
  broken(
    'a shape that is no array',
    header((h) => (h[first].shape = '11, 8')),
    /expected a shape/,
  );
  broken(
    'one offset',
    header((h) => (h[first].data_offsets = [0])),
    /expected data_offsets \[begin, end\]/,
  );
  broken(
    'offsets backwards',
    header((h) => h[first].data_offsets.reverse()),
    /expected data_offsets \[begin, end\]/,
  );
  broken(
    'offsets that do not fit the shape',
    header((h) => (h[first].data_offsets[1] += 4)),
    /F32 \[11,8\] needs 352 bytes, data_offsets span 356/,
  );
  broken(
    'tensors that overlap',
    header((h) => (h[second].data_offsets = [0, 192])),
    /overlaps the one before it/,
  );
  broken(
    'a gap',
    () =>
      container(weights(), (h) => {
        for (const { data_offsets: offsets } of Object.values(h))
          if (offsets[0] > 0) offsets.forEach((_, i) => (offsets[i] += 4));
        return h;
      }),
    /leaves a gap/,
  );
  broken(
    'metadata that is no text',
    header((h) => (h.__metadata__ = { step: 3 })),
    /__metadata__: expected an object of strings/,
  );
  broken(
    'truncated',
    () => container(weights()).subarray(0, -1),
    /truncated: the header describes \d+ bytes, the file has \d+/,
  );
  broken('oversized', () => Buffer.concat([container(weights()), Buffer.of(0)]), /oversized/);

  const mismatch = (title, change, message) =>
    refused(
      title,
      () => {
        const tensors = weights();
        change(tensors);
        return container(tensors);
      },
      'checkpoint_mismatch',
      message,
    );
  const rename = (tensors, from, to) => {
    tensors.set(to, tensors.get(from));
    tensors.delete(from);
  };
  mismatch(
    'a missing tensor',
    (t) => t.delete('cls.predictions.bias'),
    /cls\.predictions\.bias: missing \(expected \[11\]\)/,
  );
  mismatch(
    'an unexpected tensor',
    (t) => t.set('bert.extra', t.get('cls.predictions.bias')),
    /bert\.extra: unexpected/,
  );
  mismatch(
    'a mis-shaped tensor',
    (t) => (t.get(first).shape = [8, 11]),
    /word_embeddings\.weight: expected \[11, 8\], got \[8, 11\]/,
  );
  mismatch(
    'all problems at once',
    (t) => {
      rename(t, 'cls.predictions.bias', 'cls.predictions.bais');
      t.get(first).shape = [88];
    },
    /word_embeddings\.weight: expected \[11, 8\], got \[88\].*missing.*bais: unexpected/s,
  );
  mismatch(
    'a layer too many',
    (t) =>
      t.set(
        'bert.encoder.layer.1.output.dense.bias',
        t.get('bert.encoder.layer.0.output.dense.bias'),
      ),
    /layer\.1\.output\.dense\.bias: unexpected/,
  );
  mismatch(
    'half a pooler',
    (t) => t.set('bert.pooler.dense.bias', t.get('bert.encoder.layer.0.output.dense.bias')),
    /pooler\.dense\.weight: missing/,
  );
  refused(
    'integers where floats belong',
    () => {
      const tensors = weights();
      tensors.get(first).dtype = 'I32';
      return container(tensors);
    },
    'unsupported_checkpoint',
    /word_embeddings\.weight: expected the dtype F32 or F16 or BF16 or F64, got I32/,
  );

  test('any mutation of a sound file gives a model or our error', async () => {
    const sound = container(weights());
    const headerEnd = 8 + Number(sound.readBigUInt64LE(0));
    const spot = fc.oneof(
      { weight: 2, arbitrary: fc.nat(headerEnd - 1) },
      { weight: 1, arbitrary: fc.nat(sound.length - 1) },
    );
    const mutation = fc.oneof(
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('set'),
          at: fc.integer({ min: headerEnd, max: sound.length - 1 }),
          byte: fc.nat(255),
        }),
      },
      fc.record({ kind: fc.constant('set'), at: spot, byte: fc.nat(255) }),
      fc.record({
        kind: fc.constant('insert'),
        at: spot,
        text: fc.constantFrom('0', '9', '-', '"', ',', '}', '[', '\\', 'e', ' ', '\0'),
      }),
      fc.record({ kind: fc.constant('remove'), at: spot, count: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ kind: fc.constant('cut'), at: spot }),
    );
    const mutate = (bytes, { kind, at, byte, text, count }) => {
      const copy = Buffer.from(bytes);
      if (kind === 'set') copy[Math.min(at, copy.length - 1)] = byte;
      else if (kind === 'insert')
        return Buffer.concat([copy.subarray(0, at), Buffer.from(text), copy.subarray(at)]);
      else if (kind === 'remove')
        return Buffer.concat([copy.subarray(0, at), copy.subarray(at + count)]);
      else return copy.subarray(0, at);
      return copy;
    };
    let models = 0;
    let errors = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 2 }), async (mutations) => {
        try {
          const model = await load(
            mutations.reduce((bytes, each) => (bytes.length ? mutate(bytes, each) : bytes), sound),
          );
          model.forward({ inputIds: [1, 2] });
          model.dispose();
          models += 1;
        } catch (error) {
          assert.ok(error instanceof AttentionLabError, error.stack);
          assert.notEqual(error.code, 'internal', error.message);
          errors += 1;
        }
        assert.equal(lab.rt.liveHandles, 0);
      }),
      { numRuns: 400, seed: 5 },
    );
    assert.ok(models > 10 && errors > 100, `${models} models, ${errors} errors: both must be met`);
    assertWorks(lab.rt);
  });

  test('any header gives a model or our error', async () => {
    const size = fc.oneof(fc.nat(20), fc.constantFrom(-1, 0.5, 2 ** 31, 2 ** 53, '8', null, true));
    const entry = fc.oneof(
      fc.record({
        dtype: fc.oneof(
          fc.constantFrom('F32', 'F16', 'BF16', 'I64', 'F64'),
          fc.string(),
          fc.constant(null),
        ),
        shape: fc.oneof(fc.array(size, { maxLength: 4 }), size),
        data_offsets: fc.oneof(fc.array(size, { maxLength: 3 }), size),
      }),
      fc.jsonValue(),
    );
    const names = fc.oneof(
      fc.constantFrom(...Object.keys(tensorShapes()), '__metadata__', '__proto__', 'constructor'),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(names, entry),
        fc.uint8Array({ maxLength: 200 }),
        async (object, data) => {
          await assert.rejects(load(assemble(JSON.stringify(object), [data])), (error) => {
            assert.ok(error instanceof AttentionLabError, error.stack);
            assert.notEqual(error.code, 'internal', error.message);
            return true;
          });
        },
      ),
      { numRuns: 300, seed: 6 },
    );
    assertWorks(lab.rt);
  });
});
