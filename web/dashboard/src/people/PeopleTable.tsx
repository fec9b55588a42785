import { Table, Text } from "@mantine/core";
import { idOf } from "../companies/companies";
import { LinkAnchor, PLACE } from "../frame/links";
import { Masked, Shield } from "../personal/Personal";
import { Time } from "../time/Time";
import classes from "./People.module.css";
import type { Person } from "./people";

export function PeopleTable({ people, company = true }: { people: Person[]; company?: boolean }) {
  return (
    <Table highlightOnHover className={classes.table}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Id</Table.Th>
          <Table.Th>Attributes</Table.Th>
          {company && <Table.Th className={classes.wide}>Company</Table.Th>}
          <Table.Th className={classes.nowrap}>Last seen</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {people.map((person) => (
          <Table.Tr key={person.id}>
            <Table.Td className={classes.nowrap}>
              <PersonLink id={person.external_id} to={person.id} />
            </Table.Td>
            <Table.Td>
              <Summary person={person} />
            </Table.Td>
            {company && (
              <Table.Td className={classes.wide}>
                {person.company && (
                  <LinkAnchor from={PLACE} to="./companies/$id" params={{ id: person.company.id }} c="inherit">
                    {idOf(person.company)}
                  </LinkAnchor>
                )}
              </Table.Td>
            )}
            <Table.Td className={classes.nowrap}>
              <Text span c="dimmed">
                <Time at={person.last_seen_at} />
              </Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/**
 * Somebody by the id that the customer gave them; whoever has none has not been identified. The page's own address has
 * Pilotfish's id (`to`): the customer's ids stay out of the browser's history.
 */
export function PersonLink({ id, to }: { id: string | null; to: string | null }) {
  const name = id === null || id === to ? "anonymous" : id;
  return to === null ? (
    <Text span c="dimmed">
      {name}
    </Text>
  ) : (
    <LinkAnchor from={PLACE} to="./people/$id" params={{ id: to }} fw={550}>
      {name}
    </LinkAnchor>
  );
}

const SHOWN = 3;

function Summary({ person }: { person: Person }) {
  const personal = person.personal[0];
  const plain = Object.entries(person.attributes).filter(
    ([name, value]) => !person.personal.includes(name) && value !== null && typeof value !== "object",
  );
  return (
    <span className={classes.summary}>
      {personal && (
        <span className={classes.pair}>
          <Shield /> {personal} <Masked />
        </span>
      )}
      {plain.slice(0, SHOWN).map(([name, value]) => (
        <span key={name} className={classes.pair}>
          <span className={classes.key}>{name}</span> {String(value)}
        </span>
      ))}
    </span>
  );
}
