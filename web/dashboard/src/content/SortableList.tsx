/**
 * A list in an order: by drag, by keyboard (the handle takes Space, arrows, Space) and by *Move up* and *Move down*.
 */
import {
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import {
  arrayMove,
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from "@dnd-kit/sortable";
import { CSS } from "@dnd-kit/utilities";
import { ActionIcon } from "@mantine/core";
import { IconGripVertical } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "./SortableList.module.css";

type Props<T> = {
  label: string;
  items: T[];
  onReorder: (items: T[]) => void;
  nameOf: (item: T, index: number) => string;
  children: (item: T, index: number, handle: ReactNode) => ReactNode;
};

export function SortableList<T extends { id: string }>({ label, items, onReorder, nameOf, children }: Props<T>) {
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const dropped = ({ active, over }: DragEndEvent) => {
    const from = items.findIndex((item) => item.id === active.id);
    const to = items.findIndex((item) => item.id === over?.id);
    if (from >= 0 && to >= 0 && from !== to) {
      onReorder(arrayMove(items, from, to));
    }
  };
  return (
    <DndContext sensors={sensors} collisionDetection={closestCenter} onDragEnd={dropped}>
      <SortableContext items={items} strategy={verticalListSortingStrategy}>
        <ol className={classes.list} aria-label={label}>
          {items.map((item, index) => (
            <Row key={item.id} id={item.id} name={nameOf(item, index)} movable={items.length > 1}>
              {(handle) => children(item, index, handle)}
            </Row>
          ))}
        </ol>
      </SortableContext>
    </DndContext>
  );
}

type RowProps = { id: string; name: string; movable: boolean; children: (handle: ReactNode) => ReactNode };

function Row({ id, name, movable, children }: RowProps) {
  const { attributes, listeners, setNodeRef, setActivatorNodeRef, transform, transition, isDragging } = useSortable({
    id,
  });
  const handle = (
    <ActionIcon
      ref={setActivatorNodeRef}
      variant="subtle"
      color="gray"
      className={classes.handle}
      disabled={!movable}
      {...attributes}
      {...listeners}
      aria-label={`Reorder ${name}`}
    >
      <IconGripVertical size={16} />
    </ActionIcon>
  );
  return (
    <li
      ref={setNodeRef}
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
