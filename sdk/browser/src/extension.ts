/**
 * The seam between the core and what is built on it. An extension gets everything through `Client`; the core knows
 * extensions by this shape only and never imports one, so that a page which shows nothing loads nothing.
 */
import type { Answers, Content, Guard, Rule } from './types';

export interface Extension {
  /** Stable, for diagnostics; a second extension of the same name is ignored. */
  readonly name: string;
  setup(client: Client): void;
  dispose?(): void;
}

export interface Client {
  /** Takes over one kind of content. */
  present(kind: Content['kind'], presenter: Presenter): void;
}

/** Puts one piece of content on the screen. The core calls one presenter at a time. */
export type Presenter = (showing: Showing) => Presented;

export interface Presented {
  /** Take it off the screen, without a word to the edge. */
  close(): void;
  /** The page's address changed. */
  navigated?(): void;
}

/** One piece of content on its way over the screen. After `end` or `suspend` it is spent. */
export interface Showing {
  readonly content: Content;
  /** The step to go on with, or null for the beginning. */
  readonly resume: string | null;
  /** It can be seen for the first time. */
  shown(step?: string): void;
  /** It moved to a step. Resolves once the edge has it, or after a second. */
  step(step: string): Promise<void>;
  /** Answers so far; the same `id` replaces. */
  answered(id: string, answers: Answers, complete: boolean): void;
  /** Count it as completed; it may stay on the screen for a last word, until `close`. */
  completed(step?: string): void;
  /** Off the screen, for good. */
  end(how: 'dismissed' | 'close', step?: string): void;
  /** Off the screen, to be taken up at `step` when its page comes (at once, or after the next navigation). */
  suspend(step: string, reason?: string): void;
  /** Does a rule over the page hold now? */
  matches(rule: Rule | null | undefined): boolean;
  /** Follow a link that was found safe. */
  go(url: string): void;
  /** Run it; whatever it throws becomes an `error` event. */
  guard: Guard;
}
