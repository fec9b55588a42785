/** A field for a new password. What the server says of it stands at the field, as it was said. */
import type { PasswordInputProps } from "@mantine/core";
import { PasswordField } from "./PasswordField";

export const LONGEST_PASSWORD = 256;

export function NewPasswordInput(props: PasswordInputProps) {
  return (
    <PasswordField
      label="New password"
      description="At least 15 characters; 8 are enough with a second factor. A sentence that only you know is good."
      autoComplete="new-password"
      maxLength={LONGEST_PASSWORD}
      {...props}
    />
  );
}
