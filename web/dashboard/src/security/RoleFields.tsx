/** What a new member may do: by what the provider says of them, or in any case. */
import { Button, CloseButton, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { ROLES, type Role } from "../members/roles";
import type { Draft } from "./providers";

/** Owners are made by owners. */
const GIVEN = (Object.keys(ROLES) as Role[]).filter((role) => role !== "owner");
const OPTIONS = GIVEN.map((role) => ({ value: role, label: ROLES[role].label }));
const NOBODY = "nobody";

export function RoleFields({ form }: { form: UseFormReturnType<Draft> }) {
  const { role_rules, default_role } = form.values.settings;
  return (
    <Stack gap="sm">
      <Select
        label="Whom nobody knows yet becomes"
        description="Whoever is a member already keeps their role."
        data={[{ value: NOBODY, label: "nobody, unless a rule below is about them" }, ...OPTIONS]}
        allowDeselect={false}
        value={default_role ?? NOBODY}
        error={form.errors["settings.default_role"]}
        onChange={(chosen) => form.setFieldValue("settings.default_role", chosen === NOBODY ? null : (chosen as Role))}
      />
      <TextInput
        label="Claim that says more"
        description="Its name, such as groups, or a path such as /realm_access/roles. May be left empty."
        autoComplete="off"
        {...form.getInputProps("settings.role_claim")}
      />
      {role_rules.length > 0 && (
        <Text size="sm" c="dimmed">
          The first rule that fits decides.
        </Text>
      )}
      {role_rules.map((_rule, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a rule is its place, and has nothing else of its own
        <Group key={index} align="flex-end" wrap="nowrap" gap="xs">
          <TextInput
            label="If it has"
            aria-label={`Value of rule ${index + 1}`}
            style={{ flex: 1 }}
            {...form.getInputProps(`settings.role_rules.${index}.value`)}
          />
          <Select
            label="they become"
            aria-label={`Role of rule ${index + 1}`}
            data={OPTIONS}
            allowDeselect={false}
            style={{ flex: 1 }}
            {...form.getInputProps(`settings.role_rules.${index}.role`)}
          />
          <CloseButton
            size="lg"
            aria-label={`Remove rule ${index + 1}`}
            onClick={() => form.removeListItem("settings.role_rules", index)}
          />
        </Group>
      ))}
      <Group>
        <Button
          variant="default"
          size="xs"
          onClick={() => form.insertListItem("settings.role_rules", { value: "", role: "viewer" })}
        >
          Add a rule
        </Button>
      </Group>
    </Stack>
  );
}
