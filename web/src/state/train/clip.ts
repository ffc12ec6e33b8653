// A clip of a run: its kept snapshots are shown one after another, and each is recorded as it is shown.
import { percent, fixed } from '../../lib/format.ts';
import { ClipRecorder, clipType, extensionOf } from '../../lib/clip.ts';
import { paintFrame, type Frame } from '../../lib/clip-frame.ts';
import { rgbaOfInk } from '../../lib/patches.ts';
import { rgbOf } from '../../lib/theme.ts';
import { siteName } from '../shared/names.ts';
import { settings } from '../shared/settings.svelte.ts';
import { training } from './training.svelte.ts';
import { words } from './words.svelte.ts';

/** Milliseconds that the last frame stays. */
const rest = 1200;

/** What is on screen now, as a frame; null while nothing is. */
function currentFrame(): Frame | null {
  const { shown, measured, step, newest, lesson, input } = training;
  const { site, matrix, head } = shown;
  if (!site || !matrix) return null;
  const t = words.strings;
  const { tone } = settings;
  const { loss, heldOut } = measured.at(step);
  return {
    tone,
    title: words.of(lesson.title),
    caption: `${siteName(settings.strings, site, head)} · ${t.transport.stepCount(String(step))}`,
    matrix,
    rows: site.rows.map(({ text }) => text),
    columns: site.columns.map(({ text }) => text),
    targets: site.targets,
    drawing:
      typeof input === 'object' && input
        ? rgbaOfInk(input, rgbOf(tone, '--ink'), rgbOf(tone, '--paper'))
        : null,
    charts: [
      {
        label: t.curves.loss,
        value: loss === null ? '' : fixed(loss, 3),
        curve: measured.loss,
        top: null,
      },
      {
        label: t.curves.accuracy,
        value: heldOut === null ? '' : percent(heldOut, 1),
        curve: measured.heldOut,
        top: 1,
      },
    ],
    step,
    end: Math.max(1, newest),
  };
}

/** null: it was stopped before its end, or the browser records no video. */
export async function recordClip(): Promise<{ name: string; blob: Blob } | null> {
  const type = clipType();
  const first = currentFrame();
  if (type === null || !first) return null;
  const canvas = document.createElement('canvas');
  paintFrame(canvas, first);
  const recorder = new ClipRecorder(canvas, type);
  const isWhole = await training.replay(() => {
    const frame = currentFrame();
    if (frame) paintFrame(canvas, frame);
  });
  if (isWhole) await new Promise((resolve) => setTimeout(resolve, rest));
  const blob = await recorder.stop();
  return isWhole ? { name: `${training.lesson.id}-attention.${extensionOf(type)}`, blob } : null;
}
