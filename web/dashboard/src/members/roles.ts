/** The roles, as people call them, and who may do what with members. */
import type { Schema } from "../api/client";

export type Role = Schema["Role"];

export const ROLES: Record<Role, { label: string; may: string }> = {
  owner: { label: "Owner", may: "Everything, and hands the organisation over" },
  admin: { label: "Admin", may: "Members, environments, keys and all content" },
  publisher: { label: "Publisher", may: "Writes content and publishes it" },
  editor: { label: "Editor", may: "Writes content; others publish it" },
  analyst: { label: "Analyst", may: "Asks questions of the events and keeps them" },
  viewer: { label: "Viewer", may: "Looks, and changes nothing" },
  privacy_officer: { label: "Privacy officer", may: "Sees to personal data, and sees who works here" },
};

const READERS: Role[] = ["owner", "admin", "privacy_officer"];
const MANAGERS: Role[] = ["owner", "admin"];

export const mayReadMembers = (role: Role) => READERS.includes(role);
export const mayManageMembers = (role: Role) => MANAGERS.includes(role);

/** Only owners make and change owners. */
export const mayChange = (mine: Role, theirs: Role) => mine === "owner" || (mine === "admin" && theirs !== "owner");

/** The roles that somebody of this role may give. */
export const mayGive = (mine: Role) => (Object.keys(ROLES) as Role[]).filter((role) => mayChange(mine, role));
