/** The way to an identity provider: to sign in, or to prove once more who one is. */
import { Button, Stack } from "@mantine/core";
import { IconBuilding } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { api, take } from "../api/client";
import { leaveFor, type OfferedProvider } from "./providers";
import { Refusal } from "./Refusal";

const icon = <IconBuilding size={18} stroke={1.75} aria-hidden />;

type Props = {
  providers: OfferedProvider[];
  next: string | undefined;
  /** Whether this is the way that is meant to be gone. */
  first?: boolean;
};

export function ProviderButtons({ providers, next, first = false }: Props) {
  const go = useMutation({
    mutationFn: ({ id }: OfferedProvider) =>
      take(api.POST("/api/v1/sessions/oidc", { body: { identity_provider: id } })),
    onSuccess: (redirection) => leaveFor(redirection, next),
  });
  return (
    <Stack gap="sm">
      <Refusal error={go.error} kept="You are not signed in: try again later, or ask an admin." />
      {providers.map((provider) => (
        <Button
          key={provider.id}
          variant={first ? "filled" : "default"}
          fullWidth
          leftSection={icon}
          // The page is being left once there is an answer.
          loading={(go.isPending || go.isSuccess) && go.variables.id === provider.id}
          disabled={go.isPending && go.variables.id !== provider.id}
          onClick={() => go.mutate(provider)}
        >
          Sign in with {provider.name}
        </Button>
      ))}
    </Stack>
  );
}

/** A fresh proof of whoever signed in over a provider. What was open is come back to; what was typed there is not kept. */
export function ProviderProof() {
  const go = useMutation({
    mutationFn: () => take(api.POST("/api/v1/sessions/current/proofs/oidc")),
    onSuccess: (redirection) => leaveFor(redirection, `${window.location.pathname}${window.location.search}`),
  });
  return (
    <Stack gap="sm">
      <Refusal error={go.error} kept="Your session goes on." />
      <Button
        fullWidth
        data-autofocus
        autoFocus
        leftSection={icon}
        loading={go.isPending || go.isSuccess}
        onClick={() => go.mutate()}
      >
        Sign in at your identity provider
      </Button>
      <p>You come back to this page. Do then again what you were about to do.</p>
    </Stack>
  );
}
