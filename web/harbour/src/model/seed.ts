/**
 * The invoices and customers that Harbour starts with: always the same ones, laid out backwards from today,
 * so that the demo never looks old.
 */
import type { Book } from "./book";
import { addDays, type Customer, type Day, type Invoice, type Line } from "./invoice";

const line = (description: string, quantity: number, price: number): Line => ({ description, quantity, price });

const CUSTOMERS: readonly Customer[] = [
  customer("Northbank Coffee", "accounts@northbank.example", "Leeds", line("Monthly design retainer", 1, 145_000)),
  customer("Kestrel & Daughters", "ap@kestrel.example", "Bristol", line("Catalogue photography, per day", 2, 62_000)),
  customer("Maison Verrier", "compta@verrier.example", "Lyon", line("Packaging artwork", 3, 48_500)),
  customer("Oakline Cycles", "hello@oakline.example", "Utrecht", line("Website care plan", 1, 32_000)),
  customer("Zeeman Optics", "finance@zeeman.example", "Delft", line("Product illustration", 6, 21_500)),
  customer("Lumen Theatre", "office@lumen.example", "Dublin", line("Season poster, print ready", 4, 39_000)),
  customer("Porto Azul Imports", "contas@portoazul.example", "Porto", line("Label design, per range", 2, 71_000)),
  customer("Fennel & Rye", "kitchen@fennelrye.example", "Ghent", line("Menu refresh", 1, 56_000)),
];

function customer(name: string, email: string, city: string, usual: Line): Customer {
  return { id: name.toLowerCase().replace(/[^a-z]+/g, "-"), name, email, city, usual };
}

/** [customer, issued so many days ago, terms in days, paid so many days after issue (0: not yet, -1: not even sent)] */
const HISTORY: ReadonlyArray<readonly [number, number, number, number]> = [
  [0, 171, 14, 12],
  [2, 166, 30, 31],
  [5, 158, 14, 9],
  [1, 149, 14, 20],
  [4, 141, 30, 27],
  [0, 140, 14, 11],
  [3, 132, 14, 5],
  [6, 124, 30, 36],
  [2, 117, 30, 24],
  [0, 109, 14, 13],
  [7, 103, 14, 15],
  [5, 96, 14, 10],
  [4, 88, 30, 29],
  [0, 79, 14, 12],
  [1, 74, 14, 22],
  [6, 66, 30, 33],
  [3, 61, 14, 4],
  [2, 55, 30, 0],
  [0, 48, 14, 14],
  [5, 39, 14, 18],
  [7, 33, 14, 0],
  [4, 27, 30, 21],
  [1, 21, 14, 0],
  [0, 17, 14, 13],
  [6, 12, 30, 0],
  [3, 9, 14, 0],
  [2, 5, 30, 0],
  [5, 2, 14, -1],
];

/** A retainer is the same each time; what is counted in pieces or days varies a little. */
const variant = (usual: Line, position: number): Line =>
  usual.quantity === 1 ? usual : { ...usual, quantity: usual.quantity + (position % 3) - 1 };

const FIRST_NUMBER = 1014;

export function seed(today: Day): Book {
  const invoices = HISTORY.map(([index, ago, terms, paidAfter], position): Invoice => {
    const billed = CUSTOMERS[index];
    if (billed === undefined) throw new RangeError(`no customer ${index}`);
    const issued = addDays(today, -ago);
    return {
      number: FIRST_NUMBER + position,
      customerId: billed.id,
      lines: [variant(billed.usual, position)],
      issued,
      due: addDays(issued, terms),
      sent: paidAfter < 0 ? null : issued,
      paid: paidAfter > 0 ? addDays(issued, paidAfter) : null,
    };
  });
  return { customers: CUSTOMERS, invoices };
}
