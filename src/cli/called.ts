/** What the user types before a command: `sallyport`, or `kubectl sallyport` where kubectl runs its plugin. */
export const called = process.env.SALLYPORT_CALLED === 'kubectl sallyport' ? 'kubectl sallyport' : 'sallyport';
