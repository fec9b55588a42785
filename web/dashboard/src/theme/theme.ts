/** Mantine, told about our colours, type and habits. Everything else is in `global.css`. */
import {
  Anchor,
  Badge,
  Button,
  Card,
  type CSSVariablesResolver,
  createTheme,
  Menu,
  Modal,
  Notification,
  Table,
  Tooltip,
} from "@mantine/core";
import { setNonce } from "get-nonce";
import { amber, coral, dark, gray, kelp, ROLES, sea } from "./palette";

export const theme = createTheme({
  colors: { sea, coral, kelp, amber, gray, dark },
  primaryColor: "sea",
  primaryShade: { light: 6, dark: 6 },
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
  fontSizes: { xs: "12px", sm: "14px", md: "14px", lg: "16px", xl: "20px" },
  lineHeights: { xs: "1.4", sm: "1.5", md: "1.5", lg: "1.5", xl: "1.4" },
  defaultRadius: 8,
  headings: {
    fontWeight: "640",
    sizes: {
      h1: { fontSize: "22px", lineHeight: "1.3", fontWeight: "660" },
      h2: { fontSize: "16px", lineHeight: "1.4" },
      h3: { fontSize: "14px", lineHeight: "1.5" },
    },
  },
  respectReducedMotion: true,
  cursorType: "pointer",
  components: {
    Anchor: Anchor.extend({ defaultProps: { underline: "hover" } }),
    Badge: Badge.extend({ defaultProps: { variant: "light", radius: 6 }, styles: { root: { textTransform: "none" } } }),
    Button: Button.extend({ defaultProps: { size: "sm" } }),
    Card: Card.extend({ defaultProps: { withBorder: true, padding: "lg", radius: 10 } }),
    Menu: Menu.extend({ defaultProps: { shadow: "md", transitionProps: { duration: 120 } } }),
    Modal: Modal.extend({ defaultProps: { centered: true, transitionProps: { duration: 150 }, radius: 12 } }),
    Notification: Notification.extend({ defaultProps: { closeButtonProps: { "aria-label": "Dismiss" } } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: "sm", horizontalSpacing: "md" } }),
    Tooltip: Tooltip.extend({
      defaultProps: { events: { hover: true, focus: true, touch: true }, transitionProps: { duration: 120 } },
    }),
  },
});

/** Grounds, text and lines of both schemes, from the palette's roles. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...common(ROLES.light),
    "--mantine-color-error": coral[7],
    "--mantine-color-placeholder": gray[6],
    "--mantine-color-default-border": gray[3],
  },
  dark: {
    ...common(ROLES.dark),
    "--mantine-color-error": coral[3],
    "--mantine-color-placeholder": "#8B9DAB",
    "--mantine-color-default": ROLES.dark.surface,
    "--mantine-color-default-hover": dark[6],
    "--mantine-color-default-border": dark[4],
  },
});

function common(role: (typeof ROLES)[keyof typeof ROLES]): Record<string, string> {
  return {
    "--mantine-color-body": role.ground,
    "--mantine-color-text": role.text,
    "--mantine-color-dimmed": role.quiet,
    "--mantine-color-anchor": role.link,
  };
}

/** The nonce of this response: the server writes it into the page that it sends. */
export function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";
}

/** Style elements that libraries add while a dialogue is open carry the nonce too. */
export function nonceEverywhere(): void {
  setNonce(styleNonce());
}
