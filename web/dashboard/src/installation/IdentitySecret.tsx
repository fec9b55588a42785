/** The secret of this environment, on request: whoever has it can vouch for anybody, so looking is recorded. */
import { Alert } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { api, take } from "../api/client";
import { explain } from "../api/problem";
import { RevealButton } from "../personal/Personal";
import { CodeBlock } from "./CodeBlock";

export function IdentitySecret() {
  const look = useMutation({ mutationFn: () => take(api.POST("/api/v1/installation/identity-secret/reveal")) });
  if (look.data) {
    return <CodeBlock label="the identity secret" code={`PILOTFISH_IDENTITY_SECRET=${look.data.identity_secret}`} />;
  }
  return (
    <>
      <RevealButton what="the identity secret" onReveal={() => look.mutate()} loading={look.isPending} />
      {look.isError && (
        <Alert color="coral" mt="sm" role="alert">
          {explain(look.error)} Nothing was opened.
        </Alert>
      )}
    </>
  );
}
