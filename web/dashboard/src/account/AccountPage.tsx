/** Oneself: what one is called, where mail goes, and where one works. */
import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, take } from "../api/client";
import { useRenewMe } from "../frame/place";
import { fieldErrors, standsAtFields } from "../session/fieldErrors";
import { Refusal } from "../session/Refusal";
import { Loaded } from "../states/Loaded";
import { AccountFrame } from "./AccountFrame";
import { type Account, accountQuery } from "./account";
import { Organisations } from "./Organisations";
import { Section } from "./Section";

const LONGEST_NAME = 200;

export function AccountPage() {
  const account = useQuery(accountQuery);
  return (
    <AccountFrame title="Your account" sentence="What colleagues see of you, and where you work.">
      <Loaded query={account} skeleton="cards">
        {(data) => (
          <>
            <Name key={data.name} name={data.name} />
            <Email account={data} />
            <Organisations account={data} />
          </>
        )}
      </Loaded>
    </AccountFrame>
  );
}

function Name({ name: before }: { name: string }) {
  const client = useQueryClient();
  const renewMe = useRenewMe();
  const form = useForm({
    initialValues: { name: before },
    validate: { name: (value) => (value.trim() ? null : "Enter your name") },
  });
  const save = useMutation({
    mutationFn: (body: { name: string }) => take(api.PUT("/api/v1/account/name", { body })),
    onSuccess: async (_nothing, { name }) => {
      notifications.show({ message: `You are ${name} from now on.` });
      await Promise.all([client.invalidateQueries({ queryKey: accountQuery.queryKey, exact: true }), renewMe()]);
    },
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  return (
    <Section title="Name">
      <form onSubmit={form.onSubmit(({ name }) => save.mutate({ name: name.trim() }))} noValidate>
        <Stack gap="sm" mt="sm">
          {!standsAtFields(save.error) && <Refusal error={save.error} />}
          <Group align="flex-end" gap="sm">
            <TextInput
              label="What you are called"
              autoComplete="name"
              maxLength={LONGEST_NAME}
              w={{ base: "100%", xs: 320 }}
              {...form.getInputProps("name")}
            />
            <Button
              type="submit"
              variant="default"
              disabled={form.values.name.trim() === before}
              loading={save.isPending}
            >
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}

function Email({ account }: { account: Account }) {
  const [sent, setSent] = useState<string>();
  const form = useForm({
    initialValues: { email: "" },
    validate: { email: (value) => (/^\S+@\S+$/.test(value.trim()) ? null : "Enter an e-mail address") },
  });
  const change = useMutation({
    mutationFn: (body: { email: string }) => take(api.POST("/api/v1/account/email", { body })),
    onSuccess: (_nothing, { email }) => {
      setSent(email);
      form.reset();
    },
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  return (
    <Section
      title="E-mail"
      text={
        <>
          You sign in with <strong>{account.email}</strong>.{" "}
          {account.mail
            ? "Another address is yours once you follow the link that is mailed to it; every session then ends."
            : "It cannot be changed: this installation has no mail server to confirm another one."}
        </>
      }
    >
      {account.mail && (
        <form onSubmit={form.onSubmit(({ email }) => change.mutate({ email: email.trim() }))} noValidate>
          <Stack gap="sm">
            {!standsAtFields(change.error) && <Refusal error={change.error} kept="Your address stays." />}
            {sent && (
              <Text role="status">
                If {sent} can be used, a link is under way to it. It works once, within 24 hours; until then nothing
                changes.
              </Text>
            )}
            <Group align="flex-end" gap="sm">
              <TextInput
                label="New address"
                type="email"
                autoComplete="email"
                w={{ base: "100%", xs: 320 }}
                {...form.getInputProps("email")}
              />
              <Button type="submit" variant="default" loading={change.isPending}>
                Send the link
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Section>
  );
}
