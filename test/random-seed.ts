import fc from 'fast-check';

// Random tests start anew with every run; with SALLYPORT_SEED (a whole number) they repeat one. CI takes it from the commit, so that
// every commit tries something else, and whoever runs `.ci/run` on that commit sees what CI saw.
const { SALLYPORT_SEED: seed } = process.env;
if (seed) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) });
