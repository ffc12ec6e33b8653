// Calls of a caller's own functions: what they throw, or what a promise of theirs rejects with, ends the call that they report on.
import { AttentionLabError, fail, messageOf } from './errors.js';

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

function threw(name: string, error: unknown): never {
  if (error instanceof AttentionLabError) throw error;
  fail('callback_failed', `${name}: the function threw: ${messageOf(error)}`, error);
}

/** What the function answers, within a call that waits for nothing: a promise is refused, and its rejection is nobody's. */
export function callNow<Args extends unknown[], T>(
  name: string,
  callback: (...args: Args) => T,
  ...args: Args
): T {
  let answer: T;
  let isLater: boolean;
  try {
    answer = callback(...args);
    isLater = isPromise(answer);
    if (isLater) Promise.resolve(answer).catch(() => undefined);
  } catch (error) {
    threw(name, error);
  }
  if (isLater)
    fail(
      'invalid_argument',
      `${name}: expected a function that is done when it returns, got a promise`,
    );
  return answer;
}

/** Calls the function if there is one, and waits for it where it answers with a promise. */
export async function callAndWait<Args extends unknown[]>(
  name: string,
  callback: ((...args: Args) => unknown) | undefined,
  ...args: Args
): Promise<void> {
  try {
    const answer = callback?.(...args);
    if (isPromise(answer)) await answer;
  } catch (error) {
    threw(name, error);
  }
}
