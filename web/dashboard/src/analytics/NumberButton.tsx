/** A number of an answer: it opens the list of the people behind it. */
import { UnstyledButton } from "@mantine/core";
import classes from "./Analytics.module.css";
import { figure, type Number as NumberOf } from "./answer";

type Props = NumberOf & { show: (number: NumberOf) => void; text?: string };

export function NumberButton({ of, name, count, show, text = figure(count) }: Props) {
  if (count === 0) {
    return <span>{text}</span>;
  }
  return (
    <UnstyledButton
      className={classes.number}
      aria-label={`${text}: ${name}. Who are these?`}
      title="Who are these?"
      onClick={() => show({ of, name, count })}
    >
      {text}
    </UnstyledButton>
  );
}
