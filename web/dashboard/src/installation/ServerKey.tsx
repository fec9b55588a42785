/** Makes a key for the customer's servers. It is shown this once: only its hash is kept. */
import { Alert, Button, Text } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { api, take } from "../api/client";
import { explain } from "../api/problem";
import { CodeBlock } from "./CodeBlock";

export function ServerKey() {
  const make = useMutation({ mutationFn: () => take(api.POST("/api/v1/installation/server-key")) });
  if (make.data) {
    return (
      <>
        <Text mb="xs">Keep it now: it is not shown again.</Text>
        <CodeBlock label="the server key" code={make.data.server_key} />
      </>
    );
  }
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconKey size={16} />}
        onClick={() => make.mutate()}
        loading={make.isPending}
      >
        Make a server key
      </Button>
      {make.isError && (
        <Alert color="coral" mt="sm" role="alert">
          {explain(make.error)} No key was made.
        </Alert>
      )}
    </>
  );
}
