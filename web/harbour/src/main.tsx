/** Starts Harbour in the page. */
import { render } from "preact";
import { App } from "./app";
import { dayOf } from "./model/invoice";
import { navigate } from "./router";
import { parseConfig } from "./session";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/pages.css";

/** Links of this site change the page without a reload; whatever asks for a new tab or a download does not come here. */
function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (link === null || link.origin !== location.origin || link.target !== "" || link.hash !== "") return;
  event.preventDefault();
  navigate(link.pathname + link.search);
}

const root = document.getElementById("app");
if (root !== null) {
  const config = parseConfig(document.getElementById("harbour-config")?.textContent ?? "");
  root.addEventListener("click", followLinks);
  render(<App config={config} today={dayOf(new Date())} />, root);
}
