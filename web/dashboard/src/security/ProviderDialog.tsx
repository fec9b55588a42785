/** A provider that is added or changed. Its issuer stays: whom it names is somebody else at another one. */
import { Button, Group, Modal, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, take } from "../api/client";
import { standsAtFields } from "../session/fieldErrors";
import { Refusal } from "../session/Refusal";
import { type Draft, draftOf, missingIn, type Provider, providerErrors, providersQuery, settingsOf } from "./providers";
import { RoleFields } from "./RoleFields";
import { TrustFields } from "./TrustFields";

type Props = { open: { provider: Provider | undefined } | undefined; onClose: () => void };

export function ProviderDialog({ open, onClose }: Props) {
  return (
    <Modal
      opened={open !== undefined}
      onClose={onClose}
      size="lg"
      closeOnClickOutside={false}
      title={<strong>{open?.provider ? `Edit ${open.provider.name}` : "Add an identity provider"}</strong>}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {open && <ProviderForm provider={open.provider} onClose={onClose} />}
    </Modal>
  );
}

function ProviderForm({ provider, onClose }: { provider: Provider | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const form = useForm<Draft>({
    initialValues: draftOf(provider),
    validate: (draft) => missingIn(draft, provider === undefined),
  });
  const save = useMutation({
    mutationFn: (draft: Draft) => (provider ? change(provider, draft) : add(draft)),
    onSuccess: ({ name }) => {
      void client.invalidateQueries({ queryKey: providersQuery.queryKey });
      onClose();
      notifications.show({
        color: "kelp",
        message: `${name} is kept. Register its redirect URI, test it, then sign in over it yourself.`,
      });
    },
    onError: (error) => form.setErrors(providerErrors(error)),
  });
  return (
    <form onSubmit={form.onSubmit((draft) => save.mutate(draft))} noValidate>
      <Stack>
        {!standsAtFields(save.error) && <Refusal error={save.error} kept="What you entered is still here." />}
        {!provider && (
          <Text size="sm">
            First register a web application at the provider (authorization code, confidential). Its redirect URI stands
            in the list once the provider is added.
          </Text>
        )}
        <TextInput
          label="Name"
          description="The button says: Sign in with …"
          autoComplete="off"
          data-autofocus
          {...form.getInputProps("name")}
        />
        <TextInput
          label="Issuer"
          description={
            provider
              ? "It stays. For another one, add another provider."
              : "As the provider writes it, without /.well-known/openid-configuration."
          }
          placeholder="https://id.example.org"
          inputMode="url"
          autoComplete="off"
          readOnly={provider !== undefined}
          {...form.getInputProps("issuer")}
        />
        <TextInput label="Client id" autoComplete="off" {...form.getInputProps("client_id")} />
        <PasswordInput
          label="Client secret"
          description={provider ? "Leave it empty to keep the one that there is." : "It is not shown again."}
          autoComplete="off"
          {...form.getInputProps("client_secret")}
        />
        <RoleFields form={form} />
        <TrustFields form={form} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending}>
            {provider ? "Save" : "Add"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function add(draft: Draft) {
  const { name, issuer, client_id, client_secret } = draft;
  const body = { name, issuer: issuer.trim(), client_id, client_secret, settings: settingsOf(draft) };
  return take(api.POST("/api/v1/organisation/identity-providers", { body }));
}

function change({ id }: Provider, draft: Draft) {
  const { name, client_id, client_secret } = draft;
  const body = { name, client_id, settings: settingsOf(draft), ...(client_secret ? { client_secret } : {}) };
  return take(api.PUT("/api/v1/organisation/identity-providers/{id}", { params: { path: { id } }, body }));
}
