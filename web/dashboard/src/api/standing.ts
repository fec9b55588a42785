/**
 * What an answer says of the session itself, whatever was asked: that it is over, or that the identity provider or a second
 * factor comes first.
 * Whoever keeps the session's state listens; the answer goes on to who asked.
 */
import { refusalOf, type Send } from "./stepUp";

export type Standing = "over" | "provider" | "mfa" | "enrolment";
type Listener = (standing: Standing) => void;

const STANDINGS: Record<string, Standing> = {
  unauthenticated: "over",
  identity_provider_required: "provider",
  mfa_required: "mfa",
  mfa_enrolment_required: "enrolment",
};

let listener: Listener = () => undefined;

export function onStanding(listen: Listener): void {
  listener = listen;
}

export function noticing(send: Send, notice: Listener = (standing) => listener(standing)): Send {
  return async (request) => {
    const response = await send(request);
    const standing = STANDINGS[(await refusalOf(response))?.code ?? ""];
    if (standing) {
      notice(standing);
    }
    return response;
  };
}
