import { expect, it } from "vitest";
import { type Group, matching } from "./commands";

const groups: Group[] = [
  { group: "Go to", actions: [{ id: "people", label: "People" }] },
  {
    group: "Content",
    most: 2,
    actions: ["Welcome to Harbour", "NPS after the second invoice", "Harbour, first steps", "Harbour tour"].map(
      (label) => ({ id: label, label }),
    ),
  },
];
const found = (query: string) => matching(groups, query).flatMap(({ actions }) => actions.map(({ label }) => label));

it("finds by every word, in any order and case", () => {
  expect(found("INVOICE nps")).toEqual(["NPS after the second invoice"]);
  expect(found("invoice welcome")).toEqual([]);
});

it("shows at most so many of a group, and no empty group", () => {
  expect(found("harbour")).toEqual(["Welcome to Harbour", "Harbour, first steps"]);
  expect(matching(groups, "people").map(({ group }) => group)).toEqual(["Go to"]);
});

it("finds by the group's name", () => {
  expect(found("go to")).toEqual(["People"]);
});
