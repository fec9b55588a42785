/** A new password. The old one is not asked for here: a fresh proof is, by the dialog, if the last is too old. */
import { Button, Group, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { api, take } from "../api/client";
import { fieldErrors, standsAtFields } from "../session/fieldErrors";
import { NewPasswordInput } from "../session/NewPasswordInput";
import { Refusal } from "../session/Refusal";
import { Time } from "../time/Time";
import classes from "./Account.module.css";
import { type Account, hasFactor } from "./account";
import { Section } from "./Section";
import { useRenewAccount } from "./useRenewAccount";

export function PasswordCard({ account }: { account: Account }) {
  const renew = useRenewAccount();
  const form = useForm({
    initialValues: { password: "" },
    validate: { password: (value) => (value === "" ? "Choose a password" : null) },
  });
  const change = useMutation({
    mutationFn: (body: { password: string }) => take(api.PUT("/api/v1/account/password", { body })),
    onSuccess: async () => {
      form.reset();
      notifications.show({ color: "kelp", message: "Your new password holds. Your other sessions have ended." });
      await renew();
    },
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  return (
    <Section
      title="Password"
      text={
        account.password_changed_at ? (
          <>
            Last changed <Time at={account.password_changed_at} />.
          </>
        ) : (
          "You have none: you sign in with your organisation. With one you sign in without it, too."
        )
      }
    >
      <form onSubmit={form.onSubmit((body) => change.mutate(body))} noValidate>
        <Stack gap="sm">
          {!standsAtFields(change.error) && <Refusal error={change.error} kept="Your old password still works." />}
          <input
            className={classes.hidden}
            autoComplete="username"
            value={account.email}
            readOnly
            tabIndex={-1}
            aria-hidden
          />
          <NewPasswordInput
            maw={420}
            description={`At least ${hasFactor(account) ? 8 : 15} characters. A sentence that only you know is good.`}
            {...form.getInputProps("password")}
          />
          <Group>
            <Button type="submit" variant="default" loading={change.isPending}>
              {account.password_changed_at ? "Change the password" : "Set the password"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
