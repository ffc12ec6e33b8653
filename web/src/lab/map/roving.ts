// Arrow keys among the buttons of a region that is one stop of the Tab key: to the nearest in that direction, as they stand on screen.

const directions: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Across the direction of the key a step counts this much more than along it. */
const aside = 3;

/** Moves the focus; true where the key was one of the arrows, Home or End. */
export function roam(event: KeyboardEvent, region: HTMLElement): boolean {
  const buttons = [...region.querySelectorAll<HTMLButtonElement>('button:not(:disabled)')];
  const here = buttons.indexOf(event.target as HTMLButtonElement);
  if (here < 0) return false;
  const next =
    event.key === 'Home'
      ? buttons[0]
      : event.key === 'End'
        ? buttons.at(-1)
        : nearest(buttons, here, directions[event.key]);
  if (next === undefined) return event.key in directions;
  event.preventDefault();
  next.focus();
  next.scrollIntoView({ block: 'nearest' });
  return true;
}

function nearest(
  buttons: readonly HTMLButtonElement[],
  here: number,
  direction: readonly [x: number, y: number] | undefined,
): HTMLButtonElement | undefined {
  if (!direction) return undefined;
  const [dx, dy] = direction;
  const centre = (button: HTMLButtonElement) => {
    const { left, top, width, height } = button.getBoundingClientRect();
    return [left + width / 2, top + height / 2] as const;
  };
  const [x, y] = centre(buttons[here]!);
  let best: HTMLButtonElement | undefined;
  let least = Infinity;
  for (const button of buttons) {
    const [bx, by] = centre(button);
    const along = (bx - x) * dx + (by - y) * dy;
    if (along < 2) continue;
    const across = Math.abs((bx - x) * dy) + Math.abs((by - y) * dx);
    const distance = along + aside * across;
    if (distance < least) [least, best] = [distance, button];
  }
  return best;
}
