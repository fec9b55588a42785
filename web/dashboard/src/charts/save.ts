/** Saving what a chart shows: its table as CSV, its drawing as PNG. All in the browser, nothing is sent anywhere. */
import { type Table, toCsv } from "./csv";

export function saveCsv(name: string, table: Table): void {
  // The byte order mark tells spreadsheets that this is UTF-8.
  save(`${name}.csv`, new Blob(["\uFEFF", toCsv(table)], { type: "text/csv;charset=utf-8" }));
}

const STYLES = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "font-size",
  "font-weight",
  "opacity",
  "text-anchor",
];
const SCALE = 2;

export async function savePng(name: string, svg: SVGSVGElement): Promise<void> {
  const { width, height } = svg.getBoundingClientRect();
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(svg, width, height))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = width * SCALE;
  canvas.height = height * SCALE;
  const context = canvas.getContext("2d");
  if (!context) {
    return;
  }
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--pf-surface");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => blob && save(`${name}.png`, blob), "image/png");
}

/** A copy of the drawing that needs no style sheet: computed styles become attributes. */
function standalone(svg: SVGSVGElement, width: number, height: number): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = svg.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((element, index) => {
    const original = originals[index];
    if (original) {
      const computed = getComputedStyle(original);
      for (const style of STYLES) {
        element.setAttribute(style, computed.getPropertyValue(style));
      }
      element.setAttribute("font-family", "system-ui, sans-serif");
      element.removeAttribute("style");
    }
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  return new XMLSerializer().serializeToString(copy);
}

/** Hands a file to the browser's downloads. */
export function save(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
