/**
 * Where the keyboard goes on when what had the focus is gone. After a navigation: the page. After something was taken out
 * of a list: what then stands in its place, or the last one; the page if nothing is left.
 */
import { useRouter } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

export const PAGE_ID = "page";

const FOCUSABLE = "a[href], button:not([disabled]), input:not([disabled]), textarea:not([disabled])";

export function focusPage(): void {
  document.getElementById(PAGE_ID)?.focus({ preventScroll: true });
}

/** Gives the focus to the first control of an item that was marked with `data-item`; whether there is one. */
export function focusItem(id: string): boolean {
  const control = document.querySelector<HTMLElement>(`[data-item="${CSS.escape(id)}"] :is(${FOCUSABLE})`);
  control?.focus();
  return control !== null;
}

/**
 * The frame's: a screen that was come to has the focus, if it was lost with the screen before or is still at the link that
 * led here. What opened meanwhile (the palette, a menu) keeps it.
 */
export function usePageFocus(): void {
  const router = useRouter();
  useEffect(
    () =>
      router.subscribe("onRendered", ({ fromLocation, pathChanged }) => {
        const at = document.activeElement;
        if (fromLocation && pathChanged && (at === null || at === document.body || at.closest("nav"))) {
          focusPage();
        }
      }),
    [router],
  );
}

/** A list's: call what it returns when an item is being taken out. Items carry `data-item` with these ids. */
export function useFocusAfterRemoval(ids: string[], otherwise: () => void = focusPage): (id: string) => void {
  const removing = useRef<{ index: number; length: number }>(undefined);
  useEffect(() => {
    const before = removing.current;
    if (before && ids.length < before.length) {
      removing.current = undefined;
      const next = ids[Math.min(before.index, ids.length - 1)];
      if (next === undefined || !focusItem(next)) {
        otherwise();
      }
    }
  });
  return (id) => {
    removing.current = { index: ids.indexOf(id), length: ids.length };
  };
}
