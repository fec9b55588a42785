/** The end of a provider: of the identities that members have there, too. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, take } from "../api/client";
import { Confirm } from "../states/Confirm";
import { type Provider, providersQuery } from "./providers";

type Props = { provider: Provider | undefined; onRemoving: (id: string) => void; onClose: () => void };

export function ProviderRemoval({ provider, onRemoving, onClose }: Props) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: ({ id }: Provider) =>
      take(api.DELETE("/api/v1/organisation/identity-providers/{id}", { params: { path: { id } } })),
    onSuccess: async (_nothing, { id }) => {
      onRemoving(id);
      onClose();
      await client.invalidateQueries({ queryKey: providersQuery.queryKey });
    },
  });
  const members = provider?.members ?? 0;
  return (
    <Confirm
      opened={provider !== undefined}
      title={provider ? `Remove ${provider.name}?` : ""}
      action="Remove it"
      error={remove.error}
      busy={remove.isPending}
      onConfirm={() => provider && remove.mutate(provider)}
      onClose={() => {
        remove.reset();
        onClose();
      }}
    >
      {members === 0
        ? "Nobody signs in over it any more."
        : `${members === 1 ? "One member signs" : `${members} members sign`} in over it: that ends, and so do sessions that began with it. They stay members; whoever has no password needs a link for a new one.`}
    </Confirm>
  );
}
