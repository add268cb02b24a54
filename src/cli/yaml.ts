// A file of its own, because a bundle that loads a package of CommonJS form later does not see its names.
export { parse } from 'yaml';
