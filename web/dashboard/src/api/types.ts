/**
 * The wire's types under the names that this code uses. `schema.d.ts` is written from the server's OpenAPI document by
 * `cargo xtask gen`; here is nothing but other names for what stands there.
 */
import type { components, paths } from "./schema";
import type { SigningPaths, SigningSchemas } from "./signing";

type Generated = Omit<components["schemas"], keyof SigningSchemas> & SigningSchemas;
export type Paths = Omit<paths, keyof SigningPaths> & SigningPaths;

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
