/** What is known of somebody. Personal values are asked for, and the asking is recorded. */
import { Alert, Card, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { explain } from "../api/problem";
import { Masked, RevealPersonal, Shield } from "../personal/Personal";
import classes from "./People.module.css";
import { type Attributes, reveal } from "./people";

type Props = { attributes: Attributes; personal: string[]; person?: string };

export function AttributesCard({ attributes, personal, person }: Props) {
  const look = useMutation({ mutationFn: reveal });
  const opened = look.data?.attributes;
  const plain = Object.keys(attributes).filter((name) => !personal.includes(name));
  return (
    <Card component="section" aria-label="Attributes">
      <Title order={2} mb="sm">
        Attributes
      </Title>
      {personal.length + plain.length === 0 && <Text c="dimmed">None were sent yet.</Text>}
      <dl className={classes.attributes}>
        {personal.map((name) => (
          <Row key={name} name={name} personal>
            {opened ? shown(opened[name]) : <Masked />}
          </Row>
        ))}
        {plain.map((name) => (
          <Row key={name} name={name}>
            {shown(attributes[name])}
          </Row>
        ))}
      </dl>
      {person && personal.length > 0 && !opened && (
        <RevealPersonal what="them" onReveal={() => look.mutate(person)} loading={look.isPending} />
      )}
      {opened && (
        <Text size="xs" c="dimmed">
          That you looked is recorded.
        </Text>
      )}
      {look.isError && (
        <Alert color="coral" mt="sm" role="alert">
          {explain(look.error)} Nothing was opened.
        </Alert>
      )}
    </Card>
  );
}

function Row({ name, personal = false, children }: { name: string; personal?: boolean; children: React.ReactNode }) {
  return (
    <>
      <dt>
        {personal && <Shield />}
        {name}
      </dt>
      <dd>{children}</dd>
    </>
  );
}

export function shown(value: unknown): string {
  if (value === null || value === undefined || value === "") {
    return "–";
  }
  if (typeof value === "boolean") {
    return value ? "yes" : "no";
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
