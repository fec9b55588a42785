/** How a survey looks: one question at a time, then a last word. State lives in `surveys.ts`; this draws it. */
import { h } from 'preact';
import { Frame } from './frame';
import type { Texts } from './texts';
import type { Answer, ChoiceQuestion, NpsQuestion, Question, SurveyParts, TextQuestion } from './types';

export interface SurveyState {
  /** Number of the question; as many as there are: the last word. */
  index: number;
  answers: Record<string, Answer>;
  /** The question was left open although it must not be. */
  missing: boolean;
}

export interface SurveyViewProps {
  survey: SurveyParts;
  state: SurveyState;
  texts: Texts;
  preview: boolean;
  onAnswer: (question: Question, answer: Answer) => void;
  onNext: () => void;
  onBack: () => void;
  onClose: () => void;
}

export function SurveyView(props: SurveyViewProps): h.JSX.Element {
  const { survey, state, texts, preview, onNext, onBack, onClose } = props;
  const { questions, closing, position = 'bottom_right' } = survey;
  const question = questions[state.index];
  const submit = (event: Event): void => {
    event.preventDefault();
    onNext();
  };
  return (
    <Frame
      class={position}
      modal={position === 'center'}
      preview={preview}
      labelled="pf-title"
      closeText={texts.close}
      onClose={onClose}
      onKeyDown={question && ((event) => shortcuts(event, question, props))}
    >
      {question ? (
        <form noValidate onSubmit={submit} key={question.id}>
          <Field {...props} question={question} />
          {state.missing && (
            <p class="error" role="alert" id="pf-error">
              {texts.required}
            </p>
          )}
          <div class="foot">
            {questions.length > 1 && (
              <span class="progress">
                {state.index + 1} / {questions.length}
              </span>
            )}
            {state.index > 0 && (
              <button type="button" class="button" onClick={onBack}>
                {texts.back}
              </button>
            )}
            <button type="submit" class="button primary">
              {state.index + 1 < questions.length ? texts.next : texts.send}
            </button>
          </div>
        </form>
      ) : (
        <form key="" onSubmit={submit}>
          <h2 class="title" id="pf-title" tabIndex={-1} ref={preview || !state.index ? null : takeFocus}>
            {closing?.title}
          </h2>
          {closing?.body && <p>{closing.body}</p>}
          <div class="foot">
            <button type="submit" class="button primary">
              {texts.close}
            </button>
          </div>
        </form>
      )}
    </Frame>
  );
}

type FieldProps<Q extends Question> = SurveyViewProps & { question: Q };

function Field(props: FieldProps<Question>): h.JSX.Element {
  const { question } = props;
  if (question.kind === 'nps') return <Nps {...props} question={question} />;
  if (question.kind === 'open_text') return <OpenText {...props} question={question} />;
  return <Choices {...props} question={question} />;
}

/** Focus follows to the next question; not at the first one, where the dialog itself has it. */
const follow = ({ preview, state }: SurveyViewProps, wanted: boolean) =>
  !preview && state.index > 0 && wanted ? takeFocus : null;

/** A ref function that keeps its identity, so that it runs at mount only. */
function takeFocus(element: HTMLElement | null): void {
  element?.focus();
}

const described = (state: SurveyState, also?: string | false): string | undefined =>
  [also, state.missing && 'pf-error'].filter(Boolean).join(' ') || undefined;

function Nps(props: FieldProps<NpsQuestion>): h.JSX.Element {
  const { question, state, onAnswer } = props;
  const { id, text, required, low, high } = question;
  const answer = state.answers[id];
  const scores = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  return (
    <div role="radiogroup" aria-labelledby="pf-title" aria-required={required} aria-describedby={described(state)}>
      <h2 class="title" id="pf-title">
        {text}
      </h2>
      <div class="field nps">
        {scores.map((score) => (
          <label key={score} class={answer === score ? 'on' : ''}>
            <input
              type="radio"
              name={id}
              value={score}
              aria-label={[score, score ? score === 10 && high : low].filter((part) => part || part === 0).join(', ')}
              checked={answer === score}
              ref={follow(props, answer === undefined ? !score : answer === score)}
              onChange={() => onAnswer(question, score)}
            />
            {score}
          </label>
        ))}
      </div>
      {(low || high) && (
        <div class="ends" aria-hidden="true">
          <span>{low}</span>
          <span>{high}</span>
        </div>
      )}
    </div>
  );
}

function Choices(props: FieldProps<ChoiceQuestion>): h.JSX.Element {
  const { question, state, texts, onAnswer } = props;
  const { id, text, required, choices } = question;
  const several = question.kind === 'multiple_choice';
  const answer = state.answers[id];
  const chosen = several ? ((answer as string[] | undefined) ?? []) : [answer];
  const pick = (choice: string): void => {
    if (!several) return onAnswer(question, choice);
    onAnswer(
      question,
      choices.map((one) => one.id).filter((one) => chosen.includes(one) !== (one === choice)),
    );
  };
  return (
    <div
      {...(several ? { role: 'group' } : { role: 'radiogroup', 'aria-required': required })}
      aria-labelledby="pf-title"
      aria-describedby={described(state, several && 'pf-hint')}
    >
      <h2 class="title" id="pf-title">
        {text}
      </h2>
      {several && (
        <p class="hint" id="pf-hint">
          {texts.several}
        </p>
      )}
      <div class="field">
        {choices.map((choice, i) => {
          const on = chosen.includes(choice.id);
          return (
            <label key={choice.id} class={on ? 'choice on' : 'choice'}>
              <input
                type={several ? 'checkbox' : 'radio'}
                name={id}
                value={choice.id}
                checked={on}
                ref={follow(props, answer === undefined || several ? !i : on)}
                onChange={() => pick(choice.id)}
              />
              {choice.text}
            </label>
          );
        })}
      </div>
    </div>
  );
}

function OpenText(props: FieldProps<TextQuestion>): h.JSX.Element {
  const { question, state, onAnswer } = props;
  const { id, text, required, placeholder } = question;
  return (
    <div>
      <label class="title" id="pf-title" for="pf-text">
        {text}
      </label>
      <textarea
        class="field"
        id="pf-text"
        rows={4}
        maxLength={4000}
        placeholder={placeholder}
        aria-required={required}
        aria-invalid={state.missing}
        aria-describedby={described(state)}
        value={(state.answers[id] as string | undefined) ?? ''}
        ref={follow(props, true)}
        onInput={(event) => onAnswer(question, event.currentTarget.value)}
      />
    </div>
  );
}

/** Digits answer a 0–10 question (1 and then 0 is ten); Ctrl or ⌘ with Enter sends a text. */
function shortcuts(event: KeyboardEvent, question: Question, { state, onAnswer, onNext }: SurveyViewProps): void {
  if (question.kind === 'open_text') {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) onNext();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target as HTMLElement;
  if (event.key === 'Enter' && (target.tagName === 'INPUT' || target.tagName === 'DIALOG')) {
    event.preventDefault();
    return onNext();
  }
  if (question.kind !== 'nps' || !/^\d$/.test(event.key)) return;
  const digit = Number(event.key);
  const score = digit === 0 && state.answers[question.id] === 1 ? 10 : digit;
  onAnswer(question, score);
  const dialog = event.currentTarget as HTMLElement;
  dialog.querySelector<HTMLElement>(`[value="${score}"]`)?.focus();
}
