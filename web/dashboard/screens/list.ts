import type { Page } from "playwright-core";
import { PLACE } from "../browser/harness";
import { openPalette } from "../browser/keys";

type Screen = {
  name: string;
  path: string;
  options?: { scenario?: string; demo?: boolean; signedIn?: boolean };
  act?: (page: Page) => Promise<void>;
  wait?: number;
  fullPage?: boolean;
  /** Not waited for: the state while loading. */
  early?: boolean;
};

const anew = { signedIn: false };

/** What a customer can come to see, with the empty, loading and error states. */
export const SCREENS: Screen[] = [
  { name: "setup", path: "/setup#token=t0k3n", options: { ...anew, scenario: "setup" } },
  { name: "setup-no-token", path: "/setup", options: { ...anew, scenario: "setup" } },
  { name: "sign-in", path: "/sign-in", options: anew },
  {
    name: "sign-in-refused",
    path: "/sign-in",
    options: anew,
    act: async (page) => {
      await page.getByLabel("E-mail").fill("ana@harbour.example");
      await page.getByLabel("Password", { exact: true }).fill("wrong");
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
      await page.getByRole("alert").waitFor();
    },
  },
  { name: "sign-in-organisation", path: "/sign-in/org_1", options: anew },
  {
    name: "sign-in-required",
    path: "/sign-in/org_1",
    options: { ...anew, scenario: "required" },
  },
  {
    name: "sign-in-refused-by-provider",
    path: "/sign-in/oidc/callback/idp_1?state=s&error=access_denied",
    options: anew,
    act: async (page) => {
      await page.getByRole("alert").waitFor();
    },
  },
  { name: "security", path: `${PLACE}/settings/security` },
  { name: "security-empty", path: `${PLACE}/settings/security`, options: { scenario: "empty" } },
  { name: "security-error", path: `${PLACE}/settings/security`, options: { scenario: "error" }, wait: 4500 },
  {
    name: "security-provider",
    path: `${PLACE}/settings/security`,
    fullPage: false,
    act: async (page) => {
      await page.getByRole("button", { name: "Edit Harbour at work" }).click();
      await page.getByRole("dialog").getByLabel("Client id").waitFor();
    },
  },
  { name: "account-signing-in", path: `${PLACE}/account/signing-in` },
  {
    name: "trust",
    path: "/trust",
    options: anew,
    act: async (page) => {
      await page.getByText("Evidence for UL-7").click();
    },
  },
  { name: "home", path: `${PLACE}/home`, options: { demo: false } },
  { name: "home-demo", path: `${PLACE}/home` },
  {
    name: "home-disk-search",
    path: `${PLACE}/home`,
    act: async (page) => {
      await page.getByLabel("What you entered").fill("Reminders alone paid for it");
      await page.getByRole("button", { name: "Search the disk" }).click();
      await page.getByText("0 times").first().waitFor();
    },
  },
  { name: "home-empty", path: `${PLACE}/home`, options: { demo: false, scenario: "empty" } },
  { name: "home-error", path: `${PLACE}/home`, options: { demo: false, scenario: "error" }, wait: 4500 },
  { name: "installation", path: `${PLACE}/settings` },
  { name: "installation-empty", path: `${PLACE}/settings`, options: { scenario: "empty" } },
  { name: "content", path: `${PLACE}/content` },
  { name: "content-empty", path: `${PLACE}/content`, options: { scenario: "empty" } },
  { name: "content-deleted-empty", path: `${PLACE}/content/deleted`, options: { scenario: "empty" } },
  { name: "content-deleted", path: `${PLACE}/content/deleted` },
  { name: "survey-editor", path: `${PLACE}/content/surveys/srv_nps` },
  { name: "flow-editor", path: `${PLACE}/content/flows/flw_welcome` },
  {
    name: "survey-audience",
    path: `${PLACE}/content/surveys/srv_nps`,
    act: async (page) => {
      await page.getByRole("tab", { name: "Audience" }).click();
    },
  },
  {
    name: "survey-timing",
    path: `${PLACE}/content/surveys/srv_nps`,
    act: async (page) => {
      await page.getByRole("tab", { name: "Timing" }).click();
    },
  },
  {
    name: "survey-look",
    path: `${PLACE}/content/surveys/srv_nps`,
    act: async (page) => {
      await page.getByRole("tab", { name: "Look" }).click();
    },
  },
  {
    name: "flow-tooltip",
    path: `${PLACE}/content/flows/flw_welcome`,
    act: async (page) => {
      await page
        .getByRole("button", { name: /Begin here/ })
        .filter({ hasText: "At an element" })
        .click();
    },
  },
  {
    name: "survey-publish",
    path: `${PLACE}/content/surveys/srv_new`,
    fullPage: false,
    act: async (page) => {
      await page.getByRole("button", { name: "Publish" }).click();
      await page.getByRole("dialog").waitFor();
    },
  },
  { name: "survey-results", path: `${PLACE}/content/surveys/srv_nps/results` },
  { name: "survey-results-empty", path: `${PLACE}/content/surveys/srv_nps/results`, options: { scenario: "empty" } },
  { name: "flow-results", path: `${PLACE}/content/flows/flw_welcome/results` },
  { name: "people", path: `${PLACE}/people` },
  { name: "people-empty", path: `${PLACE}/people`, options: { scenario: "empty" } },
  { name: "person", path: `${PLACE}/people/u-2408` },
  {
    name: "person-why",
    path: `${PLACE}/people/u-2408`,
    act: async (page) => {
      await page.getByRole("button", { name: /why/i }).first().click();
      await page.getByRole("button", { name: /Show them/ }).click();
      await page.waitForTimeout(300);
    },
  },
  {
    name: "person-revealed",
    path: `${PLACE}/people/u-2408`,
    act: async (page) => {
      await page.getByRole("button", { name: "Show personal properties" }).click();
      await page.getByText("bo@customer.example").first().waitFor();
    },
  },
  { name: "person-missing", path: `${PLACE}/people/per_nobody` },
  { name: "companies", path: `${PLACE}/companies` },
  { name: "company", path: `${PLACE}/companies/c-1004` },
  { name: "insights", path: `${PLACE}/insights` },
  { name: "insights-empty", path: `${PLACE}/insights`, options: { scenario: "empty" } },
  { name: "insights-error", path: `${PLACE}/insights`, options: { scenario: "error" }, wait: 4500 },
  { name: "insights-deleted", path: `${PLACE}/insights/deleted` },
  { name: "insights-new", path: `${PLACE}/insights/new/funnel` },
  { name: "insights-trend", path: `${PLACE}/insights/rep_trend` },
  { name: "insights-breakdown", path: `${PLACE}/insights/rep_plans` },
  { name: "insights-funnel", path: `${PLACE}/insights/rep_funnel` },
  { name: "insights-retention", path: `${PLACE}/insights/rep_retention` },
  { name: "insights-nothing", path: `${PLACE}/insights/rep_trend`, options: { scenario: "empty" } },
  { name: "insights-missing", path: `${PLACE}/insights/rep_nothing` },
  {
    name: "insights-behind",
    path: `${PLACE}/insights/rep_funnel`,
    fullPage: false,
    act: async (page) => {
      await page
        .getByRole("button", { name: /Who are these/ })
        .first()
        .click();
      await page.getByRole("dialog").getByRole("table").waitFor();
    },
  },
  {
    name: "palette",
    path: `${PLACE}/content`,
    fullPage: false,
    act: async (page) => {
      await openPalette(page);
      await page.getByLabel("Command", { exact: true }).fill("u-2408");
    },
  },
  {
    name: "palette-content",
    path: `${PLACE}/people`,
    fullPage: false,
    act: async (page) => {
      await openPalette(page);
      await page.getByLabel("Command", { exact: true }).fill("wel");
    },
  },
  { name: "loading", path: `${PLACE}/people`, options: { scenario: "slow" }, early: true, wait: 1200 },
  { name: "not-found", path: "/nowhere" },
];
