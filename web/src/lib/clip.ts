// A canvas as a short video file, recorded by the browser.

const types = [
  'video/mp4;codecs=avc1.42E01E',
  'video/webm;codecs=vp9',
  'video/webm;codecs=vp8',
  'video/webm',
];

/** The first that this browser records; null where it records none. */
export function clipType(): string | null {
  if (typeof MediaRecorder === 'undefined' || !('captureStream' in HTMLCanvasElement.prototype))
    return null;
  return types.find((type) => MediaRecorder.isTypeSupported(type)) ?? null;
}

export const extensionOf = (type: string): string =>
  type.startsWith('video/mp4') ? 'mp4' : 'webm';

/** From now on, whatever is painted on the canvas, until `stop`. */
export class ClipRecorder {
  readonly #recorder: MediaRecorder;
  readonly #parts: Blob[] = [];

  constructor(
    canvas: HTMLCanvasElement,
    readonly type: string,
  ) {
    this.#recorder = new MediaRecorder(canvas.captureStream(30), {
      mimeType: type,
      videoBitsPerSecond: 3e6,
    });
    this.#recorder.ondataavailable = ({ data }) => this.#parts.push(data);
    this.#recorder.start();
  }

  async stop(): Promise<Blob> {
    const stopped = new Promise((resolve) =>
      this.#recorder.addEventListener('stop', resolve, { once: true }),
    );
    this.#recorder.stop();
    await stopped;
    for (const track of this.#recorder.stream.getTracks()) track.stop();
    return new Blob(this.#parts, { type: this.type.split(';')[0]! });
  }
}
