/** Which environment this is. Production has a coral outline, all else is grey: nobody mistakes one for the other. */
import { Menu, VisuallyHidden } from "@mantine/core";
import { IconCheck, IconSelector } from "@tabler/icons-react";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { appSlug, type Environment } from "../session/me";
import classes from "./EnvironmentSwitch.module.css";
import { usePlace } from "./place";
import { sectionOf } from "./sections";

export function isProduction(environment: Environment): boolean {
  return environment.name === "production";
}

export function EnvironmentSwitch() {
  const { me, app, environment } = usePlace();
  const go = useSwitch();
  return (
    <Menu position="bottom-start" width={260}>
      <Menu.Target>
        <button type="button" className={classes.switch} data-production={isProduction(environment) || undefined}>
          <span className={classes.dot} />
          <span className={classes.names}>
            <span className={classes.environment}>
              <VisuallyHidden>Environment </VisuallyHidden>
              {environment.name}
            </span>
            <span className={classes.app}>{app.name}</span>
          </span>
          <IconSelector size={16} stroke={1.75} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {me.apps.map((candidate) => (
          <div key={candidate.id}>
            <Menu.Label>{candidate.name}</Menu.Label>
            {candidate.environments.map((one) => (
              <Menu.Item
                key={one.id}
                onClick={() => go(appSlug(candidate, me.apps), one.name)}
                leftSection={<span className={classes.dot} data-production={isProduction(one) || undefined} />}
                rightSection={one.id === environment.id ? <IconCheck size={16} aria-label="chosen" /> : undefined}
              >
                {one.name}
              </Menu.Item>
            ))}
          </div>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Goes to the same section of another environment: what is open there by id exists only in one. */
export function useSwitch(): (app: string, environment: string) => void {
  const navigate = useNavigate();
  const section = sectionOf(useLocation({ select: (location) => location.pathname }));
  return (app, environment) => {
    void navigate({ to: `/app/$app/$environment/${section}`, params: { app, environment } });
  };
}
