/**
 * The wire's types under the names that this code uses. `schema.d.ts` is written from the server's OpenAPI document by
 * `cargo xtask gen`; here is nothing but other names for what stands there.
 */
import type { components, paths } from "./schema";

type Generated = components["schemas"];
export type Paths = paths;

export type Schema = Omit<Generated, "Answer"> & {
  Person: Generated["PersonView"];
  Company: Generated["CompanyView"];
  Event: Generated["EventView"];
  EventCount: Generated["CountView"];
  Environment: Generated["MeEnvironment"];
  ContentStatus: Generated["Status"];
  Answer: Generated["AnswerWire"];
  Attributes: Generated["PersonView"]["attributes"];
  /** What content of both kinds has. */
  Common: Pick<Generated["SurveyDefinition"], "audience" | "trigger" | "frequency" | "theme">;
};
