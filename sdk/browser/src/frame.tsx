/**
 * The box around every question and step: a `<dialog>`, modal or beside the page. Takes focus when it opens (unless
 * that would interrupt somebody's typing), keeps it while modal, closes on Escape.
 */
import { Component, type ComponentChildren, h } from 'preact';
import { deepActive, isTyping } from './surface';

export interface FrameProps {
  class: string;
  modal: boolean;
  /** Leave focus alone and stay in the flow of things: the dashboard's preview. */
  preview: boolean;
  /** Id of the element that names it. */
  labelled: string;
  closeText: string;
  onClose: () => void;
  onKeyDown?: ((event: KeyboardEvent) => void) | undefined;
  /** Drawn; for those who place it. */
  onMount?: ((dialog: HTMLElement) => void) | undefined;
  children?: ComponentChildren;
}

export class Frame extends Component<FrameProps> {
  private dialog: HTMLDialogElement | null = null;
  private status: HTMLElement | null = null;

  override componentDidMount(): void {
    const { modal, preview, onMount } = this.props;
    const dialog = this.dialog;
    if (!dialog) return;
    if (modal && !preview) dialog.showModal();
    onMount?.(dialog);
    if (preview) return;
    if (modal || !isTyping()) dialog.focus({ preventScroll: true });
    else this.announce(dialog);
  }

  /** Says to a screen reader what came, since focus did not go there. */
  private announce(dialog: HTMLElement): void {
    const title = dialog.querySelector(`#${this.props.labelled}`)?.textContent ?? '';
    setTimeout(() => {
      if (this.status) this.status.textContent = title;
    }, 200);
  }

  private keydown = (event: KeyboardEvent): void => {
    const { modal, onClose, onKeyDown } = this.props;
    if (event.key === 'Escape' && !event.isComposing) {
      event.preventDefault();
      return onClose();
    }
    if (event.key === 'Tab' && modal && this.dialog) wrapFocus(event, this.dialog);
    onKeyDown?.(event);
  };

  render(): h.JSX.Element {
    const { modal, preview, labelled, closeText, onClose, children, class: look } = this.props;
    return (
      <div>
        {modal && <div class="shade" />}
        <div
          class="quiet"
          role="status"
          ref={(status) => {
            this.status = status;
          }}
        />
        <dialog
          ref={(dialog) => {
            this.dialog = dialog;
          }}
          class={look}
          open={!modal || preview}
          aria-modal={modal ? 'true' : undefined}
          aria-labelledby={labelled}
          tabIndex={-1}
          onKeyDown={this.keydown}
          onCancel={(event: Event) => {
            event.preventDefault();
            onClose();
          }}
        >
          {children}
          <button type="button" class="button close" aria-label={closeText} onClick={onClose}>
            <svg viewBox="0 0 18 18" aria-hidden="true">
              <path d="m4 4 10 10M14 4 4 14" />
            </svg>
          </button>
        </dialog>
      </div>
    );
  }
}

/** A modal dialog hands focus to the browser's own controls at its ends; a trap does not. */
function wrapFocus(event: KeyboardEvent, dialog: HTMLElement): void {
  const stops = [...dialog.querySelectorAll<HTMLElement>('button, a[href], textarea, input')];
  const active = deepActive();
  const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
  const other = event.shiftKey ? stops[stops.length - 1] : stops[0];
  if (active !== edge && !(event.shiftKey && active === dialog)) return;
  event.preventDefault();
  other?.focus();
}
