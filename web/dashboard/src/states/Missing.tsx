/** Instead of a screen whose subject is not there: what that may be, and the way on. The frame's navigation stays. */
import type { ReactNode } from "react";
import { Problem } from "../api/problem";
import { Page } from "../frame/PageHead";
import { EmptyState } from "./EmptyState";

type Props = { title: string; children: ReactNode; action: ReactNode };

export function Missing({ title, children, action }: Props) {
  return (
    <Page>
      <title>Not found · Pilotfish</title>
      <EmptyState order={1} title={title} action={action}>
        {children}
      </EmptyState>
    </Page>
  );
}

/** Whether nothing was ever shown, because it is not there. */
export function isMissing({ data, error }: { data: unknown; error: unknown }): boolean {
  return data === undefined && error instanceof Problem && error.status === 404;
}
