/** Identity providers of organisations with which one's account is linked: each signs in to its organisation. */
import { Button, Group, Text } from "@mantine/core";
import { IconBuilding } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schema, take } from "../api/client";
import { focusPage, useFocusAfterRemoval } from "../frame/focus";
import { leaveFor, type OfferedProvider } from "../session/providers";
import { Refusal } from "../session/Refusal";
import { sessionQuery } from "../session/session";
import { Confirm } from "../states/Confirm";
import { Loaded } from "../states/Loaded";
import { Time } from "../time/Time";
import classes from "./Account.module.css";
import { identitiesQuery } from "./account";
import { Section } from "./Section";

type Identity = Schema["Identity"];

/** Not there for whom there is neither an identity nor a provider to link. */
export function IdentitiesCard() {
  const identities = useQuery(identitiesQuery);
  const nothing = identities.data && identities.data.data.length + identities.data.can_link.length === 0;
  return nothing ? null : (
    <Section
      title="Signing in with your organisation"
      text="An identity that is linked signs you in to its organisation. For your other organisations you sign in as before."
    >
      <Loaded query={identities}>{(data) => <Identities {...data} />}</Loaded>
    </Section>
  );
}

function Identities({ data, can_link }: Schema["Identities"]) {
  const [removing, setRemoving] = useState<Identity>();
  const leaving = useFocusAfterRemoval(
    data.map(({ id }) => id),
    focusPage,
  );
  const link = useMutation({
    mutationFn: ({ id }: OfferedProvider) =>
      take(api.POST("/api/v1/account/identities", { body: { identity_provider: id } })),
    onSuccess: (redirection) => leaveFor(redirection, window.location.pathname),
  });
  return (
    <>
      {data.length > 0 && (
        <ul className={classes.rows}>
          {data.map((identity) => (
            <Row key={identity.id} identity={identity} onRemove={() => setRemoving(identity)} />
          ))}
        </ul>
      )}
      <Refusal error={link.error} kept="Nothing was linked." />
      <Group mt={data.length > 0 ? "md" : 0}>
        {can_link.map((provider) => (
          <Button
            key={provider.id}
            variant="default"
            leftSection={<IconBuilding size={18} stroke={1.75} aria-hidden />}
            loading={(link.isPending || link.isSuccess) && link.variables.id === provider.id}
            onClick={() => link.mutate(provider)}
          >
            Link {provider.name}
          </Button>
        ))}
      </Group>
      <Removal identity={removing} onRemoving={leaving} onClose={() => setRemoving(undefined)} />
    </>
  );
}

function Row({ identity, onRemove }: { identity: Identity; onRemove: () => void }) {
  return (
    <li className={classes.row} data-item={identity.id}>
      <div className={classes.what}>
        <Text fw={550}>
          {identity.name}, for {identity.organisation}
        </Text>
        <span className={classes.quiet}>
          Linked <Time at={identity.linked_at} />
          {identity.last_used_at && (
            <>
              , last used <Time at={identity.last_used_at} />
            </>
          )}
        </span>
      </div>
      <Button variant="default" size="xs" onClick={onRemove} aria-label={`Remove the link with ${identity.name}`}>
        Remove
      </Button>
    </li>
  );
}

type RemovalProps = { identity: Identity | undefined; onRemoving: (id: string) => void; onClose: () => void };

function Removal({ identity, onRemoving, onClose }: RemovalProps) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: ({ id }: Identity) => take(api.DELETE("/api/v1/account/identities/{id}", { params: { path: { id } } })),
    onSuccess: async (_nothing, { id }) => {
      onRemoving(id);
      onClose();
      await Promise.all([
        client.invalidateQueries({ queryKey: identitiesQuery.queryKey }),
        client.invalidateQueries({ queryKey: sessionQuery.queryKey }),
      ]);
    },
  });
  return (
    <Confirm
      opened={identity !== undefined}
      title={identity ? `Remove the link with ${identity.name}?` : ""}
      action="Remove it"
      error={remove.error}
      busy={remove.isPending}
      onConfirm={() => identity && remove.mutate(identity)}
      onClose={() => {
        remove.reset();
        onClose();
      }}
    >
      It signs you in no more, and sessions that began with it end, this one too if it did.
    </Confirm>
  );
}
