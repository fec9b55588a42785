/** What may be done with a member, by who looks and who it is. */
import { ActionIcon, Menu } from "@mantine/core";
import { IconCrown, IconDots, IconPlayerPause, IconPlayerPlay, IconUserCog, IconUserMinus } from "@tabler/icons-react";
import type { Change, Member } from "./members";
import type { Role } from "./roles";

type Props = { member: Member; mine: Role; onChoose: (change: Change | "role") => void };

export function MemberMenu({ member, mine, onChoose }: Props) {
  const suspended = member.state === "suspended";
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${member.name}`}>
          <IconDots size={18} stroke={1.75} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconUserCog size={16} />} onClick={() => onChoose("role")}>
          Change the role
        </Menu.Item>
        {mine === "owner" && !member.you && !suspended && (
          <Menu.Item leftSection={<IconCrown size={16} />} onClick={() => onChoose("ownership")}>
            Hand the organisation over
          </Menu.Item>
        )}
        {!member.you && (
          <>
            <Menu.Divider />
            {suspended ? (
              <Menu.Item leftSection={<IconPlayerPlay size={16} />} onClick={() => onChoose("resume")}>
                Let them work again
              </Menu.Item>
            ) : (
              <Menu.Item leftSection={<IconPlayerPause size={16} />} onClick={() => onChoose("suspend")}>
                Suspend
              </Menu.Item>
            )}
            <Menu.Item
              leftSection={<IconUserMinus size={16} />}
              color="var(--pf-bad)"
              onClick={() => onChoose("remove")}
            >
              Remove
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
