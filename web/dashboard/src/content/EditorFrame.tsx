/** What both editors share: name and state above, tabs at the left, the preview at the right. */
import { Alert, Button, Group, Menu, Tabs, TextInput } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import type { FieldError } from "../api/problem";
import { AudienceBuilder } from "../audience/AudienceBuilder";
import { AudienceCount } from "../audience/AudienceCount";
import { AUDIENCE_SUBJECTS } from "../audience/fields";
import { LinkAnchor, LinkButton, PLACE } from "../frame/links";
import type { Content } from "./content";
import classes from "./EditorFrame.module.css";
import { LookForm } from "./LookForm";
import { usePause, useRemove } from "./lifecycle";
import { PublishDialog } from "./PublishDialog";
import { assign, fieldsOf, ProblemsContext, useHasProblems, useProblem } from "./problems";
import { SaveState } from "./SaveState";
import { StatusBadge } from "./StatusBadge";
import { TimingForm } from "./TimingForm";
import type { Draft } from "./useDraft";
import { validate } from "./validate";

type Props<C extends Content> = {
  content: C;
  draft: Draft<C["draft"]>;
  /** The first tab: questions or steps. */
  parts: { label: string; form: ReactNode; pointers: string[] };
  look?: ReactNode;
  preview: ReactNode;
};

const TAB_POINTERS = { audience: ["/audience"], timing: ["/trigger", "/frequency"], look: ["/theme"] };

export function EditorFrame<C extends Content>({ content, draft, parts, look, preview }: Props<C>) {
  const { name, definition } = draft.value;
  const local = useMemo(() => validate(content.kind, name, definition), [content.kind, name, definition]);
  const errors: FieldError[] = [...local, ...draft.refused];
  const problems = assign(errors, ["/name", ...fieldsOf(definition)]);
  const nowhere = problems.get("") ?? [];
  const change = (next: object) => draft.change({ definition: { ...definition, ...next } });

  return (
    <ProblemsContext value={problems}>
      <Head content={content} draft={draft} problems={errors.length} />
      {nowhere.length > 0 && (
        <Alert color="coral" mb="md" role="alert">
          {nowhere.join(" ")}
        </Alert>
      )}
      <div className={classes.columns}>
        <Tabs defaultValue="parts" keepMounted={false} className={classes.form}>
          <Tabs.List mb="md">
            <Tab value="parts" pointers={parts.pointers}>
              {parts.label}
            </Tab>
            <Tab value="audience" pointers={TAB_POINTERS.audience}>
              Audience
            </Tab>
            <Tab value="timing" pointers={TAB_POINTERS.timing}>
              Timing
            </Tab>
            <Tab value="look" pointers={TAB_POINTERS.look}>
              Look
            </Tab>
          </Tabs.List>
          <Tabs.Panel value="parts">{parts.form}</Tabs.Panel>
          <Tabs.Panel value="audience">
            <AudienceBuilder
              rule={definition.audience}
              onChange={(audience) => change({ audience })}
              pointer="/audience"
              subjects={AUDIENCE_SUBJECTS}
              events
              nobody="Everybody sees it. Add a condition to narrow that down."
            />
            <AudienceCount rule={definition.audience} pointer="/audience" />
          </Tabs.Panel>
          <Tabs.Panel value="timing">
            <TimingForm id={content.id} definition={definition} onChange={change} />
          </Tabs.Panel>
          <Tabs.Panel value="look">
            <LookForm theme={definition.theme} onChange={(theme) => change({ theme })}>
              {look}
            </LookForm>
          </Tabs.Panel>
        </Tabs>
        {preview}
      </div>
    </ProblemsContext>
  );
}

function Tab({ value, pointers, children }: { value: string; pointers: string[]; children: ReactNode }) {
  const wrong = useHasProblems(pointers);
  return (
    <Tabs.Tab
      value={value}
      rightSection={wrong ? <span className={classes.dot} role="img" aria-label="has problems" /> : undefined}
    >
      {children}
    </Tabs.Tab>
  );
}

type HeadProps<C extends Content> = { content: C; draft: Draft<C["draft"]>; problems: number };

function Head<C extends Content>({ content, draft, problems }: HeadProps<C>) {
  const [publishing, setPublishing] = useState(false);
  const nameProblem = useProblem("/name");
  const nothingNew = content.status === "live" && !content.has_changes && draft.status === "saved";
  return (
    <header className={classes.head}>
      <title>{`${draft.value.name || "Content"} · Pilotfish`}</title>
      <div className={classes.words}>
        <LinkAnchor from={PLACE} to="./content" size="sm">
          Content
        </LinkAnchor>
        <div className={classes.line}>
          <h1 className={classes.hidden}>{draft.value.name || "Without a name"}</h1>
          <TextInput
            variant="unstyled"
            classNames={{ input: classes.name }}
            aria-label="Name"
            placeholder="Name"
            value={draft.value.name}
            onChange={(event) => draft.change({ name: event.currentTarget.value })}
            error={nameProblem}
          />
          <StatusBadge status={content.status} />
          <SaveState draft={draft} />
        </div>
      </div>
      <Group gap="xs">
        {content.published && (
          <LinkButton
            from={PLACE}
            to={content.kind === "survey" ? "./content/surveys/$id/results" : "./content/flows/$id/results"}
            params={{ id: content.id }}
            variant="default"
          >
            Results
          </LinkButton>
        )}
        <More content={content} />
        <Button
          // Not `disabled`: it keeps the focus that the dialog gives back.
          aria-disabled={nothingNew}
          data-disabled={nothingNew || undefined}
          onClick={() => !nothingNew && setPublishing(true)}
        >
          {content.status === "live" ? "Publish changes" : "Publish"}
        </Button>
      </Group>
      <PublishDialog
        content={content}
        draft={draft}
        problems={problems}
        opened={publishing}
        onClose={() => setPublishing(false)}
      />
    </header>
  );
}

function More({ content }: { content: Content }) {
  const navigate = useNavigate({ from: PLACE });
  const pause = usePause();
  const remove = useRemove();
  const gone = () => {
    remove.mutate(content);
    void navigate({ to: "./content" });
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" rightSection={<IconChevronDown size={14} />}>
          More
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {content.status === "live" && <Menu.Item onClick={() => pause.mutate(content)}>Pause</Menu.Item>}
        <Menu.Item color="var(--pf-bad)" onClick={gone}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
