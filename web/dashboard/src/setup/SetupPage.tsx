/** The owner is made here, once, by whoever holds the link that the server printed at its start. */
import { Alert, Button, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, take } from "../api/client";
import { explain, Problem } from "../api/problem";
import { LinkButton } from "../frame/links";
import { Door } from "../session/Door";
import { setupQuery } from "../session/me";
import { PasswordField } from "../session/PasswordField";
import { takeToken } from "./token";

const SHORTEST_PASSWORD = 15;

export function SetupPage() {
  const [token] = useState(takeToken);
  const setup = useQuery(setupQuery);

  if (setup.data && !setup.data.needed) {
    return (
      <Door title="Already set up" sentence="This installation has its owner. The one-time link has done its work.">
        <LinkButton to="/sign-in" fullWidth>
          Sign in
        </LinkButton>
      </Door>
    );
  }
  if (!token) {
    return (
      <Door title="The link is not whole">
        <p>
          Open the whole link that <code>pilotfish serve</code> printed, with everything after <code>#token=</code>.
          Start the server again to get a new one.
        </p>
      </Door>
    );
  }
  return <SetupForm token={token} />;
}

function SetupForm({ token }: { token: string }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const form = useForm({
    initialValues: { organisation: "", name: "", email: "", password: "" },
    validate: {
      organisation: (value) => (value.trim() ? null : "Name your organisation"),
      name: (value) => (value.trim() ? null : "Enter your name"),
      email: (value) => (/^\S+@\S+$/.test(value) ? null : "Enter your e-mail address"),
      password: (value) => (value.length >= SHORTEST_PASSWORD ? null : `Use at least ${SHORTEST_PASSWORD} characters`),
    },
  });
  const create = useMutation({
    mutationFn: (values: typeof form.values) => take(api.POST("/api/v1/setup", { body: { token, ...values } })),
    onSuccess: async () => {
      client.clear();
      await navigate({ to: "/", replace: true });
    },
    onError: (error) => {
      if (error instanceof Problem) {
        for (const { pointer, detail } of error.errors) {
          form.setFieldError(pointer.replace(/^\//, ""), detail);
        }
      }
    },
  });

  return (
    <Door title="Set up Pilotfish" sentence="You become the owner. Colleagues are invited later." wide>
      <form onSubmit={form.onSubmit((values) => create.mutate(values))} noValidate>
        <Stack gap="md">
          {create.isError && (
            <Alert color="coral" role="alert">
              {explain(create.error)} What you entered is still here.
            </Alert>
          )}
          <TextInput
            label="Organisation"
            autoComplete="organization"
            autoFocus
            {...form.getInputProps("organisation")}
          />
          <TextInput label="Your name" autoComplete="name" {...form.getInputProps("name")} />
          <TextInput label="E-mail" type="email" autoComplete="username" {...form.getInputProps("email")} />
          <PasswordField
            label="Password"
            description={`At least ${SHORTEST_PASSWORD} characters. A sentence that only you know is good.`}
            autoComplete="new-password"
            {...form.getInputProps("password")}
          />
          <Button type="submit" loading={create.isPending} fullWidth>
            Create the organisation
          </Button>
        </Stack>
      </form>
    </Door>
  );
}
