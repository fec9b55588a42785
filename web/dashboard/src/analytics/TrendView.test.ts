import { MantineProvider } from "@mantine/core";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import type { Of } from "./question";
import { TrendView } from "./TrendView";

const series = (times: string[]) => [
  { label: "A", index: 0, points: times.map((time, index) => ({ time, value: index + 1 })), total: 9 },
];

/** The rows of the table, as text. */
function rows(own: string[], before: string[]): string[][] {
  const answered = {
    from: own[0] ?? "",
    to: own.at(-1) ?? "",
    zone: "UTC",
    series: series(own),
    before: series(before),
  };
  const question: Of<"trend"> = { kind: "trend", range: { last: "30d" }, series: [{ event: "A" }], compare: true };
  const view = createElement(TrendView, { question, answered, chart: "table", show: () => undefined });
  const markup = renderToStaticMarkup(createElement(MantineProvider, null, view));
  const body = markup.slice(markup.indexOf("<tbody"));
  const cells = (row: string) => [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = ""]) => cell);
  return body
    .split("<tr")
    .slice(2)
    .map((row) => cells(row).map((cell) => cell.replace(/<[^>]*>/g, "")));
}

it("invents no number where the period before has fewer points", () => {
  expect(rows(["2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z"], ["2026-09-30T00:00:00Z"])).toEqual([
    ["1 Oct", "1", "1"],
    ["2 Oct", "2", ""],
  ]);
});

it("has all rows of a period before that has more", () => {
  expect(rows(["2026-10-01T00:00:00Z"], ["2026-09-29T00:00:00Z", "2026-09-30T00:00:00Z"])).toEqual([
    ["1 Oct", "1", "1"],
    ["30 Sept, period before", "", "2"],
  ]);
});
