/**
 * The proof: search every byte on the disk for what was just entered. Three findings side by side: not on the disk,
 * the search does find (a plain control file), and it opens for whoever may read it.
 */
import { Alert, Button, TextInput } from "@mantine/core";
import { IconDatabaseSearch } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, type Schema, take } from "../api/client";
import { explain } from "../api/problem";
import { count } from "../charts/number";
import { Shield } from "../personal/Personal";
import classes from "./DemoChecklist.module.css";

type Finding = Schema["DiskSearch"];
const SHORTEST = 4;

export function DiskSearch({ onFound }: { onFound: () => void }) {
  const [text, setText] = useState("");
  const search = useMutation({
    mutationFn: (wanted: string) => take(api.POST("/api/v1/demo/disk-search", { body: { text: wanted } })),
    onSuccess: onFound,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if ([...text.trim()].length >= SHORTEST) {
      search.mutate(text.trim());
    }
  };
  const short = text.trim() !== "" && [...text.trim()].length < SHORTEST;
  return (
    <>
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          size="xs"
          label="What you entered"
          placeholder="Your sentence, word for word"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          error={short ? `At least ${SHORTEST} characters` : undefined}
        />
        <Button
          type="submit"
          size="xs"
          variant="default"
          loading={search.isPending}
          disabled={[...text.trim()].length < SHORTEST}
          leftSection={<IconDatabaseSearch size={15} stroke={1.75} />}
        >
          Search the disk
        </Button>
      </form>
      <div aria-live="polite">
        {search.isError && (
          <Alert color="coral" mt="sm">
            {explain(search.error)} What you entered is still here.
          </Alert>
        )}
        {search.data && <Proof finding={search.data} />}
      </div>
    </>
  );
}

function Proof({ finding }: { finding: Finding }) {
  const clean = finding.found === 0;
  return (
    <dl className={classes.proof}>
      <div>
        <dt>On the disk</dt>
        <dd>
          <span className={`${classes.figure} ${clean ? classes.good : classes.bad}`}>{times(finding.found)}</span>
          <span className={classes.small}>
            in {count(finding.files)} files, {bytes(finding.bytes)}, raw and in every common encoding;{" "}
            {count(finding.took_ms)}&nbsp;ms
          </span>
        </dd>
      </div>
      <div>
        <dt>In a plain control file</dt>
        <dd>
          <span className={classes.figure}>{times(finding.control.found)}</span>
          <span className={classes.small}>
            in <code>{finding.control.file}</code>, written for this search: so the search does find
          </span>
        </dd>
      </div>
      <div>
        <dt>
          Opened with your right to read <Shield />
        </dt>
        <dd>
          {finding.opened ? (
            <>
              <span className={classes.quote}>“{finding.opened.value}”</span>
              <span className={classes.small}>{finding.opened.field}. Looking is recorded.</span>
            </>
          ) : (
            <span className={classes.small}>
              Nobody has entered this yet, word for word. Answer the survey in Harbour first.
            </span>
          )}
        </dd>
      </div>
    </dl>
  );
}

const times = (found: number) => (found === 1 ? "once" : `${count(found)} times`);

export function bytes(size: number): string {
  if (size < 1_000_000) {
    return `${count(Math.ceil(size / 1000))} kB`;
  }
  return `${(size / 1_000_000).toFixed(1)} MB`;
}
