import { expect, it } from "vitest";
import { answerIn } from "./providers";

it("reads what a provider sent somebody back with, and no more", () => {
  expect(answerIn("idp_1", "?state=s&code=c&iss=https%3A%2F%2Fid.example&session_state=x")).toEqual({
    identity_provider: "idp_1",
    state: "s",
    code: "c",
    iss: "https://id.example",
  });
  expect(answerIn("idp_1", "?state=s&error=access_denied&error_description=no")).toEqual({
    identity_provider: "idp_1",
    state: "s",
    error: "access_denied",
  });
});

it("takes nothing that is no answer for one", () => {
  for (const query of ["", "?code=c", "?state=s", "?state=&code=c"]) {
    expect(answerIn("idp_1", query)).toBeUndefined();
  }
});
