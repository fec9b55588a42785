/**
 * The draft under the editor's hands. A change shows at once and is saved half a second later; saves go one after
 * another, so that an older one never lands on a newer one. What could not be saved stays and is tried again.
 */
import { useCallback, useEffect, useRef, useState } from "react";
import { type FieldError, Problem } from "../api/problem";
import { type Content, saveDraft } from "./content";
import { useKeep } from "./lifecycle";

export type SaveStatus = "saved" | "saving" | "failed";
export type DraftValue<D> = { name: string; definition: D };
export type Draft<D> = {
  value: DraftValue<D>;
  change: (next: Partial<DraftValue<D>>) => void;
  status: SaveStatus;
  failure: unknown;
  /** What the server refused at the last save or publish; gone with the next change. */
  refused: FieldError[];
  refuse: (errors: FieldError[]) => void;
  /** Saves what is not saved yet; rejects when that fails. */
  flush: () => Promise<void>;
};

const CALM_MS = 500;

export function useDraft<C extends Content>(content: C): Draft<C["draft"]> {
  const { id, kind } = content;
  const [value, setValue] = useState<DraftValue<C["draft"]>>({ name: content.name, definition: content.draft });
  const [status, setStatus] = useState<SaveStatus>("saved");
  const [failure, setFailure] = useState<unknown>(null);
  const [refused, refuse] = useState<FieldError[]>([]);
  const latest = useRef(value);
  const stored = useRef(value);
  const queue = useRef<Promise<void>>(Promise.resolve());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const keep = useRef(useKeep());

  const save = useCallback(async () => {
    const sent = latest.current;
    if (sent === stored.current) {
      return;
    }
    setStatus("saving");
    try {
      keep.current(await saveDraft(kind, id, sent.name, sent.definition));
      stored.current = sent;
      setFailure(null);
      setStatus(latest.current === sent ? "saved" : "saving");
    } catch (error) {
      setFailure(error);
      setStatus("failed");
      if (error instanceof Problem && latest.current === sent) {
        refuse(error.errors);
      }
      throw error;
    }
  }, [kind, id]);

  const flush = useCallback(() => {
    clearTimeout(timer.current);
    const next = queue.current.then(save);
    queue.current = next.catch(() => undefined);
    return next;
  }, [save]);

  const change = useCallback(
    (next: Partial<DraftValue<C["draft"]>>) => {
      latest.current = { ...latest.current, ...next };
      setValue(latest.current);
      setStatus("saving");
      refuse([]);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => void flush().catch(() => undefined), CALM_MS);
    },
    [flush],
  );

  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => latest.current !== stored.current && event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => {
      window.removeEventListener("beforeunload", warn);
      void flush().catch(() => undefined);
    };
  }, [flush]);

  return { value, change, status, failure, refused, refuse, flush };
}
