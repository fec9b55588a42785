/**
 * The audience builder's model. The wire's rule is a plain tree; the builder's has an id per node (so that a row keeps
 * its focus when its neighbour goes) and groups that are `all`, `any` or `none` (`not any`). What the builder cannot
 * draw it keeps as it is. `toRule(fromRule(rule))` means the same as `rule`, and is the same wherever it was a group.
 */
import type { Did, Filter, Rule } from "./words";

export type Match = "all" | "any" | "none";
export type Group = { id: number; kind: "group"; match: Match; children: Node[] };
export type FilterNode = { id: number; kind: "filter"; filter: Filter };
export type DidNode = { id: number; kind: "did"; did: Did };
/** A rule that has no form here, such as `not` of a single condition. */
export type OtherNode = { id: number; kind: "other"; rule: Rule };
export type Node = Group | FilterNode | DidNode | OtherNode;

let lastId = 0;
const nextId = () => {
  lastId += 1;
  return lastId;
};

export function emptyGroup(match: Match = "all", children: Node[] = []): Group {
  return { id: nextId(), kind: "group", match, children };
}

export function filterNode(filter: Filter): FilterNode {
  return { id: nextId(), kind: "filter", filter };
}

export function didNode(did: Did): DidNode {
  return { id: nextId(), kind: "did", did };
}

/** The root is always a group: one condition alone stands in an `all` of one. */
export function fromRule(rule: Rule | null): Group {
  if (rule === null) {
    return emptyGroup();
  }
  const node = nodeOf(rule);
  return node.kind === "group" ? node : emptyGroup("all", [node]);
}

function nodeOf(rule: Rule): Node {
  if ("all" in rule) {
    return emptyGroup("all", rule.all.map(nodeOf));
  }
  if ("any" in rule) {
    return emptyGroup("any", rule.any.map(nodeOf));
  }
  if ("not" in rule) {
    return "any" in rule.not ? emptyGroup("none", rule.not.any.map(nodeOf)) : { id: nextId(), kind: "other", rule };
  }
  return "field" in rule ? filterNode(rule) : didNode(rule);
}

/** No condition at all means everybody, which the wire writes as `null`. */
export function toRule(root: Group): Rule | null {
  return root.children.length === 0 && root.match !== "any" ? null : ruleOf(root);
}

function ruleOf(node: Node): Rule {
  switch (node.kind) {
    case "group":
      return groupRule(node.match, node.children.map(ruleOf));
    case "filter":
      return node.filter;
    case "did":
      return node.did;
    case "other":
      return node.rule;
  }
}

function groupRule(match: Match, rules: Rule[]): Rule {
  return match === "all" ? { all: rules } : match === "any" ? { any: rules } : { not: { any: rules } };
}

/** The pointer of a child within the rule that its group becomes. */
export function childPointer(pointer: string, match: Match, index: number): string {
  return `${pointer}${match === "none" ? "/not/any" : `/${match}`}/${index}`;
}

export function replaceChild(group: Group, child: Node): Group {
  return { ...group, children: group.children.map((one) => (one.id === child.id ? child : one)) };
}

export function removeChild(group: Group, id: number): Group {
  return { ...group, children: group.children.filter((one) => one.id !== id) };
}

export function addChild(group: Group, child: Node): Group {
  return { ...group, children: [...group.children, child] };
}
