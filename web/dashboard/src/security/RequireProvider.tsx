/** Whether members must sign in over a provider, the page where they do, and what becomes of owners when it fails. */
import { Button, CopyButton, Group, Stack, Switch, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schema, take } from "../api/client";
import { usePlace } from "../frame/place";
import { Confirm } from "../states/Confirm";
import { Loaded } from "../states/Loaded";
import { signInRuleQuery } from "./providers";

export function RequireProvider() {
  const rule = useQuery(signInRuleQuery);
  return <Loaded query={rule}>{(data) => <Rule rule={data} />}</Loaded>;
}

function Rule({ rule }: { rule: Schema["OrganisationSignIn"] }) {
  const { me } = usePlace();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const set = useMutation({
    mutationFn: (identity_provider_required: boolean) =>
      take(api.PUT("/api/v1/organisation/sign-in", { body: { identity_provider_required } })),
    onSuccess: (saved) => {
      client.setQueryData(signInRuleQuery.queryKey, saved);
      setAsking(false);
      notifications.show({
        color: "kelp",
        message: saved.identity_provider_required
          ? "Members must sign in over an identity provider from now on."
          : "Members sign in as they like from now on.",
      });
    },
  });
  const required = rule.identity_provider_required;
  return (
    <Stack gap="sm" mt="lg">
      <Switch
        label="Members must sign in over an identity provider"
        description={
          me.role === "owner"
            ? "Owners still get in without it, with their password and a second factor that they had before."
            : "An owner can change this."
        }
        checked={required}
        disabled={me.role !== "owner"}
        onChange={() => setAsking(true)}
      />
      <Group gap="xs">
        <Text size="sm" c="dimmed">
          They sign in at {rule.sign_in_url}
        </Text>
        <CopyButton value={rule.sign_in_url} timeout={2000}>
          {({ copied, copy }) => (
            <Button variant="default" size="xs" onClick={copy} aria-label="Copy the address of the sign-in">
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Confirm
        opened={asking}
        title={required ? "Let members sign in as they like?" : "Must members sign in over an identity provider?"}
        action={required ? "Let them" : "Require it"}
        danger={!required}
        error={set.error}
        busy={set.isPending}
        onConfirm={() => set.mutate(!required)}
        onClose={() => {
          set.reset();
          setAsking(false);
        }}
      >
        {required
          ? "Passwords and passkeys are enough again."
          : "Whoever signed in by something else can do nothing here until they have signed in over the provider. Should it fail, only owners with a password and a second factor get in, and only with one that they have by now."}
      </Confirm>
    </Stack>
  );
}
