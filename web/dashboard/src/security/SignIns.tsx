/** Sign-ins and attempts, newest first: one's own, or the organisation's with who it was. */
import { Badge, Button, Table, Text } from "@mantine/core";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { Schema } from "../api/client";
import { Loaded } from "../states/Loaded";
import { Time } from "../time/Time";
import classes from "./SignIns.module.css";

type SignIn = Schema["SignIn"];
type Pages = InfiniteData<{ data: SignIn[]; next_cursor: string | null }>;

export function SignIns({ query, members = false }: { query: UseInfiniteQueryResult<Pages>; members?: boolean }) {
  return (
    <Loaded query={query}>
      {({ pages }) => {
        const all = pages.flatMap((page) => page.data);
        return all.length === 0 ? (
          <Text c="dimmed">Nobody has tried to sign in yet.</Text>
        ) : (
          <>
            <SignInsTable signIns={all} members={members} />
            {query.hasNextPage && (
              <Button
                variant="default"
                mt="md"
                onClick={() => void query.fetchNextPage()}
                loading={query.isFetchingNextPage}
              >
                Show earlier
              </Button>
            )}
          </>
        );
      }}
    </Loaded>
  );
}

function SignInsTable({ signIns, members }: { signIns: SignIn[]; members: boolean }) {
  return (
    <Table className={classes.table}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>When</Table.Th>
          {members && <Table.Th>Who</Table.Th>}
          <Table.Th>What</Table.Th>
          <Table.Th className={classes.wide}>Device</Table.Th>
          <Table.Th className={classes.wide}>Network</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {signIns.map((one) => (
          <Table.Tr key={one.id}>
            <Table.Td className={classes.nowrap}>
              <Time at={one.at} />
            </Table.Td>
            {members && <Table.Td>{one.member?.name ?? <Text c="dimmed">nobody here</Text>}</Table.Td>}
            <Table.Td>
              <span className={one.outcome === "right" ? undefined : classes.bad}>
                {WORDS[one.outcome][one.method]}
              </span>
              <span className={classes.small}>
                {one.device}
                {!one.known_device && ", new device"}, network {one.network}
              </span>
            </Table.Td>
            <Table.Td className={classes.wide}>
              {one.device} {!one.known_device && <Badge color="amber">new device</Badge>}
            </Table.Td>
            <Table.Td className={classes.wide}>
              <span className={classes.network}>{one.network}</span>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

const WORDS: Record<SignIn["outcome"], Record<SignIn["method"], string>> = {
  right: {
    password: "Right password",
    passkey: "Passkey",
    totp: "Right code",
    recovery_code: "Recovery code used",
    identity_provider: "Identity provider",
  },
  wrong: {
    password: "Wrong password",
    passkey: "Passkey refused",
    totp: "Wrong code",
    recovery_code: "Wrong recovery code",
    identity_provider: "Not accepted from an identity provider",
  },
};
