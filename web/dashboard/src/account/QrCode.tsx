/** A QR code, drawn here: what it says is asked of no other server. Dark on white in both schemes, as cameras want it. */
import { generate } from "lean-qr";
import { toSvgPath } from "lean-qr/extras/svg";
import { useMemo } from "react";
import classes from "./Account.module.css";

/** The quiet zone that the standard asks for. */
const PAD = 4;

export function QrCode({ text, label }: { text: string; label: string }) {
  const { path, box } = useMemo(() => {
    const code = generate(text);
    const size = code.size + 2 * PAD;
    return { path: toSvgPath(code), box: `${-PAD} ${-PAD} ${size} ${size}` };
  }, [text]);
  return (
    <svg className={classes.qr} viewBox={box} role="img" aria-label={label} shapeRendering="crispEdges">
      <path d={path} fill="currentColor" />
    </svg>
  );
}
