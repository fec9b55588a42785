/** Which second factor everybody must have, from when, and how long a session lives. */
import { Alert, Button, Group, NumberInput, Radio, SimpleGrid, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Section } from "../account/Section";
import { api, take } from "../api/client";
import { usePlace } from "../frame/place";
import { mayManageMembers } from "../members/roles";
import { fieldErrors, standsAtFields } from "../session/fieldErrors";
import { Refusal } from "../session/Refusal";
import { sessionQuery } from "../session/session";
import { absolute } from "../time/format";
import { LIMITS, type NewSecurity, outOfLimits, type Security, securityQuery } from "./security";

const POLICIES = [
  { value: "off", label: "Nobody must", description: "Whoever wants one has one." },
  { value: "any", label: "Any second factor", description: "An authenticator app, a passkey or a security key." },
  {
    value: "phishing_resistant",
    label: "Passkey or security key",
    description: "Nobody can be tricked out of one. Codes of an app are not enough.",
  },
] as const;

export function RulesForm({ security }: { security: Security }) {
  const { me } = usePlace();
  const may = mayManageMembers(me.role);
  const client = useQueryClient();
  const { grace_until, ...rules } = security;
  const form = useForm<NewSecurity>({ initialValues: rules, validate: outOfLimits });
  const save = useMutation({
    mutationFn: (body: NewSecurity) => take(api.PUT("/api/v1/organisation/security", { body })),
    onSuccess: (saved) => {
      client.setQueryData(securityQuery.queryKey, saved);
      void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
      notifications.show({ color: "kelp", message: "These rules hold from now on." });
    },
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  const number = (field: keyof typeof LIMITS) => ({
    min: LIMITS[field][0],
    max: LIMITS[field][1],
    clampBehavior: "none" as const,
    allowDecimal: false,
    disabled: !may,
    ...form.getInputProps(field),
  });
  return (
    <Section title="Rules" text={may ? undefined : "An owner or admin can change them."}>
      <form onSubmit={form.onSubmit((body) => save.mutate(body))} noValidate>
        <Stack gap="lg" mt="sm">
          <Radio.Group label="A second factor that everybody must have" {...form.getInputProps("require_mfa")}>
            <Stack gap="xs" mt="xs">
              {POLICIES.map((policy) => (
                <Radio key={policy.value} disabled={!may} {...policy} />
              ))}
            </Stack>
          </Radio.Group>
          {grace_until && rules.require_mfa !== "off" && (
            <Text c="dimmed">
              Whoever was here when the rule was made may work without until {absolute(new Date(grace_until))}.
            </Text>
          )}
          <SimpleGrid cols={{ base: 1, sm: 3 }}>
            <NumberInput
              label="Days to set it up"
              description="From when this gets stricter, or from joining. 0 is at once."
              {...number("grace_days")}
              disabled={!may || form.values.require_mfa === "off"}
            />
            <NumberInput
              label="Minutes without use"
              description="A session then ends. At most 30."
              {...number("idle_minutes")}
            />
            <NumberInput
              label="Hours in all"
              description="A session then ends, used or not. At most 12."
              {...number("absolute_hours")}
            />
          </SimpleGrid>
          {!standsAtFields(save.error) && <Refusal error={save.error} kept="The old rules still hold." />}
          {may && <Foot dirty={form.isDirty()} saving={save.isPending} stricter={isStricter(rules, form.values)} />}
        </Stack>
      </form>
    </Section>
  );
}

const STRICTNESS: NewSecurity["require_mfa"][] = ["off", "any", "phishing_resistant"];
const isStricter = (before: NewSecurity, after: NewSecurity) =>
  STRICTNESS.indexOf(after.require_mfa) > STRICTNESS.indexOf(before.require_mfa);

function Foot({ dirty, saving, stricter }: { dirty: boolean; saving: boolean; stricter: boolean }) {
  return (
    <>
      {stricter && (
        <Alert color="amber" role="status">
          Whoever does not have it is asked at every page, and after the days that you give can do nothing but set it
          up.
        </Alert>
      )}
      <Group>
        <Button type="submit" disabled={!dirty} loading={saving}>
          Save the rules
        </Button>
      </Group>
    </>
  );
}
