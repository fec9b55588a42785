/** A stand-in for the edge: speaks its wire, remembers what it was told, and fails when a test wants it to. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Content } from '../../src/types';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
export const { version: VERSION } = JSON.parse(readFileSync(`${dist}../package.json`, 'utf8')) as { version: string };
export const integrity = JSON.parse(readFileSync(`${dist}integrity.json`, 'utf8')) as Record<string, string>;

export interface Message {
  type: string;
  event?: string;
  messageId: string;
  anonymousId: string;
  userId?: string;
  properties?: Record<string, unknown>;
  traits?: Record<string, unknown>;
}
export interface Received {
  path: string;
  headers: IncomingMessage['headers'];
  // biome-ignore lint/suspicious/noExplicitAny: tests look into any body
  body: any;
}

export class Edge {
  content: Content[] = [];
  events: string[] = [];
  /** What to answer instead; 0 closes the connection. */
  fail: { status: number; headers?: Record<string, string>; paths?: RegExp } | undefined;
  requests: Received[] = [];
  tamper = false;
  /** Milliseconds before a request counts as received. */
  slow = 0;
  private server: Server = createServer((request, response) => this.handle(request, response));

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this.origin;
  }
  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
  reset(): void {
    Object.assign(this, { content: [], events: [], fail: undefined, requests: [], tamper: false, slow: 0 });
  }

  of(path: string): Received[] {
    return this.requests.filter((request) => request.path === path);
  }
  get messages(): Message[] {
    return this.of('/v1/batch').flatMap(({ body }) => body.batch as Message[]);
  }
  /** Names of the track events, in order of arrival. */
  get tracked(): string[] {
    return this.messages.filter(({ type }) => type === 'track').map(({ event }) => event as string);
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://edge').pathname;
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-expose-headers', 'retry-after');
    if (request.method === 'OPTIONS') {
      this.requests.push({ path: `OPTIONS ${path}`, headers: request.headers, body: null });
      return void response.writeHead(204).end();
    }
    if (path.startsWith('/sdk/')) return this.file(path, response);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (this.slow) await new Promise((resolve) => setTimeout(resolve, this.slow));
    const { fail } = this;
    if (fail && (!fail.paths || fail.paths.test(path))) {
      if (fail.status === 0) return void request.socket.destroy();
      return void response.writeHead(fail.status, fail.headers).end('{"code":"too_much"}');
    }
    this.requests.push({ path, headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
    const answer = path === '/v1/sync' ? { ruleset: 1, events: this.events, content: this.content } : { success: true };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  }

  private file(path: string, response: ServerResponse): void {
    const name = path.split('/').pop() as string;
    response.setHeader('content-type', 'text/javascript');
    const text = readFileSync(dist + name, 'utf8');
    response.end(this.tamper && name === 'renderer.js' ? `window.tampered = true;${text}` : text);
  }
}
