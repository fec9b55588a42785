/**
 * One page life's client: who is here, what is sent, what may be shown. Wires the parts together; each part knows
 * nothing of the others. Nothing in here may throw into the host's code: every way in goes through `guard`.
 */
import { createDelivery, type Delivery } from './delivery';
import type { Emitter } from './emitter';
import type { Extension } from './extension';
import { loadRenderer, VERSION } from './loader';
import { watchNavigation } from './navigation';
import { createQueue } from './queue';
import { uuid } from './random';
import { createDevice } from './storage';
import { createSync } from './sync';
import { createTokens } from './tokens';
import { createTransport } from './transport';
import type { Attributes, Company, Guard, InitOptions } from './types';

export interface Settings extends InitOptions {
  key: string;
  edge: string;
  renderer: string;
}

export interface Client {
  identify(id: string, attributes?: Attributes, options?: { company?: Company; token?: string }): void;
  group(id: string, attributes?: Attributes): void;
  track(name: string, properties?: Attributes): void;
  page(properties?: Attributes): void;
  screen(name: string): void;
  anonymous(): void;
  reset(): void;
  show(id: string): void;
  dismiss(): void;
  mute(): void;
  unmute(): void;
  debug(on?: boolean): void;
  use(extension: Extension): void;
}

/** What is known of the visitor; replaced as a whole, so that an answer for somebody else can be told. */
interface Visitor {
  userId?: string;
}

export function createClient(settings: Settings, emitter: Emitter, guard: Guard): Client {
  const { key, edge, trackPages } = settings;
  const locale = navigator.language;
  const device = createDevice();
  const send = createTransport(edge);
  const report = (code: string, message: string): void => {
    note(`error: ${code}: ${message}`);
    emitter.emit('error', { code, message });
  };
  const tokens = createTokens(() => {
    queue.wake();
    sync.request();
  });
  const queue = createQueue(key, send, report, tokens);
  const extensions = new Set<string>();
  let visitor: Visitor = {};
  /** What `init` was given: the token of the first user. */
  let initialToken = settings.identityToken;
  let debugging = false;
  let loading = false;
  let ready = false;
  /** The last identify, to tell a repeated one. */
  let identified = '';

  const note = (text: string): void => {
    if (debugging) console.info(`[pilotfish] ${text}`);
  };
  const who = (): Record<string, unknown> => ({ anonymousId: device.id(), userId: visitor.userId });

  function message(type: string, fields: Record<string, unknown>, urgent = false, done?: () => void): void {
    const context = {
      page: place(),
      locale,
      library: { name: '@pilotfish/browser', version: VERSION },
    };
    const head = { type, messageId: uuid(), timestamp: new Date(), ...who() };
    queue.message({ ...head, ...fields, context }, visitor.userId, urgent, done);
  }

  const sync = createSync({
    send,
    body: (extra) => ({
      writeKey: key,
      ...who(),
      token: tokens.of(visitor.userId),
      page: { url: bare(location.href) },
      locale,
      sdk: VERSION,
      ...extra,
    }),
    ready(answer, event) {
      note(`ruleset ${answer.ruleset}, ${answer.content?.length ?? 0} pieces of content for this visitor`);
      delivery.update(answer.content ?? [], event);
      if (!ready) emitter.emit('ready', { ruleset: answer.ruleset });
      ready = true;
    },
    user: () => visitor.userId,
    tokens,
    report,
    guard,
  });

  const delivery: Delivery = createDelivery(
    {
      track: (event, properties, done) => message('track', { event, properties }, true, done),
      answers: (id, body) => queue.answers(id, { ...who(), ...body }, visitor.userId),
      emit: emitter.emit,
      guard,
      go: (url) => (settings.navigate ? settings.navigate(url) : location.assign(url)),
      note,
      load() {
        if (loading) return;
        loading = true;
        loadRenderer(settings.renderer, settings.nonce, guard(use)).then(
          guard(() => delivery.evaluate()),
          guard((error: unknown) => {
            loading = false;
            report('renderer', `${error}`);
          }),
        );
      },
    },
    locale,
  );

  function use(extension: Extension): void {
    if (extensions.has(extension.name)) return;
    extensions.add(extension.name);
    extension.setup({ present: delivery.present });
  }

  /** A new person, or none: what was shown to the one before goes. */
  function become(next: Visitor, forget: boolean): void {
    visitor = next;
    identified = '';
    if (forget) device.renew();
    delivery.clear();
    sync.restart();
  }

  function page(properties?: Attributes): void {
    message('page', { properties: { ...place(), ...properties } });
  }

  function track(event: string, properties?: Attributes): void {
    message('track', { event, properties }, sync.mentions(event), () => sync.happened(event));
  }

  watchNavigation(
    guard(() => {
      if (trackPages) page();
      delivery.navigated();
      sync.navigated();
    }),
  );
  const leave = (last: boolean) =>
    guard(() => {
      if (last || document.visibilityState === 'hidden') queue.flush(last);
    });
  addEventListener('pagehide', leave(true));
  document.addEventListener('visibilitychange', leave(false));
  addEventListener(
    'online',
    guard(() => {
      queue.flush(true);
      sync.retry();
    }),
  );
  if (trackPages) page();
  sync.request();

  return {
    identify(id, attributes, { company, token } = {}) {
      const userId = `${id}`;
      const before = visitor;
      const changed = before.userId !== userId;
      const other = changed && before.userId !== undefined;
      const next = { userId };
      tokens.give(userId, token ?? initialToken);
      initialToken = undefined;
      // on one device two people are two people: the second gets a credential of their own
      if (other) become(next, true);
      else visitor = next;
      if (changed && !other) sync.restart();
      const said = JSON.stringify([userId, attributes]);
      if (said !== identified) message('identify', { traits: attributes }, true);
      identified = said;
      sync.request({ traits: attributes });
      if (company) this.group(company.id, company.attributes);
    },
    group(id, attributes) {
      const groupId = `${id}`;
      message('group', { groupId, traits: attributes }, true);
      sync.request({ company: { id: groupId, traits: attributes } });
    },
    track,
    page,
    screen: (name) => message('screen', { name }),
    anonymous: () => become({}, visitor.userId !== undefined),
    reset: () => become({}, true),
    show: delivery.request,
    dismiss: delivery.dismiss,
    mute: () => delivery.mute(true),
    unmute: () => delivery.mute(false),
    debug(on = true) {
      debugging = on;
      delivery.evaluate();
    },
    use,
  };
}

function place(): Record<string, string> {
  return { path: location.pathname, url: bare(location.href), referrer: bare(document.referrer) };
}

/** An address without what may be personal in it: origin and path. */
function bare(url: string): string {
  return url && new URL(url).origin + new URL(url).pathname;
}
