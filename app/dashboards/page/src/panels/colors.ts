// The colors of a heatmap.
import * as schemes from 'd3-scale-chromatic';

export interface ColorOptions {
  /** The name of a scheme of d3, such as `Oranges`. */
  scheme: string;
  steps: number;
  reverse: boolean;
  scale: 'linear' | 'exponential';
  exponent: number;
  min?: number;
  max?: number;
}

/** From the color of nothing to that of the most. A scheme begins bright: it is turned around on a dark background. */
export function palette({ scheme, steps, reverse }: ColorOptions, isDark: boolean): string[] {
  const known = schemes as unknown as Record<string, ((share: number) => string) | undefined>;
  const color = known[`interpolate${scheme}`] ?? schemes.interpolateOranges;
  return Array.from({ length: steps }, (_, step) => {
    const share = step / Math.max(1, steps - 1);
    return color(reverse === isDark ? share : 1 - share);
  });
}

/** The color of a value between `min` and `max`. */
export function shade(value: number, { min, max }: { min: number; max: number }, { scale, exponent }: ColorOptions, colors: string[]): string {
  const share = Math.min(1, Math.max(0, (value - min) / (max - min || 1)));
  const scaled = scale === 'exponential' ? share ** exponent : share;
  return colors[Math.min(colors.length - 1, Math.floor(scaled * colors.length))] ?? 'transparent';
}
