/** Fish and name. The name is text in our own typeface, so it scales and is read aloud. */
import { Fish } from "./Fish";
import classes from "./WordMark.module.css";

export function WordMark({ size = 28 }: { size?: number }) {
  return (
    <span className={classes.wordMark} style={{ fontSize: size * 0.72 }}>
      <Fish size={size} className={classes.fish} />
      Pilotfish
    </span>
  );
}
