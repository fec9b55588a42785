/**
 * Decides what is on the screen: of the content that the edge allows for this person, the first whose trigger and page
 * conditions hold, one at a time. Knows no kind of content beyond "a flow has steps that may belong to a page".
 */
import type { Presenter } from './extension';
import { evaluate, pageFacts } from './rules';
import { type Channel, type Memory, type OnScreen, openShowing } from './showing';
import type { Content, Rule } from './types';

export interface Host extends Channel {
  /** Makes a presenter of that kind available, then `evaluate` is called again. */
  load(): void;
  /** One line for `debug()`. */
  note(text: string): void;
}

export interface Delivery {
  present(kind: Content['kind'], presenter: Presenter): void;
  /** What may be shown now; `event`: the one that was asked for. */
  update(content: Content[], event: string | undefined): void;
  evaluate(): void;
  navigated(): void;
  request(id: string): void;
  dismiss(): void;
  mute(muted: boolean): void;
  /** Another person, or nobody: nothing of what was known counts. */
  clear(): void;
}

export function createDelivery(host: Host, locale: string): Delivery {
  const presenters: Partial<Record<Content['kind'], Presenter>> = {};
  const memories = new Map<string, Memory>();
  let content: Content[] = [];
  let current: OnScreen | undefined;
  let requested: string | undefined;
  let navigation = 0;
  let muted = false;

  function memory(id: string): Memory {
    const known = memories.get(id) ?? {};
    memories.set(id, known);
    return known;
  }

  const holds = (rule: Rule | null | undefined): boolean =>
    !rule || evaluate(rule, pageFacts(location.href, locale)) === true;

  const resumeAt = (one: Content): string | null => memory(one.id).resume ?? one.resume ?? null;

  /** Why it is not shown now; undefined when it is its turn. */
  function obstacle(one: Content): string | undefined {
    const { armed, ended, stuck } = memory(one.id);
    const { trigger } = one;
    const wanted = one.id === requested;
    const resume = resumeAt(one);
    const always = one.frequency?.kind === 'always';
    // a survey's answers are taken once for each time that its frequency allows
    const again = wanted
      ? always || one.kind === 'flow'
      : always && (armed || (trigger.kind === 'page' && ended !== navigation));
    if (ended !== undefined && !again) return 'was shown already';
    if (stuck === navigation) return 'could not be shown on this page';
    if (!holds(one.where)) return 'audience: not on this page';
    if (one.kind === 'flow') {
      const step = one.steps.find((step) => step.id === resume) ?? one.steps[0];
      if (!holds(step?.where)) return `step ${step?.id}: not on this page`;
    }
    if (wanted || resume !== null) return undefined;
    if (trigger.kind === 'manual') return 'trigger: waits for show()';
    if (trigger.kind === 'event') return armed ? undefined : `trigger: waits for the event ${trigger.event}`;
    return holds(trigger.where) ? undefined : 'trigger: not on this page';
  }

  function evaluateAll(): void {
    if (muted || current) return host.note(muted ? 'muted' : `${current?.id}: on the screen`);
    const ready = content.filter((one) => {
      const reason = obstacle(one);
      host.note(`${one.id}: ${reason ? `not shown: ${reason}` : 'its turn'}`);
      return !reason;
    });
    const first = ready.find((one) => one.id === requested) ?? ready.find((one) => resumeAt(one) !== null) ?? ready[0];
    if (!first) return;
    const presenter = presenters[first.kind];
    if (presenter) start(first, presenter);
    else host.load();
  }

  function start(one: Content, presenter: Presenter): void {
    if (requested === one.id) requested = undefined;
    const known = memory(one.id);
    current = openShowing(one, known, presenter, {
      ...host,
      matches: holds,
      navigation: () => navigation,
      freed() {
        current = undefined;
        evaluateAll();
      },
    });
    current.open();
  }

  return {
    present(kind, presenter) {
      presenters[kind] ??= presenter;
    },
    update(latest, event) {
      content = latest;
      for (const { id, trigger } of latest) {
        if (trigger.kind === 'event' && trigger.event === event) memory(id).armed = true;
      }
      evaluateAll();
    },
    evaluate: evaluateAll,
    navigated() {
      navigation++;
      current?.navigated?.();
      evaluateAll();
    },
    request(id) {
      requested = id;
      evaluateAll();
    },
    dismiss() {
      current?.dismiss();
    },
    mute(now) {
      muted = now;
      if (now) current?.suspend();
      else evaluateAll();
    },
    clear() {
      current?.close();
      current = undefined;
      content = [];
      requested = undefined;
      memories.clear();
    },
  };
}
