/** A list in an order: by drag, with the arrow keys on the handle, and by *Move up* and *Move down* of each item. */
import { closestCenter, DndContext, type DragEndEvent, PointerSensor, useSensor, useSensors } from "@dnd-kit/core";
import { arrayMove, SortableContext, useSortable, verticalListSortingStrategy } from "@dnd-kit/sortable";
import { CSS } from "@dnd-kit/utilities";
import { ActionIcon, VisuallyHidden } from "@mantine/core";
import { IconGripVertical } from "@tabler/icons-react";
import { type KeyboardEvent, type ReactNode, useState } from "react";
import { flushSync } from "react-dom";
import { useFocusAfterRemoval } from "../frame/focus";
import classes from "./SortableList.module.css";

type Props<T> = {
  label: string;
  items: T[];
  onReorder: (items: T[]) => void;
  nameOf: (item: T, index: number) => string;
  /** Also given: what to call when the item is being taken out, so that the focus goes to the next. */
  children: (item: T, index: number, handle: ReactNode, removing: () => void) => ReactNode;
};

const INSTRUCTIONS = { draggable: "Press the up or down arrow key to move it." };
const STEPS: Record<string, number> = { ArrowUp: -1, ArrowDown: 1 };

export function SortableList<T extends { id: string }>({ label, items, onReorder, nameOf, children }: Props<T>) {
  const [said, setSaid] = useState("");
  const removing = useFocusAfterRemoval(items.map(({ id }) => id));
  const sensors = useSensors(useSensor(PointerSensor, { activationConstraint: { distance: 4 } }));
  const dropped = ({ active, over }: DragEndEvent) => {
    const from = items.findIndex((item) => item.id === active.id);
    const to = items.findIndex((item) => item.id === over?.id);
    if (from >= 0 && to >= 0 && from !== to) {
      onReorder(arrayMove(items, from, to));
    }
  };
  const step = (index: number, by: number) => {
    const next = moved(items, index, by);
    if (next !== items) {
      onReorder(next);
      setSaid(`Now number ${index + by + 1} of ${items.length}.`);
    }
  };
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      onDragEnd={dropped}
      accessibility={{ screenReaderInstructions: INSTRUCTIONS }}
    >
      <SortableContext items={items} strategy={verticalListSortingStrategy}>
        <ol className={classes.list} aria-label={label}>
          {items.map((item, index) => (
            <Row
              key={item.id}
              id={item.id}
              name={nameOf(item, index)}
              movable={items.length > 1}
              onStep={(by) => step(index, by)}
            >
              {(handle) => children(item, index, handle, () => removing(item.id))}
            </Row>
          ))}
        </ol>
      </SortableContext>
      <VisuallyHidden role="status">{said}</VisuallyHidden>
    </DndContext>
  );
}

type RowProps = {
  id: string;
  name: string;
  movable: boolean;
  onStep: (by: number) => void;
  children: (handle: ReactNode) => ReactNode;
};

function Row({ id, name, movable, onStep, children }: RowProps) {
  const { attributes, listeners, setNodeRef, setActivatorNodeRef, transform, transition, isDragging } = useSortable({
    id,
  });
  const press = (event: KeyboardEvent<HTMLButtonElement>) => {
    const by = STEPS[event.key];
    if (by !== undefined) {
      event.preventDefault();
      const handle = event.currentTarget;
      // Moving an element in the document takes its focus away: give it back.
      flushSync(() => onStep(by));
      handle.focus();
    }
  };
  const handle = (
    <ActionIcon
      ref={setActivatorNodeRef}
      variant="subtle"
      color="gray"
      className={classes.handle}
      disabled={!movable}
      {...attributes}
      {...listeners}
      onKeyDown={press}
      aria-label={`Reorder ${name}`}
    >
      <IconGripVertical size={16} />
    </ActionIcon>
  );
  return (
    <li
      ref={setNodeRef}
      data-item={id}
      className={classes.row}
      data-dragging={isDragging || undefined}
      style={{ transform: CSS.Translate.toString(transform), transition }}
    >
      {children(handle)}
    </li>
  );
}

/** The item moved by so many places; the same list where that is not possible. */
export function moved<T>(items: T[], index: number, by: number): T[] {
  const to = index + by;
  return to < 0 || to >= items.length ? items : arrayMove(items, index, to);
}
