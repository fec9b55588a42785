/** The preview frame: the SDK's own renderer on the definition under the editor's hands. It sends nothing anywhere. */
import { mountPreview, type Preview, type PreviewOptions } from "@pilotfish/browser/preview";
import look from "./frame.css?inline";
import { type FromFrame, isToFrame, type PreviewState } from "./messages";

const stage = document.getElementById("stage");
let preview: Preview | undefined;
let shown = "";

function tell(message: FromFrame): void {
  window.parent.postMessage(message, "*");
}

function options(state: PreviewState): PreviewOptions {
  return {
    kind: state.kind,
    definition: state.definition as PreviewOptions["definition"],
    theme: state.theme,
    step: state.step,
    locale: state.locale,
    onEvent: (event) => event.type === "step" && tell({ pilotfish: "step", step: event.step }),
  };
}

function show(container: HTMLElement, state: PreviewState): void {
  document.documentElement.dataset.mode = state.theme.mode ?? "auto";
  try {
    if (preview && shown === state.kind) {
      preview.update(options(state));
    } else {
      preview?.destroy();
      preview = mountPreview(container, options(state));
      shown = state.kind;
    }
  } catch (error) {
    tell({ pilotfish: "failed", text: error instanceof Error ? error.message : "unknown" });
  }
}

window.addEventListener("message", (event) => {
  if (event.source === window.parent && stage && isToFrame(event.data)) {
    show(stage, event.data.state);
  }
});
const sheet = new CSSStyleSheet();
sheet.replaceSync(look);
document.adoptedStyleSheets.push(sheet);
tell({ pilotfish: "ready" });
