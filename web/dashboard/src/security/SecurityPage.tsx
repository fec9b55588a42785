/** The organisation's rules for signing in, and who signed in. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import accountClasses from "../account/Account.module.css";
import { Section } from "../account/Section";
import { usePlace } from "../frame/place";
import { SettingsFrame } from "../frame/SettingsFrame";
import { Loaded } from "../states/Loaded";
import { ProvidersCard } from "./ProvidersCard";
import { RulesForm } from "./RulesForm";
import { SignIns } from "./SignIns";
import { organisationSignInsQuery, securityQuery } from "./security";

export function SecurityPage() {
  const { me } = usePlace();
  const security = useQuery(securityQuery);
  const signIns = useInfiniteQuery(organisationSignInsQuery);
  return (
    <SettingsFrame title="Security" sentence={`How everybody of ${me.organisation.name} signs in.`}>
      <div className={accountClasses.sections}>
        <Loaded query={security} skeleton="form">
          {(data) => <RulesForm key={JSON.stringify(data)} security={data} />}
        </Loaded>
        <ProvidersCard />
        <Section
          title="Sign-ins of the last 30 days"
          text="Equal networks have equal names; the address itself is never kept."
        >
          <SignIns query={signIns} members />
        </Section>
      </div>
    </SettingsFrame>
  );
}
