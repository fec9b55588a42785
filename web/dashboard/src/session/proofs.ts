/** The kinds of proof: which is offered first, and what is said of each. */
import type { ProofKind } from "../api/problem";

/** The strongest first; a recovery code is for emergencies. */
const ORDER: ProofKind[] = ["passkey", "totp", "password", "identity_provider", "recovery_code"];

export function preferred(kinds: ProofKind[]): ProofKind | undefined {
  return ORDER.find((kind) => kinds.includes(kind));
}

/** The way to each from another. */
export const WAYS: Record<ProofKind, string> = {
  passkey: "Use a passkey or security key",
  totp: "Use the authenticator app",
  password: "Use your password",
  identity_provider: "Sign in at your identity provider again",
  recovery_code: "Use a recovery code",
};

export const WRONG: Record<ProofKind, string> = {
  passkey: "This passkey was not accepted. Try again, or use another way.",
  totp: "This code is wrong, out of date or was used before. Wait for the next one and enter that.",
  password: "The password is wrong.",
  identity_provider: "It was somebody else who signed in there, or it took too long.",
  recovery_code: "This code is wrong, or was used before.",
};
