/**
 * Lets the browser offer passkeys in the field of the e-mail while the form stands there. A challenge lives for some minutes,
 * so the offer is made anew before it is out of date, and after another ceremony took its place.
 */
import { useEffect, useRef } from "react";
import type { Schema } from "../api/client";
import { offersPasskeys, passkeyToSignIn, stopOffering } from "./passkeys";

const ANEW_MS = 4 * 60_000;

export function useOfferedPasskey(busy: boolean, onPasskey: (passkey: Schema["PasskeyProof"]) => void): void {
  const taken = useRef(onPasskey);
  taken.current = onPasskey;
  useEffect(() => {
    if (busy) {
      return;
    }
    let current = true;
    const offer = async () => {
      if (!document.hidden && (await offersPasskeys()) && current) {
        const passkey = await passkeyToSignIn("autofill");
        if (current) {
          taken.current(passkey);
        }
      }
    };
    // Nobody asked for it: what hinders the offer is not spoken of, and the button says it when it is pressed.
    const quietly = () => void offer().catch(() => undefined);
    quietly();
    const timer = setInterval(quietly, ANEW_MS);
    return () => {
      current = false;
      clearInterval(timer);
      stopOffering();
    };
  }, [busy]);
}
