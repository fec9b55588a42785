/**
 * Where content is drawn: one `<pilotfish-root>` with an open shadow root, a constructed style sheet (a strict CSP
 * refuses any other) and one layer in the browser's top layer, so that no z-index of the host is in the way and nothing
 * of the host moves. Lives only while something is shown.
 */
import { type ComponentChild, render } from 'preact';
import styles from './styles.css';
import { tokens } from './theme';
import type { Theme } from './types';

export interface Surface {
  draw(view: ComponentChild): void;
  remove(): void;
}

export interface SurfaceOptions {
  theme: Theme | null | undefined;
  /** Draw in here, leave focus alone: the dashboard's preview. */
  container?: HTMLElement | undefined;
}

let sheet: CSSStyleSheet | undefined;

export function openSurface({ theme, container }: SurfaceOptions): Surface {
  const root = document.createElement('pilotfish-root');
  const shadow = root.attachShadow({ mode: 'open' });
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
  }
  shadow.adoptedStyleSheets = [sheet];
  const layer = document.createElement('div');
  layer.className = container ? 'layer still' : 'layer';
  layer.dir = getComputedStyle(document.documentElement).direction;
  for (const [name, value] of Object.entries(tokens(theme))) layer.style.setProperty(`--${name}`, value);
  shadow.append(layer);
  // what is typed or clicked here is not the host's: its shortcuts and click-outside handlers stay quiet
  for (const event of ['keydown', 'keyup', 'keypress', 'mousedown', 'pointerdown', 'touchstart']) {
    shadow.addEventListener(event, (happened) => happened.stopPropagation(), { passive: true });
  }
  const before = deepActive();
  (container ?? document.body).append(root);
  if (!container && layer.showPopover) {
    layer.popover = 'manual';
    layer.showPopover();
  }
  return {
    draw: (view) => render(view, layer),
    remove() {
      const inside = document.activeElement === root;
      render(null, layer);
      root.remove();
      if (inside && !container) before?.focus({ preventScroll: true });
    },
  };
}

/** The focused element, inside the host's open shadow roots too. */
export function deepActive(): HTMLElement | null {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active as HTMLElement | null;
}

/** Is somebody in the middle of typing? */
export function isTyping(): boolean {
  const active = deepActive();
  return !!active && (active.isContentEditable || /^(input|textarea|select)$/i.test(active.tagName));
}
