/** All surveys and flows of the environment. */
import { ActionIcon, Button, Card, Menu, Text } from "@mantine/core";
import { IconChevronDown, IconDots, IconListCheck, IconRoute } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useFocusAfterRemoval } from "../frame/focus";
import { LinkAnchor, PLACE } from "../frame/links";
import { Page, PageHead } from "../frame/PageHead";
import { useEnvironmentId } from "../frame/place";
import { EmptyState } from "../states/EmptyState";
import { Loaded } from "../states/Loaded";
import { ContentTable } from "./ContentTable";
import { type Content, contentListQuery } from "./content";
import { useCreateContent } from "./create";
import { usePause, useRemove } from "./lifecycle";

export function ContentPage() {
  const content = useQuery({ ...contentListQuery(useEnvironmentId()), refetchInterval: 10_000 });
  const removing = useFocusAfterRemoval(content.data?.map(({ id }) => id) ?? []);
  return (
    <Page>
      <PageHead
        title="Content"
        sentence="Surveys and flows that appear in your product."
        action={content.data && content.data.length > 0 ? <CreateButton /> : undefined}
      />
      <Loaded query={content}>
        {(all) =>
          all.length === 0 ? (
            <EmptyState title="Nothing here yet" action={<CreateButton />}>
              A survey asks people in your product; a flow shows them around. Both appear only to the audience that you
              choose, and nothing is shown before you publish.
            </EmptyState>
          ) : (
            <Card padding={0}>
              <ContentTable
                content={all}
                actions={(one) => <Actions content={one} onRemove={() => removing(one.id)} />}
              />
            </Card>
          )
        }
      </Loaded>
      {content.data && (
        <Text size="sm" mt="md">
          <LinkAnchor from={PLACE} to="./content/deleted">
            Deleted in the last 30 days
          </LinkAnchor>
        </Text>
      )}
    </Page>
  );
}

function CreateButton() {
  const create = useCreateContent();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button rightSection={<IconChevronDown size={16} />} loading={create.isPending}>
          Create
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconListCheck size={16} />} onClick={() => create.mutate("survey")}>
          Survey
        </Menu.Item>
        <Menu.Item leftSection={<IconRoute size={16} />} onClick={() => create.mutate("flow")}>
          Flow
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Actions({ content, onRemove }: { content: Content; onRemove: () => void }) {
  const navigate = useNavigate({ from: PLACE });
  const pause = usePause();
  const remove = useRemove();
  const params = { id: content.id };
  const gone = () => {
    onRemove();
    remove.mutate(content);
  };
  const results = () =>
    void navigate(
      content.kind === "survey"
        ? { to: "./content/surveys/$id/results", params }
        : { to: "./content/flows/$id/results", params },
    );
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${content.name}`}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {content.published && <Menu.Item onClick={results}>Results</Menu.Item>}
        {content.status === "live" && <Menu.Item onClick={() => pause.mutate(content)}>Pause</Menu.Item>}
        <Menu.Item color="var(--pf-bad)" onClick={gone}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
