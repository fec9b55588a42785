/** Where one is signed in, on which devices one is known, and who tried to sign in as one. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { SignIns } from "../security/SignIns";
import { AccountFrame } from "./AccountFrame";
import { signInsQuery } from "./account";
import { DevicesCard } from "./DevicesCard";
import { Section } from "./Section";
import { SessionsCard } from "./SessionsCard";

export function SessionsPage() {
  const signIns = useInfiniteQuery(signInsQuery);
  return (
    <AccountFrame title="Sessions" sentence="If you do not know one of these, end it and change your password.">
      <SessionsCard />
      <DevicesCard />
      <Section
        title="Sign-ins of the last 30 days"
        text="Equal networks have equal names; the address itself is never kept."
      >
        <SignIns query={signIns} />
      </Section>
    </AccountFrame>
  );
}
