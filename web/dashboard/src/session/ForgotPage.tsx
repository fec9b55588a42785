/** A link for a new password. The answer is the same whether there is an account or not. */
import { Button, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery } from "@tanstack/react-query";
import { api, take } from "../api/client";
import { LinkAnchor } from "../frame/links";
import { Door } from "./Door";
import { Refusal } from "./Refusal";
import { offerQuery } from "./session";
import { onlyNow, useWait } from "./wait";

export function ForgotPage() {
  const offer = useQuery(offerQuery);
  const form = useForm({
    initialValues: { email: "" },
    validate: { email: (value) => (value.includes("@") ? null : "Enter the e-mail address of your account") },
  });
  const ask = useMutation({
    mutationFn: (body: { email: string }) => take(api.POST("/api/v1/password-resets", { body })),
  });
  const wait = useWait(ask.error);

  if (offer.data?.mail === false) {
    return (
      <Door title="No link can be sent" sentence="This installation has no mail server.">
        <p>
          Ask an owner or admin of your organisation: they can remove you and invite you again, by a link that they hand
          to you.
        </p>
        <Back />
      </Door>
    );
  }
  if (ask.isSuccess) {
    return (
      <Door title="Look into your mail">
        <Text role="status" mb="md">
          If {ask.variables.email} has an account here, a link is under way. It works once, within 30 minutes. Nothing
          there? Look among the spam, or ask again.
        </Text>
        <Stack gap="xs">
          <Button variant="default" onClick={() => ask.reset()}>
            Ask again
          </Button>
          <Back />
        </Stack>
      </Door>
    );
  }
  return (
    <Door title="Forgot the password?" sentence="We send you a link to choose a new one.">
      <form onSubmit={form.onSubmit((body) => onlyNow(wait, () => ask.mutate(body)))} noValidate>
        <Stack gap="md">
          <Refusal error={ask.error} kept="No link was sent." />
          <TextInput label="E-mail" type="email" autoComplete="username" autoFocus {...form.getInputProps("email")} />
          <Button type="submit" loading={ask.isPending} disabled={wait > 0} fullWidth>
            Send the link
          </Button>
          <Back />
        </Stack>
      </form>
    </Door>
  );
}

function Back() {
  return (
    <LinkAnchor to="/sign-in" size="sm" ta="center">
      Back to the sign-in
    </LinkAnchor>
  );
}
