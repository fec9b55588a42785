/** Surveys and flows with state and figures. */
import { Table, Text, VisuallyHidden } from "@mantine/core";
import { IconListCheck, IconRoute } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { count } from "../charts/number";
import { LinkAnchor, PLACE } from "../frame/links";
import { Time } from "../time/Time";
import classes from "./ContentTable.module.css";
import type { Content } from "./content";
import { StatusBadge } from "./StatusBadge";

type Props = { content: Content[]; actions?: (one: Content) => ReactNode };

export function ContentTable({ content, actions }: Props) {
  return (
    <Table className={classes.table} highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Name</Table.Th>
          <Table.Th className={classes.wide}>State</Table.Th>
          <Table.Th className={classes.number}>Shown</Table.Th>
          <Table.Th className={classes.number}>Completed</Table.Th>
          <Table.Th className={classes.wide}>Changed</Table.Th>
          {actions && (
            <Table.Th>
              <VisuallyHidden>Actions</VisuallyHidden>
            </Table.Th>
          )}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {content.map((one) => (
          <Table.Tr key={one.id} data-item={one.id}>
            <Table.Td>
              <div className={classes.name}>
                <KindIcon kind={one.kind} />
                <div>
                  <NameLink content={one} />
                  <div className={classes.narrow}>
                    <StatusBadge status={one.status} />
                  </div>
                  {one.has_changes && one.status !== "draft" && (
                    <Text size="xs" c="dimmed">
                      Changes not published
                    </Text>
                  )}
                </div>
              </div>
            </Table.Td>
            <Table.Td className={classes.wide}>
              <StatusBadge status={one.status} />
            </Table.Td>
            <Table.Td className={classes.number}>{figure(one, one.figures?.shown)}</Table.Td>
            <Table.Td className={classes.number}>
              {figure(one, one.figures?.completed)}
              {one.figures && one.figures.shown > 0 && (
                <span className={classes.share}>{share(one.figures.completed, one.figures.shown)}</span>
              )}
            </Table.Td>
            <Table.Td className={classes.wide}>
              <Text span c="dimmed">
                <Time at={one.updated_at} />
              </Text>
            </Table.Td>
            {actions && <Table.Td className={classes.actions}>{actions(one)}</Table.Td>}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function NameLink({ content }: { content: Content }) {
  const to = content.kind === "survey" ? "./content/surveys/$id" : "./content/flows/$id";
  return (
    <LinkAnchor from={PLACE} to={to} params={{ id: content.id }} fw={550} c="inherit">
      {content.name || "Without a name"}
    </LinkAnchor>
  );
}

export function KindIcon({ kind }: { kind: Content["kind"] }) {
  const Icon = kind === "survey" ? IconListCheck : IconRoute;
  return <Icon size={18} stroke={1.75} className={classes.kind} role="img" aria-label={kind} />;
}

const figure = (one: Content, value: number | undefined) =>
  value === undefined || one.status === "draft" ? "–" : count(value);

export function share(part: number, whole: number): string {
  return whole === 0 ? "–" : `${Math.round((part / whole) * 100)} %`;
}
