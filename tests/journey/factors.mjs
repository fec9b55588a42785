// Second factors for tests: an authenticator app (Debian's oathtool) and Chromium's virtual authenticator.
import { execFileSync } from "node:child_process";

const PERIOD_MS = 30_000;

/** An app that holds a secret. Each code works once, so it waits for a period that it has not given a code of. */
export function authenticatorApp(secret) {
  let last = -1;
  return {
    async code() {
      while (Math.floor(Date.now() / PERIOD_MS) <= last) {
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      last = Math.floor(Date.now() / PERIOD_MS);
      return execFileSync("oathtool", ["--totp", "--base32", secret.replaceAll(" ", "")], { encoding: "utf8" }).trim();
    },
  };
}

/** A device of the page that holds passkeys. `present` says whether somebody touches it when it is asked. */
export async function passkeyDevice(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    present: (enabled) => cdp.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled }),
    credentials: async () => (await cdp.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    remove: () => cdp.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId }),
  };
}
