/**
 * `@pilotfish/browser/preview`: the real renderer on a definition that is still being written, for the dashboard's
 * sandboxed frame. Nothing is sent, nothing is stored, focus is left alone.
 */
import { drawStep } from './flows';
import { runSurvey } from './surveys';
import type { FlowParts, SurveyParts, Theme } from './types';

export type { FlowParts, Question, Step, SurveyParts, Theme } from './types';

export type PreviewEvent =
  | { type: 'answered'; answers: Record<string, unknown>; complete: boolean }
  | { type: 'step'; step: number }
  | { type: 'completed' | 'dismissed' };

export interface PreviewOptions {
  kind: 'survey' | 'flow';
  definition: SurveyParts | FlowParts;
  theme?: Theme | null;
  /** Number of the question or step to show; as many as there are questions: the closing message. */
  step?: number;
  locale?: string;
  onEvent?: (event: PreviewEvent) => void;
}

export interface Preview {
  update(options: Partial<PreviewOptions>): void;
  destroy(): void;
}

export function mountPreview(container: HTMLElement, initial: PreviewOptions): Preview {
  let options = initial;
  let remove: (() => void) | undefined;
  const draw = (): void => {
    remove?.();
    remove =
      options.kind === 'survey'
        ? drawSurvey(container, options)
        : drawFlow(container, options, (step) => update({ step }));
  };
  const update = (changed: Partial<PreviewOptions>): void => {
    options = { ...options, ...changed };
    draw();
  };
  draw();
  return { update, destroy: () => remove?.() };
}

function drawSurvey(
  container: HTMLElement,
  { definition, theme, step = 0, locale = 'en', onEvent }: PreviewOptions,
): () => void {
  const survey = definition as SurveyParts;
  const state = { index: Math.min(step, survey.questions.length), answers: {}, missing: false };
  const presented = runSurvey(survey, state, {
    theme,
    locale,
    container,
    guard: (fn) => fn,
    answered(answers, complete) {
      onEvent?.({ type: 'answered', answers, complete });
      onEvent?.({ type: 'step', step: state.index });
    },
    completed: () => onEvent?.({ type: 'completed' }),
    close(how) {
      if (how === 'dismissed') onEvent?.({ type: 'dismissed' });
    },
  });
  return presented.close;
}

function drawFlow(container: HTMLElement, options: PreviewOptions, show: (step: number) => void): () => void {
  const { definition, theme, step = 0, locale = 'en', onEvent } = options;
  const { steps } = definition as FlowParts;
  const index = Math.max(0, Math.min(step, steps.length - 1));
  const current = steps[index];
  if (!current) return () => undefined;
  const target = current.kind === 'tooltip' ? standIn(container) : undefined;
  const remove = drawStep(current, index, steps.length, {
    theme,
    locale,
    container,
    target,
    onClose: () => onEvent?.({ type: 'dismissed' }),
    onButton({ action }) {
      const next = index + (action === 'back' ? -1 : 1);
      if (action === 'dismiss') onEvent?.({ type: 'dismissed' });
      else if (next >= steps.length) onEvent?.({ type: 'completed' });
      else {
        onEvent?.({ type: 'step', step: Math.max(0, next) });
        show(next);
      }
    },
  });
  return () => {
    remove();
    target?.remove();
  };
}

/** The customer's page is not here: a tooltip points at a plain shape instead. */
function standIn(container: HTMLElement): HTMLElement {
  const shape = document.createElement('div');
  Object.assign(shape.style, {
    position: 'fixed',
    inset: '0',
    width: '160px',
    height: '44px',
    margin: 'auto',
    borderRadius: '8px',
    border: '2px dashed #8a94a0',
  });
  container.append(shape);
  return shape;
}
