/**
 * The organisation's members sign in over its identity provider, and this one has not: they do it once from here, so that it is linked
 * with their account.
 */
import { Button, Stack } from "@mantine/core";
import { IconBuilding } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import { Loaded } from "../states/Loaded";
import { Door } from "./Door";
import { leaveFor, type OfferedProvider, organisationOfferQuery } from "./providers";
import { Refusal } from "./Refusal";
import { type CurrentSession, sessionQuery } from "./session";

type Props = { session: CurrentSession; next: string | undefined; onLeft: () => void };

export function ProviderFirst({ session, next, onLeft }: Props) {
  const client = useQueryClient();
  const offer = useQuery(organisationOfferQuery(session.organisation));
  const link = useMutation({
    mutationFn: ({ id }: OfferedProvider) =>
      take(api.POST("/api/v1/account/identities", { body: { identity_provider: id } })),
    onSuccess: (redirection) => leaveFor(redirection, next),
  });
  const left = () => {
    client.removeQueries({ queryKey: sessionQuery.queryKey });
    onLeft();
  };
  const signOut = useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/sessions/current")),
    onSuccess: left,
    onError: (error) => isProblem(error, "unauthenticated") && left(),
  });
  return (
    <Door
      title="Sign in with your organisation"
      sentence="That was right, but your organisation asks for its identity provider as well. It is linked with your account then."
    >
      <Stack gap="md">
        <Refusal error={link.error ?? signOut.error} />
        <Loaded query={offer} skeleton="form">
          {({ identity_providers }) =>
            identity_providers.map((provider) => (
              <Button
                key={provider.id}
                fullWidth
                leftSection={<IconBuilding size={18} stroke={1.75} aria-hidden />}
                loading={(link.isPending || link.isSuccess) && link.variables.id === provider.id}
                onClick={() => link.mutate(provider)}
              >
                Go to {provider.name}
              </Button>
            ))
          }
        </Loaded>
        <Button variant="subtle" color="gray" onClick={() => signOut.mutate()} loading={signOut.isPending}>
          Sign in as somebody else
        </Button>
      </Stack>
    </Door>
  );
}
