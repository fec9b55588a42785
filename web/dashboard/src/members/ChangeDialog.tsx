/** Asks once before somebody is suspended, let back, removed, or made the owner. */
import { Confirm } from "../states/Confirm";
import { type Change, type Member, useChangeMember } from "./members";

type Asked = { member: Member; change: Change };
type Props = {
  asked: Asked | undefined;
  onDone: (member: Member, change: Change) => void;
  onClose: () => void;
};

export function ChangeDialog({ asked, onDone, onClose }: Props) {
  const go = useChangeMember(onDone);
  const words = asked && WORDS[asked.change];
  const name = asked?.member.name ?? "";
  return (
    <Confirm
      opened={asked !== undefined}
      title={words?.title(name) ?? ""}
      action={words?.action(name) ?? ""}
      danger={asked?.change !== "resume"}
      error={go.error}
      busy={go.isPending}
      onConfirm={() => asked && go.mutate(asked)}
      onClose={() => {
        go.reset();
        onClose();
      }}
    >
      {words?.text}
    </Confirm>
  );
}

type Words = { title: (name: string) => string; action: (name: string) => string; text: string };

const WORDS: Record<Change, Words> = {
  suspend: {
    title: (name) => `Suspend ${name}?`,
    action: (name) => `Suspend ${name}`,
    text: "They are signed out of this organisation at once and cannot sign in here until you let them. Nothing is lost.",
  },
  resume: {
    title: (name) => `Let ${name} work here again?`,
    action: (name) => `Let ${name} work`,
    text: "They can sign in here again, with the role that they had.",
  },
  remove: {
    title: (name) => `Remove ${name}?`,
    action: (name) => `Remove ${name}`,
    text: "They are signed out at once and are no member any more. Whoever works nowhere else is forgotten. What they made stays.",
  },
  ownership: {
    title: (name) => `Hand the organisation over to ${name}?`,
    action: (name) => `Make ${name} the owner`,
    text: "They become an owner, and you an admin: only they can then take it back. Your other sessions and theirs end.",
  },
};
