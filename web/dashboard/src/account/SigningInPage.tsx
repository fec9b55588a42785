/** How one proves who one is: the password, and what stands beside it. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { focusPage } from "../frame/focus";
import { Loaded } from "../states/Loaded";
import { AccountFrame } from "./AccountFrame";
import { accountQuery, hasFactor } from "./account";
import { IdentitiesCard } from "./IdentitiesCard";
import { PasskeysCard } from "./PasskeysCard";
import { PasswordCard } from "./PasswordCard";
import { RecoveryCard } from "./RecoveryCard";
import { RecoveryCodesDialog } from "./RecoveryCodes";
import { TotpCard } from "./TotpCard";
import { useRenewAccount } from "./useRenewAccount";

export function SigningInPage() {
  const account = useQuery(accountQuery);
  const renew = useRenewAccount();
  const [codes, setCodes] = useState<string[]>();
  const enrolled = (made: string[]) => {
    setCodes(made.length > 0 ? made : undefined);
    void renew();
  };
  const kept = () => {
    setCodes(undefined);
    focusPage();
  };
  return (
    <AccountFrame title="Signing in" sentence="A second factor keeps your account yours when a password gets out.">
      <Loaded query={account} skeleton="cards">
        {(data) => (
          <>
            <PasskeysCard passkeys={data.passkeys} onEnrolled={enrolled} />
            <TotpCard totp={data.totp} onEnrolled={enrolled} />
            {hasFactor(data) && <RecoveryCard left={data.recovery_codes_left} onMade={enrolled} />}
            <IdentitiesCard />
            <PasswordCard account={data} />
          </>
        )}
      </Loaded>
      <RecoveryCodesDialog codes={codes} onKept={kept} />
    </AccountFrame>
  );
}
