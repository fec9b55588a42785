/** The content and the app must agree: what a flow points at exists, what the seeder draws is known. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "../src/router";

const read = (name: string) => JSON.parse(readFileSync(new URL(`../content/${name}.json`, import.meta.url), "utf8"));
const sources = (folder: string): string =>
  readdirSync(new URL(`../src/${folder}/`, import.meta.url))
    .map((name) => readFileSync(new URL(`../src/${folder}/${name}`, import.meta.url), "utf8"))
    .join("");

describe("the welcome flow", () => {
  const { definition } = read("welcome-flow");

  it("points only at ids and pages that Harbour has", () => {
    const ui = sources("ui") + sources("pages");
    for (const step of definition.steps) {
      expect(parse(step.where.value).page).not.toBe("not-found");
      if (step.target !== undefined) expect(ui).toMatch(new RegExp(`id[:=] ?"${step.target.selector.slice(1)}"`));
    }
  });

  it("is for some of the demo people and not for others", () => {
    const plans: string[] = definition.audience.all[0].value;
    const meant = read("users").filter(({ plan }: { plan: string }) => plans.includes(plan));
    expect(meant.length).toBeGreaterThan(0);
    expect(meant.length).toBeLessThan(read("users").length);
  });
});

describe("the survey", () => {
  it("is triggered by an event that Harbour tracks", () => {
    const { definition } = read("nps-survey");
    const seam = readFileSync(new URL("../src/pilotfish.ts", import.meta.url), "utf8");
    expect(definition.trigger.event).toBe(definition.audience.event);
    expect(seam).toContain(`"${definition.trigger.event}"`);
  });
});

describe("the seeder's input", () => {
  const input = read("people");

  it("names only events, properties, steps and choices that are described", () => {
    for (const plan of input.plans) {
      expect(Object.keys(input.events)).toEqual(expect.arrayContaining(Object.keys(plan.events_per_week)));
      expect(input.nps_survey.scores[plan.plan]).toHaveLength(11);
      expect(input.properties.invoice_amount.median[plan.plan]).toBeGreaterThan(0);
    }
    const flow = read("welcome-flow").definition.steps.map(({ id }: { id: string }) => id);
    expect(Object.keys(input.welcome_flow.reached)).toEqual(flow);
    const choices = read("nps-survey").definition.questions[2].choices.map(({ id }: { id: string }) => id);
    expect(Object.keys(input.nps_survey.choices)).toEqual(choices);
    expect(input.weekday_weights).toHaveLength(7);
    expect(input.hour_weights).toHaveLength(24);
  });
});
