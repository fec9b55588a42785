/**
 * One piece of content on its way over the screen: tells the edge and the customer's code what happens to it, and
 * remembers what this page life must know of it afterwards.
 */
import type { Presented, Presenter, Showing } from './extension';
import type { Content, EventName, Events, Guard } from './types';

/** The ways out. */
export interface Channel {
  /** Sends one of the reserved events ($shown …). */
  track(event: string, properties: Record<string, unknown>, done?: () => void): void;
  answers(id: string, body: Record<string, unknown>): void;
  emit<E extends EventName>(event: E, detail: Events[E]): void;
  guard: Guard;
  go(url: string): void;
}

export interface Screen extends Channel {
  matches: Showing['matches'];
  /** Number of the current navigation. */
  navigation(): number;
  /** The screen is free for another. */
  freed(): void;
}

/** What this page life knows about a piece of content, beyond what the edge said. */
export interface Memory {
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

export interface OnScreen extends Presented {
  readonly id: string;
  open(): void;
  dismiss(): void;
  /** Off the screen, to be taken up where it is. */
  suspend(): void;
}

/** How long a step waits for the edge's word before the flow goes on. */
const PATIENCE = 1000;

export function openShowing(content: Content, known: Memory, presenter: Presenter, screen: Screen): OnScreen {
  const { track, emit } = screen;
  const about = { content: content.id, version: content.version };
  const detail = { ...about, kind: content.kind };
  const resume = known.resume ?? content.resume ?? null;
  let presented: Presented | undefined;
  let completed = false;
  let spent = false;
  let at = resume ?? '';
  // shown before, by the edge's word: that is not shown anew
  if (resume) known.shown = true;
  delete known.ended;

  const say = (event: string, step?: string, done?: () => void): void =>
    track(event, step ? { ...about, step } : about, done);

  function close(): void {
    spent = true;
    presented?.close();
  }

  function free(): void {
    close();
    screen.freed();
  }

  function finish(): void {
    for (const key of ['armed', 'resume', 'shown'] as const) delete known[key];
    known.ended = screen.navigation();
    content.resume = null;
  }

  const showing: Showing = {
    content,
    resume,
    matches: screen.matches,
    guard: screen.guard,
    go: screen.go,
    shown(step = '') {
      at = step;
      delete known.armed;
      if (known.shown) return;
      known.shown = true;
      say('$shown', step);
      emit('shown', detail);
    },
    step(step) {
      at = step;
      emit('step', { ...detail, step });
      return new Promise((resolve) => {
        setTimeout(resolve, PATIENCE);
        say('$step', step, resolve);
      });
    },
    answered(id, answers, complete) {
      screen.answers(id, { id, ...about, answers, complete });
      emit('answered', { ...detail, answers, complete });
    },
    completed(step) {
      if (completed) return;
      completed = true;
      finish();
      say('$completed', step);
      emit('completed', detail);
    },
    end(how, step) {
      if (spent) return;
      if (!completed) finish();
      if (!completed && how === 'dismissed') {
        say('$dismissed', step);
        emit('dismissed', detail);
      }
      free();
    },
    suspend(step, reason) {
      if (spent) return;
      known.resume = step;
      if (reason) {
        known.stuck = screen.navigation();
        emit('error', { code: 'not_shown', message: `${content.id}, step ${step}: ${reason}` });
      }
      free();
    },
  };

  return {
    id: content.id,
    open() {
      try {
        presented = presenter(showing);
        if (spent) presented.close();
      } catch (error) {
        known.stuck = screen.navigation();
        free();
        throw error;
      }
    },
    close,
    navigated: () => presented?.navigated?.(),
    dismiss: () => showing.end('dismissed', at),
    suspend: () => showing.suspend(at),
  };
}
