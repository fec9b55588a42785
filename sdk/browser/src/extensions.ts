/** `@pilotfish/browser/renderer`: for those who bundle it: `pilotfish.use(surveys); pilotfish.use(flows)`. */
export type { Client, Extension, Presented, Presenter, Showing } from './extension';
export { flows } from './flows';
export { surveys } from './surveys';
