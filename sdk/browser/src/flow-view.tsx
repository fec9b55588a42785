/** How a step of a flow looks. State lives in `flows.ts`; this draws it. */
import { h } from 'preact';
import { Frame } from './frame';
import { safeLink } from './links';
import type { Texts } from './texts';
import type { Button, Step } from './types';

export interface FlowViewProps {
  step: Step;
  index: number;
  count: number;
  texts: Texts;
  preview: boolean;
  onButton: (button: Button, href?: string) => void;
  onClose: () => void;
  /** Drawn: a tooltip can be placed. */
  onMount: (dialog: HTMLElement) => void;
}

export function FlowView(props: FlowViewProps): h.JSX.Element {
  const { step, index, count, texts, preview, onClose, onMount } = props;
  const { title, body, buttons = [] } = step;
  const tooltip = step.kind === 'tooltip';
  return (
    <Frame
      key={step.id}
      class={tooltip ? 'tooltip' : 'center'}
      modal={!tooltip}
      preview={preview}
      labelled={title ? 'pf-title' : 'pf-body'}
      closeText={texts.close}
      onClose={onClose}
      onMount={onMount}
    >
      {title && (
        <h2 class="title" id="pf-title">
          {title}
        </h2>
      )}
      {body && (
        <div id="pf-body">
          {body.split(/\n\s*\n/).map((paragraph, i) => (
            <p key={i}>{paragraph}</p>
          ))}
        </div>
      )}
      {(buttons.length > 0 || count > 1) && (
        <div class="foot">
          {count > 1 && (
            <span class="progress">
              {index + 1} / {count}
            </span>
          )}
          {arranged(buttons).map((button) => (
            <Action {...props} key={button.text} button={button} primary={button === leading(buttons)} />
          ))}
        </div>
      )}
      {tooltip && <div class="arrow" />}
    </Frame>
  );
}

/** The button that leads on is the one to see first. */
const leading = (buttons: Button[]): Button | undefined =>
  buttons.find(({ action }) => action === 'next' || action === 'link') ?? buttons[0];

/** It stands last, where the eye ends, with the others in their order before it. */
function arranged(buttons: Button[]): Button[] {
  const lead = leading(buttons);
  return [...buttons.filter((button) => button !== lead), ...(lead ? [lead] : [])];
}

function Action(props: FlowViewProps & { button: Button; primary: boolean }): h.JSX.Element | null {
  const { button, primary, preview, onButton } = props;
  const look = primary ? 'button primary' : 'button';
  // a preview leads nowhere
  if (button.action !== 'link' || preview) {
    return (
      <button type="button" class={look} onClick={() => onButton(button)}>
        {button.text}
      </button>
    );
  }
  const link = safeLink(button.url);
  if (!link) return null;
  const follow = (event: MouseEvent): void => {
    const elsewhere = link.outside || event.ctrlKey || event.metaKey || event.shiftKey;
    if (!elsewhere) event.preventDefault();
    onButton(button, elsewhere ? undefined : link.href);
  };
  return (
    <a
      class={look}
      href={link.href}
      target={link.outside ? '_blank' : undefined}
      rel="noopener noreferrer"
      onClick={follow}
    >
      {button.text}
    </a>
  );
}
