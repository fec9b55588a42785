/** ⌘K: go somewhere, open content by its name, find somebody by id or e-mail, make something, switch the environment. */
import { Spotlight, type SpotlightActionData, spotlight } from "@mantine/spotlight";
import "@mantine/spotlight/styles.css";
import {
  IconBuilding,
  IconChartBar,
  IconDevices,
  IconFingerprint,
  IconListCheck,
  IconPlus,
  IconRoute,
  IconSearch,
  IconShieldLock,
  IconSwitchHorizontal,
  IconTrash,
  IconUser,
  IconUserCircle,
  IconUsersGroup,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { type Content, contentListQuery } from "../content/content";
import { useCreateContent } from "../content/create";
import { mayReadMembers, type Role } from "../members/roles";
import { isEmail } from "../people/people";
import { appSlug } from "../session/me";
import classes from "./CommandPalette.module.css";
import { type Group, matching } from "./commands";
import { useSwitch } from "./EnvironmentSwitch";
import { type Findable, useFind } from "./find";
import { focusPage } from "./focus";
import { PLACE } from "./links";
import { useEnvironmentId, usePlace } from "./place";
import type { SubPath } from "./SubNav";
import { SECTIONS } from "./sections";

export const openPalette = () => spotlight.open();

const CONTENT = 6;
/** Of content while nothing was typed: what was changed last. */
const LATEST = 3;

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
      limit={30}
      filter={(_query, given) => given as Group[]}
      nothingFound="Nothing of that name."
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: "Go to, create or find…",
        "aria-label": "Command",
      }}
      attributes={{ content: { "aria-label": "Commands" } }}
      classNames={{ actionDescription: classes.description }}
      scrollable
      maxHeight={420}
    />
  );
}

function useActions(query: string): Group[] {
  const navigate = useNavigate({ from: PLACE });
  const switchTo = useSwitch();
  const create = useCreateContent();
  const content = useContentGroups(query);
  const people = useFindGroup(query);
  const { me, environment } = usePlace();
  const groups: Group[] = [
    {
      group: "Go to",
      actions: [
        ...SECTIONS.map(({ label, path, icon: Icon }) => ({
          id: path,
          label,
          leftSection: <Icon size={18} stroke={1.75} />,
          onClick: () => void navigate({ to: `./${path}` }),
        })),
        ...(query
          ? [
              {
                id: "deleted",
                label: "Deleted content",
                leftSection: <IconTrash size={18} stroke={1.75} />,
                onClick: () => void navigate({ to: "./content/deleted" }),
              },
            ]
          : []),
        ...(query ? pagesOf(me.role) : []).map(({ label, path, icon: Icon }) => ({
          id: path,
          label,
          leftSection: <Icon size={18} stroke={1.75} />,
          onClick: () => void navigate({ to: `./${path}` }),
        })),
      ],
    },
    ...content,
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
  return [...matching(groups, query), ...people].map(leavingFocus);
}

/** Pages of the settings and of the account, by what somebody looks for. */
function pagesOf(role: Role): { label: string; path: SubPath; icon: typeof IconUser }[] {
  const team = [
    { label: "Members and invitations", path: "settings/members", icon: IconUsersGroup },
    { label: "Security: rules and sign-ins", path: "settings/security", icon: IconShieldLock },
  ] as const;
  return [
    ...(mayReadMembers(role) ? team : []),
    { label: "Your account: name, e-mail, organisations", path: "account", icon: IconUserCircle },
    { label: "Your password, passkeys and recovery codes", path: "account/signing-in", icon: IconFingerprint },
    { label: "Your sessions, devices and sign-ins", path: "account/sessions", icon: IconDevices },
  ];
}

/** Whatever is chosen ends on a page, and the focus with it: the palette has none to give back once it is closed. */
function leavingFocus({ group, actions }: Group): Group {
  const leaving = actions.map(
    ({ onClick, ...action }): SpotlightActionData => ({
      ...action,
      onClick: (event) => {
        focusPage();
        onClick?.(event);
      },
    }),
  );
  return { group, actions: leaving };
}

/** Surveys and flows by name, and their results. */
function useContentGroups(query: string): Group[] {
  const navigate = useNavigate({ from: PLACE });
  const content = useQuery(contentListQuery(useEnvironmentId()));
  const all = content.data ?? [];
  const edit = (one: Content): SpotlightActionData => {
    const Icon = one.kind === "survey" ? IconListCheck : IconRoute;
    const params = { id: one.id };
    return {
      id: one.id,
      label: one.name,
      description: `${one.kind}, ${one.status}`,
      leftSection: <Icon size={18} stroke={1.75} />,
      onClick: () =>
        void navigate(
          one.kind === "survey" ? { to: "./content/surveys/$id", params } : { to: "./content/flows/$id", params },
        ),
    };
  };
  const results = (one: Content): SpotlightActionData => {
    const params = { id: one.id };
    return {
      id: `results-${one.id}`,
      label: `Results of “${one.name}”`,
      leftSection: <IconChartBar size={18} stroke={1.75} />,
      onClick: () =>
        void navigate(
          one.kind === "survey"
            ? { to: "./content/surveys/$id/results", params }
            : { to: "./content/flows/$id/results", params },
        ),
    };
  };
  return [
    { group: "Content", most: query ? CONTENT : LATEST, actions: all.map(edit) },
    {
      group: "Results",
      most: CONTENT,
      actions: query ? all.filter(({ published }) => published !== null).map(results) : [],
    },
  ];
}

/** Somebody and a company by what was typed, whole. */
function useFindGroup(query: string): Group[] {
  const find = useFind();
  if (!query) {
    return [];
  }
  const action = (what: Findable, label: string, Icon: typeof IconUser): SpotlightActionData => ({
    id: `find-${what}`,
    label,
    leftSection: <Icon size={18} stroke={1.75} />,
    onClick: () => void find(what, query),
  });
  const actions = isEmail(query)
    ? [action("person", `Open the person with the e-mail “${query}”`, IconUser)]
    : [
        action("person", `Open the person with the id “${query}”`, IconUser),
        action("company", `Open the company with the id “${query}”`, IconBuilding),
      ];
  return [{ group: "People and companies", actions }];
}
