/**
 * What travels between browser and edge, and what a customer's code sees. Types only: this file leaves no bytes.
 * Definitions come from the edge already validated; the renderer still treats every text in them as plain text.
 */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Attributes = Record<string, unknown>;

export interface Filter {
  field: string;
  op: string;
  value?: Json;
}
export type Rule = { all: Rule[] } | { any: Rule[] } | { not: Rule } | Filter | { event: string };

export type Trigger = { kind: 'page'; where?: Rule | null } | { kind: 'event'; event: string } | { kind: 'manual' };
export type Frequency = { kind: 'once' } | { kind: 'recontact'; days: number } | { kind: 'always' };

export interface Theme {
  accent?: string;
  background?: string;
  text?: string;
  radius?: number;
  mode?: 'light' | 'dark' | 'auto';
}

export interface Choice {
  id: string;
  text: string;
}
interface QuestionBase {
  id: string;
  text: string;
  required?: boolean;
}
export interface NpsQuestion extends QuestionBase {
  kind: 'nps';
  low?: string;
  high?: string;
}
export interface ChoiceQuestion extends QuestionBase {
  kind: 'single_choice' | 'multiple_choice';
  choices: Choice[];
}
export interface TextQuestion extends QuestionBase {
  kind: 'open_text';
  placeholder?: string;
}
export type Question = NpsQuestion | ChoiceQuestion | TextQuestion;

export interface Button {
  text: string;
  action: 'next' | 'back' | 'dismiss' | 'link';
  url?: string;
}
interface StepBase {
  id: string;
  title?: string;
  body?: string;
  where?: Rule | null;
  buttons?: Button[];
}
export interface ModalStep extends StepBase {
  kind: 'modal';
}
export interface TooltipStep extends StepBase {
  kind: 'tooltip';
  target: { selector: string };
  placement?: 'top' | 'bottom' | 'left' | 'right' | 'auto';
  advance?: 'button' | 'target_click';
}
export type Step = ModalStep | TooltipStep;

export interface SurveyParts {
  questions: Question[];
  closing?: { title: string; body?: string } | null;
  position?: 'bottom_right' | 'bottom_left' | 'center';
}
export interface FlowParts {
  steps: Step[];
}

export interface Delivery {
  id: string;
  version: number;
  trigger: Trigger;
  where?: Rule | null;
  frequency?: Frequency;
  resume?: string | null;
  theme?: Theme | null;
}
export type SurveyContent = Delivery & SurveyParts & { kind: 'survey' };
export type FlowContent = Delivery & FlowParts & { kind: 'flow' };
/** One piece of content that this person may see now or later in this session. */
export type Content = SurveyContent | FlowContent;

export interface SyncAnswer {
  ruleset: number;
  events?: string[];
  content?: Content[];
}

/** Wraps a function so that whatever it throws becomes an `error` event. */
export type Guard = <A extends unknown[]>(fn: (...args: A) => void) => (...args: A) => void;

export type Answer = number | string | string[];
export type Answers = Record<string, Answer>;

export interface Company {
  id: string;
  attributes?: Attributes;
}

export interface InitOptions {
  /** Origin of the edge. The tag's own origin unless given. */
  edge?: string;
  /** Nonce for the lazily loaded part. The tag's own nonce unless given. */
  nonce?: string;
  /** Signed identity of the user that `identify` will name. */
  identityToken?: string;
  /** Send a page event at the start and at every navigation. Off unless given. */
  trackPages?: boolean;
  /** How a link button moves within a single-page app. A full navigation unless given. */
  navigate?: (url: string) => void;
}

/** What `on` hands out, by event. */
export interface Events {
  ready: { ruleset: number };
  shown: { content: string; kind: string; version: number };
  step: { content: string; kind: string; version: number; step: string };
  answered: { content: string; kind: string; version: number; answers: Answers; complete: boolean };
  completed: { content: string; kind: string; version: number };
  dismissed: { content: string; kind: string; version: number };
  error: { code: string; message: string };
}
export type EventName = keyof Events;
export type Handler<E extends EventName> = (detail: Events[E]) => void;
