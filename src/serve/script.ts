/** What a script needs to be planned and run: loaded after the slots' threads have been started, while those load. */
export { executeGraph } from '../job/execute.js';
export { planScript } from '../sql/session.js';
