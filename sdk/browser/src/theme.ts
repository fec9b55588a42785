/**
 * From a content's theme to the colours of its parts. The customer gives an accent and perhaps a ground and a text
 * colour; the rest is mixed from them, and whatever could not be read is put right: text is at least 4.5 : 1 on its
 * ground, borders and focus 3 : 1.
 */
import type { Theme } from './types';

type Rgb = [number, number, number];

const WHITE: Rgb = [255, 255, 255];
const INK: Rgb = [17, 20, 24];
const NIGHT: Rgb = [28, 31, 36];
const PAPER: Rgb = [240, 242, 245];
const ACCENT: Rgb = [29, 78, 216];

/** Any CSS colour, as the browser reads it; undefined for what is none (or is see-through). */
function parse(color: string | undefined): Rgb | undefined {
  if (!color || !CSS.supports('color', color)) return undefined;
  const hex = /^#([\da-f]{3}|[\da-f]{6})$/i.exec(color)?.[1];
  if (hex) {
    const wide = hex.length === 3 ? hex.replace(/./g, '$&$&') : hex;
    return [0, 2, 4].map((at) => Number.parseInt(wide.slice(at, at + 2), 16)) as Rgb;
  }
  const probe = document.createElement('i');
  probe.style.color = color;
  document.documentElement.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  const parts = /^rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)$/.exec(resolved);
  return parts && Number(parts[4] ?? 1) > 0.5 ? (parts.slice(1, 4).map(Number) as Rgb) : undefined;
}

function luminance(color: Rgb): number {
  const [r, g, b] = color.map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const mix = (a: Rgb, b: Rgb, share: number): Rgb =>
  a.map((channel, i) => Math.round(channel * share + (b[i] as number) * (1 - share))) as Rgb;

/** `color`, moved towards `pole` as far as it takes to stand out from `ground`. */
function legible(color: Rgb, ground: Rgb, pole: Rgb, ratio: number): Rgb {
  let share = 1;
  while (share > 0 && contrast(mix(color, pole, share), ground) < ratio) share -= 0.1;
  return mix(color, pole, Math.max(0, share));
}

const better = (ground: Rgb): Rgb => (contrast(WHITE, ground) >= contrast(INK, ground) ? WHITE : INK);

/** Is the page around us dark? Its own ground says so; a page without one goes by the visitor's setting. */
function darkAround(): boolean {
  for (const element of [document.body, document.documentElement]) {
    const ground = parse(getComputedStyle(element).backgroundColor);
    if (ground) return luminance(ground) < 0.3;
  }
  return matchMedia('(prefers-color-scheme: dark)').matches;
}

/** Custom properties by name. */
export function tokens(theme: Theme | null | undefined): Record<string, string> {
  const mode = theme?.mode ?? 'auto';
  const dark = mode === 'dark' || (mode === 'auto' && darkAround());
  const given = parse(theme?.background);
  // one ground is given for both modes: it holds where it fits the mode
  const own = given && luminance(given) < 0.3 === dark ? given : undefined;
  const ground = own ?? (dark ? NIGHT : WHITE);
  const strongest = better(ground) === WHITE ? PAPER : INK;
  const wanted = parse(theme?.text);
  const text = wanted && contrast(wanted, ground) >= 4.5 ? wanted : strongest;
  const accent = parse(theme?.accent) ?? ACCENT;
  const solid = legible(accent, ground, text, 3);
  const css = (color: Rgb): string => `rgb(${color})`;
  return {
    ground: css(ground),
    text: css(text),
    muted: css(legible(mix(text, ground, 0.7), ground, text, 4.6)),
    line: css(legible(mix(text, ground, 0.45), ground, text, 3.1)),
    soft: css(mix(text, ground, 0.12)),
    accent: css(solid),
    'on-accent': css(legible(better(solid), solid, [0, 0, 0], 4.5)),
    alert: css(legible(dark ? [255, 157, 148] : [180, 35, 24], ground, text, 4.6)),
    radius: `${Math.min(Math.max(theme?.radius ?? 12, 0), 24)}px`,
    scheme: dark ? 'dark' : 'light',
  };
}
