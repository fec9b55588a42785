/** Content of one kind, kept in memory: drafts, publishing, deleting and its undo. */
import type { Schema } from "../src/api/types";
import { type Ask, ok, problem } from "./http";

type Kind = "survey" | "flow";
type Kept<K extends Kind, D> = Omit<Schema["Survey"], "kind" | "draft" | "published"> & {
  kind: K;
  draft: D;
  published: { version: number; at: string; definition: D } | null;
};
const missing = problem(404, "not_found", "there is no such thing here");
const RESTORABLE_MS = 30 * 86_400_000;
const NOBODY: Schema["Figures"] = { shown: 0, completed: 0, dismissed: 0 };

export class Shelf<K extends Kind, D> {
  readonly #kind: K;
  readonly #prefix: string;
  readonly #kept = new Map<string, Kept<K, D>>();
  readonly #deleted = new Map<string, Kept<K, D>>();
  #made = 0;

  constructor(kind: K, prefix: string, content: Kept<K, D>[]) {
    this.#kind = kind;
    this.#prefix = prefix;
    for (const one of content) {
      (one.deleted_at ? this.#deleted : this.#kept).set(one.id, one);
    }
  }

  all(ask: Ask): Kept<K, D>[] {
    return [...(ask.query.get("deleted") === "true" ? this.#deleted : this.#kept).values()];
  }

  one(id = ""): Kept<K, D> | undefined {
    return this.#kept.get(id);
  }

  make(ask: Ask) {
    this.#made += 1;
    const at = new Date().toISOString();
    const made: Kept<K, D> = {
      id: `${this.#prefix}_made${this.#made}`,
      kind: this.#kind,
      name: String(ask.body.name),
      status: "draft",
      // What the browser sends is typed where it is sent.
      draft: ask.body.definition as D,
      published: null,
      has_changes: true,
      figures: NOBODY,
      created_at: at,
      updated_at: at,
    };
    return { status: 201 as const, body: this.#keep(made) };
  }

  read(id?: string) {
    const one = this.one(id);
    return one ? ok(one) : missing;
  }

  save(id: string | undefined, ask: Ask) {
    const change = { name: String(ask.body.name), draft: ask.body.definition as D, has_changes: true };
    return this.#change(id, () => change);
  }

  publish(id?: string) {
    return this.#change(id, (one) => ({
      status: "live",
      has_changes: false,
      published: { version: (one.published?.version ?? 0) + 1, at: new Date().toISOString(), definition: one.draft },
    }));
  }

  pause(id?: string) {
    return this.#change(id, () => ({ status: "paused" }));
  }

  remove(id = "") {
    const one = this.#kept.get(id);
    if (one) {
      const at = Date.now();
      this.#kept.delete(id);
      this.#deleted.set(id, {
        ...one,
        status: one.status === "live" ? "paused" : one.status,
        deleted_at: new Date(at).toISOString(),
        restorable_until: new Date(at + RESTORABLE_MS).toISOString(),
      });
    }
    return one ? { status: 204 as const } : missing;
  }

  restore(id = "") {
    const deleted = this.#deleted.get(id);
    if (!deleted) {
      return missing;
    }
    const { deleted_at: _at, restorable_until: _until, ...one } = deleted;
    this.#deleted.delete(id);
    return ok(this.#keep(one as Kept<K, D>));
  }

  #keep(one: Kept<K, D>): Kept<K, D> {
    this.#kept.set(one.id, one);
    return one;
  }

  #change(id: string | undefined, change: (one: Kept<K, D>) => Partial<Kept<K, D>>) {
    const one = this.one(id);
    return one ? ok(this.#keep({ ...one, ...change(one), updated_at: new Date().toISOString() })) : missing;
  }
}
