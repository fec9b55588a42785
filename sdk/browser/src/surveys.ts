/**
 * Surveys: asks one question after the other, says after each what was answered so far under one id, and keeps a
 * survey that was put aside where it was.
 */
import { h } from 'preact';
import type { Extension, Presented, Showing } from './extension';
import { uuid } from './random';
import { openSurface } from './surface';
import { type SurveyState, SurveyView } from './survey-view';
import { texts } from './texts';
import type { Answer, Question, SurveyContent, SurveyParts } from './types';

/** What a survey needs from around it: the page, or the preview. */
export interface SurveyStage {
  theme: SurveyContent['theme'];
  locale: string;
  container?: HTMLElement | undefined;
  guard: Showing['guard'];
  answered(answers: Record<string, Answer>, complete: boolean): void;
  completed(): void;
  close(how: 'dismissed' | 'close'): void;
}

const isEmpty = (answer: Answer | undefined): boolean =>
  answer === undefined ||
  (typeof answer !== 'number' && answer.length === 0) ||
  (typeof answer === 'string' && !answer.trim());

export function runSurvey(survey: SurveyParts, state: SurveyState, stage: SurveyStage): Presented {
  const { questions, closing } = survey;
  const surface = openSurface(stage);
  const words = texts(stage.locale);

  const given = (): Record<string, Answer> =>
    Object.fromEntries(Object.entries(state.answers).filter(([, answer]) => !isEmpty(answer)));

  function next(): void {
    const question = questions[state.index];
    if (!question) return stage.close('close');
    state.missing = !!question.required && isEmpty(state.answers[question.id]);
    if (!state.missing) {
      state.index++;
      const complete = state.index >= questions.length;
      stage.answered(given(), complete);
      if (complete) stage.completed();
      if (complete && !closing) return stage.close('close');
    }
    draw();
  }

  function answer(question: Question, value: Answer): void {
    state.answers[question.id] = value;
    state.missing = false;
    draw();
  }

  function draw(): void {
    surface.draw(
      h(SurveyView, {
        survey,
        state,
        texts: words,
        preview: !!stage.container,
        onAnswer: stage.guard(answer),
        onNext: stage.guard(next),
        onBack: stage.guard(() => {
          Object.assign(state, { index: state.index - 1, missing: false });
          draw();
        }),
        onClose: stage.guard(() => stage.close(state.index < questions.length ? 'dismissed' : 'close')),
      }),
    );
  }

  draw();
  return { close: surface.remove };
}

/** Surveys in progress, so that a muted one goes on where it was. */
const drafts = new Map<string, { id: string; state: SurveyState }>();

function present(showing: Showing): Presented {
  const content = showing.content as SurveyContent;
  const key = `${content.id}/${content.version}`;
  const draft = (showing.resume !== null && drafts.get(key)) || {
    id: uuid(),
    state: { index: 0, answers: {}, missing: false },
  };
  drafts.set(key, draft);
  const presented = runSurvey(content, draft.state, {
    theme: content.theme,
    locale: document.documentElement.lang || navigator.language,
    guard: showing.guard,
    answered: (answers, complete) => showing.answered(draft.id, answers, complete),
    completed: () => {
      drafts.delete(key);
      showing.completed();
    },
    close: (how) => showing.end(how),
  });
  showing.shown();
  return presented;
}

export const surveys: Extension = {
  name: 'surveys',
  setup: (client) => client.present('survey', present),
};
