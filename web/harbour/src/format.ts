/** Money and days as people read them. */
import { CURRENCY, type Day } from "./model/invoice";

const exact = new Intl.NumberFormat("en-GB", { style: "currency", currency: CURRENCY });
const whole = new Intl.NumberFormat("en-GB", { style: "currency", currency: CURRENCY, maximumFractionDigits: 0 });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const month = new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" });
const longMonth = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });

export const money = (cents: number): string => exact.format(cents / 100);
export const roundMoney = (cents: number): string => whole.format(cents / 100);
export const date = (value: Day): string => day.format(new Date(`${value}T00:00:00Z`));
export const monthName = (value: string): string => month.format(new Date(`${value}-01T00:00:00Z`));
export const longMonthName = (value: string): string => longMonth.format(new Date(`${value}-01T00:00:00Z`));
export const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
