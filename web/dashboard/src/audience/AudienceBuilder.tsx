/** Builds a rule out of groups and conditions. The rule is the parent's; the builder keeps only the ids of its rows. */
import { useState } from "react";
import classes from "./Audience.module.css";
import type { Subject } from "./fields";
import { GroupEditor } from "./GroupEditor";
import { fromRule, type Group, toRule } from "./rule";
import { useSuggestions } from "./suggestions";
import { type Rule, ruleWords } from "./words";

type Props = {
  rule: Rule | null;
  onChange: (rule: Rule | null) => void;
  /** Where the rule stands in the definition, for problems. */
  pointer: string;
  subjects: Subject[];
  /** Whether what somebody did may be asked. */
  events?: boolean;
  /** What no condition at all means. */
  nobody: string;
};

export function AudienceBuilder({ rule, onChange, pointer, subjects, events = false, nobody }: Props) {
  const [root, setRoot] = useState(() => fromRule(rule));
  const suggestions = useSuggestions();
  const change = (next: Group) => {
    setRoot(next);
    onChange(toRule(next));
  };
  const current = toRule(root);
  return (
    <div>
      <p className={classes.words}>{current === null ? nobody : `${sentence(ruleWords(current))}.`}</p>
      <GroupEditor
        group={root}
        onChange={change}
        pointer={pointer}
        context={{ subjects, events, suggestions }}
        depth={0}
      />
    </div>
  );
}

const sentence = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);
