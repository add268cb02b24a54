import { defineConfig } from 'vitest/config';

// Pure rooms share one thread context (isolation would cost more than the tests); rooms that touch the kernel run one file at a time.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          setupFiles: ['test/random-seed.ts'],
          include: [
            'src/core/**/*.test.ts',
            'src/manifest/**/*.test.ts',
            'src/page/**/*.test.ts',
            'src/library/**/*.test.ts',
            'test/property/**/*.test.ts',
            'test/cases/**/*.test.ts',
            'test/golden/**/*.test.ts',
            'test/lsp/**/*.test.ts',
            'test/schema/**/*.test.ts',
            'test/reference/**/*.test.ts',
            'test/judges/**/*.test.ts',
          ],
          pool: 'threads',
          isolate: false,
          sequence: { groupOrder: 0 },
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'system',
          setupFiles: ['test/random-seed.ts'],
          include: [
            'src/dataplane/**/*.test.ts',
            'src/agent/**/*.test.ts',
            'src/lab/**/*.test.ts',
            'src/cli/**/*.test.ts',
            'src/kube/**/*.test.ts',
            'test/kernel/**/*.test.ts',
            'test/apiserver/**/*.test.ts',
            'test/browser/**/*.test.ts',
            'test/house/**/*.test.ts',
            'test/package/**/*.test.ts',
            'bench/**/*.test.ts',
            'scripts/**/*.test.ts',
          ],
          pool: 'forks',
          fileParallelism: false,
          // After the pure tests: packets and clocks are judged on a quiet machine.
          sequence: { groupOrder: 1 },
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          // They harm the nodes of a cluster that `make cluster` has started; without one they are skipped.
          sequence: { groupOrder: 2 },
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
