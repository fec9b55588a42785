/** Installation: the tag with its hash, the policy, who is who, and existing Segment clients. */
import { Card, Tabs, Text, Title } from "@mantine/core";
import { queryOptions, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ZoneSetting } from "../analytics/ZoneSetting";
import { api, type Schema, take } from "../api/client";
import { usePlace } from "../frame/place";
import { SettingsFrame } from "../frame/SettingsFrame";
import { Loaded } from "../states/Loaded";
import { CodeBlock } from "./CodeBlock";
import { Heard } from "./Heard";
import { IdentitySecret } from "./IdentitySecret";
import classes from "./Installation.module.css";
import { ServerKey } from "./ServerKey";
import { CALLS, IDENTITY_TOKENS, type Language, originOf, policySnippet, segmentSnippets } from "./snippets";

const LISTENING_MS = 2_000;
const HEARD_MS = 10_000;

const installationQuery = (environment: string) =>
  queryOptions({
    queryKey: [environment, "installation"],
    queryFn: () => take(api.GET("/api/v1/installation")),
    refetchInterval: (query) => (query.state.data?.last_seen_at ? HEARD_MS : LISTENING_MS),
  });

export function InstallationPage() {
  const { app, environment } = usePlace();
  const installation = useQuery(installationQuery(environment.id));
  return (
    <SettingsFrame title="Installation" sentence={`Put Pilotfish into ${app.name}, ${environment.name}.`}>
      <Loaded query={installation} skeleton="cards">
        {(data) => <Sections installation={data} />}
      </Loaded>
    </SettingsFrame>
  );
}

function Sections({ installation }: { installation: Schema["Installation"] }) {
  const { me, environment } = usePlace();
  const install = { key: environment.browser_key, edge: originOf(me.edge_url) };
  return (
    <div className={classes.sections}>
      <Heard installation={installation} />
      <Section
        title="1. The tag"
        text="Into the head of every page. The hash makes the browser refuse anything but exactly these bytes."
      >
        <CodeBlock label="the tag" code={installation.tag} />
        <Text mt="md" mb="xs">
          Then say who is there, before or after the tag: calls wait until it is loaded. A page without{" "}
          <code>identify</code> counts as anonymous.
        </Text>
        <CodeBlock label="the calls" code={CALLS} />
      </Section>
      <Section
        title="2. Content security policy"
        text="If your page has one, these sources are all that it must allow; give the tag the page’s nonce, too. A page that requires Trusted Types also allows trusted-types pilotfish."
      >
        <CodeBlock label="the policy" code={policySnippet(install.edge)} />
      </Section>
      <Section
        title="3. Identity"
        text={
          environment.identity_required
            ? "The key in the page is public, so your server vouches for who somebody is: a token signed with this environment’s identity secret. Here, an identify without a valid token is refused, and so is what a page says of a company that the token’s company_id does not name (one id or a list)."
            : "The key in the page is public, so your server should vouch for who somebody is. This environment takes unsigned identities too; production does not."
        }
      >
        <Languages label="the token" languages={IDENTITY_TOKENS} />
        <div className={classes.secret}>
          <IdentitySecret key={environment.id} />
        </div>
      </Section>
      <Section
        title="4. Segment clients"
        text="Existing instrumentation works unchanged: point the client at this server. Servers use the server key, never the public one."
      >
        <Languages label="the client" languages={segmentSnippets(install)} />
        <div className={classes.secret}>
          <ServerKey key={environment.id} />
        </div>
      </Section>
      <ZoneSetting />
    </div>
  );
}

function Section({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <Card component="section" aria-label={title}>
      <Title order={2}>{title}</Title>
      <Text c="dimmed" mb="sm">
        {text}
      </Text>
      {children}
    </Card>
  );
}

function Languages({ label, languages }: { label: string; languages: Language[] }) {
  return (
    <Tabs defaultValue={languages[0]?.value ?? null}>
      <Tabs.List mb="sm" aria-label={`Language of ${label}`}>
        {languages.map(({ value, label: name }) => (
          <Tabs.Tab key={value} value={value}>
            {name}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {languages.map(({ value, label: name, code }) => (
        <Tabs.Panel key={value} value={value}>
          <CodeBlock label={`${label} for ${name}`} code={code} />
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
