/** Identity providers: which there are, whether each answers, and whether members must use them. */
import { Button, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import accountClasses from "../account/Account.module.css";
import { Section } from "../account/Section";
import { focusPage, useFocusAfterRemoval } from "../frame/focus";
import { usePlace } from "../frame/place";
import { mayManageMembers } from "../members/roles";
import { Loaded } from "../states/Loaded";
import { ProviderDialog } from "./ProviderDialog";
import { ProviderRemoval } from "./ProviderRemoval";
import { ProviderRow } from "./ProviderRow";
import { type Provider, providersQuery } from "./providers";
import { RequireProvider } from "./RequireProvider";

export function ProvidersCard() {
  const providers = useQuery(providersQuery);
  return (
    <Section
      title="Identity providers"
      text="Members sign in with what they sign in with at work, over OpenID Connect. Whom a provider names and nobody knows yet becomes a member."
    >
      <Loaded query={providers}>{({ data }) => <Providers providers={data} />}</Loaded>
    </Section>
  );
}

type Open = { provider: Provider | undefined };

function Providers({ providers }: { providers: Provider[] }) {
  const { me } = usePlace();
  const may = mayManageMembers(me.role);
  const [editing, setEditing] = useState<Open>();
  const [removing, setRemoving] = useState<Provider>();
  const leaving = useFocusAfterRemoval(
    providers.map(({ id }) => id),
    focusPage,
  );
  return (
    <>
      {providers.length === 0 ? (
        <Text c="dimmed">There is none yet. {may ? "" : "An owner or admin can add one."}</Text>
      ) : (
        <ul className={accountClasses.rows}>
          {providers.map((provider) => (
            <ProviderRow
              key={provider.id}
              provider={provider}
              may={may}
              onEdit={() => setEditing({ provider })}
              onRemove={() => setRemoving(provider)}
            />
          ))}
        </ul>
      )}
      {may && (
        <Button
          mt="md"
          variant={providers.length === 0 ? "filled" : "default"}
          leftSection={<IconPlus size={18} stroke={1.75} aria-hidden />}
          onClick={() => setEditing({ provider: undefined })}
        >
          {providers.length === 0 ? "Add an identity provider" : "Add another"}
        </Button>
      )}
      {providers.length > 0 && <RequireProvider />}
      <ProviderDialog open={editing} onClose={() => setEditing(undefined)} />
      <ProviderRemoval provider={removing} onRemoving={leaving} onClose={() => setRemoving(undefined)} />
    </>
  );
}
