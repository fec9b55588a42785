/** One group: how its conditions combine, the conditions, and what can be added. */
import { ActionIcon, Button, Menu, Select, Text } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { type Ref, useRef } from "react";
import { useProblem } from "../content/problems";
import { useFocusAfterRemoval } from "../frame/focus";
import classes from "./Audience.module.css";
import { DidRow } from "./DidRow";
import { FilterRow } from "./FilterRow";
import { firstName, join, type Subject } from "./fields";
import {
  addChild,
  childPointer,
  didNode,
  emptyGroup,
  filterNode,
  type Group,
  type Match,
  type Node,
  removeChild,
  replaceChild,
} from "./rule";
import type { Suggestions } from "./suggestions";
import { type Rule, ruleWords } from "./words";

export type BuilderContext = { subjects: Subject[]; events: boolean; suggestions: Suggestions };
type Props = {
  group: Group;
  onChange: (group: Group) => void;
  onRemove?: () => void;
  pointer: string;
  context: BuilderContext;
  depth: number;
};

const MATCHES: { value: Match; label: string }[] = [
  { value: "all", label: "All of these" },
  { value: "any", label: "At least one of these" },
  { value: "none", label: "None of these" },
];
const DEEPEST = 3;

export function GroupEditor({ group, onChange, onRemove, pointer, context, depth }: Props) {
  const problem = useProblem(pointer);
  const add = (node: Node) => onChange(addChild(group, node));
  const addButton = useRef<HTMLButtonElement>(null);
  const ids = group.children.map(itemOf);
  const removing = useFocusAfterRemoval(ids, () => addButton.current?.focus());
  const remove = (child: Node) => {
    removing(itemOf(child));
    onChange(removeChild(group, child.id));
  };
  return (
    <fieldset className={classes.group} data-depth={depth}>
      <legend className={classes.legend}>{depth === 0 ? "Conditions" : "Group of conditions"}</legend>
      {(group.children.length > 0 || depth > 0) && (
        <div className={classes.groupHead}>
          <Select
            size="xs"
            w={190}
            aria-label="How the conditions combine"
            data={MATCHES}
            value={group.match}
            allowDeselect={false}
            onChange={(match) => onChange({ ...group, match: (match ?? "all") as Match })}
          />
          {onRemove && (
            <ActionIcon variant="subtle" color="gray" aria-label="Remove this group" onClick={onRemove}>
              <IconTrash size={16} />
            </ActionIcon>
          )}
        </div>
      )}
      {group.children.map((child, index) => (
        <div key={child.id} data-item={itemOf(child)}>
          <ChildEditor
            node={child}
            onChange={(next) => onChange(replaceChild(group, next))}
            onRemove={() => remove(child)}
            pointer={childPointer(pointer, group.match, index)}
            context={context}
            depth={depth}
          />
        </div>
      ))}
      {problem && (
        <Text size="xs" c="var(--mantine-color-error)" role="alert">
          {problem}
        </Text>
      )}
      <AddMenu add={add} context={context} deepest={depth >= DEEPEST} button={addButton} />
    </fieldset>
  );
}

const itemOf = ({ id }: Node) => `condition-${id}`;

type ChildProps = Omit<Props, "group" | "onChange" | "onRemove"> & {
  node: Node;
  onChange: (node: Node) => void;
  onRemove: () => void;
};

function ChildEditor({ node, onChange, onRemove, pointer, context, depth }: ChildProps) {
  const row = { onRemove, pointer, context };
  switch (node.kind) {
    case "group":
      return (
        <GroupEditor
          group={node}
          onChange={onChange}
          onRemove={onRemove}
          pointer={pointer}
          context={context}
          depth={depth + 1}
        />
      );
    case "filter":
      return <FilterRow {...row} filter={node.filter} onChange={(filter) => onChange({ ...node, filter })} />;
    case "did":
      return <DidRow {...row} did={node.did} onChange={(did) => onChange({ ...node, did })} />;
    case "other":
      return <OtherRow rule={node.rule} onRemove={onRemove} />;
  }
}

/** Made through the API, in a form that has no fields here: shown in words, kept as it is. */
function OtherRow({ rule, onRemove }: { rule: Rule; onRemove: () => void }) {
  return (
    <div className={classes.row}>
      <Text className={classes.other}>{ruleWords(rule)}</Text>
      <ActionIcon variant="subtle" color="gray" aria-label="Remove this condition" onClick={onRemove}>
        <IconTrash size={16} />
      </ActionIcon>
    </div>
  );
}

type AddProps = {
  add: (node: Node) => void;
  context: BuilderContext;
  deepest: boolean;
  button: Ref<HTMLButtonElement>;
};

const ADD: Record<Subject, string> = {
  event: "About the event",
  person: "About the person",
  company: "About the company",
  page: "About the page",
  device: "About the device",
  locale: "About the language",
};

function AddMenu({ add, context, deepest, button }: AddProps) {
  const begin = (subject: Subject) =>
    add(filterNode({ field: join(subject, firstName(subject)), op: "is", value: "" }));
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button
          ref={button}
          size="compact-sm"
          variant="subtle"
          leftSection={<IconPlus size={14} />}
          className={classes.add}
        >
          Add a condition
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {context.subjects.map((subject) => (
          <Menu.Item key={subject} onClick={() => begin(subject)}>
            {ADD[subject]}
          </Menu.Item>
        ))}
        {context.events && (
          <Menu.Item onClick={() => add(didNode({ event: "", count: { op: "gte", value: 1 }, within: "30d" }))}>
            What they did
          </Menu.Item>
        )}
        {!deepest && (
          <>
            <Menu.Divider />
            <Menu.Item onClick={() => add(emptyGroup("any"))}>A group</Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
