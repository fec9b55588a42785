/** Back from an identity provider, at the address that is its own: what it says is handed to the server, and one goes on where one was. */
import { Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import { LinkButton } from "../frame/links";
import { Loading } from "../states/Loading";
import { Door } from "./Door";
import { useEnter } from "./enter";
import { type ProviderAnswer, takeAnswer, takeBack } from "./providers";
import { Refusal } from "./Refusal";

export function CallbackPage() {
  const { provider } = useParams({ from: "/sign-in/oidc/callback/$provider" });
  const [answer] = useState(() => takeAnswer(provider));
  const [back] = useState(takeBack);
  const enter = useEnter(back);
  const navigate = useNavigate();
  const come = useMutation({
    mutationFn: (body: ProviderAnswer) => take(api.POST("/api/v1/sessions/oidc/callback", { body })),
    onSuccess: enter,
    onError: (error) =>
      isProblem(error, "mfa_required") &&
      navigate({ to: "/sign-in", search: back ? { next: back } : {}, replace: true }),
  });
  // What was brought is good once.
  const sent = useRef(false);
  useEffect(() => {
    if (answer && !sent.current) {
      sent.current = true;
      come.mutate(answer);
    }
  });
  const isOver = !answer || (come.isError && !isProblem(come.error, "mfa_required"));
  if (!isOver) {
    return (
      <Door title="Signing in">
        <Loading shape="form" />
      </Door>
    );
  }
  return (
    <Door title="You are not signed in">
      <Stack gap="md">
        {answer ? (
          <Refusal error={come.error} words={WORDS} kept="Nothing was changed. Begin again." />
        ) : (
          <p>Identity providers send people back to this page. Begin at the sign-in.</p>
        )}
        <LinkButton to={(back ?? "/sign-in") as "/"} fullWidth>
          {back ? "Back to where you were" : "To the sign-in"}
        </LinkButton>
      </Stack>
    </Door>
  );
}

const WORDS = {
  invalid_proof:
    "This took more than ten minutes, was begun in another browser or with another provider, or was somebody else. Begin again.",
  identity_provider_refused: "The identity provider did not sign you in, or you changed your mind. Begin again.",
  identity_not_accepted:
    "What the identity provider says could not be accepted. Begin again; if it stays so, tell an admin.",
};
