/** What the palette offers, found by words: each must be part of the label or of the group's name. */
import type { SpotlightActionData } from "@mantine/spotlight";

export type Group = { group: string; actions: SpotlightActionData[] /** At most so many. */; most?: number };

export function matching(groups: Group[], query: string): Group[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (action: SpotlightActionData, group: string) =>
    words.every((word) => `${action.label} ${group}`.toLowerCase().includes(word));
  return groups
    .map(({ group, actions, most }) => ({ group, actions: actions.filter((one) => fits(one, group)).slice(0, most) }))
    .filter(({ actions }) => actions.length > 0);
}
