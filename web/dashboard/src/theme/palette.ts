/** The colours of the brand and the scales made from them. `palette.test.ts` holds every text pair to its contrast. */

export const INK = "#0B1F33";
export const SEA = "#0E7490";
export const FOAM = "#F4F8FA";
export const ABYSS = "#0A1722";
export const CORAL = "#F2685C";
export const KELP = "#2F855A";
export const AMBER = "#B7791F";

type Shades = [string, string, string, string, string, string, string, string, string, string];

export const sea: Shades = [
  "#E7F5F9",
  "#CFE9F0",
  "#A3D5E2",
  "#74C0D3",
  "#4FB6D0",
  "#2A92AE",
  SEA,
  "#0C6580",
  "#0A566D",
  "#07445A",
];
export const coral: Shades = [
  "#FFF0EE",
  "#FFDFDB",
  "#FDC0B9",
  "#F99E94",
  "#F6837A",
  CORAL,
  "#D9483C",
  "#B5372D",
  "#94291F",
  "#741D15",
];
export const kelp: Shades = [
  "#E8F6EF",
  "#D0ECDE",
  "#A3D9BE",
  "#76C79F",
  "#55B587",
  "#3D9C6D",
  KELP,
  "#276F4B",
  "#1F5A3D",
  "#17452F",
];
export const amber: Shades = [
  "#FDF5E6",
  "#F9E8C8",
  "#F1D08F",
  "#E9B957",
  "#DDA63B",
  "#CB902A",
  AMBER,
  "#8F5D15",
  "#744A0F",
  "#59390B",
];
/** Cool greys of the light ground. */
export const gray: Shades = [
  FOAM,
  "#EAF0F4",
  "#DCE5EB",
  "#C8D4DC",
  "#A9B9C4",
  "#7F919E",
  "#5B6D7B",
  "#3D4F5E",
  "#25384A",
  INK,
];
/** Text first, ground last: Mantine's order for dark schemes. */
export const dark: Shades = [
  "#E3ECF2",
  "#C3D1DB",
  "#A9BAC7",
  "#7A8D9C",
  "#3A5063",
  "#22384A",
  "#14293A",
  ABYSS,
  "#08121B",
  "#050C12",
];

/** What text and its ground are called in `global.css`. */
export const ROLES = {
  light: { ground: FOAM, surface: "#FFFFFF", text: INK, quiet: "#405262", link: "#0A566D", line: "#DCE5EB" },
  dark: { ground: ABYSS, surface: "#0F2130", text: "#E3ECF2", quiet: "#A9BAC7", link: "#8AD0E2", line: "#22384A" },
} as const;

/** WCAG 2 contrast of two `#RRGGBB` colours. */
export function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const channel = (at: number) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}
