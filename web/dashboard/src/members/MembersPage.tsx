/** Who works here, and who is invited. */
import { Button, Card, Stack, Title } from "@mantine/core";
import { IconUserPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePlace } from "../frame/place";
import { SettingsFrame } from "../frame/SettingsFrame";
import { Loaded } from "../states/Loaded";
import { InvitationsCard } from "./InvitationsCard";
import { InviteDialog } from "./InviteDialog";
import { MembersTable } from "./MembersTable";
import { membersQuery } from "./members";
import { mayManageMembers } from "./roles";

export function MembersPage() {
  const { me } = usePlace();
  const members = useQuery(membersQuery);
  const [inviting, setInviting] = useState(false);
  const invite = mayManageMembers(me.role) && (
    <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={() => setInviting(true)}>
      Invite somebody
    </Button>
  );
  return (
    <SettingsFrame title="Members" sentence={`Who works in ${me.organisation.name}, and as what.`} action={invite}>
      <Stack gap="lg">
        <InvitationsCard />
        <Loaded query={members}>
          {({ data }) => (
            <Card padding={0} component="section" aria-label="Members">
              <Title order={2} px="md" pt="md">
                {data.length === 1 ? "One member" : `${data.length} members`}
              </Title>
              <MembersTable members={data} />
            </Card>
          )}
        </Loaded>
      </Stack>
      <InviteDialog opened={inviting} onClose={() => setInviting(false)} />
    </SettingsFrame>
  );
}
