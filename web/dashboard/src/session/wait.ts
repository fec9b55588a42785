/** How long one must wait after too many attempts, counted down. */
import { useEffect, useState } from "react";
import { Problem } from "../api/problem";

const SECOND_MS = 1000;

export function secondsLeft(until: number | undefined, now: number): number {
  return until === undefined ? 0 : Math.max(0, Math.ceil((until - now) / SECOND_MS));
}

/** `0:42`, `12:05`, `1:00:00` */
export function countdown(seconds: number): string {
  const two = (part: number) => String(part).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** Enter in a field sends a form whose button waits: not before the time is up. */
export function onlyNow(left: number, act: () => void): void {
  if (left === 0) {
    act();
  }
}

/** The seconds until a refusal for too many attempts may be tried again; 0 if it may, or was another one. */
export function useWait(error: unknown): number {
  const until = error instanceof Problem && error.status === 429 ? error.retryAt : undefined;
  const [now, setNow] = useState(() => Date.now());
  const left = secondsLeft(until, now);
  useEffect(() => {
    if (until === undefined || until <= Date.now()) {
      return;
    }
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), SECOND_MS);
    return () => clearInterval(timer);
  }, [until]);
  return left;
}
