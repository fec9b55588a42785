/** What the sign-in page offers: password and passkey, and the identity providers of an organisation, first where they must be used. */
import { Anchor, Divider, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Loading } from "../states/Loading";
import { PasswordForm } from "./PasswordForm";
import { ProviderButtons } from "./ProviderButtons";
import { organisationOfferQuery } from "./providers";
import { offerQuery, type Stage } from "./session";

type Props = {
  notice: ReactNode;
  organisation: string | undefined;
  next: string | undefined;
  onStage: (stage: Stage) => void;
};

export function WaysIn({ notice, organisation, next, onStage }: Props) {
  const general = useQuery(offerQuery);
  const own = useQuery({ ...organisationOfferQuery(organisation ?? ""), enabled: organisation !== undefined });
  const [withPassword, setWithPassword] = useState(false);
  const offer = organisation === undefined ? general : own;
  // Without an answer the password is offered all the same: the way in must not hang on it.
  if (offer.isPending && !offer.isPaused) {
    return <Loading shape="form" />;
  }
  const providers = offer.data?.identity_providers ?? [];
  const required = (own.data?.required ?? false) && !withPassword;
  if (required) {
    return (
      <Stack gap="md">
        {notice}
        <ProviderButtons providers={providers} next={next} first />
        <Anchor component="button" type="button" size="sm" onClick={() => setWithPassword(true)}>
          Sign in another way
        </Anchor>
      </Stack>
    );
  }
  const more = providers.length > 0 && (
    <>
      <Divider label="or with your organisation" />
      <ProviderButtons providers={providers} next={next} />
    </>
  );
  return <PasswordForm notice={notice} more={more} onStage={onStage} />;
}
