// How a share of 1 is written. Pure.

/** 96%, but 99.7% and 0.3% where a whole number would hide it. */
export const share = (value: number): string => {
  const percent = 100 * value;
  const isClose = percent > 99 || (percent < 1 && percent > 0);
  return `${isClose ? percent.toFixed(1).replace(/\.0$/, '') : Math.round(percent)}%`;
};
