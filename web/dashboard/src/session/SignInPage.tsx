/** Sign in. A refusal says what to do next and never which half was wrong. */
import { Alert, Anchor, Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { api, take } from "../api/client";
import { explain, isProblem } from "../api/problem";
import { Door } from "./Door";
import { setupQuery } from "./me";

export function SignInPage() {
  const { next } = useSearch({ from: "/sign-in" });
  const navigate = useNavigate();
  const client = useQueryClient();
  const setup = useQuery(setupQuery);
  const form = useForm({
    initialValues: { email: "", password: "" },
    validate: {
      email: (value) => (value.includes("@") ? null : "Enter the e-mail address of your account"),
      password: (value) => (value === "" ? "Enter your password" : null),
    },
  });
  const signIn = useMutation({
    mutationFn: (body: { email: string; password: string }) => take(api.POST("/api/v1/sessions", { body })),
    onSuccess: async () => {
      client.clear();
      await navigate({ href: next ?? "/", replace: true });
    },
    onError: () => form.setFieldValue("password", ""),
  });

  if (setup.data?.needed) {
    return (
      <Door title="This installation has no owner yet">
        <p>
          Open the one-time link that <code>pilotfish serve</code> printed when it started. It makes you the owner and
          works once.
        </p>
      </Door>
    );
  }
  return (
    <Door title="Sign in">
      <form onSubmit={form.onSubmit((values) => signIn.mutate(values))} noValidate>
        <Stack gap="md">
          {signIn.isError && (
            <Alert color="coral" role="alert">
              {refusal(signIn.error)}
            </Alert>
          )}
          <TextInput label="E-mail" type="email" autoComplete="username" autoFocus {...form.getInputProps("email")} />
          <PasswordInput label="Password" autoComplete="current-password" {...form.getInputProps("password")} />
          <Button type="submit" loading={signIn.isPending} fullWidth>
            Sign in
          </Button>
          <Anchor href="/trust" ta="center" size="sm">
            What Pilotfish promises, and how it fares here
          </Anchor>
        </Stack>
      </form>
    </Door>
  );
}

function refusal(error: unknown) {
  if (isProblem(error, "invalid_credentials")) {
    return "E-mail and password do not belong together. Check both and try again.";
  }
  if (isProblem(error, "mfa_required")) {
    return "This account needs a second factor, which this version cannot take yet. Ask an owner of your organisation.";
  }
  return (
    <>
      {explain(error)} Nothing was changed; <Anchor href="/sign-in">load the page again</Anchor> if it goes on.
    </>
  );
}
