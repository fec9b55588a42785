/** The organisation asks for a second factor, and there is still time to set one up: said on every page until it is done. */
import { Alert } from "@mantine/core";
import { IconShieldExclamation } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { sessionQuery } from "../session/session";
import { absolute } from "../time/format";
import { LinkAnchor, PLACE } from "./links";
import { usePlace } from "./place";

export function EnrolBanner() {
  const { me } = usePlace();
  const session = useQuery(sessionQuery);
  const until = session.data?.enrol_until;
  return until ? (
    <Alert
      color="amber"
      mb="lg"
      maw={1080}
      mx="auto"
      component="aside"
      role="complementary"
      aria-label="Second factor"
      icon={<IconShieldExclamation size={18} aria-hidden />}
    >
      {me.organisation.name} asks for a second factor. From {absolute(new Date(until))} on you can do nothing else
      before it.{" "}
      <LinkAnchor from={PLACE} to="./account/signing-in">
        Set one up
      </LinkAnchor>
    </Alert>
  ) : null;
}
