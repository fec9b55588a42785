/** Content that the tests show. */
import type { FlowContent, SurveyContent } from '../../src/types';

export const survey = (extra: Partial<SurveyContent> = {}): SurveyContent => ({
  id: 'srv_1',
  kind: 'survey',
  version: 3,
  trigger: { kind: 'page' },
  frequency: { kind: 'once' },
  questions: [
    {
      id: 'q1',
      kind: 'nps',
      text: 'How likely are you to recommend Harbour to a colleague?',
      required: true,
      low: 'Not at all likely',
      high: 'Extremely likely',
    },
    {
      id: 'q2',
      kind: 'single_choice',
      text: 'What do you use Harbour for most?',
      required: true,
      choices: [
        { id: 'a', text: 'Sending invoices' },
        { id: 'b', text: 'Following up on payments' },
        { id: 'c', text: 'Preparing the yearly accounts' },
      ],
    },
    {
      id: 'q3',
      kind: 'multiple_choice',
      text: 'What should we improve?',
      choices: [
        { id: 'a', text: 'Speed' },
        { id: 'b', text: 'Reports' },
        { id: 'c', text: 'Reminders' },
      ],
    },
    { id: 'q4', kind: 'open_text', text: 'Anything else?', placeholder: 'In your own words' },
  ],
  closing: { title: 'Thank you', body: 'We read every answer.' },
  position: 'bottom_right',
  ...extra,
});

export const flow = (extra: Partial<FlowContent> = {}): FlowContent => ({
  id: 'flw_1',
  kind: 'flow',
  version: 2,
  trigger: { kind: 'page' },
  frequency: { kind: 'once' },
  steps: [
    {
      id: 's1',
      kind: 'modal',
      title: 'Welcome to Harbour',
      body: 'Invoices that get paid on time.\n\nTwo short steps show you where everything is.',
      buttons: [
        { text: 'Not now', action: 'dismiss' },
        { text: 'Show me', action: 'next' },
      ],
    },
    {
      id: 's2',
      kind: 'tooltip',
      title: 'Start here',
      body: 'Your first invoice takes about a minute.',
      target: { selector: '#new-invoice' },
      placement: 'bottom',
      buttons: [
        { text: 'Back', action: 'back' },
        { text: 'Done', action: 'next' },
      ],
    },
  ],
  ...extra,
});
