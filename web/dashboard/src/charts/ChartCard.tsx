/** Every chart stands in one of these: a title, its unit, the table behind it, and its exports. */
import { ActionIcon, Card, Group, Menu, SegmentedControl, Table, Text, Title } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { type ReactNode, useRef, useState } from "react";
import classes from "./ChartCard.module.css";
import type { Table as TableData } from "./csv";
import { saveCsv, savePng } from "./save";

type Props = { title: string; unit: ReactNode; file: string; table: TableData; extra?: ReactNode; children: ReactNode };

export function ChartCard({ title, unit, file, table, extra, children }: Props) {
  const [view, setView] = useState("chart");
  const drawing = useRef<HTMLDivElement>(null);
  const exportPng = () => {
    const svg = drawing.current?.querySelector<SVGSVGElement>("svg.recharts-surface");
    if (svg) {
      void savePng(file, svg);
    }
  };
  return (
    <Card component="section" aria-label={title}>
      <Group justify="space-between" align="flex-start" mb="md" gap="sm">
        <div>
          <Title order={2}>{title}</Title>
          <Text size="sm" c="dimmed">
            {unit}
          </Text>
        </div>
        <Group gap="xs">
          {extra}
          <SegmentedControl
            size="xs"
            aria-label={`${title}: chart or table`}
            value={view}
            onChange={setView}
            data={[
              { value: "chart", label: "Chart" },
              { value: "table", label: "Table" },
            ]}
          />
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="default" size={30} aria-label={`Export ${title}`}>
                <IconDownload size={16} stroke={1.75} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => saveCsv(file, table)}>Table as CSV</Menu.Item>
              <Menu.Item onClick={exportPng} disabled={view !== "chart"}>
                Chart as PNG
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Group>
      </Group>
      {view === "chart" ? <div ref={drawing}>{children}</div> : <BehindTable title={title} table={table} />}
    </Card>
  );
}

function BehindTable({ title, table }: { title: string; table: TableData }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section className={classes.table} aria-label={`${title}, table`} tabIndex={0}>
      <Table verticalSpacing={6} stickyHeader>
        <Table.Thead>
          <Table.Tr>
            {table.columns.map((column) => (
              <Table.Th key={column}>{column}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {table.rows.map((row) => (
            <Table.Tr key={row.join("\u0000")}>
              {row.map((value, column) => (
                <Table.Td key={table.columns[column]}>{value}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}
