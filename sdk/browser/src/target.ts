/**
 * Finds the element that a tooltip points at, waits for one that is not there yet, and notices when it goes or is
 * replaced, as single-page apps do at every render.
 */

/** How long a step waits for its element. */
const PATIENCE = 10_000;

export function watchTarget(
  selector: string,
  changed: (target: Element | undefined) => void,
  gaveUp: () => void,
): () => void {
  let target: Element | undefined;
  let frame = 0;
  let limit: ReturnType<typeof setTimeout> | undefined;

  function look(): void {
    frame = 0;
    const found = find(selector);
    if (found === target && found) return;
    if (found) clearTimeout(limit);
    else if (target || limit === undefined) limit = setTimeout(gaveUp, PATIENCE);
    if (found === target) return;
    target = found;
    changed(found);
  }

  const observer = new MutationObserver(() => {
    frame ||= requestAnimationFrame(look);
  });
  observer.observe(document.documentElement, { childList: true, subtree: true, attributes: true });
  look();
  return () => {
    observer.disconnect();
    cancelAnimationFrame(frame);
    clearTimeout(limit);
  };
}

/** The first match that can be seen. A selector that is none matches nothing. */
function find(selector: string): Element | undefined {
  try {
    return [...document.querySelectorAll(selector)].find((element) => element.getClientRects().length > 0);
  } catch {
    return undefined;
  }
}
