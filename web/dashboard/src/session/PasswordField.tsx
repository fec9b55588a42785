/** A field for a password that says to everybody whether it is wrong: the library's shows it only. */
import { PasswordInput, type PasswordInputProps } from "@mantine/core";
import type { Ref } from "react";

export function PasswordField(props: PasswordInputProps & { ref?: Ref<HTMLInputElement> }) {
  return <PasswordInput aria-invalid={props.error ? true : undefined} {...props} />;
}
