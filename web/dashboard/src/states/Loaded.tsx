/** One way from a query to a screen: skeleton (only when late), error with a way on, or the data. */
import { Alert, Anchor } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { clock } from "../time/format";
import { ErrorState } from "./ErrorState";
import { Loading, type Skeletons } from "./Loading";

type Props<T> = { query: UseQueryResult<T>; skeleton?: Skeletons; children: (data: T) => ReactNode };

export function Loaded<T>({ query, skeleton = "rows", children }: Props<T>) {
  if (query.data === undefined) {
    return query.isError ? (
      <ErrorState error={query.error} retry={() => void query.refetch()} retrying={query.isFetching} />
    ) : (
      <Loading shape={skeleton} />
    );
  }
  return (
    <>
      {query.isError && (
        <Alert color="amber" mb="md" role="status">
          Could not refresh: what you see is from {clock(new Date(query.dataUpdatedAt))}.{" "}
          <Anchor component="button" type="button" onClick={() => void query.refetch()}>
            Try again
          </Anchor>
        </Alert>
      )}
      {children(query.data)}
    </>
  );
}
