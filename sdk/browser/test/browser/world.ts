/** A customer's page under a strict CSP on an origin of its own, in a real Chromium, and the edge beside it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { Edge, integrity, VERSION } from './edge';

export const NONCE = 'bm9uY2U';
export const KEY = 'pfe_test';

export interface HostPage {
  /** Extra markup in the page's main part. */
  main?: string;
  /** A script of the host, before the tag. */
  before?: string;
  /** The whole tag; the usual one unless given, '' for none. */
  tag?: string;
  /** Added to the policy. */
  csp?: string;
  head?: string;
  html?: string;
}

const flags =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

export class World {
  readonly edge = new Edge();
  host: HostPage = {};
  private server!: Server;
  private browser!: Browser;
  private contexts: BrowserContext[] = [];

  async open(): Promise<void> {
    await this.edge.open();
    this.server = createServer((request, response) => {
      if (request.url === '/favicon.ico') return void response.writeHead(204).end();
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.setHeader('content-security-policy', this.policy);
      response.end(this.document);
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags.split(' ') });
  }
  async close(): Promise<void> {
    await this.browser?.close();
    this.server.closeAllConnections();
    this.server.close();
    this.edge.close();
  }
  async reset(): Promise<void> {
    for (const context of this.contexts.splice(0)) await context.close();
    this.edge.reset();
    this.host = {};
  }

  get origin(): string {
    return `http://localhost:${(this.server.address() as AddressInfo).port}`;
  }
  get policy(): string {
    const edge = this.edge.origin;
    return `default-src 'none'; script-src 'nonce-${NONCE}'; connect-src ${edge}; img-src ${edge}; require-trusted-types-for 'script'${this.host.csp ?? ''}`;
  }
  tag(attributes = `data-key="${KEY}"`, path = `/sdk/${VERSION}/pilotfish.js`): string {
    return `<script async src="${this.edge.origin}${path}" integrity="${integrity[path]}" crossorigin nonce="${NONCE}" ${attributes}></script>`;
  }
  private get document(): string {
    const { main = '', before = '', tag = this.tag(), head = '', html = 'lang="en"' } = this.host;
    return `<!doctype html><html ${html}><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Harbour</title>${head}
<script nonce="${NONCE}">window.violations = []; document.addEventListener('securitypolicyviolation', (e) => violations.push(e.violatedDirective + ' ' + e.blockedURI)); ${before}</script>
${tag}</head><body><main><h1>Invoices</h1><button id="new-invoice">New invoice</button><p><label>Search <input id="search"></label></p>${main}</main></body></html>`;
  }

  /** Opens a page as a new visitor. Everything that went wrong on it is in `complaints`. */
  async visit(path = '/', options: BrowserContextOptions = {}): Promise<Visit> {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    this.contexts.push(context);
    const page = await context.newPage();
    const visit = new Visit(page, this.origin);
    await visit.go(path);
    return visit;
  }
}

export class Visit {
  readonly complaints: string[] = [];
  constructor(
    readonly page: Page,
    private readonly origin: string,
  ) {
    page.on('pageerror', (error) => this.complaints.push(`page error: ${error}`));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
  }
  async go(path: string): Promise<void> {
    await this.page.goto(this.origin + path);
  }
  /** Every violation of the policy and every complaint of the browser or the page. */
  async wrongs(): Promise<string[]> {
    return [...this.complaints, ...(await this.page.evaluate<string[]>('window.violations'))];
  }
  get dialog() {
    return this.page.locator('pilotfish-root dialog');
  }
  focused(): Promise<string> {
    return this.page.evaluate(() => {
      let active = document.activeElement;
      while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
      return `${active?.tagName.toLowerCase()} ${active?.getAttribute('aria-label') ?? active?.textContent?.trim() ?? ''}`.trim();
    });
  }
}
