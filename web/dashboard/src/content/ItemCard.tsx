/** One question or step: closed it is a line, open it is a form. */
import { ActionIcon, Menu, UnstyledButton } from "@mantine/core";
import { IconAlertCircle, IconDots } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "./ItemCard.module.css";
import { useProblemWithin } from "./problems";

type Props = {
  index: number;
  title: string;
  kind: string;
  icon: ReactNode;
  handle: ReactNode;
  open: boolean;
  onOpen: () => void;
  pointer: string;
  actions: { onMove: (by: number) => void; onDuplicate: () => void; onRemove: () => void; last: boolean };
  children: ReactNode;
};

export function ItemCard({ index, title, kind, icon, handle, open, onOpen, pointer, actions, children }: Props) {
  const problem = useProblemWithin(pointer);
  return (
    <>
      <div className={classes.head}>
        {handle}
        <UnstyledButton className={classes.title} onClick={onOpen} aria-expanded={open}>
          <span className={classes.icon}>{icon}</span>
          <span className={classes.words}>
            {index + 1}. {title || <em>Empty</em>}
          </span>
          <span className={classes.kind}>{kind}</span>
          {problem && !open && (
            <IconAlertCircle size={16} className={classes.alert} role="img" aria-label="Has problems" />
          )}
        </UnstyledButton>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${title || kind}`}>
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => actions.onMove(-1)} disabled={index === 0}>
              Move up
            </Menu.Item>
            <Menu.Item onClick={() => actions.onMove(1)} disabled={actions.last}>
              Move down
            </Menu.Item>
            <Menu.Item onClick={actions.onDuplicate}>Duplicate</Menu.Item>
            <Menu.Item color="var(--pf-bad)" onClick={actions.onRemove}>
              Remove
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
      {open && <div className={classes.body}>{children}</div>}
    </>
  );
}
