/** The member's menu: the scheme of the screen, and the way out. */
import { Avatar, Menu, useMantineColorScheme, VisuallyHidden } from "@mantine/core";
import { IconDeviceDesktop, IconLogout, IconMoon, IconSun } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { clearDrafts } from "../analytics/drafts";
import { api, take } from "../api/client";
import classes from "./AccountMenu.module.css";
import { usePlace } from "./place";

const SCHEMES = [
  { value: "light", label: "Light", icon: IconSun },
  { value: "dark", label: "Dark", icon: IconMoon },
  { value: "auto", label: "As the system", icon: IconDeviceDesktop },
] as const;

export function AccountMenu({ children }: { children?: ReactNode }) {
  const { me } = usePlace();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const navigate = useNavigate();
  const client = useQueryClient();
  const signOut = useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/sessions/current")),
    onSettled: async () => {
      await navigate({ to: "/sign-in" });
      client.clear();
      clearDrafts();
    },
  });
  return (
    <Menu position="top-start" width={220}>
      <Menu.Target>
        <button type="button" className={classes.account}>
          <VisuallyHidden>Account{children ? " " : ` ${me.member?.name}`}</VisuallyHidden>
          <Avatar size={30} color="sea" name={me.member?.name} aria-hidden />
          {children}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{me.member?.email}</Menu.Label>
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
