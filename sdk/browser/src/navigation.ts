/**
 * Notices that the page's address changed, in single-page apps too, without changing what the host does. The
 * Navigation API tells it without touching anything; where that is missing, `history` is wrapped: same arguments, same
 * result, same exceptions. A frozen `history` leaves us with the browser's own events.
 */

type Method = 'pushState' | 'replaceState';

export function watchNavigation(changed: () => void): () => void {
  let href = location.href;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const undo: (() => void)[] = [];
  // after the host's own work of this turn, so that the new page is there
  const look = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (href === location.href) return;
      href = location.href;
      changed();
    });
  };
  const listen = (target: EventTarget, event: string): void => {
    target.addEventListener(event, look);
    undo.push(() => target.removeEventListener(event, look));
  };
  listen(window, 'popstate');
  listen(window, 'hashchange');
  const navigation = (window as { navigation?: EventTarget }).navigation;
  if (navigation?.addEventListener) listen(navigation, 'currententrychange');
  else for (const method of ['pushState', 'replaceState'] as const) undo.push(wrap(method, look));
  return () => {
    clearTimeout(timer);
    for (const one of undo) one();
  };
}

function wrap(method: Method, look: () => void): () => void {
  const original = history[method];
  let active = true;
  function wrapped(this: History, ...args: Parameters<History[Method]>): void {
    original.apply(this, args);
    if (active) look();
  }
  try {
    history[method] = wrapped;
  } catch {
    // frozen: popstate and hashchange must do
  }
  return () => {
    active = false;
    if (history[method] === wrapped) history[method] = original;
  };
}
