/** Links that look like Mantine's and are typed by the router. */
import { Anchor, type AnchorProps, Button, type ButtonProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, Ref } from "react";

/** Every screen of an environment lives under this path. */
export const PLACE = "/app/$app/$environment";

type Own<P> = P & { ref?: Ref<HTMLAnchorElement> } & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof P>;

const PlainAnchor = (props: Own<AnchorProps>) => <Anchor {...props} />;
const PlainButton = (props: Own<ButtonProps>) => <Button component="a" {...props} />;

export const LinkAnchor = createLink(PlainAnchor);
export const LinkButton = createLink(PlainButton);
