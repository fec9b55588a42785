/**
 * The dashboard's wire, in the shape that openapi-typescript writes, so that the generated file can take its place.
 * Times are RFC 3339 UTC. Lists carry an opaque `next_cursor`.
 */
type Json<T> = { headers: { [name: string]: unknown }; content: { "application/json": T } };
type Nothing = { headers: { [name: string]: unknown }; content?: never };
type Fails = {
  headers: { [name: string]: unknown };
  content: { "application/problem+json": components["schemas"]["Problem"] };
};
type Body<T> = { content: { "application/json": T } };
type Path<T> = { path: T; query?: never; header?: never; cookie?: never };
type Query<T> = { query?: T; path?: never; header?: never; cookie?: never };
type None = { query?: never; path?: never; header?: never; cookie?: never };
type S = components["schemas"];
type Id = { id: string };

type ContentCollection<C, D> = {
  get: {
    parameters: None;
    requestBody?: never;
    responses: { 200: Json<{ data: C[]; next_cursor: string | null }>; default: Fails };
  };
  post: {
    parameters: None;
    requestBody: Body<{ name: string; definition: D }>;
    responses: { 201: Json<C>; default: Fails };
  };
};
type ContentItem<C, D> = {
  get: { parameters: Path<Id>; requestBody?: never; responses: { 200: Json<C>; default: Fails } };
  put: {
    parameters: Path<Id>;
    requestBody: Body<{ name: string; definition: D }>;
    responses: { 200: Json<C>; default: Fails };
  };
  delete: { parameters: Path<Id>; requestBody?: never; responses: { 204: Nothing; default: Fails } };
};
type ContentAction<C> = {
  post: { parameters: Path<Id>; requestBody?: never; responses: { 200: Json<C>; default: Fails } };
};

export interface paths {
  "/api/v1/setup": {
    get: { parameters: None; requestBody?: never; responses: { 200: Json<{ needed: boolean }>; default: Fails } };
    post: { parameters: None; requestBody: Body<S["Setup"]>; responses: { 201: Nothing; default: Fails } };
  };
  "/api/v1/sessions": {
    post: {
      parameters: None;
      requestBody: Body<{ email: string; password: string }>;
      responses: { 201: Nothing; default: Fails };
    };
  };
  "/api/v1/sessions/current": {
    delete: { parameters: None; requestBody?: never; responses: { 204: Nothing; default: Fails } };
  };
  "/api/v1/me": { get: { parameters: None; requestBody?: never; responses: { 200: Json<S["Me"]>; default: Fails } } };
  "/api/v1/installation": {
    get: { parameters: None; requestBody?: never; responses: { 200: Json<S["Installation"]>; default: Fails } };
  };
  /** The secret that signs identity tokens. Looking is recorded. */
  "/api/v1/installation/identity-secret/reveal": {
    post: {
      parameters: None;
      requestBody?: never;
      responses: { 200: Json<{ identity_secret: string }>; default: Fails };
    };
  };
  "/api/v1/events/counts": {
    get: {
      parameters: Query<{ from?: string; to?: string }>;
      requestBody?: never;
      responses: { 200: Json<{ data: S["EventCount"][] }>; default: Fails };
    };
  };
  "/api/v1/surveys": ContentCollection<S["Survey"], S["SurveyDefinition"]>;
  "/api/v1/surveys/{id}": ContentItem<S["Survey"], S["SurveyDefinition"]>;
  "/api/v1/surveys/{id}/publish": ContentAction<S["Survey"]>;
  "/api/v1/surveys/{id}/pause": ContentAction<S["Survey"]>;
  "/api/v1/surveys/{id}/restore": ContentAction<S["Survey"]>;
  "/api/v1/surveys/{id}/results": {
    get: { parameters: Path<Id>; requestBody?: never; responses: { 200: Json<S["SurveyResults"]>; default: Fails } };
  };
  /** The same results with the free texts in clear. Looking is recorded. */
  "/api/v1/surveys/{id}/results/reveal": {
    post: { parameters: Path<Id>; requestBody?: never; responses: { 200: Json<S["SurveyResults"]>; default: Fails } };
  };
  "/api/v1/flows": ContentCollection<S["Flow"], S["FlowDefinition"]>;
  "/api/v1/flows/{id}": ContentItem<S["Flow"], S["FlowDefinition"]>;
  "/api/v1/flows/{id}/publish": ContentAction<S["Flow"]>;
  "/api/v1/flows/{id}/pause": ContentAction<S["Flow"]>;
  "/api/v1/flows/{id}/restore": ContentAction<S["Flow"]>;
  "/api/v1/flows/{id}/results": {
    get: { parameters: Path<Id>; requestBody?: never; responses: { 200: Json<S["FlowResults"]>; default: Fails } };
  };
  "/api/v1/people": {
    get: {
      parameters: Query<{ cursor?: string; limit?: number; q?: string; company?: string }>;
      requestBody?: never;
      responses: { 200: Json<{ data: S["Person"][]; next_cursor: string | null }>; default: Fails };
    };
  };
  "/api/v1/people/search": {
    post: {
      parameters: None;
      requestBody: Body<{ email: string }>;
      responses: { 200: Json<{ data: S["Person"][]; next_cursor: string | null }>; default: Fails };
    };
  };
  "/api/v1/people/{external_id}": {
    get: {
      parameters: Path<{ external_id: string }>;
      requestBody?: never;
      responses: { 200: Json<S["Person"]>; default: Fails };
    };
  };
  "/api/v1/people/{external_id}/reveal": {
    post: {
      parameters: Path<{ external_id: string }>;
      requestBody?: never;
      responses: { 200: Json<{ attributes: S["Attributes"] }>; default: Fails };
    };
  };
  "/api/v1/people/{external_id}/events": {
    get: {
      parameters: {
        path: { external_id: string };
        query?: { cursor?: string; limit?: number };
        header?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: { 200: Json<{ data: S["Event"][]; next_cursor: string | null }>; default: Fails };
    };
  };
  "/api/v1/people/{external_id}/content/{id}/why": {
    get: {
      parameters: Path<{ external_id: string; id: string }>;
      requestBody?: never;
      responses: { 200: Json<S["Why"]>; default: Fails };
    };
  };
  "/api/v1/companies": {
    get: {
      parameters: Query<{ cursor?: string; limit?: number; q?: string }>;
      requestBody?: never;
      responses: { 200: Json<{ data: S["Company"][]; next_cursor: string | null }>; default: Fails };
    };
  };
  "/api/v1/companies/{external_id}": {
    get: {
      parameters: Path<{ external_id: string }>;
      requestBody?: never;
      responses: { 200: Json<S["Company"]>; default: Fails };
    };
  };
  "/api/v1/demo/disk-search": {
    post: {
      parameters: None;
      requestBody: Body<{ text: string }>;
      responses: { 200: Json<S["DiskSearch"]>; default: Fails };
    };
  };
}

export interface components {
  schemas: {
    Problem: {
      type: string;
      title: string;
      status: number;
      code: string;
      detail?: string;
      errors?: { pointer: string; detail: string }[];
      request_id?: string;
    };
    Setup: { token: string; email: string; password: string; organisation: string; name: string };
    Me: {
      member: { id: string; email: string; name: string; role: string };
      organisation: { id: string; name: string };
      apps: { id: string; name: string; environments: S["Environment"][] }[];
      edge_url: string;
      api_url: string;
      demo: boolean;
      /** Where the demo's page is, in demo mode only. */
      demo_site_url?: string;
    };
    Environment: { id: string; name: string; browser_key: string; identity_required: boolean };
    Installation: {
      tag: string;
      integrity: string;
      sdk_url: string;
      first_seen_at: string | null;
      last_seen_at: string | null;
      origins: string[];
    };
    EventCount: { event: string; day: string; count: number };
    Value: unknown;
    Attributes: { [name: string]: S["Value"] };

    Operator:
      | "is"
      | "is_not"
      | "contains"
      | "not_contains"
      | "starts_with"
      | "ends_with"
      | "matches"
      | "gt"
      | "gte"
      | "lt"
      | "lte"
      | "between"
      | "is_set"
      | "is_not_set"
      | "in"
      | "not_in"
      | "before"
      | "after";
    Filter: { field: string; op: S["Operator"]; value?: S["Value"] };
    Did: {
      event: string;
      filters?: S["Filter"][];
      count?: { op: "gte" | "gt" | "lte" | "lt" | "is"; value: number };
      within?: string;
    };
    Rule: { all: S["Rule"][] } | { any: S["Rule"][] } | { not: S["Rule"] } | S["Filter"] | S["Did"];

    Trigger: { kind: "page"; where: S["Rule"] | null } | { kind: "event"; event: string } | { kind: "manual" };
    Frequency: { kind: "once" } | { kind: "recontact"; days: number } | { kind: "always" };
    Theme: { accent?: string; background?: string; text?: string; radius?: number; mode?: "light" | "dark" | "auto" };
    Common: {
      audience: S["Rule"] | null;
      trigger: S["Trigger"];
      frequency: S["Frequency"];
      theme: S["Theme"] | null;
    };
    Choice: { id: string; text: string };
    Question:
      | { id: string; kind: "nps"; text: string; required: boolean; low?: string; high?: string }
      | { id: string; kind: "single_choice"; text: string; required: boolean; choices: S["Choice"][] }
      | { id: string; kind: "multiple_choice"; text: string; required: boolean; choices: S["Choice"][] }
      | { id: string; kind: "open_text"; text: string; required: boolean; placeholder?: string };
    SurveyDefinition: S["Common"] & {
      questions: S["Question"][];
      closing: { title: string; body: string } | null;
      position: "bottom_right" | "bottom_left" | "center";
    };
    Button: { text: string; action: "next" | "dismiss" | "back" } | { text: string; action: "link"; url: string };
    StepCommon: { id: string; title: string; body: string; where: S["Rule"] | null; buttons: S["Button"][] };
    Step:
      | (S["StepCommon"] & { kind: "modal" })
      | (S["StepCommon"] & {
          kind: "tooltip";
          target: { selector: string };
          placement: "top" | "bottom" | "left" | "right" | "auto";
          advance: "button" | "target_click";
        });
    FlowDefinition: S["Common"] & { steps: S["Step"][] };
    ContentStatus: "draft" | "live" | "paused";
    ContentBase: {
      id: string;
      name: string;
      status: S["ContentStatus"];
      has_changes: boolean;
      created_at: string;
      updated_at: string;
      /** People who were shown it and who completed it; given in lists. */
      figures?: { shown: number; completed: number };
    };
    Survey: S["ContentBase"] & {
      kind: "survey";
      draft: S["SurveyDefinition"];
      published: { version: number; at: string; definition: S["SurveyDefinition"] } | null;
    };
    Flow: S["ContentBase"] & {
      kind: "flow";
      draft: S["FlowDefinition"];
      published: { version: number; at: string; definition: S["FlowDefinition"] } | null;
    };

    Nps: { score: number; promoters: number; passives: number; detractors: number };
    QuestionResults: {
      id: string;
      kind: S["Question"]["kind"];
      text: string;
      count: number;
      nps?: S["Nps"];
      distribution: { value: string | number; label: string; count: number }[];
      texts?: { text: string; at: string; person: string | null }[];
    };
    Answer: {
      id?: string;
      at: string;
      person: string | null;
      complete?: boolean;
      answers: { [question: string]: S["Value"] };
    };
    SurveyResults: {
      shown: number;
      started: number;
      completed: number;
      dismissed: number;
      questions: S["QuestionResults"][];
      answers: S["Answer"][];
    };
    FlowResults: {
      shown: number;
      completed: number;
      dismissed: number;
      steps: { id: string; title: string; reached: number }[];
    };

    Person: {
      id: string;
      external_id: string | null;
      attributes: S["Attributes"];
      /** Names of attributes that are personal: their values come only from `reveal`. */
      personal: string[];
      first_seen_at: string;
      last_seen_at: string;
      /** The company's own id, as the customer sent it. */
      company?: string | null;
    };
    Company: {
      id: string;
      external_id: string;
      attributes: S["Attributes"];
      personal?: string[];
      first_seen_at: string;
      last_seen_at: string;
      people?: number;
    };
    Event: {
      id: string;
      type: string;
      event: string | null;
      time: string;
      properties: S["Attributes"];
      personal?: string[];
    };
    TraceNode:
      | { kind: "content" | "audience" | "all" | "any" | "not" }
      | { kind: "status"; status: string }
      | {
          kind: "frequency";
          frequency: S["Frequency"];
          shown_at?: string;
          completed_at?: string;
          dismissed_at?: string;
          last_survey_shown_at?: string;
        }
      | { kind: "trigger"; on: "page" | "event" | "manual"; event?: string }
      | {
          kind: "filter";
          field: string;
          op: S["Operator"];
          /** What it is compared with; absent if the fact is or may be personal. */
          expected?: S["Value"];
          fact: "missing" | "unknown" | "value" | "personal";
          actual?: S["Value"];
        }
      | {
          kind: "event";
          event: string;
          filters?: S["Filter"][];
          count: { op: string; value: number };
          within?: string;
          actual?: number;
        };
    /** The evaluation, written down: each node of the rule with its outcome. */
    Trace: S["TraceNode"] & { outcome: "true" | "false" | "unknown"; decided?: "browser"; parts?: S["Trace"][] };
    Why: {
      shown: boolean;
      /** `eligible, in_browser, draft, paused, frequency, recontact, audience, audience_unknown, trigger` */
      reason: string;
      trace: S["Trace"] | null;
    };
    DiskSearch: {
      files: number;
      bytes: number;
      found: number;
      control: { file: string; found: number };
      opened: { field: string; value: string } | null;
      took_ms: number;
    };
  };
}
