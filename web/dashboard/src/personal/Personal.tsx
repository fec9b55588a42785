/** Personal data is visibly personal: a shield, dots until somebody asks, and a note that looking is recorded. */
import { Button, Tooltip } from "@mantine/core";
import { IconShieldLock } from "@tabler/icons-react";
import { usePlace } from "../frame/place";
import classes from "./Personal.module.css";

export function Shield() {
  return (
    <Tooltip label="Personal data: sealed, and shown only on request">
      <IconShieldLock className={classes.shield} size={15} stroke={1.75} role="img" aria-label="Personal data" />
    </Tooltip>
  );
}

export function Masked() {
  return (
    <span className={classes.masked} role="img" aria-label="hidden">
      ••••••••
    </span>
  );
}

type Props = { onReveal: () => void; loading: boolean; what: string };

/** For end users' personal data: offered to whoever may see it. */
export function RevealPersonal(props: Props) {
  const { me } = usePlace();
  return me.reads_personal ? (
    <RevealButton {...props} />
  ) : (
    <div className={classes.reveal}>
      <span className={classes.note}>Your role does not see personal data.</span>
    </div>
  );
}

export function RevealButton({ onReveal, loading, what }: Props) {
  return (
    <div className={classes.reveal}>
      <Button
        variant="default"
        size="xs"
        leftSection={<IconShieldLock size={15} stroke={1.75} />}
        onClick={onReveal}
        loading={loading}
      >
        Show {what}
      </Button>
      <span className={classes.note}>Looking is recorded with your name.</span>
    </div>
  );
}
