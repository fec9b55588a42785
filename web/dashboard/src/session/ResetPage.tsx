/** A new password, by the link that was mailed. Every session ends; a second factor is still asked for afterwards. */
import { Button, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import { LinkButton } from "../frame/links";
import { takeToken } from "../setup/token";
import { BadLink } from "./BadLink";
import { Door } from "./Door";
import { fieldErrors, standsAtFields } from "./fieldErrors";
import { forget } from "./forget";
import { NewPasswordInput } from "./NewPasswordInput";
import { tellTabs } from "./over";
import { Refusal } from "./Refusal";
import { sessionQuery } from "./session";
import { onlyNow, useWait } from "./wait";

export function ResetPage() {
  const [token] = useState(takeToken);
  const client = useQueryClient();
  const form = useForm({
    initialValues: { password: "" },
    validate: { password: (value) => (value === "" ? "Choose a password" : null) },
  });
  const reset = useMutation({
    mutationFn: (body: { token: string; password: string }) =>
      take(api.POST("/api/v1/password-resets/complete", { body })),
    onSuccess: () => {
      form.reset();
      forget(client);
      client.removeQueries({ queryKey: sessionQuery.queryKey });
      tellTabs("left");
    },
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  const wait = useWait(reset.error);

  if (!token || isProblem(reset.error, "link_invalid")) {
    return (
      <BadLink>
        <LinkButton to="/forgot" fullWidth>
          Ask for a new link
        </LinkButton>
      </BadLink>
    );
  }
  if (reset.isSuccess) {
    return (
      <Door title="Your password is changed" sentence="Every session of your account has ended.">
        <LinkButton to="/sign-in" fullWidth autoFocus>
          Sign in
        </LinkButton>
      </Door>
    );
  }
  return (
    <Door title="Choose a new password">
      <form
        onSubmit={form.onSubmit(({ password }) => onlyNow(wait, () => reset.mutate({ token, password })))}
        noValidate
      >
        <Stack gap="md">
          {!standsAtFields(reset.error) && <Refusal error={reset.error} kept="Your old password still works." />}
          <NewPasswordInput autoFocus {...form.getInputProps("password")} />
          <Button type="submit" loading={reset.isPending} disabled={wait > 0} fullWidth>
            Change the password
          </Button>
        </Stack>
      </form>
    </Door>
  );
}
