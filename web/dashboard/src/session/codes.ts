/** Codes as people type and paste them: with spaces, in groups, with whatever dash the keyboard made. */

/** The six digits, or undefined if these are not six. */
export function totpCode(text: string): string | undefined {
  const digits = text.normalize("NFKC").replace(/[\s\-–—.]/g, "");
  return /^\d{6}$/.test(digits) ? digits : undefined;
}

/** A recovery code as the server knows it: small letters, plain dashes, no spaces. */
export function recoveryCode(text: string): string | undefined {
  const code = text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[‐‑‒–—−]/g, "-")
    .replace(/\s+/g, "");
  return code === "" ? undefined : code;
}

/** A secret in groups of four, to be typed into an app. */
export function grouped(secret: string): string {
  return secret.match(/.{1,4}/g)?.join(" ") ?? "";
}

/** What a file of recovery codes says. It names the server, so that the file is found again, and nobody. */
export function recoveryFile(codes: string[], host: string): string {
  return [
    `Recovery codes for Pilotfish on ${host}`,
    "Each signs you in once, in the place of your second factor. Keep them where only you can read them.",
    "",
    ...codes,
    "",
  ].join("\n");
}
