/**
 * Decides what is on the screen: of the content that the edge allows for this person, the first whose trigger and page
 * conditions hold, one at a time. Knows no kind of content beyond "a flow has steps that may belong to a page".
 */
import type { Presented, Presenter, Showing } from './extension';
import { evaluate, pageFacts } from './rules';
import type { Content, EventName, Events, Rule } from './types';

export interface Host {
  /** Sends one of the reserved events ($shown …). */
  track(event: string, properties: Record<string, unknown>, done?: () => void): void;
  answers(id: string, body: Record<string, unknown>): void;
  emit<E extends EventName>(event: E, detail: Events[E]): void;
  guard: Showing['guard'];
  go(url: string): void;
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

/** What this page life knows about a piece of content, beyond what the edge said. */
interface Memory {
  /** Its event happened and it has not been shown for it yet. */
  armed?: boolean;
  /** Number of the navigation at which it ended. */
  ended?: number;
  /** Number of the navigation at which it could not go on. */
  stuck?: number;
  /** The step to take up, '' for content without steps; undefined means: as the edge says. */
  resume?: string;
  shown?: boolean;
}

interface Current extends Presented {
  content: Content;
  dismiss(): void;
  suspend(): void;
}

const STEP_PATIENCE = 1000;

export function createDelivery(host: Host, locale: string): Delivery {
  const presenters: Partial<Record<Content['kind'], Presenter>> = {};
  const memories = new Map<string, Memory>();
  let content: Content[] = [];
  let current: Current | undefined;
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
    const again =
      wanted || (one.frequency?.kind === 'always' && (armed || (trigger.kind === 'page' && ended !== navigation)));
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
    if (muted || current) return host.note(muted ? 'muted' : `${current?.content.id}: on the screen`);
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
    const known = memory(one.id);
    const about = { content: one.id, version: one.version };
    const detail = { ...about, kind: one.kind };
    const resume = resumeAt(one);
    if (requested === one.id) requested = undefined;
    // shown before, by the edge's word: that is not shown anew
    if (resume) known.shown = true;
    delete known.ended;
    let completed = false;
    let spent = false;
    let presented: Presented | undefined;
    let at = resume ?? undefined;
    const withStep = (step?: string) => (step ? { ...about, step } : about);

    const leave = (): boolean => {
      if (spent) return false;
      spent = true;
      current = undefined;
      presented?.close();
      return true;
    };
    const finish = (): void => {
      Object.assign(known, { ended: navigation, shown: false });
      delete known.armed;
      delete known.resume;
      one.resume = null;
    };
    const showing: Showing = {
      content: one,
      resume,
      matches: holds,
      guard: host.guard,
      go: host.go,
      shown(step) {
        at = step;
        delete known.armed;
        if (known.shown) return;
        known.shown = true;
        host.track('$shown', withStep(step));
        host.emit('shown', detail);
      },
      step(step) {
        at = step;
        return new Promise((resolve) => {
          setTimeout(resolve, STEP_PATIENCE);
          host.track('$step', withStep(step), resolve);
          host.emit('step', { ...detail, step });
        });
      },
      answered(id, answers, complete) {
        host.answers(id, { id, ...about, answers, complete });
        host.emit('answered', { ...detail, answers, complete });
      },
      completed(step) {
        if (completed) return;
        completed = true;
        finish();
        host.track('$completed', withStep(step));
        host.emit('completed', detail);
      },
      end(how, step) {
        if (!leave()) return;
        if (!completed) {
          finish();
          if (how === 'dismissed') {
            host.track('$dismissed', withStep(step));
            host.emit('dismissed', detail);
          }
        }
        evaluateAll();
      },
      suspend(step, reason) {
        known.resume = step;
        if (reason) {
          known.stuck = navigation;
          host.emit('error', { code: 'not_shown', message: `${one.id}, step ${step}: ${reason}` });
        }
        if (leave()) evaluateAll();
      },
    };
    current = {
      content: one,
      close: leave,
      navigated: () => presented?.navigated?.(),
      dismiss: () => showing.end('dismissed', at),
      suspend: () => {
        known.resume = at ?? '';
        leave();
      },
    };
    try {
      presented = presenter(showing);
      if (spent) presented.close();
    } catch (error) {
      known.stuck = navigation;
      leave();
      throw error;
    }
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
      content = [];
      requested = undefined;
      memories.clear();
    },
  };
}
