/**
 * Flows: shows one step after the other, over one or more pages. A step that belongs to another page hands the screen
 * back; the core takes the flow up there again. What was reached is said before a link leaves the page.
 */
import { h } from 'preact';
import { anchor } from './anchor';
import type { Extension, Presented, Showing } from './extension';
import { FlowView } from './flow-view';
import { openSurface, type Surface } from './surface';
import { watchTarget } from './target';
import { texts } from './texts';
import type { Button, FlowContent, Step, Theme } from './types';

/** Draws one step; for a tooltip, beside this target. */
export interface StepStage {
  theme: Theme | null | undefined;
  locale: string;
  container?: HTMLElement | undefined;
  target?: Element | undefined;
  onButton(button: Button, href?: string): void;
  onClose(): void;
}

export function drawStep(step: Step, index: number, count: number, stage: StepStage): () => void {
  const surface: Surface = openSurface(stage);
  let release: (() => void) | undefined;
  const mounted = (dialog: HTMLElement): void => {
    if (step.kind !== 'tooltip' || !stage.target) return;
    const ring = document.createElement('div');
    ring.className = 'ring';
    dialog.before(ring);
    release = anchor(stage.target, dialog, ring, step.placement);
  };
  surface.draw(
    h(FlowView, {
      step,
      index,
      count,
      texts: texts(stage.locale),
      preview: !!stage.container,
      onButton: stage.onButton,
      onClose: stage.onClose,
      onMount: mounted,
    }),
  );
  return () => {
    release?.();
    surface.remove();
  };
}

/** A full navigation needs a moment; a link that stays on this page goes on after it. */
const LEAVING = 600;

function present(showing: Showing): Presented {
  const content = showing.content as FlowContent;
  const { steps, theme } = content;
  const locale = document.documentElement.lang || navigator.language;
  let index = Math.max(
    0,
    steps.findIndex((step) => step.id === showing.resume),
  );
  const undo: (() => void)[] = [];
  let begun = !!showing.resume;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function clear(): void {
    clearTimeout(timer);
    for (const one of undo.splice(0).reverse()) one();
  }

  function enter(): void {
    clear();
    const step = steps[index] as Step;
    if (!showing.matches(step.where)) return showing.suspend(step.id);
    if (step.kind === 'modal') return draw(step);
    let drawn: (() => void) | undefined;
    const wait = watchTarget(
      step.target.selector,
      showing.guard((target) => {
        drawn?.();
        drawn = target && drawTooltip(step, target);
      }),
      showing.guard(() => showing.suspend(step.id, `nothing matches ${step.target.selector}`)),
    );
    undo.push(() => drawn?.(), wait);
  }

  function draw(step: Step): void {
    undo.push(drawStep(step, index, steps.length, stage(step)));
    seen(step);
  }

  function drawTooltip(step: Step, target: Element): () => void {
    const remove = drawStep(step, index, steps.length, { ...stage(step), target });
    const clicked = showing.guard(() => go(1));
    const advances = step.kind === 'tooltip' && step.advance === 'target_click';
    if (advances) target.addEventListener('click', clicked, true);
    seen(step);
    return () => {
      target.removeEventListener('click', clicked, true);
      remove();
    };
  }

  function stage(step: Step): StepStage {
    return {
      theme,
      locale,
      onButton: showing.guard(press),
      onClose: showing.guard(() => showing.end('dismissed', step.id)),
    };
  }

  function seen(step: Step): void {
    showing.shown(step.id);
    if (!begun) showing.step(step.id);
    begun = true;
  }

  /** Moves on (or back), says so, and resolves when the edge knows. */
  function move(by: number): Promise<void> | undefined {
    const step = steps[index + by];
    if (step) {
      index += by;
      return showing.step(step.id);
    }
    if (by > 0) showing.completed(steps[index]?.id);
    return undefined;
  }

  function go(by: number): void {
    if (move(by)) enter();
    else if (by > 0) showing.end('close');
  }

  function press(button: Button, href?: string): void {
    if (button.action === 'dismiss') return showing.end('dismissed', steps[index]?.id);
    if (!href) return go(button.action === 'back' ? -1 : 1);
    const last = index + 1 >= steps.length;
    const told = move(1);
    clear();
    const leave = showing.guard(() => {
      showing.go(href);
      if (last) showing.end('close');
      else timer = setTimeout(showing.guard(enter), LEAVING);
    });
    if (told) told.then(leave);
    else leave();
  }

  function navigated(): void {
    const step = steps[index] as Step;
    if (!showing.matches(step.where)) showing.suspend(step.id);
    else if (undo.length === 0) enter();
  }

  timer = setTimeout(showing.guard(enter));
  return { close: clear, navigated };
}

export const flows: Extension = {
  name: 'flows',
  setup: (client) => client.present('flow', present),
};
