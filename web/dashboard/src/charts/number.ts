/** Numbers as people read them: `31,678`. */
const number = new Intl.NumberFormat("en-GB");

export const count = (value: number) => number.format(value);
