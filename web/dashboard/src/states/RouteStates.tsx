/** What stands where a screen cannot: no such page, nothing to choose from, or a failure while loading. */
import { Container } from "@mantine/core";
import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { LinkButton, PLACE } from "../frame/links";
import { EmptyState } from "./EmptyState";
import { ErrorState } from "./ErrorState";
import { Missing } from "./Missing";

/** No such page of an environment: within the frame. */
export function NotFoundInPlace() {
  return (
    <Missing
      title="There is no such page"
      action={
        <LinkButton from={PLACE} to="./home">
          Go home
        </LinkButton>
      }
    >
      The address may be mistyped, or what it named is gone.
    </Missing>
  );
}

/** No such page, for whoever has no environment to be in. */
export function NotFoundPage() {
  return (
    <Container component="main" size="sm" py="xl">
      <title>Not found · Pilotfish</title>
      <EmptyState order={1} title="There is no such page" action={<LinkButton to="/">Go home</LinkButton>}>
        The address may be mistyped, or what it named is gone.
      </EmptyState>
    </Container>
  );
}

export function NoPlace() {
  return (
    <Container component="main" size="sm" py="xl">
      <title>Pilotfish</title>
      <EmptyState order={1} title="No app yet">
        Your account sees no app of this organisation. Ask an owner to give you a role in one.
      </EmptyState>
    </Container>
  );
}

export function RouteError({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <Container size="sm" py="xl">
      <ErrorState error={error} retry={retry} />
    </Container>
  );
}
