import { expect, it } from "vitest";
import { preferred } from "./proofs";

it("offers the strongest kind first, whatever the order", () => {
  expect(preferred(["recovery_code", "totp", "passkey"])).toBe("passkey");
  expect(preferred(["recovery_code", "totp"])).toBe("totp");
  expect(preferred(["recovery_code"])).toBe("recovery_code");
  expect(preferred(["password"])).toBe("password");
  expect(preferred([])).toBeUndefined();
});
