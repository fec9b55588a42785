/** ⌘K: go somewhere, switch the environment, make something, find a person by id. */
import { Spotlight, type SpotlightActionData, spotlight } from "@mantine/spotlight";
import "@mantine/spotlight/styles.css";
import { IconPlus, IconSearch, IconSwitchHorizontal, IconUser } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useCreateContent } from "../content/create";
import { appSlug } from "../session/me";
import { useSwitch } from "./EnvironmentSwitch";
import { PLACE } from "./links";
import { usePlace } from "./place";
import { SECTIONS } from "./sections";

export const openPalette = () => spotlight.open();

export function CommandPalette() {
  const [query, setQuery] = useState("");
  const actions = useActions(query.trim());
  return (
    <Spotlight
      actions={actions}
      query={query}
      onQueryChange={setQuery}
      shortcut={["mod + K"]}
      highlightQuery
      limit={12}
      filter={(_query, given) => given as ReturnType<typeof matching>}
      nothingFound="Nothing of that name. A person is found by the whole id."
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: "Go to, create or find…",
        "aria-label": "Command",
      }}
      attributes={{ content: { "aria-label": "Commands" } }}
      scrollable
      maxHeight={420}
    />
  );
}

type Group = { group: string; actions: SpotlightActionData[] };

function useActions(query: string): Group[] {
  const navigate = useNavigate({ from: PLACE });
  const switchTo = useSwitch();
  const create = useCreateContent();
  const { me, environment } = usePlace();

  const found: Group = {
    group: "People",
    actions: query
      ? [
          {
            id: "person",
            label: `Open the person with the id “${query}”`,
            leftSection: <IconUser size={18} />,
            onClick: () => void navigate({ to: "./people/$id", params: { id: query } }),
          },
        ]
      : [],
  };
  const groups: Group[] = [
    {
      group: "Go to",
      actions: SECTIONS.map(({ label, path, icon: Icon }) => ({
        id: path,
        label,
        leftSection: <Icon size={18} stroke={1.75} />,
        onClick: () => void navigate({ to: `./${path}` }),
      })),
    },
    {
      group: "Create",
      actions: (["survey", "flow"] as const).map((kind) => ({
        id: `create-${kind}`,
        label: `Create a ${kind}`,
        leftSection: <IconPlus size={18} />,
        onClick: () => create.mutate(kind),
      })),
    },
    {
      group: "Switch environment",
      actions: me.apps.flatMap((app) =>
        app.environments
          .filter((one) => one.id !== environment.id)
          .map((one) => ({
            id: one.id,
            label: `${app.name}, ${one.name}`,
            leftSection: <IconSwitchHorizontal size={18} />,
            onClick: () => switchTo(appSlug(app, me.apps), one.name),
          })),
      ),
    },
  ];
  return [...matching(groups, query), found].filter((group) => group.actions.length > 0);
}

function matching(groups: Group[], query: string): Group[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (action: SpotlightActionData, group: string) =>
    words.every((word) => `${action.label} ${group}`.toLowerCase().includes(word));
  return groups.map(({ group, actions }) => ({ group, actions: actions.filter((action) => fits(action, group)) }));
}
