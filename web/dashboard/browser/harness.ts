/** Starts the built dashboard beside the in-memory server, and Chromium as this kind of machine needs it. */
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { preview } from "vite";

export type Harness = { browser: Browser; url: string; close: () => Promise<void> };

export async function start(): Promise<Harness> {
  const server = await preview({ configFile: "vite.dev.config.ts", preview: { port: 0, host: "localhost" } });
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return {
    browser,
    url: server.resolvedUrls?.local[0]?.replace(/\/$/, "") ?? "",
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}

type Options = {
  width?: number;
  height?: number;
  scheme?: "light" | "dark";
  scenario?: string;
  demo?: boolean;
  signedIn?: boolean;
};

/** A page whose console errors and policy violations are collected: a test ends by asking that there are none. */
export async function open(
  harness: Harness,
  { width = 1440, height = 900, scheme = "light", scenario = "", demo = true, signedIn = true }: Options = {},
): Promise<{ page: Page; context: BrowserContext; complaints: string[] }> {
  const context = await harness.browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: "reduce",
    locale: "en-GB",
    timezoneId: "UTC",
    baseURL: harness.url,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const cookie = (name: string, value: string) => ({ name, value, url: harness.url });
  await context.addCookies([
    ...(signedIn ? [cookie("dev_session", "1")] : []),
    cookie("dev_scenario", scenario),
    cookie("dev_demo", demo ? "1" : "0"),
  ]);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of [45]\d\d/.test(message.text())) {
      complaints.push(message.text());
    }
  });
  return { page, context, complaints };
}

export const PLACE = "/app/harbour/production";
