// What unpacking needs of lzma1, whose main module brings the encoder, too: the build finds it (scripts/lib/dist.mjs).

declare module 'lzma1/decoder' {
  export class InputBuffer {
    constructor(bytes: Uint8Array);
    readonly remaining: number;
  }
  export class OutputBuffer {
    constructor(capacity: number);
    toArray(): Uint8Array<ArrayBuffer>;
  }
  export class Decoder {
    decompress(input: InputBuffer, output: OutputBuffer): void;
  }
}
