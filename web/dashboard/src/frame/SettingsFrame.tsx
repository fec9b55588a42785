/** What the pages of the settings have in common: the way between those that the role may see. */
import type { ReactNode } from "react";
import { mayReadMembers } from "../members/roles";
import { Page, PageHead } from "./PageHead";
import { usePlace } from "./place";
import { SubNav, type SubPage } from "./SubNav";

export const SETTINGS_PAGES: SubPage[] = [
  { label: "Installation", path: "settings" },
  { label: "Members", path: "settings/members" },
  { label: "Security", path: "settings/security" },
];

type Props = { title: string; sentence: string; action?: ReactNode; children: ReactNode };

export function SettingsFrame({ title, sentence, action, children }: Props) {
  const { me } = usePlace();
  return (
    <Page>
      <PageHead title={title} sentence={sentence} action={action} />
      {mayReadMembers(me.role) && <SubNav label="Settings" pages={SETTINGS_PAGES} />}
      {children}
    </Page>
  );
}
