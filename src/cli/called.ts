/**
 * What the user types before a command: `sallyport`, or `kubectl sallyport` where kubectl runs its plugin. `bin/sallyport` says under which name it was
 * started; the executable knows it by itself.
 */
export const called =
  process.env.SALLYPORT_CALLED === 'kubectl sallyport' || /(?:^|\/)kubectl-sallyport$/.test(process.argv0)
    ? 'kubectl sallyport'
    : 'sallyport';
