/** The pages of one section, as links. */
import { Link } from "@tanstack/react-router";
import { PLACE } from "./links";
import classes from "./SubNav.module.css";

export type SubPage = { label: string; path: SubPath };
/** Paths under an environment; the router checks that each exists. */
export type SubPath =
  | "account"
  | "account/signing-in"
  | "account/sessions"
  | "settings"
  | "settings/members"
  | "settings/security";

export function SubNav({ label, pages }: { label: string; pages: SubPage[] }) {
  return (
    <nav className={classes.nav} aria-label={label}>
      {pages.map(({ label: name, path }) => (
        <Link
          key={path}
          from={PLACE}
          to={`./${path}`}
          className={classes.link}
          activeOptions={{ exact: true }}
          activeProps={{ "aria-current": "page" }}
        >
          {name}
        </Link>
      ))}
    </nav>
  );
}
