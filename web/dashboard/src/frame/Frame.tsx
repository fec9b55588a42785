/** The frame of every screen: rail at the left (a bottom bar on phones), the page, and the command palette. */
import { ActionIcon, Text } from "@mantine/core";
import { IconSearch, IconShieldCheck } from "@tabler/icons-react";
import { Link, Outlet } from "@tanstack/react-router";
import { Fish } from "../brand/Fish";
import { WordMark } from "../brand/WordMark";
import { AccountMenu } from "./AccountMenu";
import { CommandPalette, openPalette } from "./CommandPalette";
import { EnrolBanner } from "./EnrolBanner";
import { EnvironmentSwitch } from "./EnvironmentSwitch";
import classes from "./Frame.module.css";
import { PAGE_ID, usePageFocus } from "./focus";
import { PLACE } from "./links";
import { usePlace } from "./place";
import { SECTIONS, type Section } from "./sections";

export function Frame() {
  usePageFocus();
  return (
    <div className={classes.frame}>
      <a className={classes.skip} href={`#${PAGE_ID}`}>
        Skip to the page
      </a>
      <Rail />
      <TopBar />
      <main id={PAGE_ID} className={classes.page} tabIndex={-1}>
        <EnrolBanner />
        <Outlet />
      </main>
      <nav className={classes.bottom} aria-label="Sections">
        {SECTIONS.map((section) => (
          <SectionLink key={section.path} section={section} className={classes.tab} />
        ))}
      </nav>
      <CommandPalette />
    </div>
  );
}

function Rail() {
  const { me } = usePlace();
  return (
    <nav className={classes.rail} aria-label="Main">
      <Link from={PLACE} to="./home" className={classes.brand} aria-label="Pilotfish, home">
        <WordMark size={26} />
      </Link>
      <EnvironmentSwitch />
      <button type="button" className={classes.search} onClick={openPalette}>
        <IconSearch size={16} stroke={1.75} aria-hidden />
        <span>Search</span>
        <kbd>⌘K</kbd>
      </button>
      <div className={classes.sections}>
        {SECTIONS.filter((section) => section.group === "main").map((section) => (
          <SectionLink key={section.path} section={section} className={classes.item} />
        ))}
        <div className={classes.space} />
        <a href="/trust" className={classes.item}>
          <IconShieldCheck size={18} stroke={1.75} aria-hidden />
          <span>Trust</span>
        </a>
        {SECTIONS.filter((section) => section.group === "below").map((section) => (
          <SectionLink key={section.path} section={section} className={classes.item} />
        ))}
      </div>
      <div className={classes.foot}>
        <AccountMenu>
          <span className={classes.member}>
            <Text span fw={550} truncate>
              {me.member?.name}
            </Text>
            <Text span size="xs" c="dimmed" truncate>
              {me.organisation.name}
            </Text>
          </span>
        </AccountMenu>
      </div>
    </nav>
  );
}

function TopBar() {
  return (
    <nav className={classes.top} aria-label="Environment and account">
      <Link from={PLACE} to="./home" className={classes.brand} aria-label="Pilotfish, home">
        <Fish size={28} weight="bold" className={classes.mark} />
      </Link>
      <EnvironmentSwitch />
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Search" onClick={openPalette}>
        <IconSearch size={18} stroke={1.75} />
      </ActionIcon>
      <AccountMenu />
    </nav>
  );
}

function SectionLink({ section, className }: { section: Section; className: string | undefined }) {
  const Icon = section.icon;
  return (
    <Link from={PLACE} to={`./${section.path}`} className={className} activeProps={{ "aria-current": "page" }}>
      <Icon size={18} stroke={1.75} aria-hidden />
      <span>{section.label}</span>
    </Link>
  );
}
