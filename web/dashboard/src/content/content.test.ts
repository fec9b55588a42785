import { expect, it } from "vitest";
import { everyPage } from "./content";

it("reads a list to its end, page after page", async () => {
  const asked: unknown[] = [];
  const all = await everyPage(async (more) => {
    asked.push(more);
    return more.cursor === "b" ? { data: [3], next_cursor: null } : { data: [1, 2], next_cursor: "b" };
  });
  expect(all).toEqual([1, 2, 3]);
  expect(asked).toEqual([{}, { cursor: "b" }]);
});

it("ends where a list does not", async () => {
  const all = await everyPage(async () => ({ data: [1], next_cursor: "again" }));
  expect(all).toHaveLength(10);
});
