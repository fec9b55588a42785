/** What the rail, the bottom bar and the command palette list. A new section is one line here and one route. */
import {
  IconBuilding,
  IconChartLine,
  IconHome2,
  IconMessage2,
  IconSettings,
  IconUsers,
  type TablerIcon,
} from "@tabler/icons-react";

export type Section = { label: string; path: SectionPath; icon: TablerIcon; group: "main" | "below" };

/** Paths under an environment; the router checks that each exists. */
export type SectionPath = "home" | "content" | "people" | "companies" | "insights" | "settings";

export const SECTIONS: Section[] = [
  { label: "Home", path: "home", icon: IconHome2, group: "main" },
  { label: "Content", path: "content", icon: IconMessage2, group: "main" },
  { label: "People", path: "people", icon: IconUsers, group: "main" },
  { label: "Companies", path: "companies", icon: IconBuilding, group: "main" },
  { label: "Insights", path: "insights", icon: IconChartLine, group: "main" },
  { label: "Settings", path: "settings", icon: IconSettings, group: "below" },
];

/** The section that a path of an environment lies in. */
export function sectionOf(pathname: string): SectionPath {
  const part = pathname.split("/")[4];
  return SECTIONS.find((section) => section.path === part)?.path ?? "home";
}
