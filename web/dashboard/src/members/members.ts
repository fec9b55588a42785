/** Who works here, and who is invited. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type Schema, take } from "../api/client";

export type Member = Schema["Member"];
export type Invitation = Schema["Invitation"];

export const membersQuery = queryOptions({
  queryKey: ["members"],
  queryFn: () => take(api.GET("/api/v1/members")),
});

export const invitationsQuery = queryOptions({
  queryKey: ["invitations"],
  queryFn: () => take(api.GET("/api/v1/invitations")),
});

export type Change = "suspend" | "resume" | "ownership" | "remove";

/** Does one of these to a member; the list is asked for anew whatever came of it. */
export function useChangeMember(onDone: (member: Member, change: Change) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ member, change }: { member: Member; change: Change }): Promise<void> => {
      const params = { params: { path: { id: member.id } } };
      switch (change) {
        case "remove":
          return take(api.DELETE("/api/v1/members/{id}", params));
        case "suspend":
          return void (await take(api.POST("/api/v1/members/{id}/suspend", params)));
        case "resume":
          return void (await take(api.POST("/api/v1/members/{id}/resume", params)));
        case "ownership":
          return void (await take(api.POST("/api/v1/members/{id}/ownership", params)));
      }
    },
    onSuccess: (_nothing, { member, change }) => onDone(member, change),
    onSettled: () => client.invalidateQueries({ queryKey: membersQuery.queryKey }),
  });
}
