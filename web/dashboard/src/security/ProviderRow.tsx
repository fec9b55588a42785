/** A provider in the list: what it is, what it is to be told, and whether it answers as it should. */
import { Alert, Button, Code, CopyButton, Group, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import classes from "../account/Account.module.css";
import { api, take } from "../api/client";
import { Refusal } from "../session/Refusal";
import { Time } from "../time/Time";
import type { Provider } from "./providers";

type Props = { provider: Provider; may: boolean; onEdit: () => void; onRemove: () => void };

const MEMBERS = ["Nobody", "One member"];

export function ProviderRow({ provider, may, onEdit, onRemove }: Props) {
  const test = useMutation({
    mutationFn: () =>
      take(api.POST("/api/v1/organisation/identity-providers/{id}/test", { params: { path: { id: provider.id } } })),
  });
  return (
    <li className={classes.row} data-item={provider.id}>
      <div className={classes.what}>
        <Text fw={550}>{provider.name}</Text>
        <Text size="sm" c="dimmed">
          {provider.issuer}
        </Text>
        <span className={classes.quiet}>
          {MEMBERS[provider.members] ?? `${provider.members} members`},{" "}
          {provider.last_used_at ? (
            <>
              last used <Time at={provider.last_used_at} />
            </>
          ) : (
            "not used yet"
          )}
        </span>
        {may && <RedirectUri provider={provider} />}
        <Refusal error={test.error} />
        {test.data && (
          <Alert mt="xs" role="status" color={test.data.problem ? "amber" : "kelp"}>
            {test.data.problem
              ? `It does not work: ${test.data.problem}.`
              : `It answers as it should, with ${test.data.usable_keys === 1 ? "one key" : `${test.data.usable_keys} keys`}. Whether it takes the client secret shows when somebody signs in.`}
          </Alert>
        )}
      </div>
      {may && (
        <Group gap="xs">
          <Button
            variant="default"
            size="xs"
            loading={test.isPending}
            onClick={() => test.mutate()}
            aria-label={`Test ${provider.name}`}
          >
            Test
          </Button>
          <Button variant="default" size="xs" onClick={onEdit} aria-label={`Edit ${provider.name}`}>
            Edit
          </Button>
          <Button variant="default" size="xs" onClick={onRemove} aria-label={`Remove ${provider.name}`}>
            Remove
          </Button>
        </Group>
      )}
    </li>
  );
}

/** The only address to which the provider may send people back. */
function RedirectUri({ provider: { name, redirect_uri } }: { provider: Provider }) {
  return (
    <Group gap="xs" mt={4}>
      <Text size="sm" c="dimmed">
        Redirect URI, to be registered there:
      </Text>
      <Code>{redirect_uri}</Code>
      <CopyButton value={redirect_uri} timeout={2000}>
        {({ copied, copy }) => (
          <Button variant="default" size="xs" onClick={copy} aria-label={`Copy the redirect URI of ${name}`}>
            {copied ? "Copied" : "Copy"}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}
