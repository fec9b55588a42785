/** The member's menu: the account, other organisations, the scheme of the screen, and the way out. */
import { Avatar, Menu, useMantineColorScheme, VisuallyHidden } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import {
  IconBuildingCommunity,
  IconDeviceDesktop,
  IconLogout,
  IconMoon,
  IconSun,
  IconUserCircle,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { accountQuery } from "../account/account";
import { useSwitchOrganisation } from "../session/organisation";
import { useSignOut } from "../session/signOut";
import classes from "./AccountMenu.module.css";
import { PLACE } from "./links";
import { usePlace } from "./place";

const SCHEMES = [
  { value: "light", label: "Light", icon: IconSun },
  { value: "dark", label: "Dark", icon: IconMoon },
  { value: "auto", label: "As the system", icon: IconDeviceDesktop },
] as const;

export function AccountMenu({ children }: { children?: ReactNode }) {
  const { me } = usePlace();
  const [opened, setOpened] = useState(false);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const navigate = useNavigate({ from: PLACE });
  const signOut = useSignOut();
  return (
    <Menu position="top-start" width={240} opened={opened} onChange={setOpened}>
      <Menu.Target>
        <button type="button" className={classes.account}>
          <VisuallyHidden>Account{children ? " " : ` ${me.member?.name}`}</VisuallyHidden>
          <Avatar size={30} color="sea" name={me.member?.name} aria-hidden />
          {children}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{me.member?.email}</Menu.Label>
        <Menu.Item leftSection={<IconUserCircle size={16} />} onClick={() => void navigate({ to: "./account" })}>
          Your account
        </Menu.Item>
        <Organisations asked={opened} />
        <Menu.Divider />
        {SCHEMES.map(({ value, label, icon: Icon }) => (
          <Menu.Item
            key={value}
            leftSection={<Icon size={16} />}
            fw={colorScheme === value ? 600 : undefined}
            onClick={() => setColorScheme(value)}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => signOut.mutate()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** The other organisations that one works in: asked for when the menu is first opened. */
function Organisations({ asked }: { asked: boolean }) {
  const account = useQuery({ ...accountQuery, enabled: asked });
  const change = useSwitchOrganisation();
  const others = account.data?.organisations.filter(({ current }) => !current) ?? [];
  return others.length === 0 ? null : (
    <>
      <Menu.Divider />
      <Menu.Label>Go over to</Menu.Label>
      {others.map((one) => (
        <Menu.Item
          key={one.id}
          leftSection={<IconBuildingCommunity size={16} />}
          onClick={() => {
            notifications.show({ id: "switching", message: `Going over to ${one.name}…`, autoClose: 2_000 });
            change.mutate(one);
          }}
        >
          {one.name}
        </Menu.Item>
      ))}
    </>
  );
}
