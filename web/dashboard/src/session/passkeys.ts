/** Passkeys and security keys: the browser's part, and what to say when it did not come to one. */
import {
  browserSupportsWebAuthn,
  browserSupportsWebAuthnAutofill,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
  startRegistration,
  WebAuthnAbortService,
  WebAuthnError,
} from "@simplewebauthn/browser";
import { api, type Schema, take } from "../api/client";

export const hasPasskeys = browserSupportsWebAuthn;
export const offersPasskeys = browserSupportsWebAuthnAutofill;

/** Asks for a passkey to sign in with: in the browser's own dialog, or among what it offers to fill into the field of the name. */
export async function passkeyToSignIn(how: "dialog" | "autofill" = "dialog"): Promise<Schema["PasskeyProof"]> {
  return signed(await take(api.POST("/api/v1/passkeys/challenge")), how);
}

/** Asks for a passkey of who is signed in. */
export async function passkeyProof(): Promise<Schema["PasskeyProof"]> {
  return signed(await take(api.POST("/api/v1/sessions/current/proofs/challenge")), "dialog");
}

async function signed({ challenge, public_key }: Schema["PasskeyChallenge"], how: "dialog" | "autofill") {
  const credential = await startAuthentication({
    optionsJSON: public_key as unknown as PublicKeyCredentialRequestOptionsJSON,
    useBrowserAutofill: how === "autofill",
  });
  return { challenge, credential: { ...credential } };
}

/** Makes a passkey on this device or on a security key, and adds it to the account. */
export async function addPasskey(): Promise<Schema["AddedPasskey"]> {
  const { challenge, public_key } = await take(api.POST("/api/v1/account/passkeys/challenge"));
  const made = await startRegistration({
    optionsJSON: public_key as unknown as PublicKeyCredentialCreationOptionsJSON,
  });
  const credential = made as unknown as Schema["NewPasskey"]["credential"];
  return take(api.POST("/api/v1/account/passkeys", { body: { challenge, credential } }));
}

/** Takes back what the browser offers to fill in. */
export const stopOffering = () => WebAuthnAbortService.cancelCeremony();

/** Whether another question took this one's place: nothing to speak of. */
export function wasReplaced(error: unknown): boolean {
  return error instanceof WebAuthnError && error.code === "ERROR_CEREMONY_ABORTED";
}

/** What to say of a refusal by the browser or the key; undefined if it came from elsewhere. */
export function passkeyTrouble(error: unknown): string | undefined {
  if (!(error instanceof Error) || !(error instanceof WebAuthnError || error.name in BY_NAME)) {
    return undefined;
  }
  const code = error instanceof WebAuthnError ? error.code : "";
  return (
    BY_CODE[code] ?? BY_NAME[error.name] ?? "The browser could not use a passkey. Try again, or choose another way."
  );
}

const ADDRESS = "This address cannot use passkeys. Open the dashboard by the host name that its server was given.";
const BY_CODE: Record<string, string> = {
  ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED: "This device or key holds a passkey of this account already.",
  ERROR_AUTHENTICATOR_MISSING_USER_VERIFICATION_SUPPORT:
    "This key cannot check that it is you. Set a PIN on it, or use another one.",
  ERROR_AUTHENTICATOR_MISSING_DISCOVERABLE_CREDENTIAL_SUPPORT:
    "This key cannot hold a passkey. Use another one, or this device.",
  ERROR_INVALID_DOMAIN: ADDRESS,
  ERROR_INVALID_RP_ID: ADDRESS,
};
const BY_NAME: Record<string, string> = {
  NotAllowedError: "No passkey was used: it was cancelled, or it took too long.",
  SecurityError: ADDRESS,
};
