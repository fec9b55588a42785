/**
 * Harbour's mark and its customers' badges: the international maritime signal flags. Harbour flies H
 * ("I have a pilot on board"), a customer the flag of their initial. Always decoration beside a name.
 */
type Shape = readonly [colour: "white" | "red" | "blue" | "yellow" | "black", path: string];

const ALL = "M0 0H24V24H0Z";
const DIAGONALS = "M0 0H4L12 8L20 0H24V4L16 12L24 20V24H20L12 16L4 24H0V20L8 12L0 4Z";
const CROSS = "M9 0H15V9H24V15H15V24H9V15H0V9H9Z";
const CHECKS =
  "M0 0H6V6H0ZM12 0H18V6H12ZM6 6H12V12H6ZM18 6H24V12H18ZM0 12H6V18H0ZM12 12H18V18H12ZM6 18H12V24H6ZM18 18H24V24H18Z";

const FLAGS: Readonly<Record<string, readonly Shape[]>> = {
  A: [
    ["white", "M0 0H12V24H0Z"],
    ["blue", "M12 0H24L18 12L24 24H12Z"],
  ],
  B: [["red", "M0 0H24L18 12L24 24H0Z"]],
  C: [
    ["blue", ALL],
    ["white", "M0 5H24V19H0Z"],
    ["red", "M0 9.5H24V14.5H0Z"],
  ],
  D: [
    ["yellow", ALL],
    ["blue", "M0 6H24V18H0Z"],
  ],
  E: [
    ["blue", "M0 0H24V12H0Z"],
    ["red", "M0 12H24V24H0Z"],
  ],
  F: [
    ["white", ALL],
    ["red", "M12 0L24 12L12 24L0 12Z"],
  ],
  G: [
    ["yellow", ALL],
    ["blue", "M4 0H8V24H4ZM12 0H16V24H12ZM20 0H24V24H20Z"],
  ],
  H: [
    ["white", ALL],
    ["red", "M12 0H24V24H12Z"],
  ],
  I: [
    ["yellow", ALL],
    ["black", "M12 6A6 6 0 0 1 12 18A6 6 0 0 1 12 6Z"],
  ],
  J: [
    ["blue", ALL],
    ["white", "M0 8H24V16H0Z"],
  ],
  K: [
    ["yellow", "M0 0H12V24H0Z"],
    ["blue", "M12 0H24V24H12Z"],
  ],
  L: [
    ["yellow", ALL],
    ["black", "M12 0H24V12H12ZM0 12H12V24H0Z"],
  ],
  M: [
    ["blue", ALL],
    ["white", DIAGONALS],
  ],
  N: [
    ["white", ALL],
    ["blue", CHECKS],
  ],
  O: [
    ["red", "M0 0H24V24Z"],
    ["yellow", "M0 0L24 24H0Z"],
  ],
  P: [
    ["blue", ALL],
    ["white", "M7 7H17V17H7Z"],
  ],
  Q: [["yellow", ALL]],
  R: [
    ["red", ALL],
    ["yellow", CROSS],
  ],
  S: [
    ["white", ALL],
    ["blue", "M7 7H17V17H7Z"],
  ],
  T: [
    ["red", "M0 0H8V24H0Z"],
    ["white", "M8 0H16V24H8Z"],
    ["blue", "M16 0H24V24H16Z"],
  ],
  U: [
    ["white", ALL],
    ["red", "M0 0H12V12H0ZM12 12H24V24H12Z"],
  ],
  V: [
    ["white", ALL],
    ["red", DIAGONALS],
  ],
  W: [
    ["blue", ALL],
    ["white", "M5 5H19V19H5Z"],
    ["red", "M9 9H15V15H9Z"],
  ],
  X: [
    ["white", ALL],
    ["blue", CROSS],
  ],
  Y: [
    ["yellow", ALL],
    ["red", "M0 6L6 0H12L0 12ZM0 18L18 0H24L0 24ZM6 24L24 6V12L12 24ZM18 24L24 18V24Z"],
  ],
  Z: [
    ["yellow", "M0 0H24L12 12Z"],
    ["blue", "M24 0V24L12 12Z"],
    ["red", "M24 24H0L12 12Z"],
    ["black", "M0 24V0L12 12Z"],
  ],
};

const letterOf = (name: string): string => name.normalize("NFD").charAt(0).toUpperCase();

export function Flag({ name, size = 24 }: { readonly name: string; readonly size?: number }) {
  const shapes = FLAGS[letterOf(name)] ?? [["blue", ALL] as const];
  return (
    <svg class="flag" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      {shapes.map(([colour, path]) => (
        <path key={path} class={`flag-${colour}`} d={path} />
      ))}
    </svg>
  );
}
