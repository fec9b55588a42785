/** The way in: password, passkey or identity provider, then a second factor where there is one. A refusal never says which half was wrong. */
import { Alert, Button, Stack } from "@mantine/core";
import { type UseQueryResult, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useLocation, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { api, take } from "../api/client";
import { isProblem, type ProofKind } from "../api/problem";
import { Loading } from "../states/Loading";
import { Door } from "./Door";
import { useEnter } from "./enter";
import { setupQuery } from "./me";
import { ProofForm } from "./ProofForm";
import { ProviderFirst } from "./ProviderFirst";
import { Refusal } from "./Refusal";
import { type CurrentSession, type Stage, sessionQuery, stageOf } from "./session";
import { WaysIn } from "./WaysIn";

export function SignInPage() {
  const { next } = useSearch({ strict: false });
  const { organisation } = useParams({ strict: false });
  const enter = useEnter(next);
  const setup = useQuery(setupQuery);
  const current = useQuery({ ...sessionQuery, staleTime: 0, retry: false });
  const [chosen, setChosen] = useState<Stage>();
  const stage = chosen ?? stageFound(current);
  const entered = useRef(false);
  useEffect(() => {
    if (stage && "session" in stage && stage.at !== "provider" && !entered.current) {
      entered.current = true;
      void enter(stage.session);
    }
  });

  if (setup.data?.needed) {
    return (
      <Door title="This installation has no owner yet">
        <p>
          Open the one-time link that <code>pilotfish serve</code> printed when it started. It makes you the owner and
          works once.
        </p>
      </Door>
    );
  }
  if (stage?.at === "door") {
    return (
      <Door title="Sign in">
        <WaysIn notice={<Over />} organisation={organisation} next={next} onStage={setChosen} />
      </Door>
    );
  }
  if (stage?.at === "provider") {
    return <ProviderFirst session={stage.session} next={next} onLeft={() => setChosen({ at: "door" })} />;
  }
  if (stage?.at === "proof") {
    return <SecondFactor {...stage} onStage={setChosen} />;
  }
  return (
    <Door title="Sign in">
      <Loading shape="form" />
    </Door>
  );
}

/** What the server says now; what was known before may be of another session. Undefined until it has answered. */
function stageFound(current: UseQueryResult<CurrentSession>): Stage | undefined {
  if (current.isFetchedAfterMount && current.isSuccess) {
    return stageOf(current.data);
  }
  return current.isFetchedAfterMount || current.isPaused ? { at: "door" } : undefined;
}

/** Said to whoever did not leave by themselves. */
function Over() {
  const over = useLocation({ select: ({ state }) => state.over === true });
  return over ? (
    <Alert color="sea" role="status">
      Your session is over. Sign in again, and you are back where you were.
    </Alert>
  ) : null;
}

type SecondProps = { next: ProofKind[]; more?: boolean; onStage: (stage: Stage) => void };

function SecondFactor({ next, more = false, onStage }: SecondProps) {
  const client = useQueryClient();
  const giveUp = useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/sessions/current")),
    onSuccess: () => again(),
    onError: (error) => isProblem(error, "unauthenticated") && again(),
  });
  const again = () => {
    client.removeQueries({ queryKey: sessionQuery.queryKey });
    onStage({ at: "door" });
  };
  const sentence = more
    ? "That was right, but your organisation asks for a passkey or security key."
    : "Your account has a second factor. You have 10 minutes for it.";
  return (
    <Door title="Prove that it is you" sentence={sentence}>
      <Stack gap="md">
        <Refusal error={giveUp.error} />
        <ProofForm
          key={next.join()}
          next={next}
          onProven={(session) => onStage(stageOf(session, true))}
          onOver={again}
        />
        <Button variant="subtle" color="gray" onClick={() => giveUp.mutate()} loading={giveUp.isPending}>
          Sign in as somebody else
        </Button>
      </Stack>
    </Door>
  );
}
