/** Keeps a tooltip beside its target and a ring around it, through scrolling, resizing and layout changes. */
import { arrow, autoUpdate, computePosition, flip, offset, type Placement, shift } from '@floating-ui/dom';
import type { TooltipStep } from './types';

const RING = 4;
const FACING = { top: 'bottom', bottom: 'top', left: 'right', right: 'left' } as const;

export function anchor(
  target: Element,
  dialog: HTMLElement,
  ring: HTMLElement,
  wanted: TooltipStep['placement'],
): () => void {
  const pointer = dialog.querySelector<HTMLElement>('.arrow');
  const placement: Placement = wanted && wanted !== 'auto' ? wanted : 'bottom';
  bringIntoView(target);

  async function place(): Promise<void> {
    const middleware = [
      offset(RING + 12),
      flip({ fallbackPlacements: ['bottom', 'top', 'right', 'left'], padding: 8, crossAxis: false }),
      shift({ padding: 8, crossAxis: true }),
      ...(pointer ? [arrow({ element: pointer, padding: 16 })] : []),
    ];
    const {
      x,
      y,
      placement: side,
      middlewareData,
    } = await computePosition(target, dialog, { strategy: 'fixed', placement, middleware });
    dialog.style.left = `${Math.round(x)}px`;
    dialog.style.top = `${Math.round(y)}px`;
    const { left, top, width, height } = target.getBoundingClientRect();
    Object.assign(ring.style, {
      left: `${left - RING}px`,
      top: `${top - RING}px`,
      width: `${width + 2 * RING}px`,
      height: `${height + 2 * RING}px`,
    });
    if (!pointer) return;
    const base = side.split('-')[0] as keyof typeof FACING;
    const at = middlewareData.arrow;
    pointer.className = `arrow ${base}`;
    Object.assign(pointer.style, { top: '', left: '', bottom: '', right: '', [FACING[base]]: '-6px' });
    if (at?.x !== undefined) pointer.style.left = `${at.x}px`;
    if (at?.y !== undefined) pointer.style.top = `${at.y}px`;
  }
  return autoUpdate(target, dialog, place);
}

function bringIntoView(target: Element): void {
  const { top, bottom, left, right } = target.getBoundingClientRect();
  if (top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth) return;
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  target.scrollIntoView({ block: 'center', inline: 'nearest', behavior: calm ? 'auto' : 'smooth' });
}
