/**
 * The one-time token rides in the fragment (`/setup#token=…`): browsers never send it, so it is in no log.
 * It is read once and taken out of the address, so that it is in no history and no screenshot either.
 */
export function tokenIn(fragment: string): string | undefined {
  const token = new URLSearchParams(fragment.replace(/^#/, "")).get("token")?.trim();
  return token ? token : undefined;
}

export function takeToken(): string | undefined {
  const token = tokenIn(window.location.hash);
  if (token) {
    window.history.replaceState(window.history.state, "", window.location.pathname);
  }
  return token;
}
