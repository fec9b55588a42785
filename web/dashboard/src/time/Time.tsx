/** A time: relative to read, absolute with the zone on hover. */
import { Tooltip } from "@mantine/core";
import { useEffect, useState } from "react";
import { absolute, relative } from "./format";

const TICK_MS = 15_000;

export function Time({ at }: { at: string }) {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  const time = new Date(at);
  return (
    <Tooltip label={absolute(time)}>
      <time dateTime={at}>{relative(time, now > time ? now : new Date())}</time>
    </Tooltip>
  );
}
