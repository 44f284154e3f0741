// The rows of a state timeline: spans of time in which a value stays the same.

export interface Span<T> {
  from: number;
  to: number;
  value: T;
  /** The index of its first point. */
  index: number;
}

/**
 * A span lasts from its point to the next, and no longer than a step after the last point before a gap. Neighbours of the same value
 * are one, if `merge`.
 */
export function spans<T>(times: number[], values: Array<T | null | undefined>, stepMs: number, merge: boolean): Array<Span<T>> {
  const found: Array<Span<T>> = [];
  times.forEach((moment, index) => {
    const value = values[index];
    if (value === null || value === undefined) {
      return;
    }
    const last = found.at(-1);
    // Times are whole milliseconds, steps need not be.
    const follows = last !== undefined && moment - last.to <= 1;
    if (last && follows && merge && last.value === value) {
      last.to = moment + stepMs;
      return;
    }
    if (last && follows) {
      last.to = moment;
    }
    found.push({ from: moment, to: moment + stepMs, value, index });
  });
  return found;
}
