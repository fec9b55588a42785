/** How far a provider's word goes: addresses, second factors, and what is asked of it. */
import { Stack, Switch, TagsInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import type { Draft } from "./providers";

export function TrustFields({ form }: { form: UseFormReturnType<Draft> }) {
  return (
    <Stack gap="sm">
      <TagsInput
        label="Domains that it is the authority for"
        description="Only who has such an address becomes a member by its word. Members of this organisation alone with one are linked by themselves, owners excepted; others link it in their account."
        placeholder="example.org"
        splitChars={[",", " "]}
        {...form.getInputProps("settings.domains")}
      />
      <Switch
        label="Its second factor counts here"
        description="If it says that it asked for one (amr or acr). Otherwise whoever has one here is asked for that, and owners are in any case."
        {...form.getInputProps("settings.trusts_mfa", { type: "checkbox" })}
      />
      <TagsInput
        label="More scopes"
        description="Beside openid, email and profile: what the claim above needs."
        placeholder="groups"
        splitChars={[",", " "]}
        {...form.getInputProps("settings.scopes")}
      />
    </Stack>
  );
}
