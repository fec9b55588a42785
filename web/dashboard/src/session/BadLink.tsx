/** A one-time link that does not work (any more), or was cut off. Wrong, used and out of date look alike. */
import type { ReactNode } from "react";
import { Door } from "./Door";

export function BadLink({ children }: { children: ReactNode }) {
  return (
    <Door
      title="This link does not work"
      sentence="It was used before, is out of date, or was not copied whole: everything after #token= belongs to it."
    >
      {children}
    </Door>
  );
}
