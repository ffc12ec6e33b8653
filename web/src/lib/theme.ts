// Reads design tokens of app.css for drawing on a canvas.

export const cssColour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const cssFont = (size: number): string => `${size}px ${getComputedStyle(document.documentElement).fontFamily}`;
