/** What every answer has: its title, when and in which zone, and its exports. */
import { ActionIcon, Card, Menu, Text, Title } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { type ReactNode, useRef } from "react";
import { saveCsv, savePng } from "../charts/save";
import { clock, date } from "../time/format";
import classes from "./Analytics.module.css";
import type { Told } from "./answer";
import { title as titleOf } from "./question";
import { tableOf } from "./table";

type Props = {
  told: Told;
  /** Whether the question was changed since, and the answer to that is not there yet. */
  behind: boolean;
  children: ReactNode;
};

export function AnswerCard({ told, behind, children }: Props) {
  const { question, answered } = told;
  const title = titleOf(question);
  const drawing = useRef<HTMLDivElement>(null);
  const file = `${question.kind}-${answered.from.slice(0, 10)}`;
  const at = (time: string) => {
    const zone = { timeZone: answered.zone };
    return `${date(new Date(time), zone)}, ${clock(new Date(time), zone)}`;
  };
  const exportPng = () => {
    const svg = drawing.current?.querySelector<SVGSVGElement>("svg.recharts-surface");
    if (svg) {
      void savePng(file, svg);
    }
  };
  return (
    <Card component="section" aria-label={title}>
      <div className={classes.head}>
        <div>
          <Title order={2}>{title}</Title>
          <Text size="sm" c="dimmed">
            {at(answered.from)} to {at(answered.to)} · {answered.zone}
            <span role="status">{behind && " · before your last change: its answer is being loaded"}</span>
          </Text>
        </div>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="default" size={30} aria-label="Export" data-noprint>
              <IconDownload size={16} stroke={1.75} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => saveCsv(file, tableOf(told))}>Table as CSV</Menu.Item>
            {question.kind !== "funnel" && <Menu.Item onClick={exportPng}>Chart as PNG</Menu.Item>}
            <Menu.Item onClick={() => window.print()}>Print</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
      <div ref={drawing}>{children}</div>
    </Card>
  );
}
