/** What the pages of the account have in common. */
import type { ReactNode } from "react";
import { Page, PageHead } from "../frame/PageHead";
import { SubNav, type SubPage } from "../frame/SubNav";
import classes from "./Account.module.css";

export const ACCOUNT_PAGES: SubPage[] = [
  { label: "You", path: "account" },
  { label: "Signing in", path: "account/signing-in" },
  { label: "Sessions", path: "account/sessions" },
];

export function AccountFrame({ title, sentence, children }: { title: string; sentence: string; children: ReactNode }) {
  return (
    <Page>
      <PageHead title={title} sentence={sentence} />
      <SubNav label="Your account" pages={ACCOUNT_PAGES} />
      <div className={classes.sections}>{children}</div>
    </Page>
  );
}
