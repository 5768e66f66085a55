/** The operators of GROUP BY, which share most of their code: loaded as one. */
export { operator as groupAggregate } from '../group/aggregate.js';
export { operator as windowAggregate } from '../window/aggregate.js';
export { operator as localWindowAggregate } from '../window/local.js';
export { operator as lateFilter } from '../window/late-filter.js';
