/**
 * The wire of signing in, accounts, members and the organisation's security, written by hand under the names that the
 * generated types will have. REPLACED BY `schema.d.ts`: once `cargo xtask gen` writes these operations, this file goes,
 * and `types.ts` takes `components` and `paths` from there alone.
 */
import type { components } from "./schema";

type Role = components["schemas"]["Role"];
/** What WebAuthn says of it; the server passes it through. */
type WebAuthnJson = Record<string, unknown>;
type Page<T> = { data: T[]; next_cursor: string | null };

export interface SigningSchemas {
  /** What may be given as a proof of who one is. */
  ProofKind: "password" | "totp" | "recovery_code" | "passkey";
  Level: "password" | "mfa" | "recovery_code" | "phishing_resistant";
  CurrentSession: {
    id: string;
    member: string;
    organisation: string;
    level: SigningSchemas["Level"];
    /** What must be done before anything else is allowed. */
    needs: "mfa" | "enrolment" | null;
    /** What may be given as a proof now. */
    next: SigningSchemas["ProofKind"][];
    proven_at: string;
    ends_at: string;
    idle_seconds: number;
    /** Until when a second factor must be set up; null if none is asked for or there is one. */
    enrol_until: string | null;
  };
  Credentials: { email: string; password: string };
  PasskeyProof: { challenge: string; credential: WebAuthnJson };
  NewSession: SigningSchemas["Credentials"] | { passkey: SigningSchemas["PasskeyProof"] };
  Proof:
    | { kind: "password"; password: string }
    | { kind: "totp"; code: string }
    | { kind: "recovery_code"; code: string }
    | ({ kind: "passkey" } & SigningSchemas["PasskeyProof"]);
  PasskeyChallenge: { challenge: string; public_key: WebAuthnJson };
  SignInOffer: { mail: boolean; providers: unknown[] };
  Session: {
    id: string;
    current: boolean;
    device: string;
    organisation: { id: string; name: string };
    level: SigningSchemas["Level"];
    created_at: string;
    last_used_at: string;
  };
  Account: {
    id: string;
    email: string;
    name: string;
    organisations: { id: string; name: string; role: Role; current: boolean }[];
    totp: { since: string } | null;
    passkeys: SigningSchemas["Passkey"][];
    recovery_codes_left: number;
    password_changed_at: string;
    /** Whether this installation has a mail server. */
    mail: boolean;
  };
  Passkey: {
    id: string;
    device: string;
    kind: "passkey" | "security_key";
    created_at: string;
    last_used_at: string | null;
  };
  NewTotp: { secret: string; uri: string };
  RecoveryCodes: { recovery_codes: string[] };
  NewPasskeyChallenge: { challenge: string; public_key: WebAuthnJson };
  NewPasskey: { challenge: string; credential: WebAuthnJson };
  AddedPasskey: { passkey: SigningSchemas["Passkey"]; recovery_codes: string[] };
  Device: { id: string; device: string; current: boolean; created_at: string; last_used_at: string };
  SignIn: {
    id: string;
    at: string;
    outcome: "signed_in" | "wrong_password" | "wrong_code" | "refused";
    method: "password" | "passkey";
    device: string;
    known_device: boolean;
    /** Equal texts are equal networks; the address is not kept. */
    network: string;
    member: { id: string; name: string } | null;
  };
  Member: {
    id: string;
    email: string;
    name: string;
    role: Role;
    you: boolean;
    state: "active" | "suspended";
    mfa: "none" | "any" | "phishing_resistant";
    joined_at: string;
    last_used_at: string | null;
  };
  Invitation: {
    id: string;
    email: string;
    role: Role;
    created_at: string;
    expires_at: string;
    sent_at: string | null;
  };
  NewInvitation: { email: string; role: Role };
  /** The link is there, this once, where no mail server could carry it. */
  MadeInvitation: { invitation: SigningSchemas["Invitation"]; link: string | null };
  InvitationLook: { organisation: string; email: string; role: Role };
  Acceptance: { token: string; name: string; password: string };
  Security: SigningSchemas["NewSecurity"] & { grace_until: string | null };
  NewSecurity: {
    require_mfa: "off" | "any" | "phishing_resistant";
    grace_days: number;
    idle_minutes: number;
    absolute_hours: number;
  };
}

type Json<T> = { content: { "application/json": T } };
type Answers<Status extends number, Answer> = {
  [S in Status]: { headers: Record<string, unknown> } & (Answer extends undefined ? { content?: never } : Json<Answer>);
};
type Op<Status extends number, Answer, Body = never, Parameters = { query?: never; path?: never }> = {
  parameters: Parameters;
  responses: Answers<Status, Answer>;
} & ([Body] extends [never] ? { requestBody?: never } : { requestBody: Json<Body> });
type ById = { query?: never; path: { id: string } };
type ByCursor = { query?: { cursor?: string }; path?: never };

export interface SigningPaths {
  "/api/v1/sign-in": { get: Op<200, SigningSchemas["SignInOffer"]> };
  "/api/v1/sessions": {
    get: Op<200, { data: SigningSchemas["Session"][] }>;
    post: Op<201, SigningSchemas["CurrentSession"], SigningSchemas["NewSession"]>;
    delete: Op<200, { ended: number }>;
  };
  "/api/v1/sessions/{id}": { delete: Op<204, undefined, never, ById> };
  "/api/v1/sessions/current": { get: Op<200, SigningSchemas["CurrentSession"]>; delete: Op<204, undefined> };
  "/api/v1/sessions/current/proofs": {
    post: Op<200, SigningSchemas["CurrentSession"], SigningSchemas["Proof"]>;
  };
  "/api/v1/sessions/current/organisation": {
    put: Op<200, SigningSchemas["CurrentSession"], { organisation: string }>;
  };
  "/api/v1/sessions/current/proofs/challenge": { post: Op<201, SigningSchemas["PasskeyChallenge"]> };
  "/api/v1/passkeys/challenge": { post: Op<201, SigningSchemas["PasskeyChallenge"], Record<string, never>> };
  "/api/v1/password-resets": { post: Op<202, Record<string, never>, { email: string }> };
  "/api/v1/password-resets/complete": { post: Op<204, undefined, { token: string; password: string }> };
  "/api/v1/email-confirmations": { post: Op<204, undefined, { token: string }> };
  "/api/v1/account": { get: Op<200, SigningSchemas["Account"]> };
  "/api/v1/account/name": { put: Op<204, undefined, { name: string }> };
  "/api/v1/account/password": { put: Op<204, undefined, { password: string }> };
  "/api/v1/account/email": { post: Op<202, Record<string, never>, { email: string }> };
  "/api/v1/account/totp": { post: Op<201, SigningSchemas["NewTotp"]>; delete: Op<204, undefined> };
  "/api/v1/account/totp/confirm": { post: Op<200, SigningSchemas["RecoveryCodes"], { code: string }> };
  "/api/v1/account/recovery-codes": { post: Op<201, SigningSchemas["RecoveryCodes"]> };
  "/api/v1/account/passkeys/challenge": { post: Op<201, SigningSchemas["NewPasskeyChallenge"]> };
  "/api/v1/account/passkeys": { post: Op<201, SigningSchemas["AddedPasskey"], SigningSchemas["NewPasskey"]> };
  "/api/v1/account/passkeys/{id}": { delete: Op<204, undefined, never, ById> };
  "/api/v1/account/sign-ins": { get: Op<200, Page<SigningSchemas["SignIn"]>, never, ByCursor> };
  "/api/v1/account/devices": { get: Op<200, { data: SigningSchemas["Device"][] }> };
  "/api/v1/account/devices/{id}": { delete: Op<204, undefined, never, ById> };
  "/api/v1/account/membership": { delete: Op<204, undefined> };
  "/api/v1/members": { get: Op<200, { data: SigningSchemas["Member"][] }> };
  "/api/v1/members/{id}": { delete: Op<204, undefined, never, ById> };
  "/api/v1/members/{id}/role": { put: Op<200, SigningSchemas["Member"], { role: Role }, ById> };
  "/api/v1/members/{id}/suspend": { post: Op<200, SigningSchemas["Member"], never, ById> };
  "/api/v1/members/{id}/resume": { post: Op<200, SigningSchemas["Member"], never, ById> };
  "/api/v1/members/{id}/ownership": { post: Op<200, SigningSchemas["Member"], never, ById> };
  "/api/v1/invitations": {
    get: Op<200, { data: SigningSchemas["Invitation"][] }>;
    post: Op<201, SigningSchemas["MadeInvitation"], SigningSchemas["NewInvitation"]>;
  };
  "/api/v1/invitations/{id}": { delete: Op<204, undefined, never, ById> };
  "/api/v1/invitations/look": { post: Op<200, SigningSchemas["InvitationLook"], { token: string }> };
  "/api/v1/invitations/accept": { post: Op<201, SigningSchemas["CurrentSession"], SigningSchemas["Acceptance"]> };
  "/api/v1/organisation/security": {
    get: Op<200, SigningSchemas["Security"]>;
    put: Op<200, SigningSchemas["Security"], SigningSchemas["NewSecurity"]>;
  };
  "/api/v1/organisation/sign-ins": { get: Op<200, Page<SigningSchemas["SignIn"]>, never, ByCursor> };
}
