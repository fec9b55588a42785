/** Who may keep questions for the team: whoever may ask them of the API with more than a look. */
import type { Schema } from "../api/client";

const EDITORS: Schema["Role"][] = ["owner", "admin", "publisher", "editor", "analyst"];

export const mayEdit = (role: Schema["Role"]) => EDITORS.includes(role);
