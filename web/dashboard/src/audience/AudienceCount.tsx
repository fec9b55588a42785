/** Under the conditions: how many people they match now. Counted half a second after the last change. */
import { useDebouncedValue } from "@mantine/hooks";
import { IconUsers } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { explain, isProblem } from "../api/problem";
import { useHasProblems } from "../content/problems";
import { useEnvironmentId } from "../frame/place";
import classes from "./Audience.module.css";
import { audienceCountQuery, countWords } from "./count";
import type { Rule } from "./words";

const CALM_MS = 500;

export function AudienceCount({ rule, pointer }: { rule: Rule | null; pointer: string }) {
  const incomplete = useHasProblems([pointer]);
  const [calm] = useDebouncedValue(rule, CALM_MS);
  const counted = useQuery({
    ...audienceCountQuery(useEnvironmentId(), calm),
    placeholderData: keepPreviousData,
    enabled: !incomplete,
  });
  const behind = calm !== rule || counted.isPlaceholderData;
  return (
    <p className={classes.count} role="status" data-behind={(behind && !incomplete) || undefined}>
      <IconUsers size={16} stroke={1.75} aria-hidden />
      <span>{words()}</span>
    </p>
  );

  function words(): string {
    if (incomplete || refused(counted.error)) {
      return "Counted as soon as every condition is complete.";
    }
    if (counted.isError) {
      return `Not counted. ${explain(counted.error)}`;
    }
    return counted.data ? countWords(counted.data) : "Counting…";
  }
}

const refused = (error: unknown) => isProblem(error) && error.status === 422;
